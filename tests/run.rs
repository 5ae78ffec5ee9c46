//! `aegis run`: what is run, what is not, what that looks like from outside, and what the log says of it.

mod attacks;
mod changes;
mod deaths;
mod handed_on;
mod jobs;
mod lookup;
mod refusals;
mod signals;
mod times;
mod verification;

use std::path::{Path, PathBuf};

use aegis_testkit::{NOBODY, Run, set_mode};
use serde_json::Value;

use crate::environment::TestEnvironment;

/// Commands are allowed; `ask` wants a human, `never` is blocked.
const POLICY: &str = r#"version: "1"
rules:
  - { name: commands, match: { type: exec }, approval: auto }
  - { name: asked, match: { type: ask }, approval: approve }
  - { name: blocked, match: { type: never }, approval: block }
"#;

fn place() -> TestEnvironment {
    TestEnvironment::with_policy(POLICY)
}

/// A place in which another account than root's can keep a log, in `log`. Only root can make one.
fn for_nobody() -> TestEnvironment {
    let environment = place();
    set_mode(environment.path(), 0o755);
    let log = environment.file("log");
    std::fs::create_dir(&log).unwrap();
    std::os::unix::fs::chown(&log, Some(NOBODY), Some(NOBODY)).unwrap();
    environment
}

/// `aegis run -- WORD…`.
fn run(environment: &TestEnvironment, words: &[&str]) -> Run {
    environment.aegis(&[&["run", "--"], words].concat())
}

/// `aegis run -- sh -c SCRIPT`.
fn sh(environment: &TestEnvironment, script: &str) -> Run {
    run(environment, &["sh", "-c", script])
}

/// Writes a file that can be executed.
fn program(environment: &TestEnvironment, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let path = environment.file(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    // A text that is still open for writing, in a process that was just forked off this one, cannot run.
    let new = environment.file("new-program");
    std::fs::write(&new, text).unwrap();
    set_mode(&new, 0o755);
    std::fs::rename(&new, &path).unwrap();
    path
}

/// Result, error and decision of the newest record.
fn result(environment: &TestEnvironment) -> String {
    said(&environment.records().pop().unwrap())
}

fn said(record: &Value) -> String {
    let text = |name: &str| record[name].as_str().unwrap_or("null").to_owned();
    format!("{}: {} ({})", text("result_status"), text("result_error"), text("decision"))
}

/// The log is sound.
#[track_caller]
fn assert_sound(environment: &TestEnvironment) {
    let verified = environment.aegis(&["audit", "verify"]);
    assert_eq!(verified.code, 0, "{verified:?}");
}

/// The events of the newest action, by their names.
fn events(environment: &TestEnvironment) -> Vec<String> {
    let id = environment.records().pop().unwrap()["id"].as_str().unwrap().to_owned();
    let shown = environment.aegis(&["audit", "show", &id]);
    let lines = shown.stdout.lines().skip_while(|line| *line != "Events").skip(1);
    let names = lines.filter(|line| line.starts_with('#')).map(|line| {
        let words: Vec<_> = line.split_whitespace().collect();
        words[3].to_owned()
    });
    names.collect()
}

fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

#[test]
fn the_status_is_the_commands_own() {
    let environment = place();
    for status in [0, 1, 2, 3, 42, 125, 255] {
        let run = sh(&environment, &format!("exit {status}"));
        assert_eq!((run.code, run.stdout.as_str()), (status, ""), "{run:?}");
        let expected = match status {
            0 => "success: null (auto)".to_owned(),
            other => format!("failed: exit status {other} (auto)"),
        };
        assert_eq!(result(&environment), expected);
    }
    assert_eq!(events(&environment), ["decided", "started", "ended"]);
    assert_sound(&environment);
}

#[test]
fn a_signal_that_kills_the_command_is_told_as_a_shell_tells_it() {
    let environment = place();
    for (signal, code) in [("TERM", 143), ("KILL", 137), ("INT", 130), ("SEGV", 139), ("HUP", 129)] {
        let run = sh(&environment, &format!("kill -{signal} $$"));
        assert_eq!(run.code, code, "{run:?}");
        assert_eq!(result(&environment), format!("failed: killed by SIG{signal} (auto)"));
    }
    // A signal that has a number only.
    assert_eq!(sh(&environment, "kill -40 $$").code, 168);
    assert_eq!(result(&environment), "failed: killed by signal 40 (auto)");
    assert_sound(&environment);
}

#[test]
fn the_record_says_what_was_run() {
    let environment = place();
    let run = environment.aegis(&[
        "run",
        "exec:shop",
        "--param",
        "stage=staging",
        "--description",
        "as agreed",
        "--",
        "env",
        "printf",
        "%s",
        "a b",
    ]);
    assert_eq!((run.code, run.stdout.as_str()), (0, "a b"), "{run:?}");
    let record = environment.records().pop().unwrap();
    assert_eq!((&record["action_type"], &record["action_target"]), (&"exec".into(), &"shop".into()));
    assert_eq!(record["action_desc"], "as agreed");
    assert!(record["duration_ms"].is_u64(), "{record}");
    let params = &record["action_params"];
    assert_eq!(params["argv"], serde_json::json!(["env", "printf", "%s", "a b"]));
    assert_eq!(params["env"]["HOME"].as_str().unwrap(), environment.path().to_str().unwrap());
    assert_eq!(params["env"].get("TERM"), None);
    assert_eq!((params["cwd"].as_str(), &params["env"]["PATH"]), (environment.path().to_str(), &Value::Null));
    assert_eq!(params["env"], serde_json::json!({ "HOME": environment.path() }));
    assert_eq!(params["env"].as_object().unwrap().len(), 1);
    assert_eq!((&params["program"], params["env"].is_object()), (&"/usr/bin/env".into(), true));
    let bytes = std::fs::read("/usr/bin/env").unwrap();
    assert_eq!(params["program_sha256"], aegis_engine::Digest::of(&bytes).to_string());
    assert_eq!(params["script"], Value::Null);
}

#[test]
fn a_dry_run_runs_and_records_nothing() {
    let environment = place();
    let dry = |arguments: &[&str]| environment.aegis(&[&["run", "--dry-run"], arguments].concat());
    let touch = ["--", "touch", "made"];
    for (name, code, word) in [("exec:x", 0, "auto"), ("ask:x", 3, "approve"), ("never:x", 1, "block")] {
        let run = dry(&[&[name], &touch[..]].concat());
        assert_eq!(run.code, code, "{run:?}");
        assert!(run.stdout.contains(word), "{run:?}");
    }
    let run = dry(&["--explain", "ask:x", "--", "touch", "made"]);
    assert!(run.code == 3 && run.stdout.contains("commands"), "{run:?}");
    // The strictest of what would have to be allowed before anything is run.
    let run = dry(&["ask:x", "--verify", "true", "--", "touch", "made"]);
    assert!(run.code == 3 && run.stdout.lines().count() >= 2, "{run:?}");
    assert!(!exists(&environment.file("made")) && !exists(&environment.file("aegis_audit.db")));
}

#[test]
fn the_page_names_every_variable_that_is_part_of_a_command() {
    let page =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/how-to/run-a-command.md"));
    let page = page.unwrap();
    for group in aegis_runtime::command::VARIABLE_GROUPS {
        let names: Vec<_> = group.names.iter().map(|name| format!("`{name}`")).collect();
        let row = format!("| {} | {} |", group.changes, names.join(", "));
        assert!(page.contains(&row), "the page lacks this row:\n{row}");
    }
}

#[test]
fn quiet_is_quiet_and_refusals_are_told_all_the_same() {
    let environment = place();
    assert_eq!(sh(&environment, "true").stderr.lines().count(), 1, "the log was made");
    let run = environment.aegis(&["run", "-q", "--", "sh", "-c", "echo out; echo err >&2"]);
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (0, "out\n", "err\n"));
    let run = environment.aegis(&["run", "-q", "never:x", "--", "true"]);
    assert_eq!((run.code, run.stdout.as_str()), (126, ""));
    assert!(run.stderr.contains("rule `blocked` blocks it"), "{run:?}");
}
