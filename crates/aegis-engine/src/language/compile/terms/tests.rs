//! The terms that policies come to.

use super::*;
use crate::decide::grant_terms::SameField;
use crate::decide::policy::Policy;
use crate::language::compile::load;
use crate::language::policy_bytes::Source;

const APPROVERS: &str = "version: '1'
approvers:
  ana: { account: ana }
  bo: { ssh_key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIN8VXXmqgheOGGGlINnoaiz1gNvkFivqZ5KVGQdHK2b8 bo@desk }
  cy:
    ssh_key: >-
      sk-ssh-ed25519@openssh.com
      AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIAcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHAAAABHNzaDo=
    touch: true
";

/// What is wrong with a policy whose only rule has this approval, and the policy where nothing is.
fn loaded(approval: &str) -> (Vec<(Code, String)>, Option<Policy>) {
    let text =
        format!("{APPROVERS}rules:\n  - {{ name: r, match: {{ type: pay }}, approval: {approval} }}\n");
    let loaded = load(&[Source { text: text.as_bytes() }]);
    let found = loaded.diagnostics.into_iter().map(|found| (found.code, found.message));
    (found.collect(), loaded.policy)
}

fn terms(approval: &str) -> ApprovalTerms {
    let (found, policy) = loaded(approval);
    assert_eq!(found, [], "{approval}");
    policy.unwrap().rules()[0].terms()
}

fn codes(approval: &str) -> Vec<Code> {
    loaded(approval).0.into_iter().map(|(code, _)| code).collect()
}

#[test]
fn what_a_rule_does_not_say_is_as_usual() {
    for approval in ["approve", "{}", "{ mode: approve }", "{ quorum: 1 }", "{ ttl: 1h, use_within: 15m }"] {
        assert_eq!(terms(approval), ApprovalTerms::default(), "{approval}");
    }
    // That a terminal is asked for says what the usual terms do not.
    let terminal = ApprovalTerms { uninjectable: true, ..ApprovalTerms::default() };
    assert_eq!(terms("{ evidence: terminal }"), terminal);
}

#[test]
fn all_that_a_rule_says_is_in_its_terms() {
    let terms = terms(
        "{ mode: approve, by: [cy, bo, ana], quorum: 2, evidence: signature, self_approval: false, ttl: 24h, \
         use_within: 90s }",
    );
    assert_eq!((terms.ttl_ms, terms.use_within_ms), (86_400_000, 90_000));
    assert_eq!((terms.quorum, terms.evidence), (2, 3));
    assert!(terms.uninjectable && !terms.self_approval);
    let by: Vec<_> = terms.by.iter().map(|named| (named.name.as_str(), &named.known_by)).collect();
    assert_eq!(by[2], ("ana", &KnownBy::Account { account: "ana".to_owned() }));
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIN8VXXmqgheOGGGlINnoaiz1gNvkFivqZ5KVGQdHK2b8".to_owned();
    assert_eq!(by[1], ("bo", &KnownBy::SshKey { ssh_key: key, touch: false }));
    assert!(matches!(by[0], ("cy", KnownBy::SshKey { ssh_key, touch: true }) if ssh_key.starts_with("sk-")));
}

#[test]
fn what_nobody_could_give_is_an_error() {
    for (approval, code) in [
        ("{ by: [ana, bo], quorum: 3 }", Code::ImpossibleApproval),
        ("{ by: [ana], evidence: signature }", Code::ImpossibleApproval),
        ("{ by: [ana, bo], quorum: 2, evidence: signature }", Code::ImpossibleApproval),
        ("{ by: [ana, bo], evidence: touch }", Code::ImpossibleApproval),
        ("{ evidence: signature }", Code::ImpossibleApproval),
        ("{ evidence: touch }", Code::ImpossibleApproval),
        ("{ by: [ana, ana] }", Code::DuplicateApprover),
        ("{ by: [anna] }", Code::UnknownApprover),
        ("{ by: [] }", Code::EmptyApprovers),
        ("{ quorum: 0 }", Code::InvalidQuorum),
        ("{ quorum: 1.5 }", Code::InvalidQuorum),
        ("{ quorum: 4294967296 }", Code::InvalidQuorum),
        ("{ ttl: 0s }", Code::InvalidDuration),
        ("{ ttl: 24 hours }", Code::InvalidDuration),
        ("{ ttl: 169h }", Code::DurationTooLong),
        ("{ use_within: 25h }", Code::DurationTooLong),
        ("{ mode: auto, quorum: 1 }", Code::TermsWithoutQuestion),
        ("{ mode: block, evidence: terminal }", Code::TermsWithoutQuestion),
    ] {
        assert_eq!(codes(approval), [code], "{approval}");
    }
    for approval in [
        "{ by: [ana, bo], quorum: 2 }",
        "{ by: [bo, cy], quorum: 2, evidence: signature }",
        "{ by: [ana, cy], evidence: touch }",
        "{ by: [ana], evidence: account }",
        "{ quorum: 3, evidence: account }",
        "{ ttl: 7d, use_within: 1d }",
        "{ ttl: 604800s, use_within: 86400s }",
        "{ mode: auto }",
    ] {
        assert_eq!(codes(approval), [], "{approval}");
    }
}

#[test]
fn an_approver_that_cannot_be_read_is_one_error_and_no_more() {
    let text = APPROVERS.replace("AAAAC3Nza", "AAAA")
        + "rules: [{ approval: { by: [bo, cy], quorum: 2, evidence: touch } }]\n";
    let found = load(&[Source { text: text.as_bytes() }]).diagnostics;
    let codes: Vec<_> = found.iter().map(|found| found.code).collect();
    assert_eq!(codes, [Code::InvalidSshKey], "{found:?}");
}

#[test]
fn two_names_of_one_approver_are_one_too_many() {
    for (other, message) in [
        ("{ account: ana }", "`ana` and `other` are one approver"),
        (
            // The comment is another one.
            "{ ssh_key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIN8VXXmqgheOGGGlINnoaiz1gNvkFivqZ5KVGQdHK2b8 x }",
            "`bo` and `other` are one approver",
        ),
    ] {
        let text = format!("{APPROVERS}  other: {other}\nrules: []\n");
        let found = load(&[Source { text: text.as_bytes() }]).diagnostics;
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].code, found[0].message.as_str()), (Code::DuplicateApprover, message));
    }
}

#[test]
fn rules_of_one_file_name_approvers_of_another() {
    let rules = "version: '1'\nrules: [{ approval: { by: [ana] } }]\n";
    let both = [
        Source { text: rules.as_bytes() },
        Source { text: format!("{APPROVERS}rules: []").leak().as_bytes() },
    ];
    let loaded = load(&both);
    assert_eq!(loaded.diagnostics, []);
    assert_eq!(loaded.policy.unwrap().rules()[0].terms().by.len(), 1);
    // What one file says of a name, another cannot say otherwise.
    let again = "version: '1'\napprovers: { ana: { account: eve } }\nrules: []\n";
    let found = load(&[both[1], Source { text: again.as_bytes() }]).diagnostics;
    assert_eq!(found.iter().map(|found| found.code).collect::<Vec<_>>(), [Code::DuplicateApprover]);
}

#[test]
fn defaults_have_terms_too() {
    let text =
        format!("{APPROVERS}defaults: {{ approval: {{ by: [ana], self_approval: false }} }}\nrules: []\n");
    let policy = load(&[Source { text: text.as_bytes() }]).policy.unwrap();
    let action = crate::Action::from_json(br#"{"type":"read","target":"crm"}"#).unwrap();
    let decision = policy.decide(&action, "2026-11-23T08:49:00Z".parse().unwrap());
    assert!(!decision.terms().self_approval && decision.terms().by.len() == 1);
}

#[test]
fn a_grant_says_for_how_long_for_how_many_actions_and_for_which() {
    let grant = |written: &str| terms(&format!("{{ grant: {written} }}")).grant.unwrap();
    let usual = grant("{ for: 15m }");
    assert_eq!((usual.for_ms, usual.uses, usual.same), (900_000, 10, None));
    let said = grant("{ for: 1d, uses: 10000, same: [target, type, region, /deep/0] }");
    let same: Vec<_> = said.same.iter().flatten().map(SameField::as_str).collect();
    assert_eq!(
        (said.for_ms, said.uses, same),
        (86_400_000, 10_000, vec!["target", "type", "region", "/deep/0"])
    );
    assert_eq!(grant("{ for: 1s, uses: 1 }").for_ms, 1000);
}

#[test]
fn a_grant_that_says_nothing_sensible_is_an_error() {
    for (written, expected) in [
        ("{ for: 25h }", vec![Code::DurationTooLong]),
        ("{ for: 0s }", vec![Code::InvalidDuration]),
        ("{ for: 15m, uses: 10001 }", vec![Code::InvalidGrant]),
        ("{ for: 15m, uses: 1.5 }", vec![Code::InvalidGrant]),
        ("{ for: 15m, uses: -1 }", vec![Code::InvalidGrant]),
        ("{ for: 15m, same: [] }", vec![Code::InvalidGrant]),
        ("{ for: 15m, same: [a, /a] }", vec![Code::InvalidGrant]),
        ("{ for: 15m, same: [agent, session, /agent] }", vec![Code::InvalidGrant; 2]),
        ("{ for: 15m, same: ['/~'] }", vec![Code::InvalidPointer]),
        ("{ for: 15m, same: target }", vec![Code::WrongType]),
        ("{ for: 15m, same: [1] }", vec![Code::WrongType]),
        ("{ uses: 1 }", vec![Code::MissingKey]),
        ("{}", vec![Code::MissingKey]),
        ("15m", vec![Code::WrongType]),
        ("{ for: 15m, until: 16m }", vec![Code::UnknownKey]),
    ] {
        assert_eq!(codes(&format!("{{ grant: {written} }}")), expected, "{written}");
    }
    let with_risk = |risk: &str| codes(&format!("{{ grant: {{ for: 15m }} }}, risk_level: {risk}"));
    assert_eq!(with_risk("high"), []);
    assert_eq!(with_risk("critical"), [Code::CriticalGrant]);
}
