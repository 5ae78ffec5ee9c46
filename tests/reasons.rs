//! `reason:` of a rule: what its author tells whoever asks, approves or is refused, wherever that is shown.

use aegis_testkit::{BULK, DELETE, READ};
use serde_json::json;

use crate::environment::TestEnvironment;

const POLICY: &str = "version: '1'\nrules:\n\
    - { name: reads, match: { type: read }, approval: auto, risk_level: low, reason: reading is fine }\n\
    - { name: deletes, match: { type: delete }, approval: block,\n    reason: \"archive\\e it instead\" }\n\
    - name: bulk\n  match: { type: 'bulk_*' }\n  reason: >\n    over 100 records:\n    ask the CRM owner\n";

const REFUSED: &str = "archive\\u{1b} it instead (rule `deletes` blocks it)";
const ASKED: &str = "over 100 records: ask the CRM owner (rule `bulk` asks for a human's approval)";

#[test]
fn a_person_who_is_refused_is_told() {
    let environment = TestEnvironment::with_policy(POLICY);
    let run = environment.aegis_with_input(&["check"], DELETE);
    assert_eq!(run.code, 1);
    assert!(run.stdout.ends_with(&format!("\nbecause  {REFUSED}\n")), "{run:?}");
    let run = environment.aegis_with_input(&["check", "--dry-run"], BULK);
    assert!(run.stdout.ends_with(&format!("\nbecause  {ASKED}\n")), "{run:?}");
}

#[test]
fn a_program_is_told_in_an_answer_and_in_a_stream() {
    let environment = TestEnvironment::with_policy(POLICY);
    assert_eq!(environment.check(DELETE).json()["reason"], REFUSED);
    let run = environment.aegis_with_input(&["check", "--jsonl"], [READ, DELETE, BULK].join("\n"));
    let answers = run.json_lines();
    assert_eq!(answers[0]["reason"], "reading is fine (rule `reads` allows it)");
    assert_eq!(answers[1]["reason"], REFUSED);
    assert!(answers[2]["reason"].as_str().unwrap().starts_with(ASKED), "{run:?}");
}

#[test]
fn an_explanation_has_it_once() {
    let environment = TestEnvironment::with_policy(POLICY);
    let explained = |action: &str| {
        let run = environment.aegis_with_input(&["check", "--dry-run", "--explain"], action);
        assert!(!run.stdout.contains('\u{1b}'), "{run:?}");
        run.stdout
    };
    let allowed = explained(READ);
    assert!(allowed.contains("\n  reason       reading is fine\n"), "{allowed}");
    for (action, says) in [(READ, "reading is fine"), (DELETE, "it instead"), (BULK, "ask the CRM owner")] {
        assert_eq!(explained(action).matches(says).count(), 1, "{}", explained(action));
    }
    let arguments = ["check", "--dry-run", "--explain", "--format", "json"];
    let answer = environment.aegis_with_input(&arguments, DELETE).json();
    let reasons: Vec<_> = answer["explain"].as_array().unwrap().iter().map(|each| &each["reason"]).collect();
    assert_eq!(reasons, [&json!(null), &json!("archive\\u{1b} it instead")]);
}

#[test]
fn a_record_keeps_it() {
    let environment = TestEnvironment::with_policy(POLICY);
    let id = environment.check(DELETE).json()["action_id"].as_str().unwrap().to_owned();
    let run = environment.aegis(&["audit", "show", &id]);
    assert!(run.stdout.contains("archive\\u{1b} it instead"), "{run:?}");
    let run = environment.aegis(&["audit", "show", &id, "--format", "json"]);
    assert!(run.stdout.contains("it instead (rule `deletes` blocks it)"), "{run:?}");
}
