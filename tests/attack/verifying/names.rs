//! Files that are the log's own, under every name: nothing else is written there. And a copy that goes
//! nowhere is none.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Stdio;

use aegis_testkit::{READ, run_with_input};

use super::LOG;
use crate::environment::TestEnvironment;

/// Spellings of the log's own names.
fn own_names(environment: &TestEnvironment) -> Vec<String> {
    fs::create_dir_all(environment.file("sub")).unwrap();
    let _ = symlink(environment.path(), environment.file("sub/up"));
    let mut names = Vec::new();
    for suffix in ["", "-journal", "-wal", "-shm", ".lock"] {
        let name = format!("{LOG}{suffix}");
        let link = environment.file(&format!("link{suffix}"));
        let _ = symlink(&name, &link);
        names.extend([
            name.clone(),
            format!("./sub/../{name}"),
            format!("sub/up/{name}"),
            format!("link{suffix}"),
            name.to_uppercase(),
            environment.file(&name).to_string_lossy().into_owned(),
        ]);
    }
    names
}

#[test]
fn no_sink_writes_a_file_of_the_log() {
    for there in [false, true] {
        let environment = TestEnvironment::new();
        if there {
            assert_eq!(environment.check(READ).code, 0);
        }
        for name in own_names(&environment) {
            let sink = format!("jsonl:{name}");
            let run = environment.aegis_with_input(&["check", "--audit", &sink], READ);
            assert_eq!((run.code, run.stdout.as_str()), (4, ""), "{name}: {run:?}");
            assert!(run.stderr.contains("part of the audit log"), "{name}: {run:?}");
        }
        // None of them was made, either.
        assert_eq!(environment.file(LOG).exists(), there);
        assert!(!environment.file(&format!("{LOG}-journal")).exists());
    }
}

#[test]
fn no_answer_goes_to_a_file_of_the_log() {
    let environment = TestEnvironment::new();
    assert_eq!(environment.check(READ).code, 0);
    let before = environment.records();
    for name in own_names(&environment) {
        for arguments in [
            &["audit", "--format", "jsonl", "-o", &name][..],
            &["audit", "--events", "-o", &name],
            &["audit", "report", "-o", &name],
            &["audit", "checkpoint", "-o", &name],
            &["audit", "checkpoint", "--new-key", "k", "-o", &name],
            &["audit", "prune", "--before", "0d", "--archive", &name, "--yes"],
            &["init", "--force", "-o", &name],
        ] {
            let run = environment.aegis(arguments);
            assert_eq!(run.code, 2, "{arguments:?}: {run:?}");
        }
    }
    assert_eq!(environment.records(), before);
    assert_eq!(environment.aegis(&["audit", "verify"]).code, 0);
}

#[test]
fn a_copy_on_a_stream_that_is_closed_is_no_copy() {
    let environment = TestEnvironment::new();
    let mut closed = environment.shell("\"$AEGIS\" check read:crm --audit tracing 2>&-");
    closed.stderr(Stdio::null());
    let run = run_with_input(closed, b"");
    assert_eq!((run.code, run.stdout.as_str()), (4, ""));
    let mut null = environment.command(&["check", "read:crm", "--audit", "tracing"]);
    null.stderr(Stdio::null());
    let run = run_with_input(null, b"");
    assert_eq!((run.code, run.stdout.as_str()), (4, ""));
}
