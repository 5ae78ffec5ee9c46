//! The chain as it is documented, recomputed from the stored bytes with nothing of the crate.

use aegis_audit::TrailError;
use aegis_ledger::answer::{Answer, ResultStatus};
use aegis_ledger::event::{Ended, Event, Stamped};
use aegis_testkit::{Append as _, Case, Log, Place, Row};

fn rows(place: &Place) -> Vec<Row> {
    Log::read(&place.log).unwrap().rows
}

/// Walks the chain, and gives the hash of each event.
fn verified(place: &Place) -> Vec<Vec<u8>> {
    rows(place).into_iter().map(|row| row.hash).collect()
}

#[test]
fn the_chain_is_the_documented_one_and_receipts_name_its_rows() {
    let place = Place::new();
    let asked =
        Case::new(r#"{"type":"update","target":"crm","params":{"n":9007199254740993,"é":[1.5,null]}}"#)
            .id("asked")
            .answered_by(Answer::Approved, "ana");
    let read = Case::default().id("read");
    let mut trail = place.open();
    let mut receipts = trail.append(&[asked.requested()]).unwrap();
    receipts.extend(trail.append(&[asked.answered(), asked.decided(), read.decided()]).unwrap());
    let id = trail.id().to_owned();
    drop(trail);
    let mut trail = place.open();
    receipts.extend(trail.append(&[asked.ended(ResultStatus::Failed, Some("no such row"))]).unwrap());
    drop(trail);

    let hashes = verified(&place);
    assert_eq!(hashes.len(), 5);
    for (index, (receipt, hash)) in receipts.iter().zip(&hashes).enumerate() {
        assert_eq!(receipt.log(), id);
        assert_eq!(receipt.seq(), index as u64 + 1);
        assert_eq!(receipt.head().as_bytes().as_slice(), hash);
    }
}

#[test]
fn only_a_final_yes_is_an_answer_that_allows() {
    let place = Place::new();
    let mut trail = place.open();
    for answer in Answer::ALL {
        let case = Case { answer, ..Case::default() };
        let committed = trail.record(vec![case.requested(), case.answered(), case.decided()]).unwrap();
        // Each event comes back with its own receipt.
        let allowing: Vec<_> = committed
            .iter()
            .map(|committed| committed.account().event)
            .map(|event| (event.action_id(), event.final_answer().is_some_and(Answer::is_allowed)))
            .collect();
        let allows = matches!(answer, Answer::Auto | Answer::Approved);
        assert_eq!(allowing, [("0193", false), ("0193", false), ("0193", allows)], "{answer:?}");
    }
}

#[test]
fn a_row_holds_everything_that_was_evaluated() {
    let place = Place::new();
    let case =
        Case::new(r#"{"type":"read","target":"crm","params":{"b":1,"a":"\u0007"},"description":"<b>"}"#);
    let _ = place.open().append(&[case.decided()]).unwrap();
    let rows = rows(&place);
    let body: serde_json::Value = serde_json::from_str(&rows[0].body).unwrap();
    let digest = case.action.digest().to_string();
    for (field, value) in [
        ("session_id", "a1b2c3d4e5f6"),
        ("action_type", "read"),
        ("action_target", "crm"),
        ("risk_level", "low"),
        ("approval", "auto"),
        ("matched_rule", "reads_are_fine"),
        ("decision", "auto"),
        ("reason", "it is so"),
        ("action_sha256", &digest),
        ("host", "host"),
        ("user", "ana"),
        ("policy_source", "argument"),
        ("log_source", "default"),
    ] {
        assert_eq!(body[field], value, "{field}");
    }
    assert!(body["agent"].is_null() && body["result_status"].is_null());
    // The payload is canonical, and nowhere but in its own column.
    assert_eq!(rows[0].payload.as_deref(), Some(r#"{"description":"<b>","params":{"a":"\u0007","b":1}}"#));
    assert_eq!(rows[0].salt.as_ref().map(Vec::len), Some(32));
    assert!(!rows[0].body.contains("<b>"));
}

#[test]
fn equal_payloads_have_different_commitments() {
    let place = Place::with_decisions(2);
    let rows = rows(&place);
    assert_eq!(rows[0].payload, rows[1].payload);
    assert_ne!(rows[0].commitment, rows[1].commitment);
}

#[test]
fn a_payload_can_be_removed_and_the_chain_still_holds() {
    let place = Place::with_decisions(3);
    let before = verified(&place);
    place.meddle().execute_batch("UPDATE events SET payload = NULL, salt = NULL WHERE seq >= 2").unwrap();
    assert_eq!(verified(&place), before);
    let records = place.records(&aegis_ledger::filter::Filter::default());
    assert!(records[0].action_params.is_some());
    assert_eq!((&records[2].action_params, &records[2].action_desc), (&None, &None));
    let _ = place.open().append(&[Case::default().decided()]).unwrap();
    assert_eq!(verified(&place).len(), 4);
}

#[test]
fn the_database_itself_refuses_what_is_not_an_append() {
    let place = Place::with_decisions(3);
    let before = verified(&place);
    let connection = place.meddle();
    let copy =
        "INTO events (seq, at, kind, action_id, body, payload, salt, commitment, prev_hash, hash) SELECT";
    let rest = "at, kind, action_id, '{}', payload, salt, commitment";
    for sql in [
        "UPDATE events SET body = '{}'",
        "UPDATE events SET hash = x'00' WHERE seq = 3",
        "UPDATE events SET payload = '{}' WHERE seq = 3",
        "UPDATE events SET payload = NULL WHERE seq = 3",
        "DELETE FROM events WHERE seq = 3",
        "UPDATE log SET id = zeroblob(16)",
        "DELETE FROM log",
        // In place of another row, after a gap, and beside another.
        &format!("INSERT OR REPLACE {copy} 3, {rest}, prev_hash, hash FROM events WHERE seq = 3"),
        &format!("INSERT OR REPLACE {copy} 5, {rest}, hash, x'01' FROM events WHERE seq = 3"),
        &format!("INSERT OR REPLACE {copy} 4, {rest}, prev_hash, x'01' FROM events WHERE seq = 3"),
        &format!("INSERT {copy} 4, {rest}, prev_hash, x'01' FROM events WHERE seq = 2"),
    ] {
        assert!(connection.execute_batch(sql).is_err(), "{sql}");
    }
    drop(connection);
    assert_eq!(verified(&place), before);
}

#[test]
fn times_are_kept_to_the_millisecond_in_any_order() {
    let place = Place::new();
    let times = ["2026-11-23T08:49:00.9996Z", "2026-01-01T00:00:00.001Z", "2026-11-23T08:48:00Z"];
    let cases: Vec<_> = times.iter().map(|at| Case::default().id(at).at(at)).collect();
    let events: Vec<Stamped<'_>> = cases.iter().map(Case::decided).collect();
    let _ = place.open().append(&events).unwrap();
    verified(&place);
    let shown: Vec<_> = place
        .records(&aegis_ledger::filter::Filter::default())
        .into_iter()
        .map(|record| record.timestamp)
        .collect();
    assert_eq!(shown, ["2026-11-23T08:49:00.999Z", "2026-01-01T00:00:00.001Z", "2026-11-23T08:48:00.000Z"]);
}

#[test]
fn nothing_is_recorded_while_the_clock_stands_before_there_were_logs() {
    let place = Place::new();
    let _ = place.open().append(&[Case::default().decided()]).unwrap();
    for at in ["1969-12-31T23:59:59Z", "1970-01-01T00:00:00Z", "2025-12-31T23:59:59.999Z"] {
        let refused = place.open().append(&[Case::default().id("b").at(at).decided()]).unwrap_err();
        assert!(matches!(refused, TrailError::ClockBehind { .. }), "{refused}");
        assert!(refused.help().is_some_and(|help| help.contains("clock")));
    }
    assert_eq!(place.records(&aegis_ledger::filter::Filter::default()).len(), 1);
}

#[test]
fn nothing_to_append_is_no_error() {
    let place = Place::new();
    assert_eq!(place.open().append(&[]).unwrap(), []);
    let status = ResultStatus::Success;
    let event = Event::Ended(Ended {
        action_id: "",
        session_id: "",
        status: Some(status),
        error: None,
        duration_ms: None,
    });
    let _ = place.open().append(&[Stamped { at: Case::default().at, event }]).unwrap();
    assert_eq!(verified(&place).len(), 1);
}
