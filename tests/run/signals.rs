//! Signals, both ways.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout};

use aegis_testkit::Run;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{assert_sound, place, result, sh};
use crate::environment::TestEnvironment;

/// `aegis run` of a script that has said its first line.
pub(super) fn started(
    environment: &TestEnvironment,
    script: &str,
) -> (Child, BufReader<ChildStdout>, String) {
    started_with(environment, &[], script)
}

/// The same with options.
pub(super) fn started_with(
    environment: &TestEnvironment,
    options: &[&str],
    script: &str,
) -> (Child, BufReader<ChildStdout>, String) {
    let arguments = [&["run", "-q"], options, &["--", "sh", "-c", script]].concat();
    let mut child = environment.command(&arguments).spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    (child, output, line.trim_end().to_owned())
}

pub(super) fn pid_of(child: &Child) -> Pid {
    Pid::from_raw(i32::try_from(child.id()).unwrap())
}

#[test]
fn what_is_sent_to_aegis_alone_reaches_the_command() {
    let environment = place();
    for (index, signal) in
        [Signal::SIGTERM, Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGUSR1, Signal::SIGUSR2]
            .into_iter()
            .enumerate()
    {
        let name = signal.as_str().trim_start_matches("SIG");
        // A shell that waits for a child of its own hears of a signal at once.
        let script = format!("trap 'kill $!; exit {}' {name}; echo ready; sleep 60 & wait", 20 + index);
        let (mut child, _output, _) = started(&environment, &script);
        kill(pid_of(&child), signal).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(20 + i32::try_from(index).unwrap()), "{name}");
    }
    let (mut child, _output, _) = started(&environment, "echo ready; exec sleep 60");
    kill(pid_of(&child), Signal::SIGTERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(143));
    assert_eq!(result(&environment), "failed: killed by SIGTERM (auto)");
    assert_sound(&environment);
}

#[test]
fn what_the_command_sends_to_its_group_does_not_come_back() {
    let environment = place();
    let script = "n=0; trap 'n=$((n+1))' USR1; kill -USR1 0; sleep 0.3; echo $n";
    let run = sh(&environment, script);
    assert_eq!((run.code, run.stdout.as_str()), (0, "1\n"), "{run:?}");
}

#[test]
fn a_command_that_stops_by_itself_goes_on_when_it_is_told_to() {
    let environment = place();
    let (mut child, mut output, pid) = started(&environment, "echo $$; kill -STOP $$; echo on; exit 5");
    let command = Pid::from_raw(pid.parse().unwrap());
    let status = format!("/proc/{command}/status");
    while !std::fs::read_to_string(&status).unwrap().contains("State:\tT") {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert!(child.try_wait().unwrap().is_none());
    kill(command, Signal::SIGCONT).unwrap();
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    assert_eq!((line.as_str(), child.wait().unwrap().code()), ("on\n", Some(5)));
}

#[test]
fn what_goes_on_in_the_background_does_not_hold_aegis_up() {
    let environment = place();
    let script = "aegis run -q -- sh -c 'sleep 60 >/dev/null 2>&1 & echo $!'";
    let run = Run::of(environment.shell(script).output().unwrap());
    assert_eq!(run.code, 0, "{run:?}");
    let left = Pid::from_raw(run.stdout.trim().parse().unwrap());
    kill(left, Signal::SIGKILL).unwrap();
    assert_eq!(result(&environment), "success: null (auto)");
}
