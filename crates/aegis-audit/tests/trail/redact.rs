//! Secrets are not written, and payloads that were written can be removed without a trace.

use std::ops::ControlFlow;
use std::time::Duration;

use aegis_audit::sqlite::TrailReader;
use aegis_audit::store::Traces;
use aegis_audit::{Journal, RecordError, RedactError, Removal, TrailError};
use aegis_engine::{Digest, Source, load};
use aegis_ledger::answer::Answer;
use aegis_ledger::event::{Event, Operator, Pruned, Stamped};
use aegis_ledger::filter::Filter;
use aegis_ledger::stored_event::StoredEvent;
use aegis_testkit::{Append as _, Case, Place, append_one, scaled};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::prune::prune_through;

const OPERATOR: Operator<'static> = Operator { host: "host", user: "ana", login: None };

fn redact(place: &Place, id: &str) -> Removal {
    place.open().redact(id, Some("asked \u{1b} to"), OPERATOR).unwrap()
}

/// An action with this text in its parameters and in its description, under names that are not secret.
fn telling(kind: &str, text: &str) -> Case {
    let action = json!({ "type": kind, "target": "crm", "params": { "note": text }, "description": text });
    Case::new(&action.to_string())
}

/// Words of which every part of 24 bytes is found nowhere else, so that a page of a payload shows, too.
fn marked(mark: &str, length: usize) -> String {
    (0..).map(|index| format!("{mark}-{index:06}/")).take(length / 16 + 1).collect::<String>()
}

/// Any mark at all of `mark`'s.
fn traces_of(place: &Place, mark: &str) -> Vec<String> {
    place.files_with(format!("{mark}-0").as_bytes())
}

fn events(reader: &TrailReader) -> Vec<(String, Value, bool)> {
    let mut found = Vec::new();
    let each = |_, event: Result<StoredEvent<'_>, String>| {
        let event = event.unwrap();
        let body = serde_json::from_str(event.body).unwrap();
        found.push((event.kind.to_owned(), body, event.payload.is_some()));
        Ok::<_, TrailError>(ControlFlow::Continue(()))
    };
    reader.events(1..=u64::MAX, each).unwrap();
    found
}

#[test]
fn secrets_are_replaced_before_anything_is_written() {
    let place = Place::new();
    let action = json!({
        "type": "update", "target": "crm", "description": "with canary-one",
        "params": { "password": "canary-one", "deep": [{ "apiKey": { "k": "canary-two" } }], "iban": "canary-three",
                    "plain": "canary-plain", "fake": "redacted:hmac-sha256:00" }
    });
    let mut case = Case::new(&action.to_string());
    let policy = load(&[Source { text: b"version: '1'\nredact: [iban]\nrules: []\n" }]).policy.unwrap();
    case.redaction = policy.redaction().clone();
    let mut trail = place.open();
    let _ = trail.append(&[case.requested()]).unwrap();
    case.answer = Answer::Denied;
    let _ = trail.append(&[case.answered(), case.decided()]).unwrap();
    for secret in ["canary-one", "canary-two", "canary-three"] {
        assert_eq!(place.files_with(secret.as_bytes()), [""; 0], "{secret}");
    }
    // What is not secret is found by the same means.
    assert!(!place.files_with(b"canary-plain").is_empty());
    let record = place.records(&Filter::default()).remove(0);
    let params = record.action_params.unwrap();
    let stands_in =
        |value: &Value| value.as_str().is_some_and(|text| text.starts_with("redacted:hmac-sha256:"));
    assert!(
        stands_in(&params["password"])
            && stands_in(&params["deep"][0]["apiKey"])
            && stands_in(&params["iban"])
    );
    assert_eq!(record.action_desc.unwrap(), format!("with {}", params["password"].as_str().unwrap()));
    assert_eq!(record.action_sha256, case.action.digest().to_string());
    for (kind, body, _) in events(&place.read()) {
        let places = if kind == "answered" {
            Value::Null
        } else {
            json!(["/deep/0/apiKey", "/iban", "/password", "description"])
        };
        assert_eq!(body.get("redacted").unwrap_or(&Value::Null), &places, "{kind}");
    }
}

#[test]
fn equal_secrets_are_recognised_within_one_log_and_in_no_other() {
    let stand_ins = |place: &Place| -> Vec<Value> {
        let mut trail = place.open();
        for (id, secret) in
            [("a", json!("1")), ("b", json!(1)), ("c", json!("1")), ("d", json!({ "x": [1] }))]
        {
            let action = json!({ "type": "read", "target": "crm", "params": { "pin": secret } });
            let _ = trail.append(&[Case::new(&action.to_string()).id(id).decided()]).unwrap();
        }
        let records = place.records(&Filter::default());
        records.into_iter().map(|record| record.action_params.unwrap()["pin"].clone()).collect()
    };
    let (here, there) = (stand_ins(&Place::new()), stand_ins(&Place::new()));
    assert_eq!(here[0], here[2]);
    assert!(here[0] != here[1] && here[1] != here[3]);
    assert!(here.iter().all(|stand_in| !there.contains(stand_in)));
}

#[test]
fn a_removed_payload_leaves_the_chain_and_everything_else() {
    let place = Place::new();
    let mut trail = place.open();
    let mut case = telling("update", "canary");
    let _ = trail.append(&[case.requested()]).unwrap();
    case.answer = Answer::Denied;
    let _ = trail.append(&[case.answered(), case.decided()]).unwrap();
    let _ = trail.append(&[telling("read", "other").id("0194").decided()]).unwrap();
    let before = place.records(&Filter::default());
    let removal = trail.redact("0193", Some("asked \u{1b} to"), OPERATOR).unwrap();
    assert_eq!((removal.events.as_slice(), removal.traces), (&[1, 3][..], Traces::None));
    assert_eq!(removal.receipt.as_ref().unwrap().seq(), 5);
    assert_eq!(traces_of(&place, "canary"), [""; 0]);
    let found = events(&place.read());
    let kept: Vec<_> = found.iter().map(|(_, _, payload)| *payload).collect();
    assert_eq!(kept, [false, false, false, true, false]);
    assert_eq!(
        found[4].1,
        json!({ "events": [1, 3], "note": "asked \u{1b} to", "host": "host", "user": "ana" })
    );
    let after = place.records(&Filter::default());
    assert_eq!((&after[0].action_params, &after[0].action_desc), (&None, &None));
    assert_eq!((after[0].hash.as_str(), &after[1]), (before[0].hash.as_str(), &before[1]));
    assert!(place.read().history("0193").unwrap().unwrap().is_intact());
    // Whoever had the log open goes on, and so does whoever opens it now.
    let _ = trail.append(&[Case::default().id("0195").decided()]).unwrap();
    let _ = place.open().append(&[Case::default().id("0196").decided()]).unwrap();
}

#[test]
fn to_remove_what_is_removed_does_nothing_and_to_remove_nothing_is_refused() {
    let place = Place::with_decisions(3);
    assert_eq!(redact(&place, "a1").events, [2]);
    let again = redact(&place, "a1");
    assert_eq!((again.events.len(), again.receipt, again.traces), (0, None, Traces::None));
    for unknown in ["a", "a11", "", "A1"] {
        let refused = place.open().redact(unknown, None, OPERATOR);
        assert!(matches!(refused, Err(RedactError::Unknown { .. })), "{unknown}: {refused:?}");
    }
    assert_eq!(events(&place.read()).len(), 4);
}

#[test]
fn evidence_is_not_removed() {
    let place = Place::with_decisions(3);
    place.tamper(r#"UPDATE events SET payload = '{"description":"","params":{}}' WHERE seq = 2"#);
    let refused = place.open().redact("a1", None, OPERATOR);
    assert!(
        matches!(refused, Err(RedactError::Record(RecordError::Trail(TrailError::Tampered { seq: 2, .. })))),
        "{refused:?}"
    );
    assert!(events(&place.read())[1].2);
}

/// Sizes at which payloads lie within a page, across pages, and on hundreds of pages of their own.
const SIZES: [usize; 10] = [10, 300, 900, 1500, 3000, 4000, 4200, 9000, 70_000, 470_000];

/// Writes many payloads of many sizes, removes them in an order that has nothing to do with that of the log,
/// and looks for each of them afterwards. Between removals, others are written.
fn remove_all(place: &Place, rounds: usize) {
    let mut trail = place.open();
    let mark = |index: usize| format!("canary{index:03}");
    let write = |trail: &mut Journal, index: usize| {
        let case =
            telling("read", &marked(&mark(index), SIZES[index % SIZES.len()])).id(&format!("id{index:03}"));
        let _ = trail.append(&[case.decided()]).unwrap();
    };
    let total = rounds * SIZES.len();
    for index in 0..total {
        write(&mut trail, index);
    }
    assert!(!traces_of(place, &mark(0)).is_empty() && !traces_of(place, &mark(total - 1)).is_empty());
    for step in 0..total {
        let index = (step * 7) % total;
        let removal = trail.redact(&format!("id{index:03}"), None, OPERATOR).unwrap();
        assert_eq!(removal.traces, Traces::None, "{index}");
        assert_eq!(traces_of(place, &mark(index)), [""; 0], "{index}");
        if step % 5 == 0 {
            write(&mut trail, total + step);
        }
    }
    drop(trail);
    let left = (0..total).filter(|index| !traces_of(place, &mark(*index)).is_empty()).count();
    assert_eq!(left, 0);
    assert!(!traces_of(place, &mark(total)).is_empty());
}

#[test]
fn nothing_of_it_is_left_in_any_file_whatever_its_size() {
    let rounds = scaled(3, 30);
    remove_all(&Place::new(), rounds);
}

#[test]
fn without_secure_delete_the_search_does_find_remnants() {
    // The control: the same removal by a connection that does not overwrite.
    let place = Place::new();
    let _ = place.open().append(&[telling("read", &marked("canary000", 9000)).decided()]).unwrap();
    let connection: Connection = place.meddle();
    connection
        .execute_batch("PRAGMA secure_delete = OFF; UPDATE events SET payload = NULL, salt = NULL; PRAGMA wal_checkpoint(TRUNCATE)")
        .unwrap();
    drop(connection);
    assert!(!traces_of(&place, "canary000").is_empty());
}

#[test]
fn who_reads_the_log_as_it_was_keeps_the_traces_and_the_next_attempt_removes_them() {
    let place = Place::new();
    let _ = place.open().append(&[telling("read", &marked("canary000", 2000)).decided()]).unwrap();
    let mut trail = Journal::open(&place.log, Duration::from_millis(200)).unwrap();
    let reader = place.meddle();
    reader.execute_batch("BEGIN; SELECT count(*) FROM events;").unwrap();
    let held = trail.redact("0193", None, OPERATOR).unwrap();
    assert_eq!((held.events.as_slice(), held.traces), (&[1][..], Traces::HeldByOthers));
    assert!(!traces_of(&place, "canary000").is_empty());
    reader.execute_batch("COMMIT").unwrap();
    let again = trail.redact("0193", None, OPERATOR).unwrap();
    assert_eq!((again.events.len(), again.traces), (0, Traces::None));
    assert_eq!(traces_of(&place, "canary000"), [""; 0]);
}

#[test]
fn what_pruning_left_behind_goes_as_well() {
    let place = Place::new();
    let mut trail = place.open();
    for index in 0..40 {
        let case = telling("read", &marked(&format!("canary{index:03}"), 900)).id(&format!("id{index:03}"));
        let _ = trail.append(&[case.decided()]).unwrap();
    }
    // As pruning does: an event stands for the oldest rows, and they go. Rows beside them are moved between
    // pages.
    for through in [3, 8, 17, 22] {
        let at = "2026-11-23T08:49:00Z".parse().unwrap();
        let (head, subtrees, archive) = (Digest::of(b""), &[Digest::of(b"")][..], "archive.jsonl.zst");
        let archive_sha256 = Digest::of(b"");
        let event = Event::Pruned(Pruned {
            through,
            head,
            subtrees,
            genesis: head,
            archive_sha256,
            archive,
            operator: OPERATOR,
        });
        let _ = trail.append(&[Stamped { at, event }]).unwrap();
        let delete = format!("PRAGMA secure_delete = ON; DELETE FROM events WHERE seq <= {through}");
        place.meddle().execute_batch(&delete).unwrap();
    }
    for index in (22..40).rev() {
        let removal = trail.redact(&format!("id{index:03}"), None, OPERATOR).unwrap();
        assert_eq!((removal.events.len(), removal.traces), (1, Traces::None));
        assert_eq!(traces_of(&place, &format!("canary{index:03}")), [""; 0], "{index}");
    }
    assert_eq!(place.meddle().query_row("PRAGMA integrity_check", [], |row| row.get(0)), Ok("ok".to_owned()));
    let _ = trail.append(&[Case::default().id("later").decided()]).unwrap();
}

#[test]
fn a_removal_that_is_refused_touches_nothing() {
    let place = Place::new();
    let receipts = (0..30).map(|n| append_one(&mut place.open(), &format!("a{n}")).unwrap().remove(0));
    let receipts: Vec<_> = receipts.collect();
    prune_through(&place, &receipts[20]);
    let newest = place.records(&Filter::default()).pop().unwrap();
    place.tamper(&format!("UPDATE events SET body = replace(body, 'crm', 'crx') WHERE seq = {}", newest.seq));
    let before = std::fs::read(&place.log).unwrap();
    let refused = place.open().redact(&newest.id, None, OPERATOR);
    assert!(matches!(refused, Err(RedactError::Record(_))), "{refused:?}");
    let unknown = place.open().redact("nobody", None, OPERATOR);
    assert!(unknown.is_err(), "{unknown:?}");
    // Not even what is free in it is given back: it is evidence.
    assert_eq!(std::fs::read(&place.log).unwrap(), before);
}
