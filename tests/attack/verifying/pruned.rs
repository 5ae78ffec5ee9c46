//! A pruning that only an attacker wanted: what was kept of the rows that are gone is not taken for good.

use std::fs;
use std::thread::sleep;
use std::time::Duration;

use aegis_testkit::READ;
use serde_json::{Value, json};

use crate::environment::TestEnvironment;

/// Rows that are allowed, each with its receipt.
fn allowed(environment: &TestEnvironment, count: usize) -> Vec<Value> {
    let run = environment.aegis_with_input(&["check", "--jsonl"], format!("{READ}\n").repeat(count));
    run.json_lines().iter().map(|answer| answer["receipt"].clone()).collect()
}

/// A log of eight rows and their receipts, of which the first four were taken out, with an event that says
/// that they were pruned. There is no archive.
fn pruned() -> (TestEnvironment, Vec<Value>) {
    let environment = TestEnvironment::new();
    let mut receipts = allowed(&environment, 4);
    sleep(Duration::from_millis(20));
    let cut = aegis_audit::now().to_rfc3339();
    receipts.extend(allowed(&environment, 4));
    let prune = ["audit", "prune", "--before", &cut, "--archive", "gone.jsonl", "--yes"];
    let run = environment.aegis(&prune);
    assert!(run.code == 0 && run.stdout.starts_with("pruned    rows 1 to 4"), "{run:?}");
    fs::remove_file(environment.file("gone.jsonl")).unwrap();
    (environment, receipts)
}

#[test]
fn a_pruning_does_not_excuse_rows_of_which_receipts_are_given() {
    let (environment, receipts) = pruned();
    // Those that are at hand hold; that tells nothing of the others.
    for (kept, code, untold) in [(&receipts[..], 5, 4), (&receipts[..4], 5, 4), (&receipts[4..], 0, 0)] {
        let lines: Vec<_> = kept.iter().map(Value::to_string).collect();
        environment.write("kept.jsonl", lines.join("\n"));
        let run = environment.aegis(&["audit", "verify", "--receipts", "kept.jsonl"]);
        assert_eq!((run.code, run.stdout.starts_with("unsure ")), (code, code == 5), "{run:?}");
        let run = environment.aegis(&["audit", "verify", "--receipts", "kept.jsonl", "--format", "json"]);
        assert_eq!((run.code, &run.json()["untold"]), (code, &json!(untold)), "{run:?}");
    }
}

#[test]
fn a_pruning_does_not_excuse_rows_that_anchors_name() {
    let (environment, receipts) = pruned();
    let anchor =
        |row: usize| format!("{}:{}", receipts[row - 1]["seq"], receipts[row - 1]["head"].as_str().unwrap());
    // The hash of the last row that is gone is known: that one can be compared.
    for (row, code) in [(2, 5), (4, 0), (6, 0)] {
        let run = environment.aegis(&["audit", "verify", "--anchor", &anchor(row), "--anchor", &anchor(8)]);
        assert_eq!(run.code, code, "row {row}: {run:?}");
    }
}
