//! One action's life: every event of it, found by its id, the beginning of one, or the number of an event.

use aegis_audit::{EndStatus, Ending};
use aegis_ledger::answer::{Answer, ResultStatus};
use aegis_ledger::event::{Event, EventBody, Operator, Redacted, Stamped};
use aegis_ledger::history::{Found, HistoryEvent, State};
use aegis_testkit::{Append as _, Case, Place};
use serde_json::json;

/// An update that was asked about, approved, done, and whose parameters were removed; between events of
/// others.
fn place() -> Place {
    let place = Place::new();
    let update = || {
        Case::new(r#"{"type":"update","target":"crm","params":{"n":1},"description":"why"}"#)
            .id("0193-update")
    };
    let approved = update().answered_by(Answer::Approved, "ana");
    let other = Case::default().id("0193-other");
    let mut trail = place.open();
    let _ = trail.append(&[update().requested(), other.decided()]).unwrap();
    let _ = trail.append(&[approved.answered(), approved.decided()]).unwrap();
    let _ = trail
        .end_action(
            "0193-update",
            Ending { status: EndStatus::Failed, error: Some("no\u{1b}[2J"), duration_ms: Some(5) },
        )
        .unwrap();
    let redacted = Event::Redacted(Redacted {
        action_id: "0193-update",
        events: &[1, 4],
        note: Some("asked for"),
        operator: Operator { host: "h", user: "root", login: None },
    });
    let _ = trail.append(&[Stamped { at: approved.at, event: redacted }]).unwrap();
    place
}

#[test]
fn a_life_is_every_event_in_the_order_of_the_log() {
    let place = place();
    let reader = place.read();
    let life = reader.history("0193-update").unwrap().unwrap();
    let kinds: Vec<_> = life.events.iter().map(|event| (event.seq, event.kind.as_str())).collect();
    assert_eq!(kinds, [(1, "requested"), (3, "answered"), (4, "decided"), (5, "ended"), (6, "redacted")]);
    assert!(life.is_intact() && life.log == reader.id());
    assert_eq!((life.state(), life.result()), (State::Allowed, Some(ResultStatus::Failed)));
    assert_eq!((life.waited_ms(), life.decided().unwrap().seq), (Some(1500), 4));
    let ended = life.ended().unwrap();
    assert_eq!((ended.error, ended.duration_ms), (Some("no\u{1b}[2J"), Some(5)));
    let entry = life.main_event().and_then(HistoryEvent::entry).unwrap();
    assert_eq!((entry.action_type.as_str(), entry.decision), ("update", Some(Answer::Approved)));
    let payload = life.main_event().unwrap().payload.clone().unwrap();
    assert_eq!((json!(payload.params), payload.description.as_str()), (json!({ "n": 1 }), "why"));
    assert_eq!(life.evaluated_at(), life.events[0].at);
    let Some(EventBody::Redacted(redacted)) = &life.events[4].told else { panic!() };
    assert_eq!(
        (&redacted.events[..], redacted.note.as_deref(), redacted.host.as_str(), redacted.user.as_str()),
        (&[1, 4][..], Some("asked for"), "h", "root")
    );
    assert_eq!(reader.history("0193").unwrap(), None);
    assert_eq!(reader.history("").unwrap(), None);
}

#[test]
fn how_an_action_stands_follows_from_its_newest_decision() {
    let place = Place::new();
    let update = || Case::new(r#"{"type":"update","target":"crm"}"#);
    let denied = update().id("denied").answered_by(Answer::Denied, "ana");
    let _ = place.open().append(&[update().id("open").requested(), denied.decided()]).unwrap();
    let reader = place.read();
    let state = |id: &str| {
        let life = reader.history(id).unwrap().unwrap();
        (life.state(), life.result())
    };
    assert_eq!(state("open"), (State::Open, None));
    assert_eq!(state("denied"), (State::Refused, Some(ResultStatus::Denied)));
}

#[test]
fn an_event_that_was_changed_is_named() {
    for (change, seq) in [
        ("UPDATE events SET body = replace(body, 'crm', 'crx') WHERE seq = 4", 4),
        ("UPDATE events SET payload = '{}' WHERE seq = 1", 1),
        ("UPDATE events SET at = at + 1 WHERE seq = 5", 5),
        ("UPDATE events SET salt = NULL WHERE seq = 4", 4),
        ("UPDATE events SET body = 'no json' WHERE seq = 3", 3),
        ("UPDATE events SET hash = zeroblob(32) WHERE seq = 6", 6),
    ] {
        let place = place();
        place.tamper(change);
        let life = place.read().history("0193-update").unwrap().unwrap();
        let damaged: Vec<_> =
            life.events.iter().filter(|event| event.damage.is_some()).map(|event| event.seq).collect();
        assert_eq!(damaged, [seq], "{change}");
        assert!(!life.is_intact());
    }
    // A payload that was removed with its salt is no damage: its commitment stands for it.
    let place = place();
    place.tamper("UPDATE events SET payload = NULL, salt = NULL WHERE seq IN (1, 4)");
    let life = place.read().history("0193-update").unwrap().unwrap();
    assert!(life.is_intact() && life.decided().unwrap().payload.is_none());
}

#[test]
fn an_action_is_found_by_the_beginning_of_its_id() {
    let place = place();
    let mut trail = place.open();
    for id in ["0193", "0193-updates", "Ω-id"] {
        let _ = trail.append(&[Case::default().id(id).decided()]).unwrap();
    }
    let reader = place.read();
    let found = |prefix: &str| reader.find_actions(prefix, 10).unwrap();
    let one = |id: &str| Found::One(id.to_owned());
    assert_eq!(found("0193-o"), one("0193-other"));
    // What is an id as it stands is that one, whatever else begins like it.
    assert_eq!(found("0193"), one("0193"));
    assert_eq!(found("0193-update"), one("0193-update"));
    assert_eq!(found("0193-updates"), one("0193-updates"));
    assert_eq!(found("Ω"), one("Ω-id"));
    let several = |ids: &[&str]| Found::Several(ids.iter().map(|id| (*id).to_owned()).collect());
    assert_eq!(found("0193-"), several(&["0193-other", "0193-update", "0193-updates"]));
    assert_eq!(reader.find_actions("0193-", 2).unwrap(), several(&["0193-other", "0193-update"]));
    for nothing in ["", "0194", "0193%", "0193-update\0", "_", "' OR 1=1 --"] {
        assert_eq!(found(nothing), Found::Nothing, "{nothing}");
    }
}

#[test]
fn an_action_is_found_by_the_number_of_an_event() {
    let place = place();
    let reader = place.read();
    assert_eq!(reader.action_of(2).unwrap().as_deref(), Some("0193-other"));
    assert_eq!(reader.action_of(6).unwrap().as_deref(), Some("0193-update"));
    for missing in [0, 7, u64::MAX] {
        assert_eq!(reader.action_of(missing).unwrap(), None);
    }
}

#[test]
fn the_search_for_an_id_uses_the_index() {
    let place = place();
    let steps: Vec<String> = place
        .meddle()
        .prepare(
            "EXPLAIN QUERY PLAN SELECT DISTINCT action_id FROM events WHERE action_id >= '0' AND action_id <= '1' \
             ORDER BY action_id LIMIT 10",
        )
        .unwrap()
        .query_map([], |row| row.get(3))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(steps.len(), 1, "{steps:?}");
    assert!(steps[0].contains("COVERING INDEX events_by_action"), "{steps:?}");
}
