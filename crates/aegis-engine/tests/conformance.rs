//! The rule language decides the conformance cases as given.
//!
//! Each line of `tests/conformance/cases.jsonl` is a policy, an instant, actions, and what must come out of
//! each.

use aegis_engine::{Action, Source, load};
use serde_json::Value;

#[test]
fn every_conformance_case_is_decided_as_given() {
    let cases = include_str!("../../../tests/conformance/cases.jsonl");
    let mut decided = 0;
    for (line, case) in cases.lines().enumerate() {
        let case: Value = serde_json::from_str(case).unwrap();
        let loaded = load(&[Source { text: case["policy"].as_str().unwrap().as_bytes() }]);
        let policy = loaded.policy.unwrap_or_else(|| panic!("case {line}: {:?}", loaded.diagnostics));
        let at = case["at"].as_str().unwrap().parse().unwrap();
        let actions = case["actions"].as_array().unwrap();
        for (action, expected) in actions.iter().zip(case["expected"].as_array().unwrap()) {
            let action = Action::from_json(action.to_string().as_bytes()).unwrap();
            let decision = policy.decide(&action, at);
            assert_eq!(
                decision.approval().as_str(),
                expected["approval"],
                "case {line}: {}",
                action.canonical()
            );
            if expected["indeterminate"] == true {
                assert!(!decision.undecidable().is_empty(), "case {line}: {}", action.canonical());
            } else {
                assert_eq!(decision.risk_level().as_str(), expected["risk_level"], "case {line}");
                assert_eq!(decision.matched_rule(), expected["matched_rule"], "case {line}");
            }
            decided += 1;
        }
    }
    assert_eq!(decided, 1800);
}
