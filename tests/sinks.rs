//! `--audit` of `aegis check`, `audit record` and `audit redact`: sinks that must take every record as well.

use std::fs;
use std::process::Command;

use aegis_testkit::{BULK, DELETE, READ, Run, mode, run_with_input};
use serde_json::{Value, json};

use crate::environment::TestEnvironment;

const FILE: &str = "decisions.jsonl";
const SINK: &str = "jsonl:decisions.jsonl";

fn lines(environment: &TestEnvironment) -> Vec<Value> {
    let text = fs::read_to_string(environment.file(FILE)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn check(environment: &TestEnvironment, action: &str) -> Run {
    environment.aegis_with_input(&["check", "--format", "json", "--audit", SINK], action)
}

/// A shell that runs a script with `$AEGIS`.
fn shell(environment: &TestEnvironment, script: &str) -> Run {
    run_with_input(environment.shell(script), b"")
}

#[test]
fn the_file_gets_each_record_as_it_is_exported() {
    let environment = TestEnvironment::new();
    for (action, code) in [(READ, 0), (DELETE, 1), (BULK, 3)] {
        assert_eq!(check(&environment, action).code, code);
    }
    let found = lines(&environment);
    // The question is a record as well: it is there before anyone is asked.
    let decisions: Vec<_> = found.iter().map(|line| &line["decision"]).collect();
    assert_eq!(decisions, [&json!("auto"), &json!("block"), &Value::Null, &json!("unanswered")]);
    let decided: Vec<_> = found.into_iter().filter(|line| !line["decision"].is_null()).collect();
    assert_eq!(decided, environment.records());
    assert_eq!(mode(environment.file(FILE)), 0o600);
}

#[test]
fn several_sinks_get_every_record_of_a_stream_in_its_order() {
    let environment = TestEnvironment::new();
    let arguments =
        ["check", "--jsonl", "--audit", SINK, "--audit", "tracing", "--audit", "jsonl:another.jsonl"];
    let input = [READ, DELETE, "{", READ, BULK, READ].join("\n");
    let run = environment.aegis_with_input(&arguments, input);
    assert_eq!(run.code, 5);
    let answered: Vec<_> =
        run.json_lines().iter().filter_map(|answer| answer["receipt"]["seq"].as_u64()).collect();
    let in_file: Vec<_> = lines(&environment)
        .iter()
        .filter(|line| !line["decision"].is_null())
        .map(|line| line["seq"].as_u64().unwrap())
        .collect();
    assert_eq!((answered.len(), &answered), (5, &in_file));
    let copies = [FILE, "another.jsonl"].map(|name| fs::read_to_string(environment.file(name)).unwrap());
    assert_eq!(copies[0], copies[1]);
    let levels: Vec<_> = run
        .stderr
        .lines()
        .filter(|line| line.contains("aegis::audit"))
        .map(|line| line.split_whitespace().nth(1).unwrap())
        .collect();
    assert_eq!(levels, ["DEBUG", "ERROR", "DEBUG", "WARN", "WARN", "DEBUG"]);
    assert!(!run.stderr.contains('\u{1b}'));
}

#[test]
fn a_sink_that_cannot_be_opened_refuses_before_anything_happens() {
    let environment = TestEnvironment::new();
    std::os::unix::fs::symlink("elsewhere", environment.file("link")).unwrap();
    nix::unistd::mkfifo(&environment.file("fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    for sink in
        ["jsonl:link", "jsonl:fifo", "jsonl:.", "jsonl:no/file", "jsonl:/dev/null", "jsonl:policy.yaml"]
    {
        let run = environment.aegis_with_input(&["check", "--audit", sink], READ);
        assert_eq!((run.code, run.stdout.as_str()), (4, ""), "{sink}: {run:?}");
        assert!(run.stderr.contains("help:"), "{sink}: {run:?}");
    }
    assert!(!environment.file("aegis_audit.db").exists() && !environment.file("elsewhere").exists());
    for wrong in ["", "syslog", "jsonl:", "journald:x"] {
        assert_eq!(environment.aegis_with_input(&["check", "--audit", wrong], READ).code, 2);
    }
    let dry = environment.aegis_with_input(&["check", "--dry-run", "--audit", SINK], READ);
    assert_eq!(dry.code, 2);
}

#[test]
fn a_sink_that_refuses_allows_nothing_and_recovers() {
    let environment = TestEnvironment::new();
    assert_eq!(check(&environment, READ).code, 0);
    let line = fs::read_to_string(environment.file(FILE)).unwrap();
    // Files may grow to 4 MiB here; this one is so close to it that a record fits in part.
    let padding = (4 << 20) - 2 * line.len() + 100;
    let full = format!("{line}{{\"x\":\"{}\"}}\n", "x".repeat(padding - 9));
    fs::write(environment.file(FILE), &full).unwrap();
    let script = format!(
        "trap '' XFSZ; ulimit -f 8192; printf '%s\\n' '{READ}' '{DELETE}' '{READ}' | \"$AEGIS\" check --jsonl --audit {SINK}"
    );
    let run = shell(&environment, &script);
    assert_eq!(run.code, 4, "{run:?}");
    for (index, answer) in run.json_lines().iter().enumerate() {
        assert_eq!((&answer["line"], &answer["allowed"]), (&json!(index + 1), &json!(false)), "{run:?}");
    }
    assert_eq!(run.json_lines().len(), 3);
    // Nothing of it is left in the file, and the log knows that it was given up.
    assert_eq!(fs::read_to_string(environment.file(FILE)).unwrap(), full);
    let records = environment.records();
    let results: Vec<_> = records.iter().map(|record| &record["result_status"]).collect();
    assert_eq!(results, [&Value::Null, &json!("skipped"), &json!("blocked"), &json!("skipped")]);
    assert!(records[1]["result_error"].as_str().unwrap().contains("refused the record"));
    assert_eq!(check(&environment, READ).code, 0);
    assert_eq!(lines(&environment).len(), 3);
}

#[test]
fn a_full_disk_refuses_and_recovers_when_space_returns() {
    let environment = TestEnvironment::new();
    fs::create_dir(environment.file("disk")).unwrap();
    // A file system of its own needs a privilege that not everybody has.
    let script = "unshare -m sh -c 'mount -t tmpfs -o size=64k none disk || exit 99
        check() { \"$AEGIS\" check read:crm --quiet --audit jsonl:disk/file >/dev/null; echo $?; }
        check; head -c 100000 /dev/zero >disk/filler
        for _ in 1 2 3 4 5 6 7 8; do check; done
        rm disk/filler; check; cat disk/file; ls disk >&2'";
    let run = shell(&environment, script);
    if !run.stderr.contains("file\n") {
        eprintln!("skipped: {}", run.stderr);
        return;
    }
    let (found, codes): (Vec<_>, Vec<_>) = run.stdout.lines().partition(|line| line.starts_with('{'));
    assert_eq!((codes[0], codes[8], codes[9]), ("0", "4", "0"), "{run:?}");
    assert!(run.stderr.contains("the disk is full"), "{run:?}");
    // There is a line for each check that was allowed, and for no other; nothing was torn.
    assert_eq!(found.len(), codes.iter().filter(|code| **code == "0").count());
    let given_up = environment.records().iter().filter(|record| record["result_status"] == "skipped").count();
    assert_eq!((found.len() + given_up, run.stderr.contains("torn")), (10, false));
}

#[test]
fn a_stderr_that_takes_nothing_refuses() {
    let environment = TestEnvironment::new();
    let mut command = environment.command(&["check", "read:crm", "--audit", "tracing"]);
    command.stderr(fs::File::options().write(true).open("/dev/full").unwrap());
    let run = run_with_input(command, b"");
    assert_eq!((run.code, run.stdout.as_str()), (4, ""));
    assert_eq!(environment.records()[0]["result_status"], "skipped");
}

#[test]
fn a_torn_line_is_kept_and_the_next_record_stands_behind_a_note() {
    let environment = TestEnvironment::new();
    environment.write(FILE, "{\"id\":\"x\"}\n{\"id\":\"y");
    assert_eq!(check(&environment, READ).code, 0);
    let found = lines(&environment);
    assert_eq!((found.len(), &found[1]["event"], &found[1]["bytes"]), (3, &json!("torn_tail"), &json!(8)));
    let kept = fs::read_to_string(environment.file(found[1]["kept_in"].as_str().unwrap())).unwrap();
    assert_eq!(kept, "{\"id\":\"y");
}

#[test]
fn processes_that_write_one_file_at_once_do_not_mix_their_lines() {
    let environment = TestEnvironment::new();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..10 {
                    assert_eq!(check(&environment, READ).code, 0);
                }
            });
        }
    });
    let ids = |records: Vec<Value>| {
        let ids = records.iter().map(|record| record["id"].as_str().unwrap().to_owned());
        ids.collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(lines(&environment).len(), 80);
    assert_eq!(ids(lines(&environment)), ids(environment.records()));
}

/// The names of the calls, in order, that touch the log, the sink's file or the answer.
#[test]
fn the_answer_comes_after_the_log_and_the_file_are_synced() {
    let environment = TestEnvironment::new();
    let strace =
        "strace -f -y -e trace=write,pwrite64,fsync,fdatasync -o trace \"$AEGIS\" check read:crm --audit ";
    if Command::new("strace").arg("--version").output().is_err() {
        eprintln!("skipped: strace is not installed");
        return;
    }
    let run = shell(&environment, &format!("{strace}{SINK}"));
    assert_eq!(run.code, 0, "{run:?}");
    let trace = fs::read_to_string(environment.file("trace")).unwrap();
    let place = |call: &str, what: &str| {
        let found = trace.lines().position(|line| line.contains(call) && line.contains(what));
        found.unwrap_or_else(|| panic!("no {call} of {what}:\n{trace}"))
    };
    let last = |call: &str, what: &str| {
        trace
            .lines()
            .enumerate()
            .filter(|(_, line)| line.contains(call) && line.contains(what))
            .last()
            .unwrap()
            .0
    };
    let written = place(" write(", "decisions.jsonl");
    let synced = place(" fdatasync(", "decisions.jsonl");
    let answered = place(" write(1<", "allowed");
    let log_written = last(" pwrite64(", "aegis_audit.db-wal");
    let log_synced =
        trace.lines().take(written).position(|line| line.contains("sync(") && line.contains("-wal"));
    assert!(log_written < written && log_synced.is_some(), "{trace}");
    assert!(written < synced && synced < answered, "{trace}");
    assert_eq!(trace.lines().filter(|line| line.contains(" write(") && line.contains(FILE)).count(), 1);
}

#[test]
fn the_end_of_an_action_and_a_removal_reach_the_sinks_too() {
    let environment = TestEnvironment::new();
    let action = r#"{"type":"read","target":"crm","params":{"n":1}}"#;
    let id = check(&environment, action).json()["action_id"].as_str().unwrap().to_owned();
    let end = ["audit", "record", &id, "--status", "failed", "--error", "no route", "--audit", SINK];
    assert_eq!(environment.aegis(&end).code, 0);
    assert_eq!(environment.aegis(&["audit", "redact", &id, "--yes", "--audit", SINK]).code, 0);
    let found = lines(&environment);
    let told: Vec<_> =
        found.iter().map(|line| (&line["seq"], &line["result_status"], &line["action_params"])).collect();
    let (failed, params) = (json!("failed"), json!({"n": 1}));
    assert_eq!(
        told,
        [
            (&json!(1), &Value::Null, &params),
            (&json!(2), &failed, &params),
            (&json!(3), &failed, &Value::Null)
        ]
    );
    assert_eq!(found[1]["result_error"], "no route");
    // Each line names its own event, by which it can be held against the log.
    let anchors: Vec<_> =
        found.iter().map(|line| format!("{}:{}", line["seq"], line["hash"].as_str().unwrap())).collect();
    for anchor in &anchors {
        assert_eq!(environment.aegis(&["audit", "verify", "--anchor", anchor]).code, 0, "{anchor}");
    }
}

#[test]
fn a_sink_that_does_not_take_the_end_of_an_action_is_no_success() {
    let environment = TestEnvironment::new();
    let id = environment.check(READ).json()["action_id"].as_str().unwrap().to_owned();
    // A sink that cannot be opened refuses before anything is recorded.
    let end = ["audit", "record", &id, "--status", "success", "--audit", "jsonl:/dev/full"];
    let refused = environment.aegis(&end);
    assert_eq!((refused.code, environment.records()[0]["result_status"].is_null()), (4, true), "{refused:?}");
    // One that fails afterwards is told of, and what the log has stays.
    let script = format!("\"$AEGIS\" audit record {id} --status success --audit tracing 2>/dev/full");
    assert_eq!(shell(&environment, &script).code, 4);
    assert_eq!(environment.records()[0]["result_status"], "success");
}
