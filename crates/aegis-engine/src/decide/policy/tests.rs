use serde_json::json;

use super::*;
use crate::{Source, load};

fn policy(text: &str) -> Policy {
    let loaded = load(&[Source { text: text.as_bytes() }]);
    loaded.policy.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics))
}

fn action(kind: &str, target: &str, params: &serde_json::Value) -> Action {
    Action::from_value(json!({ "type": kind, "target": target, "params": params })).unwrap()
}

const AT: DateTime<Utc> = DateTime::UNIX_EPOCH;

const TWO_RULES: &str = "version: '1'\nrules:\n\
    \x20 - { name: reads, match: { type: read, target: [crm, erp] }, approval: auto, risk_level: low,\n\
    \x20     reason: nothing changes, conditions: { param_gt: { n: 1 }, param_lt: { n: 9 } } }\n\
    \x20 - { name: any, approval: block, risk_level: high }\n";

#[test]
fn a_rule_tells_what_was_written() {
    let policy = policy(TWO_RULES);
    let [reads, any] = policy.rules() else { panic!("two rules") };
    assert_eq!((reads.name(), any.name()), ("reads", "any"));
    assert_eq!((reads.reason(), any.reason()), (Some("nothing changes"), None));
    assert_eq!((reads.approval(), any.approval()), (ApprovalMode::Auto, ApprovalMode::Block));
    assert_eq!((reads.risk_level(), any.risk_level()), (RiskLevel::Low, RiskLevel::High));
    let written = |rule: &Rule| TWO_RULES.get(rule.span().start as usize..rule.span().end as usize).unwrap();
    assert!(written(reads).contains("name: reads"), "{:?}", reads.span());
    assert!(written(any).contains("name: any"), "{:?}", any.span());
    let conditions: Vec<_> = reads.conditions().map(|condition| condition.value).collect();
    assert_eq!(conditions.len(), 2, "{conditions:?}");
    assert!(any.conditions().next().is_none());
}

#[test]
fn what_keeps_a_rule_from_matching_is_counted() {
    let policy = policy(TWO_RULES);
    let [reads, any] = policy.rules() else { panic!("two rules") };
    for (kind, target, n, misses) in [
        ("read", "crm", json!(5), (0, 0)),
        ("read", "erp", json!(1), (0, 1)),
        ("read", "web", json!(9), (1, 1)),
        ("write", "web", json!(5), (2, 0)),
        // Of what cannot be decided nobody knows whether it keeps it.
        ("write", "crm", json!("x"), (1, 0)),
    ] {
        let action = action(kind, target, &json!({ "n": n }));
        assert_eq!(reads.misses(&action, AT), misses, "{kind} {target} {n}");
        assert_eq!(any.misses(&action, AT), (0, 0));
    }
}

#[test]
fn a_rule_is_concerned_where_it_matches_or_might() {
    let policy = policy(TWO_RULES);
    let [reads, any] = policy.rules() else { panic!("two rules") };
    for (kind, n, concerns) in [
        ("read", json!(5), true),
        ("read", json!("undecidable"), true),
        ("read", json!(1), false),
        ("write", json!(5), false),
    ] {
        let action = action(kind, "crm", &json!({ "n": n }));
        assert_eq!(reads.concerns(&action, AT), concerns, "{kind} {n}");
        assert!(any.concerns(&action, AT));
    }
}

#[test]
fn a_rule_is_the_one_of_its_name_and_place() {
    let twins = "version: '1'\nrules:\n  - { name: a, approval: auto }\n  - { name: a, approval: auto }\n";
    let (first, again) = (policy(twins), policy(twins));
    let renamed = policy(&twins.replacen("name: a", "name: b", 1));
    let rules = |policy: &Policy| policy.rules().to_vec();
    let ([one, other], [same, _], [of_another_name, _]) =
        (&rules(&first)[..], &rules(&again)[..], &rules(&renamed)[..])
    else {
        panic!("two rules each")
    };
    assert!(one.is(one) && one.is(same));
    assert!(!one.is(other) && !other.is(one));
    assert!(one.span() == of_another_name.span() && !one.is(of_another_name));
}

#[test]
fn a_field_is_called_as_in_policies() {
    let called = [Field::Kind, Field::Target, Field::Agent].map(Field::as_str);
    assert_eq!(called, ["type", "target", "agent"]);
}

#[test]
fn a_reason_names_the_rule_and_the_first_of_what_cannot_be_decided() {
    let policy = policy(
        "version: '1'\ndefaults: { approval: approve }\nrules:\n\
        \x20 - { name: a, match: { type: read }, conditions: { param_gt: { n: 1, m: 1 } }, approval: block }\n\
        \x20 - { name: b, match: { type: read }, conditions: { param_gt: { n: 2 } }, approval: block }\n\
        \x20 - { name: \"c\\u202e\", match: { type: write }, approval: auto, reason: \"may\\u202e\" }\n",
    );
    let says = |kind: &str, params: &serde_json::Value| {
        let decision = policy.decide(&action(kind, "crm", params), AT);
        (decision.reason().to_owned(), decision.rule_reason().map(str::to_owned))
    };
    assert_eq!(
        says("list", &json!({})),
        ("no rule matches, and the default asks for a human's approval".to_owned(), None)
    );
    let (reason, author) = says("write", &json!({}));
    assert_eq!(reason, "may\\u{202e} (rule `c\\u{202e}` allows it)");
    assert_eq!(author.as_deref(), Some("may\u{202e}"));
    let (reason, _) = says("read", &json!({ "n": 2, "m": "x" }));
    assert!(reason.starts_with("rule `a` blocks it; `param_gt"), "{reason}");
    assert!(reason.contains("of rule `a` cannot be decided: ") && !reason.contains("more)"), "{reason}");
    let (reason, _) = says("read", &json!({ "n": "x", "m": 2 }));
    assert!(
        reason.contains("of rule `a` cannot be decided: ") && reason.ends_with(" (and 1 more)"),
        "{reason}"
    );
    let (reason, _) = says("read", &json!({ "n": "x", "m": "x" }));
    assert!(reason.ends_with(" (and 2 more)"), "{reason}");
}
