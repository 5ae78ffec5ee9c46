//! `--approver-cmd`: a command is asked instead of the terminal.

use std::process::Stdio;
use std::time::{Duration, Instant};

use aegis_testkit::{Log, Run, set_mode};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{ASK, aside, standing, verify};
use crate::environment::TestEnvironment;

fn commanded(environment: &TestEnvironment, command: &str) -> Run {
    aside(environment, &[&ASK[..], &["--approver-cmd", command, "--format", "json"]].concat())
}

#[test]
fn it_allows_denies_or_gives_no_answer_by_its_exit_status() {
    let environment = TestEnvironment::new();
    for (command, code, decision) in [
        ("/bin/true", 0, "approved"),
        ("true", 0, "approved"),
        ("sh -c 'exit 0'", 0, "approved"),
        ("/bin/false", 1, "denied"),
        ("sh -c 'echo yes; exit 1'", 1, "denied"),
        ("sh -c 'echo yes; exit 2'", 3, "unanswered"),
        ("sh -c 'kill -9 $$'", 3, "unanswered"),
        ("sh -c 'head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2; exit 3'", 3, "unanswered"),
    ] {
        let run = commanded(&environment, command);
        assert_eq!((run.code, run.json()["decision"].as_str()), (code, Some(decision)), "{command}: {run:?}");
        assert_eq!(run.stdout.lines().count(), 1, "what it writes is not ours: {run:?}");
        assert!(run.json()["request"].is_null(), "it was asked, so nothing waits: {run:?}");
    }
    let records = environment.records();
    let by = &records[0]["approver"];
    assert_eq!((by["via"].as_str(), by["evidence"].as_u64()), (Some("command"), Some(1)));
    let shown = environment.aegis(&["audit", "show", records[0]["id"].as_str().unwrap()]);
    assert!(shown.stdout.contains("by way of `command`"), "{shown:?}");
    assert!(shown.stdout.contains("where a program could have answered too (evidence 1)"), "{shown:?}");
    verify(&environment);
}

#[test]
fn it_gets_the_question_as_its_schema_says() {
    let environment = TestEnvironment::new();
    let run = commanded(&environment, "sh -c 'cat >question; env >passed; exit 1'");
    assert_eq!(run.code, 1, "{run:?}");
    let question: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(environment.file("question")).unwrap()).unwrap();
    assert_eq!(
        (question["version"].as_u64(), question["id"].as_str()),
        (Some(1), run.json()["action_id"].as_str())
    );
    let schema = environment.aegis(&["schema", "--of", "question"]).json();
    let mut described: Vec<_> = schema["properties"].as_object().unwrap().keys().cloned().collect();
    let mut given: Vec<_> = question.as_object().unwrap().keys().cloned().collect();
    described.sort();
    given.sort();
    assert_eq!(given, described);
    let passed = std::fs::read_to_string(environment.file("passed")).unwrap();
    assert!(!passed.contains("AEGIS"), "{passed}");
}

#[test]
fn a_command_that_runs_is_gated_by_one_that_is_asked() {
    let environment = TestEnvironment::new();
    for (approver, code) in [("true", 0), ("false", 126), ("sh -c 'exit 7'", 126)] {
        let made = environment.file("made");
        let run = aside(&environment, &["run", "--approver-cmd", approver, "--", "touch", "made"]);
        assert_eq!((run.code, made.exists()), (code, code == 0), "{approver}: {run:?}");
        let _ = std::fs::remove_file(made);
    }
    let actions = format!("{0}\n{0}\n", aegis_testkit::BULK);
    let stream = environment.aegis_with_input(&["check", "--jsonl", "--approver-cmd", "true"], actions);
    assert_eq!(
        (stream.code, stream.stdout.matches(r#""decision":"approved""#).count()),
        (0, 2),
        "{stream:?}"
    );
}

#[test]
fn what_cannot_be_trusted_or_is_no_command_refuses_before_anything_is_recorded() {
    let environment = TestEnvironment::new();
    let script = environment.write("approver", "#!/bin/sh\nexit 0\n");
    for (mode, help) in [(0o777, "chmod go-w "), (0o600, "chmod u+x")] {
        set_mode(&script, mode);
        let run = commanded(&environment, "./approver");
        assert_eq!(run.code, 5, "{run:?}");
        assert!(run.stderr.contains(help), "{run:?}");
    }
    set_mode(&script, 0o755);
    assert_eq!(commanded(&environment, "./approver").code, 0);
    for missing in ["/no/such/program", "no-such-program"] {
        let run = commanded(&environment, missing);
        assert_eq!((run.code, run.stderr.contains("there is no program")), (5, true), "{run:?}");
    }
    for wrong in ["", "'open", "''"] {
        assert_eq!(commanded(&environment, wrong).code, 2, "{wrong:?}");
    }
    let dry = aside(&environment, &[&ASK[..], &["--dry-run", "--approver-cmd", "true"]].concat());
    assert_eq!(dry.code, 2, "{dry:?}");
    assert_eq!(environment.records().len(), 1);
}

/// Only who calls it says so.
#[test]
fn no_variable_and_no_policy_names_one() {
    let environment = TestEnvironment::new();
    let script = format!("AEGIS_APPROVER_CMD=true AEGIS_APPROVER=true {}", super::ASK_IN_SHELL);
    let run = Run::of(environment.shell(&script).output().unwrap());
    assert_eq!(run.code, 3, "{run:?}");
}

#[test]
fn rules_that_want_more_leave_the_question_in_the_log() {
    let text =
        "version: 1\nrules:\n  - { risk_level: low, approval: { mode: approve, evidence: account } }\n";
    let environment = TestEnvironment::with_policy(text);
    let run = commanded(&environment, "sh -c 'touch asked; exit 0'");
    assert_eq!((run.code, environment.file("asked").exists()), (3, false), "{run:?}");
    assert_eq!(standing(&environment, run.json()["request"]["id"].as_str().unwrap()), "open");
}

fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn is_alive(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

/// The kinds of all events.
fn kinds(environment: &TestEnvironment) -> Vec<String> {
    let log = Log::verified(&environment.file("aegis_audit.db")).unwrap();
    log.rows.into_iter().map(|row| row.kind).collect()
}

const HANGS: &str = "sh -c 'echo $$ >pid.new; mv pid.new pid; exec sleep 600'";

/// Starts a check whose command hangs, sends a signal to the check, and gives the check's end and the number
/// of the command.
fn told_by(environment: &TestEnvironment, signal: Signal) -> (std::process::Output, String) {
    let arguments = [&ASK[..], &["--format", "json", "--approver-cmd", HANGS]].concat();
    let mut command = environment.command(&arguments);
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until("the command runs", || environment.file("pid").exists());
    let asked = std::fs::read_to_string(environment.file("pid")).unwrap();
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
    (child.wait_with_output().unwrap(), asked)
}

#[test]
fn a_signal_ends_the_asking_and_what_ended_it_is_recorded() {
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP, Signal::SIGQUIT] {
        let environment = TestEnvironment::new();
        let (output, asked) = told_by(&environment, signal);
        let run = Run::of(output);
        assert_eq!((run.code, run.json()["decision"].as_str()), (3, Some("unanswered")), "{signal}: {run:?}");
        assert!(run.stdout.contains("was told to stop before the approver's command answered"), "{run:?}");
        wait_until("the command is gone", || !is_alive(&asked));
        assert_eq!(kinds(&environment), ["requested", "answered", "decided"]);
        verify(&environment);
    }
}

/// What is killed itself records nothing more: the question stands there without an answer, and allows
/// nothing.
#[test]
fn one_that_is_killed_meanwhile_leaves_the_question_and_no_answer() {
    let environment = TestEnvironment::new();
    let (output, asked) = told_by(&environment, Signal::SIGKILL);
    assert_eq!((output.status.code(), output.stdout.len()), (None, 0));
    assert_eq!(kinds(&environment), ["requested"]);
    kill(Pid::from_raw(asked.trim().parse().unwrap()), Signal::SIGKILL).unwrap();
    assert_eq!(commanded(&environment, "false").code, 1, "the next one is asked anew");
    verify(&environment);
}

#[test]
fn a_deadline_ends_it() {
    let environment = TestEnvironment::new();
    let run = aside(&environment, &[&ASK[..], &["--timeout", "1s", "--approver-cmd", HANGS]].concat());
    assert_eq!(run.code, 3, "{run:?}");
    assert!(run.stdout.contains("did not answer in time"), "{run:?}");
    let asked = std::fs::read_to_string(environment.file("pid")).unwrap();
    wait_until("the command is gone", || !is_alive(&asked));
}

/// Whoever ignores the ends of its children has its own do so too.
#[test]
fn a_caller_that_ignores_its_children_is_answered_all_the_same() {
    let environment = TestEnvironment::new();
    let script = format!("trap '' CHLD; exec {} --approver-cmd false", super::ASK_IN_SHELL);
    let run = Run::of(environment.shell(&script).output().unwrap());
    assert_eq!(run.code, 1, "{run:?}");
}
