use serde_json::json;

use super::*;
use crate::{Source, load};

/// What is told of each rule, of an action of these parameters.
fn explain(rules: &str, kind: &str, params: &serde_json::Value) -> Vec<RuleTrace> {
    let text = format!("version: '1'\nrules:\n{rules}");
    let policy = load(&[Source { text: text.as_bytes() }]).policy.unwrap();
    let action = Action::from_value(json!({ "type": kind, "target": "crm", "params": params })).unwrap();
    policy.explain(&action, DateTime::UNIX_EPOCH)
}

#[test]
fn rules_are_told_up_to_the_one_that_matches() {
    let rules = "  - { name: a, match: { type: write } }\n  - { name: b, approval: auto, reason: harmless }\n  \
                 - { name: c, approval: block }\n";
    let traces = explain(rules, "read", &json!({}));
    assert_eq!(traces.len(), 2, "{traces:?}");
    let [a, b] = &traces[..] else { panic!("two") };
    assert_eq!((a.rule.as_str(), a.outcome), ("a", RuleOutcome::NotMatched));
    assert_eq!(a.why, "type `read` does not match `write`");
    assert_eq!((a.near_miss, a.misses, a.reason.as_deref()), (false, 1, None));
    assert_eq!((b.rule.as_str(), b.outcome), ("b", RuleOutcome::Matched));
    assert_eq!((b.near_miss, b.misses, b.reason.as_deref()), (false, 0, Some("harmless")));
}

#[test]
fn what_a_glob_wanted_and_met_is_told() {
    let why = |rule: &str| {
        explain(&format!("  - {{ name: a, match: {rule} }}\n"), "read", &json!({}))[0].why.clone()
    };
    assert_eq!(why("{ type: [write, 'x*'] }"), "type `read` does not match `write` or `x*`");
    assert_eq!(why("{ target: erp }"), "target `crm` does not match `erp`");
    assert_eq!(why("{ agent: bot }"), "the action names no agent, and `bot` needs one");
    assert_eq!(why("{ type: WRITE, ignore_case: true }"), "type `read` does not match `WRITE` in any case");
}

#[test]
fn a_near_miss_is_one_of_conditions_alone_and_misses_are_added_up() {
    let rule =
        "  - { name: a, match: { type: read }, conditions: { param_gt: { n: 1, m: 1 } }, reason: no }\n";
    for (kind, params, outcome, near_miss, misses) in [
        ("read", json!({ "n": 1, "m": 1 }), RuleOutcome::NotMatched, true, 2),
        ("read", json!({ "n": 2, "m": 1 }), RuleOutcome::NotMatched, true, 1),
        ("write", json!({ "n": 1, "m": 1 }), RuleOutcome::NotMatched, false, 3),
        ("write", json!({ "n": 2, "m": 2 }), RuleOutcome::NotMatched, false, 1),
        ("read", json!({ "n": "x", "m": 2 }), RuleOutcome::Undecidable, false, 0),
        ("read", json!({ "n": 2, "m": 2 }), RuleOutcome::Matched, false, 0),
    ] {
        let trace = &explain(rule, kind, &params)[0];
        assert_eq!(
            (trace.outcome, trace.near_miss, trace.misses),
            (outcome, near_miss, misses),
            "{kind} {params}"
        );
        // The author speaks where the rule has a part in it.
        let says = (outcome != RuleOutcome::NotMatched).then_some("no");
        assert_eq!(trace.reason.as_deref(), says, "{kind} {params}");
    }
}
