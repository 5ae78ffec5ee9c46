//! Rows whose hashes are right, and that tell of what cannot have happened, or cannot be read at all.

use aegis_testkit::{BULK, DELETE, READ, relink, without_triggers};
use rusqlite::Connection;
use serde_json::json;

use super::meddle;
use crate::environment::TestEnvironment;

/// Row 1: allowed by a rule. Row 2: blocked. Rows 3 to 5: asked, not answered, refused.
fn log() -> TestEnvironment {
    let environment = TestEnvironment::new();
    let run = environment.aegis_with_input(&["check", "--jsonl"], format!("{READ}\n{DELETE}\n{BULK}\n"));
    assert_eq!(run.code, 3, "{run:?}");
    assert_eq!(environment.aegis(&["audit", "verify"]).code, 0);
    environment
}

/// Writes rows as somebody who knows the format can, and all hashes from a row on anew.
fn forge(environment: &TestEnvironment, from: i64, write: impl FnOnce(&Connection)) {
    without_triggers(&meddle(environment), |connection| {
        write(connection);
        relink(connection, from);
    });
}

/// Appends a row like another one, changed by these assignments.
fn append_like(connection: &Connection, row: i64, changes: &str) {
    connection
        .execute_batch(&format!(
            "INSERT INTO events SELECT (SELECT max(seq) + 1 FROM events), at, kind, action_id, body, payload,
                salt, commitment, randomblob(32), hash FROM events WHERE seq = {row};
             UPDATE events SET {changes} WHERE seq = (SELECT max(seq) FROM events)"
        ))
        .unwrap();
}

/// `verify` names the row and says why, nothing is vouched for, and the action is shown as damaged.
fn is_impossible(environment: &TestEnvironment, row: i64, why: &str) {
    let run = environment.aegis(&["audit", "verify", "--format", "json"]);
    let found = run.json()["damage"].clone();
    let found: Vec<_> = found.as_array().unwrap().iter().collect();
    let said = found.iter().any(|damage| {
        damage["row"] == json!(row)
            && damage["kind"] == "impossible"
            && damage["message"].as_str().unwrap().contains(why)
    });
    assert!(run.code == 1 && said, "{why}: {run:?}");
    assert_ne!(environment.aegis(&["audit", "checkpoint"]).code, 0, "{why}");
    let shown = environment.aegis(&["audit", "show", &format!("seq:{row}")]);
    assert_ne!(shown.code, 0, "{why}: {shown:?}");
}

#[test]
fn what_was_decided_twice_is_impossible() {
    let environment = log();
    forge(&environment, 6, |log| append_like(log, 1, "at = at"));
    is_impossible(&environment, 6, "row 1 is the action's `decided` event, and there is one only");
    // And nobody says that such an action has ended.
    let id: String = meddle(&environment)
        .query_row("SELECT action_id FROM events WHERE seq = 1", [], |row| row.get(0))
        .unwrap();
    let run = environment.aegis(&["audit", "record", &id, "--status", "success"]);
    assert!(run.code == 4 && run.stderr.contains("cannot have happened"), "{run:?}");
}

#[test]
fn an_approval_without_a_question_or_an_answer_is_impossible() {
    const APPROVED: &str = "body = json_set(body, '$.decision', 'approved', '$.approval', 'approve',
        '$.result_status', NULL, '$.approver', json('{\"via\":\"terminal\",\"user\":\"ana\",\"evidence\":1}'))";
    // No question was put.
    let environment = log();
    forge(&environment, 6, |log| append_like(log, 1, &format!("action_id = 'x', {APPROVED}")));
    is_impossible(&environment, 6, "a human was to be asked, and no question was put");
    // Nobody answered.
    let environment = log();
    let approve = format!("UPDATE events SET {APPROVED} WHERE seq = 5");
    forge(&environment, 5, |log| log.execute_batch(&approve).unwrap());
    is_impossible(&environment, 5, "it is decided as `approved`, but row 4 says `unanswered`");
    // The answer is gone: the question stands, and the decision that it led to.
    let environment = log();
    forge(&environment, 4, |log| {
        log.execute_batch(&format!(
            "DELETE FROM events WHERE seq = 4; UPDATE events SET seq = 4, {APPROVED} WHERE seq = 5"
        ))
        .unwrap();
    });
    is_impossible(&environment, 4, "the question in row 3 has no answer");
    // An answer to no question.
    let environment = log();
    forge(&environment, 6, |log| append_like(log, 4, "action_id = 'x'"));
    is_impossible(&environment, 6, "it answers a question that was not put");
    // A question that is put behind the decision.
    let environment = log();
    forge(&environment, 6, |log| {
        append_like(log, 3, "action_id = (SELECT action_id FROM events WHERE seq = 1)");
    });
    is_impossible(&environment, 6, "the action's `decided` event is row 1, before it");
    // A decision on another action than the one that was asked about.
    let environment = log();
    let other =
        "UPDATE events SET body = json_set(body, '$.action_sha256', printf('%064d', 7)) WHERE seq = 5";
    forge(&environment, 5, |log| log.execute_batch(other).unwrap());
    let run = environment.aegis(&["audit", "verify"]);
    assert!(run.code == 1 && run.stdout.contains("row 3 is about another action"), "{run:?}");
}

#[test]
fn the_end_of_a_blocked_action_is_impossible() {
    let environment = log();
    let ended =
        "kind = 'ended', payload = NULL, body = json_object('session_id', 's', 'result_status', 'success',
        'result_error', NULL, 'duration_ms', NULL, 'decided_seq', 2)";
    forge(&environment, 6, |log| append_like(log, 2, ended));
    is_impossible(&environment, 6, "the action was not allowed, so it was not done: row 2 says `block`");
    let environment = log();
    let loose = ended.replace("'decided_seq', 2", "'decided_seq', NULL");
    forge(&environment, 6, |log| append_like(log, 2, &loose));
    is_impossible(&environment, 6, "the end of an action on which nothing was decided");
}

#[test]
fn what_contradicts_itself_is_impossible() {
    for (change, why) in [
        ("'$.approval', 'block'", "its decision is none that its approval leads to"),
        ("'$.decision', NULL", "it is decided without a decision"),
        ("'$.result_status', 'success'", "its result is not that of its decision"),
    ] {
        let environment = log();
        let sql = format!("UPDATE events SET body = json_set(body, {change}) WHERE seq = 1");
        forge(&environment, 1, |log| log.execute_batch(&sql).unwrap());
        is_impossible(&environment, 1, why);
    }
}

#[test]
fn a_time_before_there_were_logs_is_impossible() {
    for at in ["0", "-1", "1767225599999"] {
        let environment = log();
        let sql = format!("UPDATE events SET at = {at} WHERE seq = 2");
        forge(&environment, 2, |log| log.execute_batch(&sql).unwrap());
        is_impossible(&environment, 2, "when there was no such log");
    }
}

#[test]
fn of_an_action_at_an_impossible_time_no_end_is_recorded() {
    let environment = log();
    forge(&environment, 1, |log| log.execute_batch("UPDATE events SET at = 0 WHERE seq = 1").unwrap());
    let id: String = meddle(&environment)
        .query_row("SELECT action_id FROM events WHERE seq = 1", [], |row| row.get(0))
        .unwrap();
    let run = environment.aegis(&["audit", "record", &id, "--status", "success"]);
    assert!(run.code == 4 && run.stderr.contains("when there was no such log"), "{run:?}");
}

#[test]
fn a_row_that_cannot_be_read_hides_no_other_and_is_damage_for_everybody() {
    for change in [
        "body = '{}'",
        "payload = '{}'",
        "payload = '{\"description\":\"\",\"params\":{\"n\":1,\"n\":2}}'",
        "at = 9223372036854775807",
    ] {
        let environment = TestEnvironment::new();
        let input = format!("{READ}\n").repeat(6);
        assert_eq!(environment.aegis_with_input(&["check", "--jsonl"], input).code, 0);
        let sql = format!("UPDATE events SET {change} WHERE seq = 3");
        forge(&environment, 3, |log| log.execute_batch(&sql).unwrap());
        let run = environment.aegis(&["audit", "verify", "--format", "json"]);
        let damage = run.json()["damage"][0].clone();
        assert_eq!(
            (run.code, &damage["row"], &damage["kind"]),
            (1, &json!(3), &json!("unreadable")),
            "{run:?}"
        );
        for (arguments, lines) in [
            (&["audit", "--format", "jsonl"][..], 5),
            (&["audit", "--format", "csv"], 6),
            (&["audit", "--format", "cef"], 5),
            (&["audit", "--format", "jsonl", "--limit", "4"], 3),
        ] {
            let run = environment.aegis(arguments);
            assert_eq!((run.code, run.stdout.lines().count()), (4, lines), "{change}: {run:?}");
            assert!(run.stderr.contains("a row that cannot be read is left out: row 3: "), "{run:?}");
        }
        // What is only counted needs no payload.
        let counted = if change.starts_with("payload") { 0 } else { 4 };
        for (arguments, code) in [
            (&["audit"][..], 4),
            (&["audit", "stats"], counted),
            (&["audit", "stats", "--format", "json"], counted),
            (&["audit", "report", "--no-verify"], counted),
            // It verifies the chain, which has all payloads.
            (&["audit", "report"], if counted == 0 { 1 } else { 4 }),
        ] {
            let run = environment.aegis(arguments);
            assert!(run.code == code && run.stderr.contains("row 3: ") == (code != 0), "{change}: {run:?}");
            assert!(!run.stdout.is_empty(), "{change}: {run:?}");
        }
        let shown = environment.aegis(&["audit", "show", "seq:3"]);
        assert_ne!(shown.code, 0, "{change}: {shown:?}");
    }
}

#[test]
fn rows_that_were_allowed_and_of_which_no_receipt_was_kept_are_listed() {
    let environment = TestEnvironment::new();
    let run =
        environment.aegis_with_input(&["check", "--jsonl"], format!("{READ}\n{READ}\n{DELETE}\n{READ}\n"));
    let kept: Vec<&str> = run.stdout.lines().collect();
    environment.write("kept.jsonl", [kept[0], kept[3]].join("\n"));
    let run = environment.aegis(&["audit", "verify", "--receipts", "kept.jsonl"]);
    assert!(
        run.code == 0
            && run.stdout.contains("1 row that allowed something, of which no receipt was given: 2\n"),
        "{run:?}"
    );
    let run = environment.aegis(&["audit", "verify", "--receipts", "kept.jsonl", "--format", "json"]);
    assert_eq!(run.json()["receipts"]["uncovered"], json!([2]), "{run:?}");
    // Of whole exports, too.
    assert_eq!(environment.aegis(&["audit", "--events", "-o", "events.jsonl"]).code, 0);
    let run = environment.aegis(&[
        "audit",
        "verify",
        "events.jsonl",
        "--receipts",
        "kept.jsonl",
        "--format",
        "json",
    ]);
    assert_eq!((run.code, &run.json()["receipts"]["uncovered"]), (0, &json!([2])), "{run:?}");
}

#[test]
fn what_is_impossible_in_a_log_is_impossible_in_an_export_of_it() {
    let environment = log();
    forge(&environment, 6, |log| append_like(log, 1, "at = at"));
    assert_eq!(environment.aegis(&["audit", "--events", "-o", "events.jsonl"]).code, 0);
    let run = environment.aegis(&["audit", "verify", "events.jsonl", "--format", "json"]);
    let damage = run.json()["damage"][0].clone();
    assert_eq!((run.code, &damage["row"], &damage["kind"]), (1, &json!(6), &json!("impossible")), "{run:?}");
}
