//! Questions that wait in the log: opened once, answered by somebody, used once.

use aegis_audit::{NewReply, Replied, ReplyError, question_of};
use aegis_engine::ApprovalTerms;
use aegis_ledger::answer::ApproverIdentity;
use aegis_ledger::event::{Opening, Operator};
use aegis_ledger::question::{MOST_OPEN, MOST_OPEN_OF_ACCOUNT, Party, Question, Refused, Standing};

use super::*;
use crate::gate::draft::Draft;

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
    let new = NewReply { answer, approver: &approver, signature: None, grant: false, note, operator };
    let asked = TrailReader::open(&place.log()).and_then(|log| question_of(&log, id)).unwrap();
    let asked = asked.unwrap_or_else(|| {
        let opening = Opening { key: String::new(), expires_at: i64::MAX, terms: ApprovalTerms::default() };
        asked_by_nobody(id, &opening)
    });
    let mut journal = place.journal();
    let log = journal.id().to_owned();
    journal.reply_to(&asked, &log, new)
}

/// A question that no log has.
fn asked_by_nobody(id: &str, opening: &Opening) -> Question {
    Question::new(id, 0, None, Party { user: "ana".to_owned(), login: None }, opening)
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

/// A gate that finds another policy by the time that an answer is used.
fn gate_of_another_time(place: &Place, then: &str) -> Gate {
    let (policy, sha256) =
        (Arc::new(load(&[Source { text: then.as_bytes() }]).policy.unwrap()), Digest::of(then.as_bytes()));
    gate(place).rereading(move || Ok((Arc::clone(&policy), sha256)))
}

#[test]
fn a_yes_that_waited_counts_for_the_policy_of_the_moment_when_it_is_used() {
    let rule = |approval: &str, risk: &str| {
        format!("version: 1\nrules:\n  - {{ name: now, risk_level: {risk}, approval: {approval} }}\n")
    };
    for (then, answer, says) in [
        (rule("block", "low"), Answer::Block, "by the time that bo approved it"),
        (rule("approve", "critical"), Answer::Unanswered, "the risk rose"),
        (rule("{ mode: approve, quorum: 2 }", "low"), Answer::Unanswered, "the rule wants more by now"),
        (rule("{ mode: approve, ttl: 1m }", "low"), Answer::Unanswered, "the rule wants more by now"),
        (rule("approve", "low"), Answer::Approved, "the policy changed while the question stood"),
        (rule("auto", "low"), Answer::Approved, "the policy changed while the question stood"),
    ] {
        let place = Place::new();
        let mut gate = gate_of_another_time(&place, &then);
        let id = waiting(&mut gate, &update(1)).unwrap();
        let _replied = reply(&place, &id, Answer::Approved).unwrap();
        let outcome = gate.answer(&update(1)).unwrap();
        let answered = outcome.answered();
        assert_eq!(answered.answer(), answer, "{then}: {}", answered.reason());
        assert!(answered.reason().contains(says), "{then}: {}", answered.reason());
        assert_eq!(matches!(outcome, Outcome::Allowed(_)), answer == Answer::Approved, "{then}");
        verify(&place);
    }
    // A no stays one, and so does what cannot be read any more.
    let place = Place::new();
    let mut gate = gate(&place).rereading(|| Err("it is gone".to_owned()));
    let id = waiting(&mut gate, &update(1)).unwrap();
    let _replied = reply(&place, &id, Answer::Approved).unwrap();
    let outcome = gate.answer(&update(1)).unwrap();
    assert_eq!(outcome.answered().answer(), Answer::Unanswered, "{}", outcome.answered().reason());
    assert!(outcome.answered().reason().contains("it is gone"), "{}", outcome.answered().reason());
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
fn names_of_agents_make_no_room_for_a_flood() {
    let place = Place::new();
    let named = |index: usize| {
        let action = serde_json::json!({ "type": "update", "target": "crm", "agent": format!("a{index}") });
        Action::from_value(action).unwrap()
    };
    let mut gate = gate(&place);
    let all: Vec<_> = (0..MOST_OPEN_OF_ACCOUNT + 5).map(named).collect();
    let outcomes = gate.answer_all(&all).unwrap();
    let waits = |outcome: &Outcome| outcome.answered().waiting().is_some();
    assert!(outcomes[..MOST_OPEN_OF_ACCOUNT].iter().all(waits));
    assert!(!outcomes[MOST_OPEN_OF_ACCOUNT..].iter().any(waits));
    let reason = outcomes[MOST_OPEN_OF_ACCOUNT].answered().reason();
    assert!(reason.contains("100 questions of this account wait already"), "{reason}");
    // Another account has its own.
    let stranger = Context { user: "eve".to_owned(), ..context() };
    let mut theirs = Gate::new(policy(), Digest::of(b"p"), place.journal(), Nobody, stranger);
    assert!(waiting(&mut theirs, &named(0)).is_some());
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

/// Lets it be this instant (milliseconds since the Unix epoch) in the log, which no clock can set back: an
/// event of another action happens then.
fn set_clock(place: &Place, millis: i64) {
    let gate = gate(place);
    let other = update(4711);
    let mut draft = Draft::new(&gate.ground, &other, format!("clock-{millis}"));
    draft.at = chrono::DateTime::from_timestamp_millis(millis).unwrap();
    let _ = place.journal().record(vec![draft]).unwrap();
}

fn asked(place: &Place, id: &str) -> Question {
    question_of(&TrailReader::open(&place.log()).unwrap(), id).unwrap().unwrap()
}

#[test]
fn a_question_expires_to_the_millisecond() {
    for (late, is_taken) in [(-1, true), (0, false), (1, false)] {
        let place = Place::new();
        let id = waiting(&mut gate(&place), &update(1)).unwrap();
        set_clock(&place, asked(&place, &id).expires_at() + late);
        let replied = reply(&place, &id, Answer::Approved);
        match replied {
            Ok(replied) => assert!(is_taken && matches!(replied.standing, Standing::Approved { .. })),
            Err(ReplyError::Refused(refused)) => {
                assert_eq!((is_taken, refused), (false, Refused::TooLate(Standing::Expired)));
            }
            Err(other) => panic!("{late}: {other}"),
        }
        verify(&place);
    }
}

#[test]
fn an_approval_lapses_to_the_millisecond() {
    for (late, is_used) in [(-1, true), (0, false), (1, false)] {
        let place = Place::new();
        let id = waiting(&mut gate(&place), &update(1)).unwrap();
        let _ = reply(&place, &id, Answer::Approved).unwrap();
        set_clock(&place, asked(&place, &id).over_at() + late);
        let outcome = gate(&place).answer(&update(1)).unwrap();
        assert_eq!(matches!(outcome, Outcome::Allowed(_)), is_used, "{late}");
        if !is_used {
            assert_ne!(outcome.answered().waiting().unwrap().id, id, "it is asked anew");
            let late = reply(&place, &id, Answer::Approved);
            let lapsed = Refused::TooLate(Standing::Lapsed(Answer::Approved));
            assert!(matches!(late, Err(ReplyError::Refused(refused)) if refused == lapsed));
        }
        verify(&place);
    }
}

/// The clock of the machine is behind the log from here on, by more than an hour.
#[test]
fn a_clock_that_is_set_back_gives_nobody_more_time() {
    let place = Place::new();
    let id = waiting(&mut gate(&place), &update(1)).unwrap();
    let expired_at = asked(&place, &id).expires_at();
    set_clock(&place, expired_at);
    assert!(aegis_audit::now().timestamp_millis() < expired_at, "it is set back");
    let late = reply(&place, &id, Answer::Approved);
    assert!(matches!(late, Err(ReplyError::Refused(Refused::TooLate(Standing::Expired)))), "{late:?}");
    // The next question is asked at the time of the log, and its answer is given and used by it.
    let next = waiting(&mut gate(&place), &update(1)).unwrap();
    assert_ne!(next, id);
    assert!(asked(&place, &next).asked_at() >= expired_at);
    let _ = reply(&place, &next, Answer::Approved).unwrap();
    assert!(asked(&place, &next).replies()[0].at >= expired_at);
    set_clock(&place, asked(&place, &next).over_at());
    let lapsed = gate(&place).answer(&update(1)).unwrap();
    assert_eq!(lapsed.answered().answer(), Answer::Unanswered);
    verify(&place);
}

/// Every byte of it is changed, in several ways: whatever is an action still is another one.
#[test]
fn an_action_with_one_changed_byte_does_not_use_the_approval() {
    let place = Place::new();
    let text = br#"{"type":"update","target":"crm","agent":"bot","params":{"id":17}}"#;
    let original = Action::from_json(text).unwrap();
    let mut gate = gate(&place);
    let id = waiting(&mut gate, &original).unwrap();
    let _ = reply(&place, &id, Answer::Approved).unwrap();
    let mut tried = 0;
    for place in 0..text.len() {
        for change in [0x01, 0x02, 0x10, 0x20] {
            let mut changed = text.to_vec();
            changed[place] ^= change;
            let Ok(action) = Action::from_json(&changed) else { continue };
            if action.digest() == original.digest() {
                continue;
            }
            tried += 1;
            let outcome = gate.answer(&action).unwrap();
            assert_ne!(
                outcome.answered().answer(),
                Answer::Approved,
                "{}",
                String::from_utf8_lossy(&changed)
            );
        }
    }
    assert!(tried > 50, "{tried}");
    assert!(matches!(gate.answer(&original).unwrap(), Outcome::Allowed(_)), "it was there all the time");
    verify(&place);
}

#[test]
fn of_many_who_answer_at_once_one_does() {
    for round in 0..20 {
        let place = Place::new();
        let id = waiting(&mut gate(&place), &update(1)).unwrap();
        let (start, place, id) = (std::sync::Barrier::new(4), &place, &id);
        let replied: Vec<_> = std::thread::scope(|scope| {
            let start = &start;
            let threads: Vec<_> = [Answer::Approved, Answer::Denied, Answer::Approved, Answer::Denied]
                .into_iter()
                .map(|answer| {
                    scope.spawn(move || {
                        start.wait();
                        (answer, reply(place, id, answer))
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let taken: Vec<_> = replied.iter().filter_map(|(answer, it)| it.is_ok().then_some(*answer)).collect();
        assert_eq!(taken.len(), 1, "round {round}: {replied:?}");
        let too_late =
            |it: &Result<Replied, ReplyError>| matches!(it, Err(ReplyError::Refused(Refused::TooLate(_))));
        assert_eq!(replied.iter().filter(|(_, it)| too_late(it)).count(), 3, "{replied:?}");
        let answered = gate(place).answer(&update(1)).unwrap();
        assert_eq!(answered.answered().answer(), taken[0]);
        verify(place);
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
