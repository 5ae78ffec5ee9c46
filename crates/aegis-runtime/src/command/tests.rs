//! Commands that a program runs which has other things to do.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use aegis_audit::Journal;
use aegis_engine::{Action, Digest, Source, load};
use aegis_ledger::event::{PathSource, SessionSource};
use tempfile::TempDir;

use super::{CommandEnd, CommandExecutor, CommandSpec, ExecuteOptions, HowItEnded, LaunchError, execute};
use crate::approval::{Approval, ApprovalRequest, Approver, Unanswered};
use crate::executor::Executor as _;
use crate::gate::{Context, Gate, Outcome, Proceed};

/// Nobody is there.
struct Nobody;

impl Approver for Nobody {
    fn ask(&mut self, request: &ApprovalRequest<'_>) -> Approval {
        request.nobody(Unanswered::new("nobody is there".to_owned()))
    }
}

/// A directory with a log in it, and a gate that allows everything.
fn place() -> (TempDir, Gate) {
    let directory = aegis_testkit::private_directory();
    let text = b"version: 1\ndefaults: { approval: auto }\nrules: []\n";
    let policy = Arc::new(load(&[Source { text }]).policy.unwrap());
    let journal = Journal::open(&directory.path().join("log.db"), Duration::from_secs(10)).unwrap();
    let context = Context {
        session_id: "s".to_owned(),
        session_source: SessionSource::Argument,
        host: "h".to_owned(),
        user: "u".to_owned(),
        login: None,
        policy_source: PathSource::Argument,
        log_source: PathSource::Argument,
    };
    (directory, Gate::new(policy, Digest::of(text), journal, Nobody, context))
}

fn action(directory: &Path, words: &[&str]) -> Action {
    let path = [("PATH".into(), "/usr/bin:/bin".into())];
    CommandSpec::new(words.iter().copied(), fs::canonicalize(directory).unwrap(), path).action().unwrap()
}

fn leave(gate: &mut Gate, action: &Action) -> Proceed {
    match gate.answer(action).unwrap() {
        Outcome::Allowed(leave) => leave,
        Outcome::Refused(_) => panic!("it is allowed"),
    }
}

fn run(gate: &mut Gate, action: &Action, options: ExecuteOptions<'_>) -> CommandEnd {
    let leave = leave(gate, action);
    execute(action, leave, options)
}

#[test]
fn a_command_runs_where_and_as_its_action_says() {
    let (directory, mut gate) = place();
    let script = "pwd -P >where; echo \"$PATH $0\" >how; exit 3";
    let action = action(directory.path(), &["sh", "-c", script, "name"]);
    let end = run(&mut gate, &action, ExecuteOptions::default());
    assert_eq!((end.status(), end.was_started()), (3, true), "{end:?}");
    let read = |name: &str| fs::read_to_string(directory.path().join(name)).unwrap();
    let here = fs::canonicalize(directory.path()).unwrap();
    assert_eq!(read("where").trim_end(), here.to_str().unwrap());
    assert_eq!(read("how"), "/usr/bin:/bin name\n");
}

#[test]
fn leave_for_one_action_is_none_for_another() {
    let (directory, mut gate) = place();
    let allowed = action(directory.path(), &["true"]);
    let other = action(directory.path(), &["touch", "made"]);
    let leave = leave(&mut gate, &allowed);
    let end = execute(&other, leave, ExecuteOptions::default());
    assert!(matches!(end.how, HowItEnded::NotStarted(LaunchError::AnotherAction)), "{end:?}");
    assert!(!directory.path().join("made").exists());
}

#[test]
fn an_action_that_is_no_command_is_not_run() {
    let (_directory, mut gate) = place();
    let action = Action::from_json(br#"{"type":"exec","target":"x","params":{"argv":["true"]}}"#).unwrap();
    let end = run(&mut gate, &action, ExecuteOptions::default());
    assert!(matches!(end.how, HowItEnded::NotStarted(LaunchError::NoCommand(_))), "{end:?}");
    assert_eq!((end.status(), end.duration_ms()), (125, None));
}

#[test]
fn a_directory_that_is_gone_is_not_entered() {
    let (directory, mut gate) = place();
    let inner = directory.path().join("inner");
    fs::create_dir(&inner).unwrap();
    let action = action(&inner, &["true"]);
    fs::remove_dir(&inner).unwrap();
    let end = run(&mut gate, &action, ExecuteOptions::default());
    assert!(matches!(end.how, HowItEnded::NotStarted(LaunchError::Directory { .. })), "{end:?}");
}

#[test]
fn a_command_that_is_not_wanted_any_more_is_ended_with_its_children() {
    let (directory, mut gate) = place();
    let action = action(directory.path(), &["sh", "-c", "sleep 60 & echo $! >child; wait"]);
    let leave = leave(&mut gate, &action);
    let stop = AtomicBool::new(false);
    let begun = Instant::now();
    let end = std::thread::scope(|scope| {
        let running = scope
            .spawn(|| execute(&action, leave, ExecuteOptions { stop: Some(&stop), ..Default::default() }));
        let child = directory.path().join("child");
        while !fs::read_to_string(&child).is_ok_and(|text| text.ends_with('\n')) {
            assert!(begun.elapsed() < aegis_testkit::PATIENCE);
            std::thread::sleep(Duration::from_millis(10));
        }
        stop.store(true, Ordering::SeqCst);
        running.join().unwrap()
    });
    assert!(matches!(end.how, HowItEnded::Stopped { is_left: false }), "{end:?}");
    assert_eq!(end.error().as_deref(), Some("stopped before its end"));
    let child = fs::read_to_string(directory.path().join("child")).unwrap();
    let status = fs::read_to_string(format!("/proc/{}/status", child.trim())).unwrap_or_default();
    assert!(status.is_empty() || status.contains("State:\tZ"), "{status}");
}

#[test]
fn a_limit_holds_without_standing_for_the_command() {
    let (directory, mut gate) = place();
    let action = action(directory.path(), &["sleep", "60"]);
    let options = ExecuteOptions { limit: Some(Duration::from_millis(200)), ..Default::default() };
    let end = run(&mut gate, &action, options);
    assert_eq!((end.status(), end.error().as_deref()), (124, Some("timed out after 200ms")));
}

#[test]
fn an_executor_tells_the_status_and_ends_what_nobody_waits_for() {
    let (directory, mut gate) = place();
    let mut run = |words: &[&str]| {
        let action = action(directory.path(), words);
        let leave = leave(&mut gate, &action);
        pollster::block_on(CommandExecutor::default().execute(&action, leave))
    };
    assert_eq!(run(&["true"]).unwrap().output()["status"], 0);
    let failed = run(&["sh", "-c", "exit 3"]).unwrap_err();
    assert_eq!((failed.to_string().as_str(), &failed.output()["status"]), ("exit status 3", &3.into()));
    // Polled once, and dropped.
    let action = action(directory.path(), &["sh", "-c", "echo $$ >pid; exec sleep 60"]);
    let leave = leave(&mut gate, &action);
    let executor = CommandExecutor::default();
    let mut waiting = executor.execute(&action, leave);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(waiting.as_mut().poll(&mut context).is_pending());
    let (begun, pid) = (Instant::now(), directory.path().join("pid"));
    while !fs::read_to_string(&pid).is_ok_and(|text| text.ends_with('\n')) {
        assert!(begun.elapsed() < aegis_testkit::PATIENCE);
        std::thread::sleep(Duration::from_millis(10));
    }
    drop(waiting);
    let process = format!("/proc/{}", fs::read_to_string(&pid).unwrap().trim());
    while Path::new(&process).exists() {
        assert!(begun.elapsed() < aegis_testkit::PATIENCE);
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Scripts that run at the same time have their own copy each, and no other's.
#[test]
fn commands_of_several_threads_inherit_nothing_from_each_other() {
    let (directory, mut gate) = place();
    let mut wanted = Vec::new();
    for index in 0..8 {
        let path = directory.path().join(format!("script{index}"));
        let text = format!("#!/bin/sh\nls -l /proc/$$/fd >seen{index}\n");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        let here = fs::canonicalize(directory.path()).unwrap();
        let spec = CommandSpec::new([format!("./script{index}")], here, []).sealed(true);
        let action = spec.action().unwrap();
        assert_eq!(action.params()["sealed"], true);
        let leave = leave(&mut gate, &action);
        wanted.push((action, leave));
    }
    std::thread::scope(|scope| {
        for (action, leave) in wanted {
            scope.spawn(move || {
                let end = execute(&action, leave, ExecuteOptions::default());
                assert!(end.succeeded(), "{end:?}");
            });
        }
    });
    for index in 0..8 {
        let seen = fs::read_to_string(directory.path().join(format!("seen{index}"))).unwrap();
        let copies: Vec<_> = seen.lines().filter(|line| line.contains("/memfd:script")).collect();
        assert!(!copies.is_empty(), "{seen}");
        assert!(copies.iter().all(|line| line.contains(&format!("/memfd:script{index} "))), "{seen}");
    }
}
