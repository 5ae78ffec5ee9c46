//! Whoever waits may give up at any point: nothing that was allowed is left without an end.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

use crate::governed::{Governed, actions, wait_until};
use crate::scripted::Scripted;

/// Wakes a thread, and remembers that.
struct Bell {
    thread: Thread,
    has_rung: AtomicBool,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.has_rung.store(true, Ordering::SeqCst);
        self.thread.unpark();
    }
}

/// When a future is dropped: at once when it is pending for the last time, or when it could go on.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Drops {
    Pending,
    Woken,
}

/// Polls a future so many times, and drops it. Whether it was done by then.
fn poll_and_drop(future: impl Future, polls: usize, drops: Drops) -> bool {
    let bell = Arc::new(Bell { thread: std::thread::current(), has_rung: AtomicBool::new(false) });
    let waker = Waker::from(Arc::clone(&bell));
    let mut future = pin!(future);
    for left in (0..polls).rev() {
        if future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
            return true;
        }
        if left == 0 && drops == Drops::Pending {
            break;
        }
        let begun = Instant::now();
        while !bell.has_rung.swap(false, Ordering::SeqCst) {
            assert!(begun.elapsed() < Duration::from_secs(20), "nobody wakes it, with {left} polls left");
            std::thread::park_timeout(Duration::from_secs(1));
        }
    }
    false
}

/// Drops at every point of a plan, and gives how many there were.
fn drop_everywhere(kinds: &[&str], drops: Drops) -> usize {
    for polls in 0.. {
        let executor = Scripted::new();
        let governed = Governed::new(executor.clone());
        let plan = governed.runtime.plan(actions(kinds));
        let is_done = poll_and_drop(governed.runtime.execute(plan), polls, drops);
        let about = format!("{kinds:?}, {drops:?} after {polls} polls");
        if polls == 0 {
            assert!(!governed.place.log.exists() || governed.records().is_empty(), "{about}");
            continue;
        }
        let records = governed.records();
        assert!(records.len() >= kinds.len(), "{about}: {records:?}");
        for record in &records {
            assert!(record.decision.is_some(), "{about}: {record:?}");
            assert!(record.result_status.is_some(), "{about}: {record:?}");
        }
        // Whatever was set up is put away, on a thread of its own if nobody waits for it.
        let begun = executor.notes.count("set up");
        wait_until(|| executor.notes.count("torn down") == begun);
        assert_eq!(executor.notes.count("tear down"), begun, "{about}");
        if is_done {
            return polls;
        }
    }
    panic!("there is no end of numbers")
}

#[test]
fn a_plan_that_is_dropped_at_any_await_leaves_no_action_without_an_end() {
    for drops in [Drops::Pending, Drops::Woken] {
        let points = drop_everywhere(&["read", "ask", "delete", "verify_it"], drops);
        assert!(points > 20, "{points}");
    }
}

#[test]
fn a_plan_that_fails_and_is_undone_can_be_dropped_at_any_await() {
    for drops in [Drops::Pending, Drops::Woken] {
        let points = drop_everywhere(&["create", "fail", "read"], drops);
        assert!(points > 15, "{points}");
    }
}

#[test]
fn what_is_given_up_says_so() {
    let governed = Governed::new(Scripted::new());
    // The answer, setting up twice, and what comes before it hangs.
    let is_done = poll_and_drop(governed.runtime.run_one(actions(&["hang"]).remove(0)), 5, Drops::Pending);
    assert!(!is_done);
    let records = governed.records();
    assert_eq!(governed.results(), ["hang failed"]);
    let error = records[0].result_error.as_ref().unwrap();
    assert!(error.starts_with("whoever waited for it gave up while it was being done"), "{error}");
}

#[test]
fn the_future_of_another_thread_can_be_dropped_on_this_one() {
    let governed = Arc::new(Governed::new(Scripted::new()));
    let other = Arc::clone(&governed);
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = Arc::clone(&other);
        let mut future = Box::pin(async move {
            let action = actions(&["hang"]).remove(0);
            let _ = runtime.runtime.run_one(action).await;
        });
        let waker =
            Waker::from(Arc::new(Bell { thread: std::thread::current(), has_rung: AtomicBool::new(false) }));
        for _ in 0..50 {
            assert!(future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            std::thread::sleep(Duration::from_millis(1));
        }
        send.send(future).unwrap();
    });
    drop(receive.recv().unwrap());
    assert_eq!(governed.results(), ["hang failed"]);
}
