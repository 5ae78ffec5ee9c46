//! `--notify`: somebody is told, and nothing more.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::{ASK, aside, standing};
use crate::environment::TestEnvironment;

fn notified(environment: &TestEnvironment, command: &str) -> aegis_testkit::Run {
    aside(environment, &[&ASK[..], &["--notify", command]].concat())
}

#[test]
fn a_command_gets_the_question_once_and_no_terminal() {
    let environment = TestEnvironment::new();
    let script = environment.write(
        "tell",
        "#!/bin/sh\ncat >>told; env >environment; (exec </dev/tty) 2>/dev/null && echo tty >>told\nexit 0\n",
    );
    aegis_testkit::set_mode(&script, 0o755);
    let run = notified(&environment, "./tell 'a b'");
    assert_eq!(run.code, 3, "{run:?}");
    let again = notified(&environment, "./tell 'a b'");
    assert_eq!(again.code, 3, "{again:?}");
    let told = std::fs::read_to_string(environment.file("told")).unwrap();
    assert_eq!(told.lines().count(), 1, "the same question is told once, and there is no terminal: {told}");
    let question: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(
        (question["type"].as_str(), question["standing"].as_str()),
        (Some("bulk_update"), Some("open"))
    );
    let passed = std::fs::read_to_string(environment.file("environment")).unwrap();
    assert!(!passed.contains("AEGIS"), "{passed}");
}

#[test]
fn whatever_it_does_is_no_answer_and_is_not_shown() {
    let environment = TestEnvironment::new();
    let commands = [
        "/bin/true",
        "/bin/false",
        "/no/such/program",
        "sh -c 'echo approved; echo y; exit 0'",
        "sh -c 'head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2'",
        "sh -c 'kill -9 $$'",
    ];
    for (number, command) in commands.iter().enumerate() {
        let count = format!("count={}", 500 + number);
        let arguments =
            ["check", "bulk_update:crm", "--param", &count, "--format", "json", "--notify", command];
        let run = aside(&environment, &arguments);
        assert_eq!(run.code, 3, "{command}: {run:?}");
        assert_eq!(run.stdout.lines().count(), 1, "{run:?}");
        assert_eq!(standing(&environment, run.json()["request"]["id"].as_str().unwrap()), "open");
    }
    for wrong in ["", "'open"] {
        assert_eq!(notified(&environment, wrong).code, 2, "{wrong:?}");
    }
}

#[test]
fn one_that_hangs_is_ended_with_all_that_it_started() {
    let environment = TestEnvironment::new();
    let begun = Instant::now();
    let run = notified(&environment, "sh -c 'sleep 30 & echo $! >child; sleep 30'");
    assert_eq!(run.code, 3, "{run:?}");
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    let child = std::fs::read_to_string(environment.file("child")).unwrap();
    let state = || std::fs::read_to_string(format!("/proc/{}/stat", child.trim())).unwrap_or_default();
    let deadline = Instant::now() + Duration::from_secs(5);
    while !state().is_empty() && !state().contains(") Z ") && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(state().is_empty() || state().contains(") Z "), "{}", state());
}
