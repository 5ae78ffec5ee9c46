//! `-`: standard output where something is written, standard input where something is read.

use aegis_testkit::{READ, file_names};

use crate::environment::TestEnvironment;

/// A log with a record in it.
fn place() -> TestEnvironment {
    let environment = TestEnvironment::new();
    assert_eq!(environment.check(READ).code, 0);
    environment
}

#[test]
fn what_is_written_to_a_dash_goes_to_standard_output() {
    let commands: [(&[&str], &str); 6] = [
        (&["init", "-o", "-"], "version:"),
        (&["test", "--init", "-o", "-"], "examples:"),
        (&["audit", "-o", "-"], "crm"),
        (&["audit", "--format", "jsonl", "-o", "-"], "\"action_target\":\"crm\""),
        (&["audit", "report", "-o", "-"], "<!doctype html>"),
        (&["audit", "checkpoint", "--no-record", "-o", "-"], "aegis"),
    ];
    for (arguments, within) in commands {
        let environment = place();
        let before = file_names(environment.path());
        let run = environment.aegis(arguments);
        assert_eq!(run.code, 0, "{arguments:?}: {run:?}");
        assert!(run.stdout.to_lowercase().contains(within), "{arguments:?}: {}", run.stdout);
        assert_eq!(file_names(environment.path()), before, "{arguments:?}");
        let without = [&arguments[..arguments.len() - 2], &["-o", "./-"]].concat();
        let run = environment.aegis(&without);
        assert_eq!(run.code, 2 * i32::from(arguments.contains(&"--init")), "{without:?}: {run:?}");
    }
}

#[test]
fn what_is_read_from_a_dash_comes_from_standard_input() {
    let environment = place();
    let check = environment.aegis_with_input(&["check", "--format", "json"], READ);
    let read = |arguments: &[&str], input: &str| {
        let run = environment.aegis_with_input(arguments, input);
        assert_eq!(run.code, 0, "{arguments:?}: {run:?}");
    };
    read(&["audit", "verify", "--receipts", "-"], &check.stdout);
    let checkpoint = environment.aegis(&["audit", "checkpoint"]).stdout;
    read(&["audit", "verify", "--checkpoint", "-"], &checkpoint);
    let events = environment.aegis(&["audit", "--events"]).stdout;
    read(&["audit", "verify", "-"], &events);
    read(&["audit", "verify", "-", "--db", "aegis_audit.db"], &events);
    let proof = environment.aegis(&["audit", "checkpoint", "--prove", "seq:1"]).stdout;
    read(&["audit", "verify", "--proof", "-"], &proof);
    read(&["validate", "-"], &std::fs::read_to_string(environment.file("policy.yaml")).unwrap());
    let twice =
        environment.aegis_with_input(&["audit", "verify", "--receipts", "-", "--checkpoint", "-"], "");
    assert_eq!(twice.code, 2, "{twice:?}");
    assert!(!environment.file("-").exists());
}

#[test]
fn what_must_be_a_file_is_no_stream() {
    let environment = place();
    let before = file_names(environment.path());
    for arguments in [
        &["check", "read:crm", "--db", "-"][..],
        &["check", "read:crm", "--audit", "jsonl:-"],
        &["check", "read:crm", "--policy", "-"],
        &["audit", "prune", "--before", "2030-01-01", "--archive", "-", "--yes"],
        &["audit", "checkpoint", "--key", "-"],
        &["audit", "checkpoint", "--new-key", "example.com/log", "-o", "-"],
    ] {
        let run = environment.aegis(arguments);
        assert_eq!(run.code, 2, "{arguments:?}: {run:?}");
        assert!(run.stderr.contains("`./-`"), "{arguments:?}: {run:?}");
        assert_eq!(file_names(environment.path()), before, "{arguments:?}");
    }
}
