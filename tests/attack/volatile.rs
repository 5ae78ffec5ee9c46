//! A log on a file system that forgets: every sync there succeeds, and a restart takes all of it.

use std::path::{Path, PathBuf};

use aegis_audit::Volatility;
use aegis_testkit::{READ, skipped};
use tempfile::TempDir;

use crate::environment::TestEnvironment;

/// A private directory in memory. `None` where this machine has none, which is said.
fn in_memory() -> Option<TempDir> {
    let shared = Path::new("/dev/shm");
    if Volatility::of(&shared.join("log.db")) == Some(Volatility::InMemory("tmpfs"))
        && let Ok(directory) = tempfile::tempdir_in(shared)
    {
        return Some(directory);
    }
    skipped("volatile logs", "there is no tmpfs that may be written at /dev/shm");
    None
}

fn log_in(directory: &TempDir) -> PathBuf {
    directory.path().join("log.db")
}

#[test]
fn whoever_goes_by_the_answer_is_told_that_nothing_lasts() {
    let Some(directory) = in_memory() else { return };
    let environment = TestEnvironment::new();
    let log = log_in(&directory);
    let db = log.to_str().unwrap();
    let note = format!("note: the audit log `{db}` is on tmpfs: nothing there lasts a restart\nhelp: ");
    for arguments in [
        &["check", "--quiet", "--format", "json", "--db", db][..],
        &["check", "--quiet", "--jsonl", "--db", db],
    ] {
        let run = environment.aegis_with_input(arguments, format!("{READ}\n"));
        assert_eq!(run.code, 0, "{run:?}");
        assert!(run.stderr.contains(&note) && run.stderr.contains("`--db` names another place"), "{run:?}");
        assert_eq!(run.json()["receipt"]["volatile"], true, "{run:?}");
    }
    let id = environment.aegis(&["audit", "--db", db, "--format", "jsonl"]).json_lines()[0]["id"].clone();
    for arguments in [
        &["audit", "record", id.as_str().unwrap(), "--status", "success", "--quiet", "--db", db][..],
        &["audit", "checkpoint", "--quiet", "--db", db],
    ] {
        let run = environment.aegis(arguments);
        assert_eq!(run.code, 0, "{run:?}");
        assert!(run.stderr.contains(&note), "{run:?}");
    }
}

#[test]
fn verify_says_where_the_log_is_and_where_receipts_come_from() {
    let Some(directory) = in_memory() else { return };
    let environment = TestEnvironment::new();
    let log = log_in(&directory);
    let db = log.to_str().unwrap();
    let answers =
        environment.aegis_with_input(&["check", "--jsonl", "--db", db], format!("{READ}\n{READ}\n"));
    // A receipt on its own does as well as a whole answer, and one of a program that did not know of this.
    let lines = answers.json_lines();
    let (mut old, receipt) = (lines[0].clone(), &lines[1]["receipt"]);
    old["receipt"].as_object_mut().unwrap().remove("volatile");
    environment.write("kept.jsonl", format!("{}{old}\n{receipt}\n", answers.stdout));
    let verify = ["audit", "verify", "--db", db, "--receipts", "kept.jsonl"];
    let run = environment.aegis(&verify);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(
        run.stdout.contains("\nvolatile  the log is on tmpfs: nothing there lasts a restart\n"),
        "{run:?}"
    );
    assert!(
        run.stdout.contains("receipts  4 of 4 hold; 3 of a log that was where nothing lasts\n"),
        "{run:?}"
    );
    let json = environment.aegis(&[&verify[..], &["--format", "json"]].concat()).json();
    assert_eq!((&json["volatile"], &json["receipts"]["volatile"]), (&true.into(), &3.into()));
    // What is no yes or no is no receipt.
    environment.write("kept.jsonl", answers.stdout.replace("\"volatile\":true", "\"volatile\":\"no\""));
    let run = environment.aegis(&verify);
    assert_eq!(run.code, 5, "{run:?}");
    assert!(run.stderr.contains("line 1 cannot be read: its receipt is none"), "{run:?}");
}

#[test]
fn a_log_on_a_disk_says_nothing_of_it() {
    let environment = TestEnvironment::new();
    let run = environment.check(READ);
    assert!(!run.stdout.contains("volatile") && !run.stderr.contains("lasts"), "{run:?}");
    let verified = environment.aegis(&["audit", "verify"]);
    assert!(!verified.stdout.contains("volatile"), "{verified:?}");
    assert_eq!(environment.aegis(&["audit", "verify", "--format", "json"]).json()["volatile"], false);
}
