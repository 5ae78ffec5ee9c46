//! What becomes of an action that is allowed, whatever its executor does.

use std::time::Duration;

use aegis_engine::Action;
use aegis_ledger::answer::ResultStatus;
use aegis_runtime::{ActionStatus, Executed, Failure, Runtime, executor_fn};
use aegis_testkit::Place;

use crate::governed::{Governed, POLICY, action, policy, statuses};
use crate::scripted::Scripted;

const SHORT: Duration = Duration::from_millis(50);

#[test]
fn each_step_is_in_the_log_before_the_next() {
    let executor = Scripted::new();
    let governed = Governed::new(executor.clone());
    let report = governed.execute(&["read", "ask", "delete", "verify_it"]);
    assert_eq!(statuses(&report), ["success", "success", "blocked", "success"]);
    assert!(!report.is_success() && report.failed().is_none());
    assert_eq!(
        governed.events(),
        [
            "decided",
            "started",
            "ended",
            "requested",
            "answered",
            "decided",
            "started",
            "ended",
            "decided",
            "decided",
            "started",
            "verified",
            "ended"
        ]
    );
    assert_eq!(governed.results(), ["read success", "ask success", "delete blocked", "verify_it success"]);
    assert_eq!(
        executor.notes.all(),
        ["set up", "do read", "do ask", "do verify_it", "verify verify_it", "tear down", "torn down"]
    );
    let [read, ask, delete, _] = report.results() else { panic!() };
    assert_eq!(read.output(), "did read");
    assert!(read.duration().is_some() && read.failure().is_none());
    assert_eq!(ask.answered().unwrap().approver().unwrap().user.as_deref(), Some("ana"));
    assert!(delete.reason().contains("rule `never` blocks it"), "{}", delete.reason());
    assert!(delete.output().is_null() && delete.duration().is_none());
    let records = governed.records();
    assert_eq!(records[1].id, ask.answered().unwrap().action_id());
    assert!(records[0].duration_ms.is_some());
}

#[test]
fn a_refusal_does_not_end_a_plan() {
    let governed = Governed::new(Scripted::new());
    let report = governed.execute(&["delete", "ask_no", "ask_nobody", "read"]);
    assert_eq!(statuses(&report), ["blocked", "denied", "unanswered", "success"]);
    assert_eq!(governed.results(), ["delete blocked", "ask_no denied", "ask_nobody skipped", "read success"]);
    for result in report.results() {
        let recorded =
            governed.records().into_iter().find(|record| record.action_type == result.action().kind());
        assert_eq!(recorded.unwrap().result_status, Some(result.status().recorded()));
    }
    assert!(report.results()[1].reason().ends_with("denied it: not today"));
}

/// Why it failed, as it is told and as it is recorded.
#[test]
fn whatever_the_executor_does_is_recorded_and_what_follows_is_skipped() {
    for (kind, told, recorded, events) in [
        ("fail", "it is broken", "it is broken", &["started", "ended"][..]),
        ("panic", "the executor panicked: oh no", "the executor panicked: oh no", &["started", "ended"]),
        ("panic_at_once", "the executor panicked: ", "the executor panicked: ", &["started", "ended"]),
        ("hang", "it was not done within 50ms", "it was not done within 50ms", &["started", "ended"]),
        (
            "verify_fail",
            "it was done, and verifying it failed: it is broken",
            "verification failed: it is broken",
            &["started", "verified", "ended"],
        ),
        (
            "verify_panic",
            "it was done, and verifying it failed: the executor panicked: oh no",
            "verification failed: the executor panicked: oh no",
            &["started", "verified", "ended"],
        ),
        (
            "verify_hang",
            "it was done, and verifying it failed: it was not done within 50ms",
            "verification failed: it was not done within 50ms",
            &["started", "verified", "ended"],
        ),
    ] {
        let executor = Scripted::new();
        let governed = Governed::with(executor.clone(), |builder| builder.deadline(SHORT));
        let report = governed.execute(&["read", kind, "ask", "delete", "read"]);
        assert_eq!(statuses(&report), ["success", "failed", "skipped", "blocked", "skipped"], "{kind}");
        let failed = report.failed().unwrap();
        assert_eq!(failed.action().kind(), kind);
        assert!(failed.reason().starts_with(told), "{kind}: {}", failed.reason());
        assert!(failed.failure().unwrap().help().is_some(), "{kind}");
        assert!(failed.duration().is_some());
        let records = governed.records();
        assert!(records[1].result_error.as_ref().unwrap().starts_with(recorded), "{kind}: {records:?}");
        let names: Vec<_> = governed.results();
        let failing = format!("{kind} failed");
        assert_eq!(names, ["read success", &failing, "ask skipped", "delete blocked", "read skipped"]);
        let all = governed.events();
        assert_eq!(&all[4..4 + events.len()], events, "{kind}: {all:?}");
        // Nobody was asked about what is skipped, and nothing of it was begun.
        assert_eq!(all.iter().filter(|event| *event == "started").count(), 2);
        assert_eq!((executor.notes.count("set up"), executor.notes.count("torn down")), (1, 1), "{kind}");
    }
}

#[test]
fn a_failure_has_what_came_of_it_all_the_same() {
    let governed = Governed::new(Scripted::new());
    let failed = governed.runtime.blocking().run_one(action("fail"));
    let Some(Failure::Executor(error)) = failed.failure() else { panic!("{failed:?}") };
    assert_eq!((error.help(), failed.output()), (Some("mend it"), &17.into()));
    let failed = governed.runtime.blocking().run_one(action("verify_fail"));
    assert_eq!(failed.output(), "did verify_fail");
}

#[test]
fn an_executor_is_set_up_for_what_is_allowed_alone() {
    let executor = Scripted::new();
    let governed = Governed::new(executor.clone());
    let _ = governed.execute(&["delete", "ask_no"]);
    assert!(executor.notes.all().is_empty());
    let _ = governed.execute(&[]);
    assert!(executor.notes.all().is_empty());
}

#[test]
fn an_executor_that_cannot_be_set_up_does_nothing_and_is_put_away() {
    for (set_up, told) in [
        ("fail", "the executor could not be set up: it is broken"),
        ("panic", "the executor panicked: oh no"),
        ("hang", "it was not done within 50ms"),
    ] {
        let executor = Scripted { set_up, ..Scripted::new() };
        let governed = Governed::with(executor.clone(), |builder| builder.deadline(SHORT));
        let report = governed.execute(&["read", "read"]);
        assert_eq!(statuses(&report), ["failed", "skipped"]);
        assert_eq!(report.failed().unwrap().reason(), told);
        assert_eq!(executor.notes.all(), ["set up", "tear down", "torn down"]);
        assert_eq!(governed.results(), ["read failed", "read skipped"]);
    }
}

#[test]
fn an_executor_that_cannot_be_put_away_changes_no_result() {
    let executor = Scripted { tear_down: "panic", ..Scripted::new() };
    let governed = Governed::new(executor.clone());
    assert!(governed.execute(&["read"]).is_success());
    assert_eq!(executor.notes.all(), ["set up", "do read", "tear down"]);
    assert_eq!(governed.results(), ["read success"]);
}

#[test]
fn what_cannot_be_recorded_is_no_success_and_nothing_follows_on_it() {
    let place = Place::new();
    let (policy, digest) = policy(POLICY);
    let (log, gone) = (place.log.clone(), place.beside(".gone"));
    let executor = executor_fn(move |_, _| {
        std::fs::rename(&log, &gone).unwrap();
        Ok(Executed::with_output("done"))
    });
    let builder = Runtime::builder().policy(policy, digest).log(&place.log).executor(executor);
    let runtime = builder.build().unwrap();
    let plan = runtime.plan([action("read"), action("read"), action("read")]);
    let report = runtime.blocking().execute(plan);
    assert_eq!(statuses(&report), ["failed", "skipped", "skipped"]);
    let [first, second, _] = report.results() else { panic!() };
    assert!(matches!(first.failure(), Some(Failure::NotRecorded(_))), "{first:?}");
    assert_eq!(first.output(), "done");
    assert!(matches!(second.failure(), Some(Failure::Undecided(_))), "{second:?}");
    let undecided = runtime.blocking().run_one(action("read"));
    assert_eq!(undecided.status(), ActionStatus::Failed);
    assert!(matches!(undecided.failure(), Some(Failure::Undecided(_))));
    assert!(undecided.answered().is_none());
}

#[test]
fn the_log_has_no_secret_that_an_executor_repeats() {
    let governed = Governed::new(Scripted::new());
    let text = br#"{"type":"read","target":"crm","params":{"password":"hunter22"}}"#;
    let failed = governed.runtime.blocking().run_one(Action::from_json(text).unwrap());
    assert!(failed.reason().contains("hunter22"), "{}", failed.reason());
    let records = governed.records();
    let error = records[0].result_error.clone().unwrap();
    assert!(error.starts_with("no such user, with ") && !error.contains("hunter22"), "{error}");
    assert!(governed.place.files_with(b"hunter22").is_empty());
    assert_eq!(records[0].result_status, Some(ResultStatus::Failed));
}

#[test]
fn what_an_executor_says_is_safe_to_look_at() {
    let executor = executor_fn(|_, _| Err(aegis_runtime::ExecutorError::new("a\u{1b}[2Jb\u{202e}c")));
    let governed = Governed::new(executor);
    let failed = governed.runtime.blocking().run_one(action("read"));
    assert_eq!(failed.reason(), "a\\u{1b}[2Jb\\u{202e}c");
}

#[test]
fn a_function_that_blocks_is_an_executor_and_its_panic_is_contained() {
    let governed = Governed::new(executor_fn(|action, _| {
        assert_ne!(action.kind(), "panic", "oh no");
        std::thread::sleep(Duration::from_millis(5));
        Ok(Executed::without_output())
    }));
    let report = governed.execute(&["read", "panic"]);
    assert_eq!(statuses(&report), ["success", "failed"]);
    assert!(report.failed().unwrap().reason().starts_with("the executor panicked: "));
    assert_eq!(governed.results(), ["read success", "panic failed"]);
}

#[test]
fn many_threads_share_a_runtime() {
    let governed = Governed::new(Scripted::new());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for kind in ["read", "fail", "delete", "verify_it"] {
                    let expected = match kind {
                        "fail" => ActionStatus::Failed,
                        "delete" => ActionStatus::Blocked,
                        _ => ActionStatus::Success,
                    };
                    let result = governed.runtime.blocking().run_one(action(kind));
                    assert_eq!((result.status(), result.action().kind()), (expected, kind));
                }
            });
        }
    });
    assert_eq!(governed.records().len(), 16);
    assert!(governed.records().iter().all(|record| record.result_status.is_some()));
}

#[test]
fn a_runtime_and_its_futures_can_be_sent_anywhere() {
    const fn is_sent<T: Send>(_: &T) {}
    const fn is_shared<T: Send + Sync>() {}
    is_shared::<Runtime>();
    let governed = Governed::new(Scripted::new());
    let execution = governed.runtime.execute(governed.runtime.plan([action("read")]));
    is_sent(&execution);
    let one = governed.runtime.run_one(action("read"));
    is_sent(&one);
    assert!(pollster::block_on(execution).is_success() && pollster::block_on(one).is_success());
}

#[test]
fn a_builder_says_what_is_missing() {
    let place = Place::new();
    let (policy, digest) = policy(POLICY);
    let executor = || executor_fn(|_, _| Ok(Executed::without_output()));
    for (builder, missing) in [
        (Runtime::builder().log(&place.log).executor(executor()), "the runtime has no policy"),
        (Runtime::builder().policy(policy.clone(), digest).executor(executor()), "the runtime has no log"),
        (Runtime::builder().policy(policy, digest).log(&place.log), "the runtime has no executor"),
        (
            Runtime::builder().policy_files(["/nowhere/policy.yaml"]).log(&place.log).executor(executor()),
            "there is no policy at `/nowhere/policy.yaml`",
        ),
        (
            Runtime::builder().policy_files(Vec::<String>::new()).log(&place.log).executor(executor()),
            "no policy file is named",
        ),
    ] {
        let error = builder.build().unwrap_err();
        assert_eq!(error.to_string(), missing);
        assert!(error.help().is_some());
    }
}
