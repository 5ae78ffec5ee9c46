//! What an agent with this account could try.

use aegis_testkit::{Run, is_safe_line};

use super::{exists, for_nobody, place, program, result, run, sh};
use crate::environment::TestEnvironment;

const STRICT: &str = r#"version: "1"
defaults: { approval: block }
rules:
  - name: no_injected_code
    match: { type: exec }
    conditions: { param_exists: { /env/LD_PRELOAD: true } }
    approval: block
  - name: listing
    match: { type: exec }
    conditions: { param_eq: { program: /usr/bin/ls } }
    approval: auto
"#;

#[test]
fn what_changes_a_program_from_outside_can_be_ruled_on() {
    let environment = TestEnvironment::with_policy(STRICT);
    let ls = |name: &str, value: &str| {
        Run::of(
            environment.command(&["run", "-q", "--", "ls", "policy.yaml"]).env(name, value).output().unwrap(),
        )
    };
    assert_eq!(ls("LINES", "1").code, 0);
    let refused = ls("LD_PRELOAD", "./evil.so");
    assert_eq!((refused.code, refused.stdout.as_str()), (126, ""), "{refused:?}");
    assert!(refused.stderr.contains("no_injected_code"), "{refused:?}");
}

#[test]
fn a_name_is_no_disguise() {
    let environment = TestEnvironment::with_policy(STRICT);
    program(&environment, "ls", "#!/bin/sh\ntouch evil\n");
    let mut command = environment.command(&["run", "--", "ls"]);
    let refused = Run::of(command.env("PATH", ".:/usr/bin").output().unwrap());
    assert_eq!(refused.code, 126, "{refused:?}");
    let refused = environment.aegis(&["run", "exec:ls", "--", "./ls"]);
    assert_eq!(refused.code, 126, "{refused:?}");
    assert!(!exists(&environment.file("evil")));
}

#[test]
fn no_argument_moves_a_cursor_or_hides_itself() {
    let environment = place();
    let nasty = "\u{1b}[2J\u{1b}[1;1Hallowed\r\n\u{202e}\u{9b}";
    for words in
        [&["never:\u{1b}[2J", "--", "echo", nasty][..], &["--", nasty], &["--verify", nasty, "--", "true"]]
    {
        let run = environment.aegis(&[&["run"], words].concat());
        assert!(run.code == 126 || run.code == 127, "{run:?}");
        assert!(run.stderr.lines().all(is_safe_line), "{run:?}");
    }
    // What the record says of an error that holds one.
    program(&environment, "tool\u{1b}[2J", "#!/no/such\n");
    let run = run(&environment, &["./tool\u{1b}[2J"]);
    assert!(run.code == 126 && run.stderr.lines().all(is_safe_line), "{run:?}");
    let shown = environment.aegis(&["audit"]);
    assert!(shown.stdout.lines().all(is_safe_line), "{shown:?}");
}

/// Nothing that the command does to its parent's environment of files changes what was recorded.
#[test]
fn a_command_cannot_answer_for_itself() {
    let environment = place();
    let script = "\"$0\" run -q ask:y -- touch evil; echo inner=$?";
    let run = run(&environment, &["sh", "-c", script, env!("CARGO_BIN_EXE_aegis")]);
    assert_eq!((run.code, run.stdout.as_str()), (0, "inner=126\n"), "{run:?}");
    assert!(!exists(&environment.file("evil")));
}

#[test]
fn a_command_cannot_read_what_aegis_holds() {
    let environment = place();
    // Its parent is Aegis, whose memory and files are closed to others of the account.
    let script = "cat /proc/$PPID/environ >/dev/null 2>&1 && echo open; ls /proc/$PPID/fd >/dev/null 2>&1 && echo open; \
                  echo end";
    if aegis_testkit::is_root() {
        let environment = for_nobody();
        let mut command =
            environment.command(&["run", "-q", "--db", "log/audit.db", "--", "sh", "-c", script]);
        let run = Run::of(aegis_testkit::as_nobody(&mut command).output().unwrap());
        assert_eq!((run.code, run.stdout.as_str()), (0, "end\n"), "{run:?}");
    } else {
        let run = sh(&environment, script);
        assert_eq!((run.code, run.stdout.as_str()), (0, "end\n"), "{run:?}");
    }
}

#[test]
fn many_processes_cannot_outrun_the_end_of_their_time() {
    let environment = place();
    let script =
        "i=0; while [ $i -lt 40 ]; do setsid sh -c 'trap \"\" TERM HUP; sleep 321' & i=$((i+1)); done; wait";
    let run = environment.aegis(&["run", "-q", "--timeout", "1s", "--", "sh", "-c", script]);
    assert_eq!(run.code, 124, "{run:?}");
    assert_eq!(result(&environment), "failed: timed out after 1s (auto)");
    let left = std::fs::read_dir("/proc").unwrap().flatten().filter(|entry| {
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        line == b"sleep\x00321\x00"
    });
    assert_eq!(left.count(), 0);
}
