//! Logs that somebody wrote who can write any row, and has no key: nothing is allowed by them, and they are
//! found.

use aegis_testkit::{relink, without_triggers};
use rusqlite::Connection;
use serde_json::{Value, json};

use super::{ask, bring, has_openssh, key, policy, request, sign};
use crate::approvals::{aside, verify};
use crate::environment::TestEnvironment;

/// What is made of a stored reply.
type Change = fn(&mut Value);

fn check(environment: &TestEnvironment) -> i32 {
    aside(environment, &["check", "deploy:shop", "--format", "json"]).code
}

/// Changes the body of the newest `replied` row, and all hashes from there on.
fn forge(environment: &TestEnvironment, change: impl FnOnce(&mut Value)) -> i64 {
    let connection = Connection::open(environment.file("aegis_audit.db")).unwrap();
    let (seq, body): (i64, String) = connection
        .query_row(
            "SELECT seq, body FROM events WHERE kind = 'replied' ORDER BY seq DESC LIMIT 1",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    let mut body: Value = serde_json::from_str(&body).unwrap();
    change(&mut body);
    without_triggers(&connection, |connection| {
        connection.execute("UPDATE events SET body = ?1 WHERE seq = ?2", (body.to_string(), seq)).unwrap();
        relink(connection, seq);
    });
    seq
}

/// The row is damage, and allows nothing.
#[track_caller]
fn is_found(environment: &TestEnvironment, row: i64, why: &str) {
    assert_eq!(check(environment), 3, "{why}: it allows nothing");
    let run = environment.aegis(&["audit", "verify", "--format", "json"]);
    let found = run.json()["damage"].clone();
    let said = found.as_array().unwrap().iter().any(|damage| {
        damage["row"] == json!(row)
            && damage["message"].as_str().unwrap().contains("who answered is not proved")
    });
    assert!(run.code == 1 && said, "{why}: {run:?}");
    let shown = environment.aegis(&["audit", "show", &format!("seq:{row}")]);
    assert!(shown.code == 1 && shown.stdout.contains("DAMAGED"), "{why}: {shown:?}");
}

/// A log with a signed answer, which nothing has used yet.
fn answered(command: &str) -> (TestEnvironment, String) {
    let environment = TestEnvironment::empty();
    let (bo, cy) = (key(&environment, "bo", &["ed25519"], ""), key(&environment, "cy", &["ed25519"], ""));
    policy(&environment, &[("bo", &bo), ("cy", &cy)], "");
    let id = ask(&environment);
    let signature = sign(&environment, "bo", "aegis-approval", &request(&environment, command, &id));
    assert_eq!(bring(&environment, command, &id, &signature).code, 0);
    verify(&environment);
    (environment, id)
}

#[test]
fn a_claim_without_its_signature_allows_nothing_and_is_damage() {
    if !has_openssh("forged replies") {
        return;
    }
    let changes: [(&str, Change); 6] = [
        ("no signature", |body| {
            body.as_object_mut().unwrap().remove("signature");
        }),
        ("a lesser claim for somebody who signs", |body| {
            let body = body.as_object_mut().unwrap();
            body.remove("signature");
            body.remove("key");
            body.insert("approver".into(), json!({"via": "terminal", "user": "bo", "evidence": 1}));
        }),
        ("another approver's name", |body| {
            body["name"] = "cy".into();
            body["approver"]["user"] = "cy".into();
        }),
        ("a touch", |body| body["approver"] = json!({"via": "touch", "user": "bo", "evidence": 4})),
        ("another key", |body| body["key"] = "SHA256:AAAA".into()),
        ("a damaged signature", |body| {
            let signature = body["signature"].as_str().unwrap().replace("QA", "QB");
            body["signature"] = format!("{signature}x").into();
        }),
    ];
    for (why, change) in changes {
        let (environment, _) = answered("approve");
        let row = forge(&environment, change);
        is_found(&environment, row, why);
    }
}

#[test]
fn a_signed_no_cannot_be_turned_into_a_yes() {
    if !has_openssh("forged replies") {
        return;
    }
    let (environment, _) = answered("deny");
    let row = forge(&environment, |body| body["decision"] = "approved".into());
    is_found(&environment, row, "the answer was turned");
}

/// A real yes to one action is no yes to another one, even where whoever wrote the log says that this was the
/// question: what was signed names the action.
#[test]
fn a_signature_is_not_carried_to_another_action() {
    if !has_openssh("forged questions") {
        return;
    }
    let (environment, id) = answered("approve");
    // The question about a worse action, which nobody answered.
    let worse = ["check", "deploy:shop", "--param", "stage=live", "--format", "json"];
    assert_eq!(aside(&environment, &worse).code, 3);
    let connection = Connection::open(environment.file("aegis_audit.db")).unwrap();
    let key_of = "SELECT body ->> '$.question.key' FROM events WHERE kind = 'requested' AND action_id ";
    let worse_key: String =
        connection.query_row(&format!("{key_of} != ?1"), [&id], |row| row.get(0)).unwrap();
    without_triggers(&connection, |connection| {
        let changed = connection
            .execute(
                "UPDATE events SET body = json_set(body, '$.question.key', ?1)
                 WHERE kind = 'requested' AND action_id = ?2",
                (&worse_key, &id),
            )
            .unwrap();
        assert_eq!(changed, 1);
        relink(connection, 1);
    });
    drop(connection);
    assert_eq!(aside(&environment, &worse).code, 3);
    assert_eq!(check(&environment), 3, "nor is it one to its own action any more");
}

/// Terms that somebody weakened in the log are not those of the policy.
#[test]
fn weaker_terms_in_the_log_do_not_count() {
    if !has_openssh("forged terms") {
        return;
    }
    let (environment, id) = answered("approve");
    let connection = Connection::open(environment.file("aegis_audit.db")).unwrap();
    without_triggers(&connection, |connection| {
        let changed = connection
            .execute(
                "UPDATE events SET body = json_set(json_remove(body, '$.question.terms.by'),
                     '$.question.terms.evidence', 1) WHERE kind = 'requested' AND action_id = ?1",
                [&id],
            )
            .unwrap();
        assert_eq!(changed, 1);
        connection
            .execute(
                "UPDATE events SET body = json_set(json_remove(body, '$.signature', '$.key', '$.name'),
                     '$.approver', json('{\"via\":\"terminal\",\"user\":\"bo\",\"evidence\":1}'))
                 WHERE kind = 'replied'",
                [],
            )
            .unwrap();
        relink(connection, 1);
    });
    drop(connection);
    assert_eq!(check(&environment), 3);
}

/// A decision that says that somebody signed, and goes back to no signature.
#[test]
fn a_decision_that_borrows_a_signature_is_damage() {
    if !has_openssh("forged decisions") {
        return;
    }
    let (environment, _) = answered("approve");
    assert_eq!(check(&environment), 0);
    verify(&environment);
    // The next question, which nobody answered, is written down as if bo had.
    assert_eq!(check(&environment), 3);
    let connection = Connection::open(environment.file("aegis_audit.db")).unwrap();
    let row: i64 = connection.query_row("SELECT max(seq) FROM events", [], |row| row.get(0)).unwrap();
    without_triggers(&connection, |connection| {
        connection
            .execute(
                "UPDATE events SET body = json_set(body, '$.decision', 'approved', '$.result_status', null,
                     '$.approver', json('{\"via\":\"signature\",\"user\":\"bo\",\"evidence\":3}'))
                 WHERE seq = ?1",
                [row],
            )
            .unwrap();
        connection
            .execute(
                "UPDATE events SET body = json_set(body, '$.decision', 'approved',
                     '$.approver', json('{\"via\":\"signature\",\"user\":\"bo\",\"evidence\":3}'))
                 WHERE seq = ?1 AND kind = 'answered'",
                [row - 1],
            )
            .unwrap();
        relink(connection, row - 1);
    });
    drop(connection);
    let run = environment.aegis(&["audit", "verify", "--format", "json"]);
    let found = run.json()["damage"].clone();
    assert_eq!((run.code, found.as_array().unwrap().len()), (1, 1), "{run:?}");
    assert_eq!(found[0]["row"], json!(row));
    assert!(found[0]["message"].as_str().unwrap().contains("who answered is not proved"), "{run:?}");
}
