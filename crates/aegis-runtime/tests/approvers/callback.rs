//! Functions and futures of the embedding program.

use std::fmt;
use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aegis_ledger::answer::{Answer, Evidence};
use aegis_runtime::{CallbackAnswer, CallbackApprover};

use crate::place::{Place, action, ask, assert_nobody};

type Never = std::convert::Infallible;

const SHORT: Duration = Duration::from_millis(50);

fn saying(answer: CallbackAnswer) -> CallbackApprover {
    CallbackApprover::new(move |_| Ok::<_, Never>(answer.clone()))
}

#[test]
fn what_it_says_is_recorded_as_a_callbacks_word() {
    let place = Place::new();
    let approved = ask(&mut place.gate(saying(CallbackAnswer::approved().by("ana"))));
    let by = approved.approver().unwrap();
    assert_eq!((by.via.as_str(), by.user.as_deref()), ("callback", Some("ana")));
    assert_eq!((approved.answer(), by.evidence), (Answer::Approved, Evidence::Terminal));
    assert!(approved.reason().ends_with("ana approved it"), "{}", approved.reason());
    let denied = ask(&mut place.gate(saying(CallbackAnswer::denied(Some("not\u{1b}[2J today".to_owned())))));
    assert_eq!(denied.answer(), Answer::Denied);
    assert!(denied.reason().ends_with("somebody denied it: not\\u{1b}[2J today"), "{}", denied.reason());
    let nobody = ask(&mut place.gate(saying(CallbackAnswer::unanswered("the chat is closed"))));
    assert_eq!((nobody.answer(), nobody.approver()), (Answer::Unanswered, None));
    assert!(nobody.reason().ends_with("the chat is closed"), "{}", nobody.reason());
    assert_eq!(place.events().len(), 9);
}

#[test]
fn it_gets_the_very_action_that_is_decided_on() {
    let place = Place::new();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let looks = Arc::clone(&seen);
    let approver = CallbackApprover::new(move |question| {
        let request = question.request();
        let json = serde_json::to_value(request.to_json())?;
        looks.lock().unwrap().push((request.action.clone(), request.action_sha256, json));
        Ok::<_, serde_json::Error>(CallbackAnswer::denied(None))
    });
    let answered = ask(&mut place.gate(approver));
    let seen = seen.lock().unwrap();
    let (asked, sha256, json) = &seen[0];
    assert_eq!((asked, *sha256), (&action(1), action(1).digest()));
    assert_eq!((json["version"].as_u64(), json["id"].as_str()), (Some(1), Some(answered.action_id())));
    assert_eq!((json["type"].as_str(), &json["params"]["number"]), (Some("deploy"), &serde_json::json!(1)));
}

/// Panics when it is to say what it is.
#[derive(Debug)]
struct Speechless;

impl fmt::Display for Speechless {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("no words")
    }
}

impl std::error::Error for Speechless {}

#[test]
fn an_error_and_a_panic_are_no_answer() {
    let ends: [(CallbackApprover, &str); 5] = [
        (
            CallbackApprover::new(|_| Err::<CallbackAnswer, _>("the\u{7} chat is down")),
            "the\\u{7} chat is down",
        ),
        (
            CallbackApprover::new(|_| Err::<CallbackAnswer, _>(Speechless)),
            "whoever asks for approval panicked",
        ),
        (CallbackApprover::new(|_| -> Result<_, Never> { panic!("oh no") }), "panicked: oh no"),
        (CallbackApprover::future(|_| async { Err::<CallbackAnswer, _>("no net") }), "no net"),
        (
            CallbackApprover::future(|question| async move {
                assert_eq!(question.request().action_id, "", "oh no");
                Ok::<_, Never>(CallbackAnswer::approved())
            }),
            "panicked: ",
        ),
    ];
    for (approver, words) in ends {
        let place = Place::new();
        assert_nobody(&place, &ask(&mut place.gate(approver)), words);
    }
}

#[test]
fn a_panic_is_the_end_of_one_question_alone() {
    let (place, has_panicked) = (Place::new(), AtomicBool::new(false));
    let approver = CallbackApprover::new(move |_| {
        assert!(has_panicked.swap(true, Ordering::SeqCst), "the first time");
        Ok::<_, Never>(CallbackAnswer::approved())
    });
    let mut gate = place.gate(approver);
    assert_eq!(ask(&mut gate).answer(), Answer::Unanswered);
    assert_eq!(ask(&mut gate).answer(), Answer::Approved);
}

/// One that is late says yes to nobody; until it is back, questions wait in the log.
#[test]
fn a_deadline_is_no_answer_and_what_is_said_after_it_counts_for_nothing() {
    let place = Place::new();
    let (come_back, comes_back) = channel::<()>();
    let comes_back = Mutex::new(comes_back);
    let approver = CallbackApprover::new(move |_| {
        let _ = comes_back.lock().unwrap().recv();
        Ok::<_, Never>(CallbackAnswer::approved())
    });
    let mut gate = place.gate(approver.deadline(SHORT));
    assert_nobody(&place, &ask(&mut gate), "nobody answered in time");
    let meanwhile = ask(&mut gate);
    assert!(meanwhile.waiting().is_some(), "{}", meanwhile.reason());
    assert!(meanwhile.reason().contains("has not come back from a question before"));
    drop(come_back);
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut answered = ask(&mut gate);
    while answered.answer() != Answer::Approved {
        assert!(Instant::now() < deadline, "{}", answered.reason());
        std::thread::sleep(Duration::from_millis(5));
        answered = ask(&mut gate);
    }
    let late = place.events().iter().filter(|kind| *kind == "consumed").count();
    assert_eq!(late, 0, "the yes that came too late is nowhere");
}

#[test]
fn a_future_is_dropped_at_the_deadline() {
    struct Tells(Arc<AtomicBool>);
    impl Drop for Tells {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    let (place, is_dropped) = (Place::new(), Arc::new(AtomicBool::new(false)));
    let dropped = Arc::clone(&is_dropped);
    let approver = CallbackApprover::future(move |_| {
        let tells = Tells(Arc::clone(&dropped));
        async move {
            let _tells = tells;
            pending::<()>().await;
            Ok::<_, Never>(CallbackAnswer::approved())
        }
    });
    assert_nobody(&place, &ask(&mut place.gate(approver.deadline(SHORT))), "nobody answered in time");
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_dropped.load(Ordering::SeqCst) {
        assert!(Instant::now() < deadline, "it is still polled");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn an_end_that_is_dropped_is_no_answer() {
    let place = Place::new();
    let approver = CallbackApprover::future(|_| async {
        let (answer, answered) = async_channel::bounded::<CallbackAnswer>(1);
        drop(answer);
        answered.recv().await
    });
    assert_nobody(&place, &ask(&mut place.gate(approver)), "empty and closed channel");
}

/// Whoever asked goes away while the question stands: what is answered is recorded, and nothing is left open.
#[test]
fn a_reply_that_nobody_waits_for_is_recorded_and_given_back() {
    let place = Place::new();
    let (asked, is_asked) = channel();
    let (go_on, goes_on) = channel::<()>();
    let (asked, goes_on) = (Mutex::new(asked), Mutex::new(goes_on));
    let approver = CallbackApprover::new(move |_| {
        asked.lock().unwrap().send(())?;
        let _ = goes_on.lock().unwrap().recv();
        Ok::<_, std::sync::mpsc::SendError<()>>(CallbackAnswer::approved())
    });
    let handle = place.gate(approver).into_handle().unwrap();
    let reply = handle.ask(action(1));
    is_asked.recv().unwrap();
    drop(reply);
    go_on.send(()).unwrap();
    handle.settle().wait().unwrap();
    assert_eq!(place.events(), ["requested", "answered", "decided", "ended"]);
}
