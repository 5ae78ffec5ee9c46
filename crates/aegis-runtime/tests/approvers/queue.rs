//! The queue, and chains.

use std::time::{Duration, Instant};

use aegis_audit::open_questions;
use aegis_audit::sqlite::TrailReader;
use aegis_engine::Digest;
use aegis_ledger::answer::{Answer, Evidence};
use aegis_runtime::for_tests::FixedApprover;
use aegis_runtime::{
    ActionStatus, Approval, ApprovalRequest, Approver, CallbackAnswer, CallbackApprover, ChainApprover,
    Executed, QueueApprover, Runtime, Unanswered, executor_fn,
};

use crate::place::{NO_RULES, Place, action, ask, policy};

const LONG: Duration = Duration::from_secs(120);
const SHORT: Duration = Duration::from_millis(50);

/// Is not there.
struct Nobody;

impl Approver for Nobody {
    fn absent(&self) -> Option<Unanswered> {
        Some(Unanswered::new("there is no terminal to ask at"))
    }

    fn ask(&mut self, request: &ApprovalRequest<'_>) -> Approval {
        request.nobody(Unanswered::new("it was asked all the same"))
    }
}

/// The id of the question that waits, once one does.
fn waiting(place: &Place) -> String {
    let deadline = Instant::now() + LONG;
    loop {
        let open = TrailReader::open(&place.log()).and_then(|log| open_questions(&log, aegis_audit::now()));
        if let Some(question) = open.ok().and_then(|open| open.first().map(|it| it.id().to_owned())) {
            return question;
        }
        assert!(Instant::now() < deadline, "no question waits");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn it_waits_for_the_answer_in_the_log_and_uses_it() {
    for (answer, reason) in
        [(Answer::Approved, "bo approved it"), (Answer::Denied, "bo denied it: as agreed")]
    {
        let place = Place::new();
        let mut gate = place.gate(QueueApprover::new(place.log(), LONG));
        let answered = std::thread::scope(|scope| {
            let asking = scope.spawn(|| ask(&mut gate));
            place.reply(&waiting(&place), answer);
            asking.join().unwrap()
        });
        assert_eq!(answered.answer(), answer);
        assert!(answered.reason().ends_with(reason), "{}", answered.reason());
        let used = place.events().iter().any(|kind| kind == "consumed");
        assert_eq!(used, answer == Answer::Approved);
    }
}

#[test]
fn when_its_time_is_over_the_question_waits_on() {
    let place = Place::new();
    let mut gate = place.gate(QueueApprover::new(place.log(), SHORT));
    let answered = ask(&mut gate);
    assert_eq!(answered.answer(), Answer::Unanswered);
    let id = answered.waiting().unwrap().id.clone();
    assert_eq!(ask(&mut gate).waiting().unwrap().id, id);
    place.reply(&id, Answer::Approved);
    assert_eq!(ask(&mut gate).answer(), Answer::Approved);
}

#[test]
fn one_that_watches_another_log_waits_in_vain_and_allows_nothing() {
    let (place, other) = (Place::new(), Place::new());
    for log in [other.log(), other.directory.path().join("no/such/log.db")] {
        let answered = ask(&mut place.gate(QueueApprover::new(log, LONG)));
        assert!(answered.waiting().is_some(), "{}", answered.reason());
        assert_eq!(answered.answer(), Answer::Unanswered);
    }
}

#[test]
fn a_runtime_does_what_was_approved_in_the_queue() {
    let place = Place::new();
    let approver = ChainApprover::new(Nobody).or_else(QueueApprover::new(place.log(), LONG));
    let runtime = Runtime::builder()
        .policy(policy(NO_RULES), Digest::of(NO_RULES.as_bytes()))
        .log(place.log())
        .approver(approver)
        .executor(executor_fn(|_action, _leave| Ok(Executed::without_output())))
        .build()
        .unwrap();
    let result = std::thread::scope(|scope| {
        let doing = scope.spawn(|| runtime.blocking().run_one(action(1)));
        place.reply(&waiting(&place), Answer::Approved);
        doing.join().unwrap()
    });
    assert_eq!(result.status(), ActionStatus::Success, "{}", result.reason());
    assert!(result.reason().ends_with("bo approved it"), "{}", result.reason());
}

#[test]
fn a_chain_asks_the_first_that_is_there_and_takes_its_word() {
    let place = Place::new();
    let yes =
        || CallbackApprover::new(|_| Ok::<_, std::convert::Infallible>(CallbackAnswer::approved().by("ana")));
    let first = ask(&mut place.gate(ChainApprover::new(yes()).or_else(FixedApprover::denying("no"))));
    assert_eq!((first.answer(), first.approver().unwrap().via.as_str()), (Answer::Approved, "callback"));
    let second = ask(&mut place.gate(ChainApprover::new(Nobody).or_else(FixedApprover::denying("no"))));
    assert_eq!((second.answer(), second.approver().unwrap().via.as_str()), (Answer::Denied, "fixed"));
    // Whoever was asked and did not answer is not replaced by somebody who says yes.
    let silent = FixedApprover::silent("nobody is in the room");
    let asked = ask(&mut place.gate(ChainApprover::new(silent).or_else(yes())));
    assert_eq!(asked.answer(), Answer::Unanswered);
    assert!(asked.reason().ends_with("nobody is in the room"), "{}", asked.reason());
    let none = ask(&mut place.gate(ChainApprover::new(Nobody).or_else(Nobody)));
    assert!(none.reason().contains("there is no terminal to ask at") && none.waiting().is_some());
}

#[test]
fn rules_that_want_others_go_to_the_queue_though_somebody_is_there() {
    let place = Place::new();
    let text =
        "version: 1\nrules:\n  - { risk_level: low, approval: { mode: approve, evidence: account } }\n";
    let approver =
        ChainApprover::new(FixedApprover::approving()).or_else(QueueApprover::new(place.log(), LONG));
    let mut gate = place.gate_by(text, approver);
    let answered = std::thread::scope(|scope| {
        let asking = scope.spawn(|| ask(&mut gate));
        place.reply(&waiting(&place), Answer::Approved);
        asking.join().unwrap()
    });
    assert_eq!(answered.answer(), Answer::Approved);
    assert_eq!(answered.approver().unwrap().evidence, Evidence::Account);
}

#[test]
fn fixed_answers_are_recorded_as_what_they_are() {
    let place = Place::new();
    let approved = ask(&mut place.gate(FixedApprover::approving()));
    assert!(approved.reason().ends_with("a fixed answer approved it"), "{}", approved.reason());
    let by = approved.approver().unwrap();
    assert_eq!((by.via.as_str(), by.user.as_deref(), by.evidence), ("fixed", None, Evidence::Terminal));
    assert_eq!(ask(&mut place.gate(FixedApprover::denying("no"))).answer(), Answer::Denied);
}
