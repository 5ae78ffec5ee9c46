//! Of codes about approvers, and the terms on which their answers count.

use crate::language::code::Code;
use crate::language::explanation::entry::{Explanation, explain};

pub(super) fn of(code: Code) -> Option<Explanation> {
    approvers(code).or_else(|| terms(code))
}

/// Of who may approve.
fn approvers(code: Code) -> Option<Explanation> {
    Some(match code {
        Code::InvalidApprover => explain(
            "An approver is known by an account, as the kernel names it, or by an SSH key, and by one of them \
             alone. `touch` belongs to a key.",
            "version: \"1\"\napprovers: { ana: { touch: true } }\n\
             rules: [{ match: { type: pay }, risk_level: high, approval: { by: [ana], self_approval: false } }]",
            "version: \"1\"\napprovers: { ana: { account: ana } }\n\
             rules: [{ match: { type: pay }, risk_level: high, approval: { by: [ana], self_approval: false } }]",
        ),
        Code::InvalidSshKey => explain(
            "A key is written as it stands in its `.pub` file, on one line: `TYPE BASE64`, perhaps with a \
             comment. Read are Ed25519, ECDSA, security keys (`sk-…`) and RSA from 2048 bits on. Only \
             signatures of security keys can prove a touch.",
            "version: \"1\"\napprovers: { bo: { ssh_key: ~/.ssh/id_ed25519.pub } }\n\
             rules: [{ match: { type: pay }, risk_level: high, approval: { by: [bo] } }]",
            "version: \"1\"\napprovers:\n  bo:\n    ssh_key: ssh-ed25519 \
             AAAAC3NzaC1lZDI1NTE5AAAAIN8VXXmqgheOGGGlINnoaiz1gNvkFivqZ5KVGQdHK2b8 bo\n\
             rules: [{ match: { type: pay }, risk_level: high, approval: { by: [bo] } }]",
        ),
        Code::DuplicateApprover => explain(
            "A quorum counts different approvers. If two names were of one account or key, or two accounts had \
             one name, nobody could tell how many people there were.",
            "version: \"1\"\napprovers: { ana: { account: ana }, boss: { account: ana } }\n\
             rules: [{ match: { type: pay }, risk_level: high, approval: { by: [ana, boss], quorum: 2 } }]",
            "version: \"1\"\napprovers: { ana: { account: ana }, boss: { account: bo } }\n\
             rules: [{ match: { type: pay }, risk_level: high, approval: { by: [ana, boss], quorum: 2 } }]",
        ),
        Code::UnknownApprover => explain(
            "`by` takes names of `approvers`, of this file or of another that is read with it. A name that \
             nobody has could never answer.",
            "version: \"1\"\napprovers: { anna: { account: anna }, bo: { account: bo } }\n\
             rules: [{ match: { type: pay }, risk_level: high, approval: { by: [ana, bo] } }]",
            "version: \"1\"\napprovers: { anna: { account: anna }, bo: { account: bo } }\n\
             rules: [{ match: { type: pay }, risk_level: high, approval: { by: [anna, bo] } }]",
        ),
        Code::EmptyApprovers => explain(
            "A list that names nobody was probably not finished, and nobody could answer. Without `by`, whoever \
             may write the log may.",
            "- { name: payments, match: { type: pay }, approval: { by: [], quorum: 2 } }",
            "- { name: payments, match: { type: pay }, risk_level: high, approval: { quorum: 2 } }",
        ),
        Code::AskerApproves => explain(
            "Whoever may answer is one account, and an agent that runs as that account could answer itself. Say \
             whether that is meant: `self_approval: false` wants somebody else, and `true` takes the \
             risk. `evidence: account` wants another account, too.",
            "version: \"1\"\napprovers: { ana: { account: ana } }\n\
             rules: [{ match: { type: pay }, risk_level: high, approval: { by: [ana] } }]",
            "version: \"1\"\napprovers: { ana: { account: ana } }\n\
             rules: [{ match: { type: pay }, risk_level: high, approval: { by: [ana], self_approval: false } }]",
        ),
        Code::UnusedApprover => explain(
            "Whoever is listed looks as if they had a say. Name them in `by`, or remove them.",
            "version: \"1\"\napprovers: { ana: { account: ana } }\n\
             rules: [{ match: { type: pay }, risk_level: high, approval: approve }]",
            "version: \"1\"\nrules: [{ match: { type: pay }, risk_level: high, approval: approve }]",
        ),
        _ => return None,
    })
}

/// Of the terms on which an answer counts.
fn terms(code: Code) -> Option<Explanation> {
    Some(match code {
        Code::InvalidQuorum => explain(
            "A quorum says how many different approvers must say yes. With none, nobody would be asked: that is \
             `approval: auto`.",
            "- { name: payments, match: { type: pay }, risk_level: high, approval: { quorum: 0 } }",
            "- { name: payments, match: { type: pay }, risk_level: high, approval: { quorum: 2 } }",
        ),
        Code::InvalidDuration => explain(
            "A duration is one whole number and its unit: `s`, `m`, `h` or `d`, as in `90s`, `15m`, `24h` and \
             `7d`.",
            "- { name: payments, match: { type: pay }, risk_level: high, approval: { ttl: 1h30m } }",
            "- { name: payments, match: { type: pay }, risk_level: high, approval: { ttl: 90m } }",
        ),
        Code::DurationTooLong => explain(
            "A question waits for a week at most (`ttl`), and an answer can be used for a day (`use_within`): \
             whoever approves something has today's world in mind.",
            "- { name: payments, match: { type: pay }, risk_level: high, approval: { use_within: 3d } }",
            "- { name: payments, match: { type: pay }, risk_level: high, approval: { use_within: 1d } }",
        ),
        Code::ImpossibleApproval => explain(
            "More yeses are wanted than there are approvers, or evidence that too few of them can give: an \
             account cannot sign, and only security keys can prove a touch. No such question could ever be \
             approved.",
            "version: \"1\"\napprovers: { ana: { account: ana } }\n\
             rules: [{ match: { type: pay }, risk_level: high, approval: { by: [ana], evidence: signature } }]",
            "version: \"1\"\napprovers: { ana: { account: ana } }\n\
             rules: [{ match: { type: pay }, risk_level: high, approval: { by: [ana], evidence: account } }]",
        ),
        Code::TermsWithoutQuestion => explain(
            "`auto` and `block` ask nobody. Terms beside them look as if somebody had to approve.",
            "- { name: payments, match: { type: pay }, approval: { mode: block, quorum: 2 } }",
            "- { name: payments, match: { type: pay }, risk_level: high, approval: { mode: approve, quorum: 2 } }",
        ),
        Code::InvalidGrant => explain(
            "`uses` is how many further actions a grant is good for, from 1 to 10000. `same` names what of them \
             must be as it was in the one that was asked about: `type`, `target` and parameters. Session, agent, \
             rule, policy and account are the same anyway.",
            "- { name: notes, match: { type: note }, approval: { grant: { for: 15m, uses: 0 } } }",
            "- { name: notes, match: { type: note }, approval: { grant: { for: 15m, uses: 20 } } }",
        ),
        Code::CriticalGrant => explain(
            "What is done by a grant is seen by nobody beforehand. At critical risk, each action is asked about \
             by itself.",
            "- { name: drops, match: { type: drop }, risk_level: critical, approval: { grant: { for: 15m } } }",
            "- { name: drops, match: { type: drop }, risk_level: critical, approval: { ttl: 15m } }",
        ),
        Code::LooseGrant => explain(
            "A grant holds for actions whose `same` fields are as they were. Where the parameter was absent, it \
             holds for all others without it; a misspelt name is absent from all. Let a condition want it.",
            "- { name: notes, match: { type: note }, approval: { grant: { for: 15m, same: [topic] } } }",
            "- name: notes\n  match: { type: note }\n  conditions: { param_exists: { topic: true } }\n  \
             risk_level: high\n  approval: { grant: { for: 15m, same: [topic] } }",
        ),
        Code::GrantAfterTouch => explain(
            "`evidence: touch` wants a person at a key. A grant lets one touch stand for many actions that come \
             later. Remove the grant, or say in a comment that this is meant.",
            "version: \"1\"\napprovers:\n  cy:\n    ssh_key: sk-ssh-ed25519@openssh.com \
             AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIAcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHAAAABHNzaDo=\n    \
             touch: true\nrules:\n  - match: { type: pay }\n    risk_level: high\n    \
             approval: { by: [cy], evidence: touch, grant: { for: 5m } }",
            "version: \"1\"\napprovers:\n  cy:\n    ssh_key: sk-ssh-ed25519@openssh.com \
             AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIAcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHAAAABHNzaDo=\n    \
             touch: true\nrules:\n  - match: { type: pay }\n    risk_level: high\n    \
             approval: { by: [cy], evidence: touch }",
        ),
        _ => return None,
    })
}
