//! `aegis audit`: filters, formats, and logs that cannot be read.

use std::fs;
use std::process::{Command, Stdio};

use aegis_testkit::{BULK, DELETE, READ, limited, run_with_input};
use serde_json::{Value, json};

use crate::environment::TestEnvironment;

const FIELDS: [&str; 22] = [
    "id",
    "session_id",
    "timestamp",
    "agent",
    "action_type",
    "action_target",
    "action_params",
    "action_desc",
    "risk_level",
    "approval",
    "matched_rule",
    "decision",
    "approver",
    "result_status",
    "result_error",
    "duration_ms",
    "policy_sha256",
    "action_sha256",
    "host",
    "user",
    "seq",
    "hash",
];

/// Three sessions: a read by ana, a blocked delete by bob, an unanswered bulk update by nobody.
fn trail() -> TestEnvironment {
    let environment = TestEnvironment::new();
    for (session, agent, action) in
        [("s1", Some("ana"), READ), ("s2", Some("bob"), DELETE), ("s3", None, BULK)]
    {
        let mut arguments = vec!["check", "--session", session];
        arguments.extend(agent.map(|agent| ["--agent", agent]).into_iter().flatten());
        environment.aegis_with_input(&arguments, action);
    }
    environment
}

fn types(environment: &TestEnvironment, filter: &[&str]) -> Vec<String> {
    let run = environment.aegis(&[&["audit", "--format", "jsonl"], filter].concat());
    assert_eq!(run.code, 0, "{run:?}");
    run.json_lines().iter().map(|record| record["action_type"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_filter_selects_and_all_of_them_together() {
    let environment = trail();
    let all = &["read", "delete", "bulk_update"][..];
    for (filter, expected) in [
        (&[][..], all),
        (&["--session", "s1"], &["read"]),
        (&["--agent", "bob"], &["delete"]),
        (&["--type", "bulk_update"], &["bulk_update"]),
        (&["--target", "crm"], all),
        (&["--target", "cr"], &[]),
        (&["--risk", "critical"], &["delete"]),
        (&["--risk", "critical", "--risk", "low"], &["read", "delete"]),
        (&["--approval", "auto"], &["read"]),
        (&["--decision", "unanswered"], &["bulk_update"]),
        (&["--result", "blocked"], &["delete"]),
        (&["--result", "skipped"], &["bulk_update"]),
        (&["--rule", "deletes_are_blocked"], &["delete"]),
        (&["--rule", "' OR 1=1 --"], &[]),
        (&["--since", "1h"], all),
        (&["--since", "2020-01-01", "--until", "2999-01-01T00:00:00Z"], all),
        (&["--until", "1h"], &[]),
        (&["--until", "2020-01-01"], &[]),
        (&["--limit", "2"], &["delete", "bulk_update"]),
        (&["--limit", "0"], &[]),
        (&["--reverse"], &["bulk_update", "delete", "read"]),
        (&["--reverse", "--limit", "1"], &["bulk_update"]),
        (&["--target", "crm", "--agent", "ana", "--risk", "low"], &["read"]),
        (&["--agent", "ana", "--risk", "critical"], &[]),
    ] {
        assert_eq!(types(&environment, filter), expected, "{filter:?}");
    }
    for bad in [&["--risk", "severe"][..], &["--since", "soon"], &["--limit", "-1"], &["--format", "xml"]] {
        assert_eq!(environment.aegis(&[&["audit"], bad].concat()).code, 2, "{bad:?}");
    }
}

#[test]
fn the_environment_does_not_filter() {
    let environment = trail();
    let mut command = environment.command(&["audit", "--format", "jsonl"]);
    command.env("AEGIS_SESSION", "s1").env("AEGIS_AGENT", "x");
    assert_eq!(run_with_input(command, b"").json_lines().len(), 3);
}

#[test]
fn a_person_gets_a_table() {
    let environment = trail();
    let run = environment.aegis(&["audit"]);
    let shown: Vec<Vec<&str>> = run.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    let titles = "Time ID Session Agent Action Target Risk Decision By Rule Result";
    assert_eq!(shown[0].join(" "), titles);
    // A date and a time of day are two words.
    for (line, expected) in [
        (1, "s1 ana read crm low auto rule reads_are_fine -"),
        (2, "s2 bob delete crm critical block - deletes_are_blocked blocked"),
        (3, "s3 - bulk_update crm high unanswered - bulk_needs_approval skipped"),
    ] {
        assert_eq!(shown[line][3..].join(" "), expected);
    }
    let record = &environment.records()[0];
    assert!(record["id"].as_str().unwrap().starts_with(shown[1][2]));
    let utc = environment.aegis(&["audit", "--utc", "--columns", "seq,time,user"]);
    let timestamp = record["timestamp"].as_str().unwrap();
    let (time, user) =
        (timestamp.split('.').next().unwrap().replace('T', " ") + "Z", record["user"].as_str().unwrap());
    assert_eq!(
        utc.stdout.lines().nth(1).unwrap().split("  ").filter(|cell| !cell.is_empty()).collect::<Vec<_>>(),
        ["1", &time, user]
    );
    // What clocks show elsewhere, at the same instant.
    for (zone, offset) in
        [("Asia/Kolkata", "+05:30"), ("UTC", "+00:00"), ("CET-1", "+01:00"), ("Nowhere/At_all", "+00:00")]
    {
        let mut command = environment.command(&["audit", "--columns", "time"]);
        command.env("TZ", zone);
        let shown = run_with_input(command, b"").stdout.lines().nth(1).unwrap().to_owned();
        assert!(shown.ends_with(offset), "{zone}: {shown}");
        let instant = |text: &str| chrono::DateTime::parse_from_rfc3339(text).unwrap().timestamp();
        assert_eq!(instant(&shown.replacen(' ', "T", 1)), instant(timestamp), "{zone}");
    }
    for refused in
        [&["--columns", "nothing"][..], &["--columns", "id", "--format", "csv"], &["--events", "--utc"]]
    {
        assert_eq!(environment.aegis(&[&["audit"], refused].concat()).code, 2, "{refused:?}");
    }
    assert!(
        !run.stdout.contains('\u{1b}')
            && environment.aegis(&["audit", "--color", "always"]).stdout.contains('\u{1b}')
    );
    let none = environment.aegis(&["audit", "--target", "nothing"]);
    assert_eq!((none.code, none.stdout.as_str(), none.stderr.as_str()), (0, "", "note: no record matches\n"));
}

#[test]
fn every_format_has_the_same_fields_in_the_same_order() {
    let environment = trail();
    let lines = environment.aegis(&["audit", "--format", "jsonl"]);
    for line in lines.stdout.lines() {
        let places: Vec<_> =
            FIELDS.iter().map(|field| line.rfind(&format!("\"{field}\":")).unwrap()).collect();
        assert!(places.is_sorted(), "{line}");
        assert_eq!(serde_json::from_str::<Value>(line).unwrap().as_object().unwrap().len(), FIELDS.len());
    }
    let array = environment.aegis(&["audit", "--format", "json"]).json();
    assert_eq!(array.as_array().unwrap(), &lines.json_lines());
    assert_eq!(array[2]["action_params"], json!({ "count": 101 }));
    assert_eq!(array[0]["approver"], json!({ "via": "rule", "user": null, "evidence": 0 }));
    let csv = environment.aegis(&["audit", "--format", "csv"]).stdout;
    assert_eq!(csv.lines().next().unwrap(), FIELDS.join(","));
    assert_eq!((csv.lines().count(), csv.matches("\r\n").count()), (4, 4));
    assert!(csv.contains("\"{\"\"count\"\":101}\""));
    assert_eq!(environment.aegis(&["audit", "--format", "json", "--target", "x"]).json(), json!([]));
}

#[test]
fn an_export_goes_to_a_file_whole_and_says_how_much_it_was() {
    let environment = trail();
    let run = environment.aegis(&["audit", "--format", "jsonl", "-o", "out.jsonl"]);
    assert_eq!(
        (run.code, run.stdout.as_str(), run.stderr.as_str()),
        (0, "", "note: 3 records written to `out.jsonl`\n")
    );
    assert_eq!(fs::read_to_string(environment.file("out.jsonl")).unwrap().lines().count(), 3);
    assert_eq!(environment.aegis(&["audit", "-o", "no/such/file"]).code, 5);
    // Nothing is written through a link, and what is not a file is written to and not replaced.
    std::os::unix::fs::symlink("out.jsonl", environment.file("link.jsonl")).unwrap();
    assert_eq!(environment.aegis(&["audit", "--format", "csv", "-o", "link.jsonl"]).code, 5);
    assert!(fs::symlink_metadata(environment.file("link.jsonl")).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(environment.file("out.jsonl")).unwrap().lines().count(), 3);
    assert_eq!(environment.aegis(&["audit", "--format", "csv", "-o", "out.jsonl"]).code, 0);
    assert!(fs::read_to_string(environment.file("out.jsonl")).unwrap().starts_with("id,"));
    let pipe = environment.file("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let piped = std::thread::spawn(move || fs::read_to_string(pipe).unwrap());
    assert_eq!(environment.aegis(&["audit", "--format", "csv", "-o", "pipe"]).code, 0);
    assert!(piped.join().unwrap().starts_with("id,"));
    assert!(!fs::symlink_metadata(environment.file("pipe")).unwrap().is_file());
    for own in ["aegis_audit.db", "aegis_audit.db.lock", "./aegis_audit.db"] {
        let run = environment.aegis(&["audit", "-o", own]);
        assert_eq!(run.code, 2, "{own}: {run:?}");
    }
    assert_eq!(environment.records().len(), 3);
}

#[test]
fn a_log_that_cannot_be_read_exits_4() {
    let environment = TestEnvironment::new();
    let refused = |arguments: &[&str], said: &str| {
        let run = environment.aegis(arguments);
        assert_eq!((run.code, run.stdout.as_str()), (4, ""), "{run:?}");
        assert!(run.stderr.contains(said), "{run:?}");
    };
    refused(&["audit"], "there is no audit log");
    refused(&["audit", "--db", "no/such.db"], "there is no audit log");
    refused(&["audit", "--db", "."], "not a regular file");
    environment.write("text.db", "not a database at all, but long enough to be looked at: ".repeat(100));
    refused(&["audit", "--db", "text.db"], "damaged");
    environment.write("empty.db", "");
    refused(&["audit", "--db", "empty.db"], "is not an audit log");
    assert!(!environment.file("aegis_audit.db").exists());
}

#[test]
fn a_log_of_a_newer_program_is_left_alone() {
    let environment = trail();
    // The format's number is the four bytes at offset 60 of the file's header.
    let path = environment.file("aegis_audit.db");
    fs::remove_file(environment.file("aegis_audit.db-wal")).ok();
    fs::remove_file(environment.file("aegis_audit.db-shm")).ok();
    let mut bytes = fs::read(&path).unwrap();
    bytes[60..64].copy_from_slice(&99_u32.to_be_bytes());
    fs::write(&path, &bytes).unwrap();
    for arguments in [&["audit"][..], &["check", "read:crm"]] {
        let run = environment.aegis(arguments);
        assert_eq!((run.code, run.stdout.as_str()), (4, ""));
        assert!(run.stderr.contains("has format 99; this program knows formats up to 2"), "{run:?}");
    }
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

#[test]
fn a_log_whose_newest_row_was_edited_takes_nothing_more() {
    let environment = trail();
    let path = environment.file("aegis_audit.db");
    let bytes = fs::read(&path).unwrap();
    let text = b"skipped";
    let place = bytes.windows(text.len()).position(|window| window == text).unwrap();
    let mut edited = bytes.clone();
    edited[place..place + text.len()].copy_from_slice(b"success");
    fs::write(&path, edited).unwrap();
    let run = environment.aegis(&["check", "read:crm"]);
    assert_eq!((run.code, run.stdout.as_str()), (4, ""));
    assert!(run.stderr.contains("damaged at row 5"), "{run:?}");
}

#[test]
fn a_log_that_another_program_holds_is_given_up_on() {
    let environment = trail();
    let lock = fs::File::open(environment.file("aegis_audit.db.lock")).unwrap();
    lock.lock().unwrap();
    let run = environment.aegis(&["check", "read:crm"]);
    assert_eq!((run.code, run.stdout.as_str()), (4, ""));
    assert!(run.stderr.contains("locked by another process"), "{run:?}");
    lock.unlock().unwrap();
    assert_eq!(environment.aegis(&["check", "read:crm"]).code, 0);
}

#[test]
fn a_reader_who_has_seen_enough_is_no_error() {
    let environment = trail();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = environment.command(&["audit", "--format", "jsonl"]).stdout(writer).output().unwrap();
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0));
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let output = environment.command(&["audit", "--format", "jsonl"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(5));
}

#[test]
fn a_full_disk_refuses_and_the_log_recovers_when_there_is_space_again() {
    let environment = TestEnvironment::new();
    let mount = environment.file("small");
    fs::create_dir(&mount).unwrap();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=200k,mode=755", "tmpfs"])
        .arg(&mount)
        .stderr(Stdio::null())
        .status();
    if !mounted.is_ok_and(|status| status.success()) {
        return; // Only root may mount; the file size limit of the next test needs no rights.
    }
    let check = || environment.aegis_with_input(&["check", "--db", "small/log.db", "--format", "json"], READ);
    let mut allowed = 0;
    let refused = loop {
        let run = check();
        if run.code != 0 {
            break run;
        }
        allowed += 1;
        assert!(allowed < 1000);
    };
    let records = || environment.aegis(&["audit", "--db", "small/log.db", "--format", "jsonl"]);
    let resized = Command::new("mount").args(["-o", "remount,size=4m"]).arg(&mount).status().unwrap();
    let recovered = check();
    let listed = records().json_lines().len();
    Command::new("umount").arg("-l").arg(&mount).status().unwrap();
    assert_eq!((refused.code, refused.stdout.as_str()), (4, ""), "{refused:?}");
    assert!(resized.success() && recovered.code == 0, "{recovered:?}");
    assert!(allowed > 0 && listed == allowed + 1, "{listed} listed, {allowed} allowed");
}

#[test]
fn a_file_that_may_not_grow_refuses_and_recovers() {
    let environment = trail();
    let limited = limited(&environment.command(&["check", "read:crm"]), 1).env_clear().output().unwrap();
    assert_eq!((limited.status.code(), limited.stdout.len()), (Some(4), 0), "{limited:?}");
    assert_eq!(environment.aegis(&["check", "read:crm"]).code, 0);
    assert_eq!(environment.records().len(), 4);
}

#[test]
fn a_table_in_a_file_is_of_all_that_was_asked_for() {
    let environment = TestEnvironment::new();
    environment.aegis_with_input(&["check", "--jsonl", "--quiet"], format!("{READ}\n").repeat(1001));
    let shown = environment.aegis(&["audit"]);
    assert_eq!(shown.stdout.lines().count(), 1001, "a line for the titles");
    assert_eq!(shown.stderr, "note: the newest 1000 of 1001 records; `--limit N` shows more\n");
    let run = environment.aegis(&["audit", "-o", "all.txt"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, "note: 1001 records written to `all.txt`\n"));
    assert_eq!(fs::read_to_string(environment.file("all.txt")).unwrap().lines().count(), 1002);
    let run = environment.aegis(&["audit", "-o", "some.txt", "-n", "3"]);
    assert_eq!(run.stderr, "note: 3 records written to `some.txt`\n");
}
