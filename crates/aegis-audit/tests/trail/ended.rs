//! Recording how an action ended: once, and only if it was allowed.

use std::sync::Barrier;

use aegis_audit::{EndStatus, Ending, LifeError, RecordError, TrailError};
use aegis_ledger::answer::{Answer, ResultStatus};
use aegis_ledger::filter::Filter;
use aegis_testkit::{Append as _, Case, Place};

const SUCCESS: Ending<'_> = Ending { status: EndStatus::Success, error: None, duration_ms: Some(7) };
const FAILURE: Ending<'_> = Ending { status: EndStatus::Failed, error: Some("no route"), duration_ms: None };

#[test]
fn an_allowed_action_ends_with_what_is_known_of_it() {
    let place = Place::with_decisions(2);
    let mut trail = place.open();
    let receipt = trail.end_action("a0", SUCCESS).unwrap();
    assert_eq!(receipt.seq(), 3);
    let _ = trail.end_action("a1", FAILURE).unwrap();
    let records = place.records(&Filter::default());
    assert_eq!((records[0].result_status, records[0].duration_ms), (Some(ResultStatus::Success), Some(7)));
    assert_eq!(records[1].result_status, Some(ResultStatus::Failed));
    assert_eq!(records[1].result_error.as_deref(), Some("no route"));
    // The index finds it too, which goes by the number that the event refers to.
    let failed = Filter { result: vec![ResultStatus::Failed], ..Filter::default() };
    assert_eq!(place.records(&failed).len(), 1);
}

#[test]
fn an_action_ends_once_whatever_is_said_later() {
    let place = Place::with_decisions(1);
    let mut trail = place.open();
    let _ = trail.end_action("a0", FAILURE).unwrap();
    for again in [SUCCESS, FAILURE] {
        let refused = trail.end_action("a0", again).unwrap_err();
        assert!(
            matches!(refused, LifeError::AlreadyEnded { status: Some(ResultStatus::Failed), seq: 2, .. }),
            "{refused:?}"
        );
        assert!(refused.help().is_some());
    }
    assert_eq!(place.records(&Filter::default())[0].result_error.as_deref(), Some("no route"));
}

#[test]
fn what_was_not_allowed_cannot_end() {
    let place = Place::new();
    let mut trail = place.open();
    let delete = Case::new(r#"{"type":"delete","target":"crm"}"#).id("blocked");
    let update = || Case::new(r#"{"type":"update","target":"crm"}"#);
    let denied = update().id("denied").answered_by(Answer::Denied, "ana");
    let asked = [denied.requested(), denied.answered(), denied.decided()];
    let _ = trail.append(&[delete.decided(), update().id("open").requested()]).unwrap();
    let _ = trail.append(&asked).unwrap();
    for (id, expected) in [("blocked", Some(Answer::Block)), ("denied", Some(Answer::Denied)), ("open", None)]
    {
        match trail.end_action(id, SUCCESS).unwrap_err() {
            LifeError::NotAllowed { answer, .. } => assert_eq!(answer, expected, "{id}"),
            other => panic!("{id}: {other:?}"),
        }
    }
    for unknown in ["nobody", "", "a\0", "' OR 1=1 --"] {
        assert!(matches!(trail.end_action(unknown, SUCCESS), Err(LifeError::Unknown { .. })), "{unknown}");
    }
    let events: u64 = place.meddle().query_row("SELECT count(*) FROM events", [], |row| row.get(0)).unwrap();
    assert_eq!(events, 5);
}

#[test]
fn of_many_who_end_it_at_once_one_does() {
    let place = Place::with_decisions(1);
    let start = Barrier::new(8);
    let won = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let mut trail = place.open();
                    start.wait();
                    match trail.end_action("a0", SUCCESS) {
                        Ok(_) => 1,
                        Err(LifeError::AlreadyEnded { .. }) => 0,
                        Err(other) => panic!("{other:?}"),
                    }
                })
            })
            .collect();
        handles.into_iter().map(|handle| handle.join().unwrap()).sum::<u32>()
    });
    assert_eq!(won, 1);
    let ended: u32 = place
        .meddle()
        .query_row("SELECT count(*) FROM events WHERE kind = 'ended'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(ended, 1);
}

#[test]
fn a_changed_decision_permits_nothing() {
    let place = Place::new();
    let delete = Case::new(r#"{"type":"delete","target":"crm"}"#).id("a");
    let _ = place.open().append(&[delete.decided(), Case::default().id("b").decided()]).unwrap();
    place.tamper("UPDATE events SET body = replace(body, '\"decision\":\"block\"', '\"decision\":\"auto\"')");
    let refused = place.open().end_action("a", SUCCESS);
    assert!(
        matches!(refused, Err(LifeError::Record(RecordError::Trail(TrailError::Tampered { seq: 1, .. })))),
        "{refused:?}"
    );
}
