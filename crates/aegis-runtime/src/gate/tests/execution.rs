//! What follows leave: started, verified, ended; each once, and never without the one before.

use aegis_audit::{Check, EndStatus, Ending, LifeError};
use aegis_engine::OBSERVED_RULE;

use super::*;

const PASSED: Check<'_> = Check { passed: true, error: None, duration_ms: Some(1) };
const DONE: Ending<'_> = Ending { status: EndStatus::Success, error: None, duration_ms: Some(2) };

fn gate(place: &Place) -> Gate {
    Gate::new(policy(), Digest::of(b"p"), place.journal(), Looker::new(place), context())
}

fn leave(gate: &mut Gate) -> Proceed {
    match gate.answer(&actions(&["read"])[0]).unwrap() {
        Outcome::Allowed(leave) => leave,
        Outcome::Refused(refusal) => panic!("{refusal:?}"),
    }
}

fn verify(place: &Place) {
    let found = TrailReader::open(&place.log()).unwrap().verify(Vec::new(), |_, _| {}).unwrap();
    assert!(found.is_sound(), "{:?}", found.damage);
}

#[test]
fn what_was_allowed_starts_is_looked_at_and_ends_once() {
    let place = Place::new();
    let mut gate = gate(&place);
    let leave = leave(&mut gate);
    let running = gate.start(&leave).unwrap();
    assert!(matches!(gate.start(&leave), Err(LifeError::AlreadyStarted { seq: 2, .. })));
    let history = || {
        let reader = TrailReader::open(&place.log()).unwrap();
        reader.history(leave.answered().action_id()).unwrap().unwrap()
    };
    let recorder = history().unfinished().and_then(|started| started.recorder.clone()).unwrap();
    assert_eq!(recorder.pid, std::process::id());
    assert!(crate::is_running(&recorder));
    let _ = gate.verified(&running, PASSED).unwrap();
    assert!(matches!(gate.verified(&running, PASSED), Err(LifeError::NotOpen { .. })));
    let _ = gate.end(&running, DONE).unwrap();
    assert!(matches!(gate.end(&running, DONE), Err(LifeError::AlreadyEnded { seq: 4, .. })));
    assert!(matches!(gate.start(&leave), Err(LifeError::AlreadyEnded { seq: 4, .. })));
    assert_eq!(place.events(), ["decided", "started", "verified", "ended"]);
    let record = place.records().remove(0);
    assert_eq!((record.result_status, record.duration_ms), (Some(ResultStatus::Success), Some(2)));
    assert_eq!(history().unfinished(), None);
    verify(&place);
}

#[test]
fn an_end_that_nobody_knows_is_recorded_as_unknown() {
    let place = Place::new();
    let mut gate = gate(&place);
    let leave = leave(&mut gate);
    let running = gate.start(&leave).unwrap();
    let ending = Ending { status: EndStatus::Unknown, error: Some("it was lost"), duration_ms: None };
    let _ = gate.end(&running, ending).unwrap();
    let record = place.records().remove(0);
    assert_eq!((record.result_status, record.result_error.as_deref()), (None, Some("it was lost")));
    verify(&place);
}

#[test]
fn leave_that_is_given_back_is_not_used_any_more() {
    let place = Place::new();
    let mut gate = gate(&place);
    let leave = leave(&mut gate);
    let _ = gate.give_back(leave, "not needed").unwrap();
    let record = place.records().remove(0);
    assert_eq!(record.result_status, Some(ResultStatus::Skipped));
    assert_eq!(record.result_error.as_deref(), Some("not needed"));
    verify(&place);
}

#[test]
fn what_is_skipped_is_decided_without_a_question() {
    let place = Place::new();
    let looker = Looker::new(&place);
    let mut gate = Gate::new(policy(), Digest::of(b"p"), place.journal(), looker.clone(), context());
    let outcomes = gate.skip_all(&actions(&["read", "delete", "update"]), "the first one failed").unwrap();
    assert_eq!(answers(&outcomes), ["auto", "block", "unanswered"]);
    assert!(looker.seen().is_empty());
    let results: Vec<_> = place.records().iter().map(|record| record.result_status.unwrap()).collect();
    assert_eq!(results, [ResultStatus::Skipped, ResultStatus::Blocked, ResultStatus::Skipped]);
    verify(&place);
}

#[test]
fn what_was_done_without_asking_is_observed_and_never_allowed() {
    let place = Place::new();
    let mut gate = gate(&place);
    let seen = gate.observe(&actions(&["read", "delete"])).unwrap();
    assert_eq!(seen.iter().map(|seen| seen.receipt.seq()).collect::<Vec<_>>(), [1, 2]);
    for record in place.records() {
        assert_eq!((record.decision, record.result_status, record.approver), (None, None, None));
        assert_eq!(record.matched_rule, OBSERVED_RULE);
    }
    // It has no end, and no leave.
    let id = seen[0].action_id.clone();
    let refused = gate.journal.end_action(&id, DONE);
    assert!(matches!(refused, Err(LifeError::NotAllowed { answer: None, .. })), "{refused:?}");
    verify(&place);
}

#[test]
fn what_a_sink_does_not_take_is_not_started() {
    let (place, notebook) = (Place::new(), Notebook::default());
    let journal = place.journal().with_sinks(vec![Box::new(notebook.clone())]);
    let mut gate = Gate::new(policy(), Digest::of(b"p"), journal, Looker::new(&place), context());
    let leave = leave(&mut gate);
    notebook.refuses.store(true, Ordering::SeqCst);
    assert!(matches!(gate.start(&leave), Err(LifeError::Record(_))));
    assert_eq!(place.events(), ["decided", "started", "ended"]);
    assert_eq!(place.records()[0].result_status, Some(ResultStatus::Skipped));
    verify(&place);
}

#[test]
fn a_replaced_policy_decides_what_comes_next() {
    let place = Place::new();
    let mut gate = gate(&place);
    let text = b"version: 1\nrules:\n  - { name: none, approval: block }\n";
    gate.replace_policy(Arc::new(load(&[Source { text }]).policy.unwrap()), Digest::of(text));
    let outcome = gate.answer(&actions(&["read"])[0]).unwrap();
    assert_eq!(
        (outcome.answered().answer(), outcome.answered().policy_sha256()),
        (Answer::Block, Digest::of(text))
    );
}

#[test]
fn what_nobody_hears_is_given_back() {
    let place = Place::new();
    let handle = gate(&place).into_handle().unwrap();
    let results = || place.records().iter().map(|record| record.result_status).collect::<Vec<_>>();
    let until = |count: usize| {
        let wanted = vec![Some(ResultStatus::Skipped); count];
        for _ in 0..200 {
            if results() == wanted {
                return true;
            }
            std::thread::sleep(Duration::from_millis(25));
        }
        false
    };
    // Not even asked for, and asked for and then forgotten.
    drop(handle.ask(actions(&["read"]).remove(0)));
    assert!(until(1), "{:?}", results());
    let Outcome::Allowed(leave) = handle.answer(actions(&["read"]).remove(0)).unwrap() else { panic!() };
    drop(handle.start(leave));
    assert!(until(2), "{:?}", results());
    assert_eq!(place.events(), ["decided", "ended", "decided", "started", "ended"]);
    verify(&place);
}

#[test]
fn a_handle_has_the_verbs_of_the_gate() {
    let place = Place::new();
    let handle = gate(&place).into_handle().unwrap();
    let Outcome::Allowed(leave) = handle.answer(actions(&["read"]).remove(0)).unwrap() else { panic!() };
    let (_, running) = handle.start(leave).wait().unwrap();
    let _ = handle.verified(&running, false, Some("no file".to_owned()), None).wait().unwrap();
    let _ = handle.end(running, EndStatus::Failed, Some("as found".to_owned()), Some(3)).wait().unwrap();
    let Outcome::Allowed(leave) = handle.answer(actions(&["read"]).remove(0)).unwrap() else { panic!() };
    let _ = handle.give_back(leave, "enough".to_owned()).wait().unwrap();
    assert_eq!(handle.skip_all(actions(&["delete"]), "enough".to_owned()).wait().unwrap().len(), 1);
    assert_eq!(handle.observe(actions(&["read"])).wait().unwrap().len(), 1);
    handle.replace_policy(policy(), Digest::of(b"q")).wait().unwrap();
    let last = handle.answer(actions(&["read"]).remove(0)).unwrap();
    assert_eq!(last.answered().policy_sha256(), Digest::of(b"q"));
    verify(&place);
}

#[test]
fn what_was_said_and_never_heard_is_given_back_too() {
    let place = Place::new();
    let handle = gate(&place).into_handle().unwrap();
    let settle = || handle.settle().wait().unwrap();
    let action = |kind: &str| actions(&[kind]).remove(0);
    let reply = handle.ask(action("read"));
    settle();
    assert_eq!(place.events(), ["decided"]);
    drop(reply);
    settle();
    assert_eq!(place.events(), ["decided", "ended"]);
    let reply = handle.begin(action("read"), None);
    settle();
    assert_eq!(place.events()[2..], ["decided", "started"]);
    drop(reply);
    settle();
    assert_eq!(place.events()[2..], ["decided", "started", "ended"]);
    let results: Vec<_> = place.records().iter().map(|record| record.result_status).collect();
    assert_eq!(results, [Some(ResultStatus::Skipped); 2]);
    // What must not happen needs not be given back, and what is heard is not.
    drop((handle.ask(action("delete")), handle.begin(action("delete"), None)));
    let heard = handle.begin(action("read"), None).wait().unwrap();
    assert!(matches!(heard, crate::gate_handle::Beginning::Begun(..)), "{heard:?}");
    settle();
    assert_eq!(place.events()[5..], ["decided", "decided", "decided", "started"]);
    verify(&place);
}
