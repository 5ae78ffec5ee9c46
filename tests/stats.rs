//! `aegis audit stats`: a trail as a whole.

use aegis_testkit::{BULK, DELETE, READ, run_with_input};
use serde_json::{Value, json};

use crate::environment::TestEnvironment;

/// Three reads, two blocked deletes, a question without an answer.
fn trail() -> TestEnvironment {
    let environment = TestEnvironment::new();
    for (agent, action) in
        [("ana", READ), ("ana", READ), ("bob", READ), ("bob", DELETE), ("ana", DELETE), ("ana", BULK)]
    {
        environment.aegis_with_input(&["check", "--agent", agent], action);
    }
    environment
}

fn stats(environment: &TestEnvironment, arguments: &[&str]) -> Value {
    let run = environment.aegis(&[&["audit", "stats", "--format", "json"], arguments].concat());
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{run:?}");
    run.json()
}

#[test]
fn json_counts_what_the_records_say() {
    let environment = trail();
    let found = stats(&environment, &[]);
    assert_eq!(
        found["answers"],
        json!({"auto": 3, "approved": 0, "denied": 0, "block": 2, "unanswered": 1, "open": 0})
    );
    assert_eq!((&found["actions"], &found["asked"]), (&json!(6), &json!(1)));
    assert_eq!(found["sessions"], json!({"count": 6, "estimated": false}));
    assert_eq!(found["results"]["blocked"], 2);
    assert_eq!(found["risks"]["critical"]["block"], 2);
    let named = |field: &str| -> Vec<(Value, Value)> {
        let names = found[field]["names"].as_array().unwrap();
        names.iter().map(|name| (name["name"].clone(), name["actions"].clone())).collect()
    };
    assert_eq!(named("agents"), [(json!("ana"), json!(4)), (json!("bob"), json!(2))]);
    assert_eq!(
        named("rules"),
        [
            (json!("reads_are_fine"), json!(3)),
            (json!("deletes_are_blocked"), json!(2)),
            (json!("bulk_needs_approval"), json!(1))
        ]
    );
    assert_eq!(found["rules"]["names"][0]["share"], json!(0.5));
    assert_eq!(found["asked_by_rule"][0]["name"], "bulk_needs_approval");
    assert_eq!((&found["waits"]["count"], &found["waits"]["median_ms"]), (&json!(0), &Value::Null));
    let newest = environment.records().pop().unwrap();
    assert_eq!((&found["newest"]["seq"], &found["newest"]["hash"]), (&newest["seq"], &newest["hash"]));
    let intervals = found["series"]["intervals"].as_array().unwrap();
    let counted: u64 = intervals
        .iter()
        .flat_map(|it| it["answers"].as_object().unwrap().values())
        .filter_map(Value::as_u64)
        .sum();
    assert_eq!(counted, 6);
    assert_eq!(found["idle_rules"], Value::Null);
}

#[test]
fn filters_select_and_the_answer_names_them() {
    let environment = trail();
    let found = stats(&environment, &["--agent", "ana", "--risk", "low", "--risk", "critical"]);
    assert_eq!(found["actions"], 3);
    assert_eq!(
        found["filters"],
        json!([{"flag": "--agent", "value": "ana"}, {"flag": "--risk", "value": "low, critical"}])
    );
    assert_eq!(stats(&environment, &["--limit", "2"])["answers"]["block"], 1);
    assert_eq!(stats(&environment, &["--type", "nothing"])["actions"], 0);
}

#[test]
fn the_most_frequent_names_come_first_and_the_others_together() {
    let environment = trail();
    let rules = &stats(&environment, &["--top", "1"])["rules"];
    assert_eq!(rules["names"].as_array().unwrap().len(), 1);
    assert_eq!(rules["others"]["names"]["count"], 2);
    assert_eq!(rules["others"]["answers"]["block"], 2);
}

#[test]
fn a_policy_that_is_named_shows_which_of_its_rules_decided_nothing() {
    let environment = trail();
    let found = stats(&environment, &["--policy", "policy.yaml"]);
    assert_eq!(found["idle_rules"], json!(["small_bulk_is_fine"]));
    let text = environment.aegis(&["audit", "stats", "--policy", "policy.yaml"]).stdout;
    assert!(text.contains("Rules that decided nothing\n  small_bulk_is_fine\n"), "{text}");
    assert_eq!(environment.aegis(&["audit", "stats", "--policy", "none.yaml"]).code, 5);
}

#[test]
fn a_person_gets_bars_and_a_pipe_gets_no_colour() {
    let environment = trail();
    let run = environment.aegis(&["audit", "stats"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert!(run.stdout.starts_with("6 actions in 6 sessions\n"), "{}", run.stdout);
    for line in ["  auto        3  50.0 %  ########################################", "  ana"] {
        assert!(run.stdout.lines().any(|found| found.starts_with(line)), "{line}\n{}", run.stdout);
    }
    assert!(run.stdout.is_ascii() && run.stdout.lines().all(|line| line.len() <= 80), "{}", run.stdout);
    let mut command = environment.command(&["audit", "stats", "--color", "always"]);
    command.env("LC_ALL", "en_US.UTF-8");
    let shown = run_with_input(command, b"").stdout;
    assert!(shown.contains('\u{1b}') && shown.contains('█'), "{shown}");
}

#[test]
fn an_empty_trail_says_so() {
    let environment = trail();
    let run = environment.aegis(&["audit", "stats", "--target", "nothing"]);
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (0, "", "note: no record matches\n"));
}

#[test]
fn what_cannot_be_counted_is_refused() {
    let environment = trail();
    for (arguments, code) in [
        (&["--reverse"][..], 2),
        (&["--often", "0"], 2),
        (&["--top", "-1"], 2),
        (&["--format", "xml"], 2),
        (&["--db", "none.db"], 4),
    ] {
        let run = environment.aegis(&[&["audit", "stats"], arguments].concat());
        assert_eq!((run.code, run.stdout.as_str()), (code, ""), "{arguments:?} {run:?}");
    }
}
