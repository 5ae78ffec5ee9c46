//! Deadlines.

use std::time::{Duration, Instant};

use aegis_testkit::Run;
use nix::sys::signal::kill;
use nix::unistd::Pid;

use super::{assert_sound, events, place, result};

/// Whether a process runs. One that has ended and is not waited for does not.
fn is_running(pid: &str) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    kill(Pid::from_raw(pid.parse().unwrap()), None).is_ok() && !status.contains("State:\tZ")
}

#[test]
fn a_command_that_takes_too_long_is_ended_with_all_that_it_started() {
    let environment = place();
    let script = "sleep 600 & echo $!; setsid sleep 600 & echo $!; (sleep 600 & echo $!); wait";
    let begun = Instant::now();
    let arguments = ["run", "-q", "--timeout", "1s", "--", "sh", "-c", script];
    let run = Run::of(environment.command(&arguments).output().unwrap());
    assert_eq!(run.code, 124, "{run:?}");
    assert!(begun.elapsed() < Duration::from_secs(9), "they went when they were asked");
    assert!(run.stderr.contains("the command timed out after 1s"), "{run:?}");
    let started: Vec<_> = run.stdout.lines().collect();
    assert_eq!(started.len(), 3, "{run:?}");
    for pid in started {
        assert!(!is_running(pid), "{pid}");
    }
    assert_eq!(result(&environment), "failed: timed out after 1s (auto)");
    assert_eq!(events(&environment), ["decided", "started", "ended"]);
    assert_sound(&environment);
}

#[test]
fn what_does_not_go_when_it_is_asked_is_made_to() {
    let environment = place();
    let script = "trap '' TERM; (setsid sh -c 'trap \"\" TERM; echo $$; while :; do sleep 1; done' &); \
                  while :; do sleep 1; done";
    let begun = Instant::now();
    let arguments = ["run", "-q", "--timeout", "500ms", "--", "sh", "-c", script];
    let run = Run::of(environment.command(&arguments).output().unwrap());
    assert_eq!(run.code, 124, "{run:?}");
    let took = begun.elapsed();
    assert!(took > Duration::from_secs(9) && took < Duration::from_secs(40), "{took:?}");
    assert!(!is_running(run.stdout.trim()), "{run:?}");
    assert_eq!(result(&environment), "failed: timed out after 500ms (auto)");
}

#[test]
fn a_command_that_is_stopped_is_ended_all_the_same() {
    let environment = place();
    let arguments = ["run", "-q", "--timeout", "500ms", "--", "sh", "-c", "kill -STOP $$"];
    let begun = Instant::now();
    let run = environment.aegis(&arguments);
    assert_eq!(run.code, 124, "{run:?}");
    assert!(begun.elapsed() < Duration::from_secs(9));
}

#[test]
fn a_command_that_is_in_time_is_left_alone() {
    let environment = place();
    let run = environment.aegis(&["run", "-q", "--timeout", "1m", "--", "sh", "-c", "exit 9"]);
    assert_eq!((run.code, result(&environment).as_str()), (9, "failed: exit status 9 (auto)"));
}
