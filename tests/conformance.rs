//! The conformance cases, through the built binary.

use serde_json::Value;

use crate::environment::TestEnvironment;

#[test]
fn every_conformance_case_is_decided_as_given() {
    let mut decided = 0;
    for (line, case) in include_str!("conformance/cases.jsonl").lines().enumerate() {
        let case: Value = serde_json::from_str(case).unwrap();
        let environment = TestEnvironment::with_policy(case["policy"].as_str().unwrap());
        let at = case["at"].as_str().unwrap();
        let actions: Vec<_> = case["actions"].as_array().unwrap().iter().map(Value::to_string).collect();
        let run =
            environment.aegis_with_input(&["check", "--dry-run", "--jsonl", "--at", at], actions.join("\n"));
        let answers = run.json_lines();
        let expected = case["expected"].as_array().unwrap();
        assert_eq!(answers.len(), expected.len(), "case {line}: {run:?}");
        for ((answer, expected), action) in answers.iter().zip(expected).zip(&actions) {
            assert_eq!(answer["decision"], expected["approval"], "case {line}: {action}");
            if expected["indeterminate"] != true {
                assert_eq!(answer["risk_level"], expected["risk_level"], "case {line}: {action}");
                assert_eq!(answer["matched_rule"], expected["matched_rule"], "case {line}: {action}");
            }
            decided += 1;
        }
    }
    assert_eq!(decided, 1800);
}
