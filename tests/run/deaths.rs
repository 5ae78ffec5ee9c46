//! Sudden ends: of Aegis, of the command, of both.

use std::time::Duration;

use aegis_testkit::Chance;
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use serde_json::Value;

use super::signals::{pid_of, started};
use super::{assert_sound, events, exists, place, result, sh};
use crate::environment::TestEnvironment;

/// What is known of the newest action whose end nobody recorded.
#[track_caller]
fn assert_unknown(environment: &TestEnvironment) {
    let record = environment.records().pop().unwrap();
    assert_eq!((&record["decision"], &record["result_status"]), (&"auto".into(), &Value::Null), "{record}");
    assert_eq!(events(environment), ["decided", "started"]);
    let shown = environment.aegis(&["audit", "show", record["id"].as_str().unwrap()]).stdout;
    assert!(shown.contains("how it went is unknown"), "{shown}");
    let listed = environment.aegis(&["audit", "--columns", "target,result"]).stdout;
    assert!(listed.lines().last().unwrap().ends_with("unknown"), "{listed}");
    assert_sound(environment);
}

#[test]
fn when_the_command_is_killed_its_end_is_recorded() {
    let environment = place();
    let (mut child, _output, pid) = started(&environment, "echo $$; exec sleep 60");
    let listed = environment.aegis(&["audit", "--columns", "target,result"]).stdout;
    assert!(listed.lines().last().unwrap().ends_with("running"), "{listed}");
    kill(Pid::from_raw(pid.parse().unwrap()), Signal::SIGKILL).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(137));
    assert_eq!(result(&environment), "failed: killed by SIGKILL (auto)");
    assert_sound(&environment);
}

#[test]
fn when_aegis_is_killed_the_command_goes_on_and_its_end_is_unknown() {
    let environment = place();
    let script = "echo $$; while ! test -e go; do sleep 0.05; done; touch done";
    let (mut child, _output, pid) = started(&environment, script);
    kill(pid_of(&child), Signal::SIGKILL).unwrap();
    child.wait().unwrap();
    assert_unknown(&environment);
    environment.write("go", "");
    for _ in 0..400 {
        if exists(&environment.file("done")) {
            break;
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    assert!(exists(&environment.file("done")), "{pid} did not go on");
    assert_unknown(&environment);
    // What comes after is recorded as ever.
    assert_eq!(sh(&environment, "exit 3").code, 3);
    assert_eq!(result(&environment), "failed: exit status 3 (auto)");
    assert_sound(&environment);
}

#[test]
fn when_both_are_killed_the_end_is_unknown() {
    let environment = place();
    let (mut child, _output, pid) = started(&environment, "echo $$; exec sleep 60");
    killpg(pid_of(&child), Signal::SIGKILL).unwrap();
    child.wait().unwrap();
    let command = Pid::from_raw(pid.parse().unwrap());
    for _ in 0..400 {
        if kill(command, None).is_err() {
            break;
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    assert_unknown(&environment);
}

/// Whenever Aegis is killed: what has run was decided and started on disk before.
#[test]
fn nothing_runs_that_the_log_does_not_know() {
    let environment = place();
    assert_eq!(sh(&environment, "true").code, 0);
    let tries = aegis_testkit::scaled(60, 3000);
    let mut chance = Chance::new(2026);
    for number in 0..tries {
        let mut child =
            environment.command(&["run", "-q", "--", "touch", &format!("made-{number}")]).spawn().unwrap();
        std::thread::sleep(Duration::from_micros(chance.below(80_000) as u64));
        let _ = kill(pid_of(&child), Signal::SIGKILL);
        child.wait().unwrap();
    }
    std::thread::sleep(Duration::from_millis(500));
    let mut ran = 0;
    let records = environment.records();
    for number in 0..tries {
        let name = format!("made-{number}");
        let record = records.iter().find(|record| record["action_params"]["argv"][1] == name.as_str());
        if exists(&environment.file(&name)) {
            ran += 1;
            let id = record.unwrap()["id"].as_str().unwrap();
            let shown = environment.aegis(&["audit", "show", id]).stdout;
            assert!(shown.contains("Z  started  "), "{shown}");
        }
    }
    assert!(ran > 0 && ran < tries, "{ran} of {tries} ran: that was no test");
    assert_sound(&environment);
}

#[test]
fn a_log_that_is_gone_when_the_command_ends_is_no_success() {
    let environment = place();
    let run = sh(&environment, "mv aegis_audit.db elsewhere.db; echo done");
    assert_eq!((run.code, run.stdout.as_str()), (125, "done\n"), "{run:?}");
    assert!(run.stderr.contains("error: "), "{run:?}");
}
