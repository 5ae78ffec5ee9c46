//! A program that is killed at any step of an action: the log is sound, and says what is known.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use aegis_engine::Action;
use aegis_ledger::answer::ResultStatus;
use aegis_ledger::filter::Filter;
use aegis_runtime::{
    ActionResult, Answered, BoxFuture, Executed, Executor, ExecutorError, Hooks, Proceed, Runtime,
};
use aegis_testkit::{Log, Place};

use crate::governed::{POLICY, action, policy};

/// Where the program stops to be killed.
const STEP: &str = "AEGIS_TEST_STEP";
/// The log that it writes.
const LOG: &str = "AEGIS_TEST_LOG";

/// Says that a step is reached, and waits there for ever.
fn reached(step: &str) {
    if std::env::var(STEP).is_ok_and(|wanted| wanted == step) {
        eprintln!("reached");
        loop {
            std::thread::park();
        }
    }
}

struct Steps;

impl Hooks for Steps {
    fn on_decision(&self, _: &Action, _: &Answered) {
        reached("decided");
    }

    fn on_execution(&self, _: &ActionResult) {
        reached("ended");
    }
}

impl Executor for Steps {
    fn execute<'a>(
        &'a self,
        _: &'a Action,
        _leave: Proceed,
    ) -> BoxFuture<'a, Result<Executed, ExecutorError>> {
        Box::pin(async {
            reached("doing");
            Ok(Executed::without_output())
        })
    }

    fn verify<'a>(
        &'a self,
        _: &'a Action,
        _: &'a Executed,
    ) -> BoxFuture<'a, Option<Result<(), ExecutorError>>> {
        Box::pin(async {
            reached("done");
            Some(Ok(()))
        })
    }
}

/// The program itself, where it was started as such.
#[test]
fn program() {
    let Ok(log) = std::env::var(LOG) else { return };
    let (policy, digest) = policy(POLICY);
    let builder = Runtime::builder().policy(policy, digest).log(log).executor(Steps).hooks(Steps);
    let _ = builder.build().unwrap().blocking().run_one(action("read"));
}

#[test]
fn what_was_killed_is_unknown_and_never_a_success() {
    for (step, events, result) in [
        ("decided", &["decided", "started"][..], None),
        ("doing", &["decided", "started"], None),
        ("done", &["decided", "started"], None),
        ("ended", &["decided", "started", "verified", "ended"], Some("success")),
    ] {
        let place = Place::new();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::program", "--nocapture"])
            .env(STEP, step)
            .env(LOG, &place.log)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(child.stderr.take().unwrap()).read_line(&mut said).unwrap();
        assert_eq!(said, "reached\n", "{step}");
        child.kill().unwrap();
        child.wait().unwrap();
        let rows = Log::verified(&place.log).unwrap().rows;
        let kinds: Vec<_> = rows.iter().map(|row| row.kind.as_str()).collect();
        assert_eq!(kinds, events, "{step}");
        let records = place.records(&Filter::default());
        assert_eq!(records.len(), 1);
        assert_eq!(records[0].result_status.map(ResultStatus::as_str), result, "{step}");
        assert!(records[0].decision.unwrap().is_allowed());
        // The log can be written to as before.
        let (policy, digest) = policy(POLICY);
        let builder = Runtime::builder().policy(policy, digest).log(&place.log).executor(Steps);
        assert!(builder.build().unwrap().blocking().run_one(action("read")).is_success());
    }
}
