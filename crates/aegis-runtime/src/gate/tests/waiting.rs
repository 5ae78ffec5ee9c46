//! Questions that wait in the log: opened once, answered by somebody, used once.

use aegis_audit::{NewReply, Replied, ReplyError};
use aegis_ledger::answer::ApproverIdentity;
use aegis_ledger::event::Operator;
use aegis_ledger::question::{MOST_OPEN, Refused, Standing};

use super::*;

fn gate(place: &Place) -> Gate {
    Gate::new(policy(), Digest::of(b"p"), place.journal(), Nobody, context())
}

fn update(id: usize) -> Action {
    let text = format!(r#"{{"type":"update","target":"crm","agent":"bot","params":{{"id":{id}}}}}"#);
    Action::from_json(text.as_bytes()).unwrap()
}

/// Asks, and gives the id of the question that waits.
fn waiting(gate: &mut Gate, action: &Action) -> Option<String> {
    let outcome = gate.answer(action).unwrap();
    assert_eq!(outcome.answered().answer(), Answer::Unanswered, "{}", outcome.answered().reason());
    outcome.answered().waiting().map(|question| question.id.clone())
}

fn reply(place: &Place, id: &str, answer: Answer) -> Result<Replied, ReplyError> {
    let approver = ApproverIdentity { user: Some("bo".to_owned()), ..ana().into_identity() };
    let operator = Operator { host: "host", user: "bo", login: None };
    let note = Some("as agreed");
    let new = NewReply { answer, approver: &approver, key: None, signature: None, note, operator };
    place.journal().reply(id, new)
}

fn verify(place: &Place) {
    let found = TrailReader::open(&place.log()).unwrap().verify(Vec::new(), |_, _| {}).unwrap();
    assert!(found.is_sound(), "{:?}", found.damage);
}

#[test]
fn a_yes_is_used_once_and_by_the_very_same_action_alone() {
    let place = Place::new();
    let mut gate = gate(&place);
    let id = waiting(&mut gate, &update(1)).unwrap();
    assert_eq!(reply(&place, &id, Answer::Approved).unwrap().standing.as_str(), "approved");
    assert_ne!(waiting(&mut gate, &update(2)), Some(id.clone()), "another action");
    let outcome = gate.answer(&update(1)).unwrap();
    assert!(matches!(outcome, Outcome::Allowed(_)));
    let answered = outcome.answered();
    assert_eq!((answered.answer(), answered.waiting()), (Answer::Approved, None));
    assert_eq!(answered.approver().and_then(|by| by.user.as_deref()), Some("bo"));
    assert!(answered.reason().ends_with("bo approved it"), "{}", answered.reason());
    let again = waiting(&mut gate, &update(1)).unwrap();
    assert_ne!(again, id, "it was used, so there is a new question");
    let late = reply(&place, &id, Answer::Approved);
    assert!(matches!(late, Err(ReplyError::Refused(Refused::TooLate(Standing::Used(_))))), "{late:?}");
    assert_eq!(
        place.events(),
        [
            "requested",
            "answered",
            "decided",
            "replied",
            "requested",
            "answered",
            "decided",
            "requested",
            "answered",
            "consumed",
            "decided",
            "requested",
            "answered",
            "decided"
        ]
    );
    verify(&place);
}

#[test]
fn a_no_answers_every_further_question_of_the_kind() {
    let place = Place::new();
    let mut gate = gate(&place);
    let id = waiting(&mut gate, &update(1)).unwrap();
    let _ = reply(&place, &id, Answer::Denied).unwrap();
    for _ in 0..2 {
        let outcome = gate.answer(&update(1)).unwrap();
        assert_eq!(outcome.answered().answer(), Answer::Denied);
        assert!(outcome.answered().reason().ends_with("bo denied it: as agreed"));
    }
    let late = reply(&place, &id, Answer::Approved);
    assert!(matches!(late, Err(ReplyError::Refused(Refused::TooLate(Standing::Denied { .. })))));
    verify(&place);
}

#[test]
fn the_same_question_waits_once() {
    let place = Place::new();
    let mut gate = gate(&place);
    let all = [update(1), update(1), update(2)];
    let outcomes = gate.answer_all(&all).unwrap();
    let ids: Vec<_> = outcomes.iter().map(|it| it.answered().waiting().unwrap().id.clone()).collect();
    assert_eq!(ids[0], ids[1]);
    assert_ne!(ids[0], ids[2]);
    assert_eq!(waiting(&mut gate, &update(1)).as_ref(), Some(&ids[0]));
    verify(&place);
}

#[test]
fn a_flood_of_questions_is_cut_off() {
    let place = Place::new();
    let mut gate = gate(&place);
    let all: Vec<_> = (0..MOST_OPEN + 2).map(update).collect();
    let outcomes = gate.answer_all(&all).unwrap();
    let waits = |outcome: &Outcome| outcome.answered().waiting().is_some();
    assert!(outcomes[..MOST_OPEN].iter().all(waits));
    assert!(!outcomes[MOST_OPEN..].iter().any(waits));
    assert!(outcomes[MOST_OPEN].answered().reason().contains("20 questions of this agent wait already"));
    // Another agent has its own.
    let other = Action::from_json(br#"{"type":"update","target":"crm","agent":"other"}"#).unwrap();
    let _ = waiting(&mut gate, &other).unwrap();
    // One that is answered makes room.
    let id = &outcomes[0].answered().waiting().unwrap().id;
    let _ = reply(&place, id, Answer::Denied).unwrap();
    assert!(waiting(&mut gate, &update(99)).is_some());
    verify(&place);
}

#[test]
fn what_was_answered_elsewhere_is_not_asked_at_a_terminal() {
    let place = Place::new();
    let id = waiting(&mut gate(&place), &update(1)).unwrap();
    let _ = reply(&place, &id, Answer::Approved).unwrap();
    let looker = Looker::new(&place);
    let mut gate = Gate::new(policy(), Digest::of(b"p"), place.journal(), looker.clone(), context());
    assert!(matches!(gate.answer(&update(1)).unwrap(), Outcome::Allowed(_)));
    assert!(looker.seen().is_empty());
    // The next one is.
    assert!(matches!(gate.answer(&update(1)).unwrap(), Outcome::Allowed(_)));
    assert_eq!(looker.seen().len(), 1);
    verify(&place);
}

#[test]
fn another_policy_or_account_asks_anew() {
    let place = Place::new();
    let id = waiting(&mut gate(&place), &update(1)).unwrap();
    let _ = reply(&place, &id, Answer::Approved).unwrap();
    let mut other = Gate::new(policy(), Digest::of(b"q"), place.journal(), Nobody, context());
    assert_ne!(waiting(&mut other, &update(1)), Some(id.clone()));
    let stranger = Context { user: "eve".to_owned(), ..context() };
    let mut other = Gate::new(policy(), Digest::of(b"p"), place.journal(), Nobody, stranger);
    assert_ne!(waiting(&mut other, &update(1)), Some(id));
    assert!(matches!(gate(&place).answer(&update(1)).unwrap(), Outcome::Allowed(_)));
}

#[test]
fn of_many_who_use_one_answer_at_once_one_does() {
    for _ in 0..20 {
        let place = Place::new();
        let id = waiting(&mut gate(&place), &update(1)).unwrap();
        let _ = reply(&place, &id, Answer::Approved).unwrap();
        let gates: Vec<_> = (0..8).map(|_| gate(&place)).collect();
        let allowed = std::thread::scope(|scope| {
            let threads: Vec<_> = gates
                .into_iter()
                .map(|mut gate| {
                    scope.spawn(move || matches!(gate.answer(&update(1)).unwrap(), Outcome::Allowed(_)))
                })
                .collect();
            threads.into_iter().map(|thread| usize::from(thread.join().unwrap())).sum::<usize>()
        });
        assert_eq!(allowed, 1);
        verify(&place);
    }
}

#[test]
fn an_answer_to_nothing_is_none() {
    let place = Place::new();
    let mut gate = gate(&place);
    let read = gate.answer(&actions(&["read"])[0]).unwrap();
    for id in ["", "no-such-action", read.answered().action_id()] {
        let refused = reply(&place, id, Answer::Approved);
        assert!(matches!(refused, Err(ReplyError::Unknown { .. })), "{id}: {refused:?}");
    }
    let id = waiting(&mut gate, &update(1)).unwrap();
    for answer in [Answer::Auto, Answer::Block, Answer::Unanswered] {
        assert!(matches!(reply(&place, &id, answer), Err(ReplyError::Refused(Refused::NoAnswer))));
    }
}

#[test]
fn what_is_skipped_opens_no_question_and_uses_no_yes() {
    let place = Place::new();
    let mut gate = gate(&place);
    let skipped = |gate: &mut Gate| {
        let outcomes = gate.skip_all(&[update(1)], "the first one failed").unwrap();
        let answered = outcomes[0].answered();
        assert_eq!((answered.answer(), answered.waiting()), (Answer::Unanswered, None));
    };
    skipped(&mut gate);
    let id = waiting(&mut gate, &update(1)).unwrap();
    let _ = reply(&place, &id, Answer::Approved).unwrap();
    skipped(&mut gate);
    assert!(!place.events().contains(&"consumed".to_owned()), "{:?}", place.events());
    assert!(matches!(gate.answer(&update(1)).unwrap(), Outcome::Allowed(_)), "the yes is there still");
    verify(&place);
}
