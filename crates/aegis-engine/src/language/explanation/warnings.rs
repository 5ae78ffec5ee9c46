//! Of codes that are warnings.

mod look_alikes;

use crate::language::code::Code;
use crate::language::explanation::entry::{Explanation, explain};

pub(super) fn of(code: Code) -> Option<Explanation> {
    outcomes(code).or_else(|| words(code)).or_else(|| look_alikes::of(code))
}

/// Of what the rules come to.
fn outcomes(code: Code) -> Option<Explanation> {
    Some(match code {
        Code::UnreachableRule => explain(
            "The first rule that matches decides, so this one never does. That is decided exactly for the \
             globs of type, target and agent, also where several rules together match everything; of \
             rules with conditions only those count whose conditions follow from this rule's own. Move \
             the narrower rule up, or remove it.",
            "- { name: reads, match: { type: \"read*\" }, approval: auto, risk_level: low }\n\
             - { name: reads_of_payroll, match: { type: read, target: payroll }, approval: block }",
            "- { name: reads_of_payroll, match: { type: read, target: payroll }, approval: block }\n\
             - { name: reads, match: { type: \"read*\" }, approval: auto, risk_level: low }",
        ),
        Code::ImpossibleRule => explain(
            "All conditions of a rule must hold. Here two of them never hold together, or one never \
             holds, or no action fits the globs. (A value of another type can still make such conditions \
             undecidable, and the rule count among the strictest.) For \"either … or …\" write two rules.",
            "- name: out_of_range\n  conditions:\n    param_lt: { count: 0 }\n    \
             param_gt: { count: 100 }\n  approval: block",
            "- { name: too_small, conditions: { param_lt: { count: 0 } }, approval: block }\n\
             - { name: too_large, conditions: { param_gt: { count: 100 } }, approval: block }\n\
             - { name: unsaid, conditions: { param_exists: { count: false } }, approval: block }",
        ),
        Code::DuplicateName => explain(
            "Answers and records name the rule that decided, and nothing else tells rules apart there. A \
             rule without a name is called `rule_` and its index, counted from 0.",
            "- { name: payments, match: { target: bank }, approval: block }\n\
             - { name: payments, match: { target: stripe }, risk_level: high }",
            "- { name: bank_transfers, match: { target: bank }, approval: block }\n\
             - { name: card_payments, match: { target: stripe }, risk_level: high }",
        ),
        Code::SameOutcome => explain(
            "What decides without this rule has the same approval and risk, so the rule only puts its \
             name into records. Remove it, or say in a comment that the name is wanted.",
            "- { name: mails_need_approval, match: { type: send_email } }",
            "# aegis: allow(same-outcome) — the audit counts mails by this name\n\
             - { name: mails_need_approval, match: { type: send_email } }",
        ),
        Code::AutoForEverything => explain(
            "A policy that allows what it does not know protects against nothing that was not thought of. \
             Name what may happen, and leave the rest to a human. Conditions that hold of every action, \
             or that its sender can make true by leaving a parameter out, do not make a difference.",
            "- { name: fine, approval: auto, risk_level: low }",
            "- { name: fine, match: { type: [read, list], target: wiki }, approval: auto, risk_level: low }",
        ),
        Code::AutoByAgentWord => explain(
            "An action says itself which agent acts, and nothing proves it: whoever may ask can name the \
             agent that is allowed more. Such a rule holds only where whoever starts the agents imposes \
             their names on what they ask. Then say so in a comment; otherwise let a human look.",
            "- { name: clean_up, match: { type: delete, agent: janitor }, approval: auto, risk_level: low }",
            "# aegis: allow(auto-by-agent-word) — the scheduler imposes the name\n\
             - { name: clean_up, match: { type: delete, agent: janitor }, approval: auto, risk_level: low }",
        ),
        Code::AutoHighRisk => explain(
            "The policy itself says that such an action can do much harm, and lets nobody look at it. \
             Either the risk or the approval is wrong.",
            "- { name: restarts, match: { type: restart }, risk_level: high, approval: auto }",
            "- { name: restarts, match: { type: restart }, risk_level: high, approval: approve }",
        ),
        _ => return None,
    })
}

/// Of single conditions, entries and comments.
fn words(code: Code) -> Option<Explanation> {
    Some(match code {
        Code::UnlikeOperands => explain(
            "Numbers compare with numbers, and strings with strings. A value of the other type makes the \
             comparison undecidable, and the strictest outcome holds: whichever type the parameter has, \
             one of the two rules never sees what it is for.",
            "- { name: many, conditions: { param_gte: { count: 100 } }, risk_level: high }\n\
             - { name: few, match: { type: read }, conditions: { param_lt: { count: few } }, \
             risk_level: low }",
            "- { name: many, conditions: { param_gte: { count: 100 } }, risk_level: high }\n\
             - { name: few, match: { type: read }, conditions: { param_lt: { count: 100 } }, \
             risk_level: low }",
        ),
        Code::AvoidableBlock => explain(
            "A condition is false of a parameter that is absent, so an agent that leaves the parameter \
             out is not blocked. For many tools, no limit said means no limit. Block its absence as well. \
             Conditions other than comparisons are reported only where the action is then allowed without \
             a human.",
            "- { name: no_mass_deletes, match: { type: delete }, conditions: { param_gt: { count: 10 } }, \
             approval: block }",
            "- { name: no_mass_deletes, match: { type: delete }, conditions: { param_gt: { count: 10 } }, \
             approval: block }\n\
             - { name: no_unlimited_deletes, match: { type: delete }, \
             conditions: { param_exists: { count: false } }, approval: block }",
        ),
        Code::UnanchoredRegex => explain(
            "`param_matches` searches anywhere in the text, so in a rule that allows, whatever stands \
             before or after the match is allowed as well. Begin with `^`, end with `$`, and put \
             alternatives in parentheses.",
            "- { name: own_site, match: { type: get }, \
             conditions: { param_matches: { host: \"example[.]com\" } }, approval: auto }",
            "- { name: own_site, match: { type: get }, \
             conditions: { param_matches: { host: \"^example[.]com$\" } }, approval: auto }",
        ),
        Code::TimeWithoutZone => explain(
            "Times are UTC unless a zone is named, which is seldom what office hours mean. Name the zone \
             beside the condition or in `defaults`; `timezone: UTC` says that UTC is meant.",
            "- { name: at_night, conditions: { time_after: \"22:00\", time_before: \"06:00\" }, \
             approval: block }",
            "- name: at_night\n  conditions: { time_after: \"22:00\", time_before: \"06:00\", \
             timezone: Europe/Berlin }\n  approval: block",
        ),
        Code::UnusedTimezone => explain(
            "A zone says how times and days are read. Where none are, a condition on the time was \
             probably forgotten.",
            "- { name: office, match: { type: read }, conditions: { timezone: Europe/Berlin }, \
             approval: block }",
            "- { name: office, match: { type: read }, conditions: { weekdays: [sat, sun], \
             timezone: Europe/Berlin }, approval: block }",
        ),
        Code::NumberLikeString => explain(
            "Strings compare by their characters: \"9\" is greater than \"10\", and a number in the \
             action makes the comparison undecidable. YAML 1.2 has no separators in numbers: `1_000` is a \
             string.",
            "- { name: large, match: { type: pay }, conditions: { param_gt: { amount: 1_000 } }, \
             risk_level: high }",
            "- { name: large, match: { type: pay }, conditions: { param_gt: { amount: 1000 } }, \
             risk_level: high }",
        ),
        Code::RedundantRedact => explain(
            "Parameters whose names look secret, such as `password`, `apiKey` or `card_number`, are \
             redacted in every policy, and the whole value goes with all that is in it. Another entry may \
             name the same parameters, too. A list that repeats what holds anyway suggests that something \
             else does not.",
            "version: \"1\"\nredact: [password, iban]\nrules: []",
            "version: \"1\"\nredact: [iban]\nrules: []",
        ),
        Code::UnusedAllow => explain(
            "The finding that the comment silences is not there, or the comment is not right above the \
             rule or beside one of its lines. Left in place, it would hide the finding when it comes back.",
            "# aegis: allow(auto-high-risk) — restarts are harmless here\n\
             - { name: restarts, match: { type: restart }, approval: auto }",
            "- { name: restarts, match: { type: restart }, approval: auto }",
        ),
        _ => return None,
    })
}
