//! Attacks on the record: that an action is allowed, and the log says nothing of it.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};

use aegis_testkit::{READ, Run, figures};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rusqlite::Connection;

use crate::environment::TestEnvironment;

/// The log as a program that knows nothing of its rules would open it.
fn meddle(environment: &TestEnvironment) -> Connection {
    Connection::open(environment.file("aegis_audit.db")).unwrap()
}

/// A log with a record in it.
fn with_a_record() -> TestEnvironment {
    let environment = TestEnvironment::new();
    assert_eq!(environment.check(READ).code, 0);
    environment
}

/// Adds something to a log's schema, or changes it, as `SQLite` itself never would.
fn write_schema(environment: &TestEnvironment, sql: &str) {
    meddle(environment).execute_batch(&format!("PRAGMA writable_schema = ON; {sql}")).unwrap();
}

/// Adds a trigger under a name that is `SQLite`'s own.
fn add_trigger(environment: &TestEnvironment, when: &str) {
    write_schema(
        environment,
        &format!(
            "INSERT INTO sqlite_schema VALUES ('trigger', 'sqlite_x', 'events', 0,
             'CREATE TRIGGER sqlite_x BEFORE INSERT ON events {when} BEGIN SELECT RAISE(IGNORE); END')"
        ),
    );
}

fn rows(environment: &TestEnvironment) -> i64 {
    meddle(environment).query_row("SELECT count(*) FROM events", [], |row| row.get(0)).unwrap()
}

/// Nothing is allowed, nothing is vouched for, and it is said what is wrong.
fn is_refused_everywhere(environment: &TestEnvironment, what: &str) {
    let before = rows(environment);
    for _ in 0..3 {
        let run = environment.check(READ);
        assert_eq!((run.code, run.stdout.contains("receipt")), (4, false), "{what}: {run:?}");
        assert!(run.stderr.contains("is damaged: "), "{what}: {run:?}");
    }
    let stream = environment.aegis_with_input(&["check", "--jsonl"], format!("{READ}\n{READ}\n"));
    assert_eq!((stream.code, stream.stdout.contains("\"allowed\":true")), (4, false), "{what}: {stream:?}");
    let verified: Run = environment.aegis(&["audit", "verify", "--format", "json"]);
    assert_eq!(verified.code, 1, "{what}: {verified:?}");
    assert_ne!(environment.aegis(&["audit", "checkpoint"]).code, 0, "{what}");
    assert_ne!(environment.aegis(&["audit", "checkpoint", "--no-record"]).code, 0, "{what}");
    assert_eq!(environment.aegis(&["audit"]).code, 4, "{what}");
    assert_eq!(rows(environment), before, "{what}");
}

#[test]
fn a_trigger_under_a_name_of_sqlites_own_swallows_no_record() {
    for when in ["", "WHEN NEW.kind = ''decided''", "WHEN NEW.body LIKE ''%crm%''"] {
        let environment = with_a_record();
        add_trigger(&environment, when);
        is_refused_everywhere(&environment, when);
    }
}

#[test]
fn whatever_else_no_log_has_is_refused_too() {
    for meddling in [
        "CREATE TABLE more (x)",
        "CREATE INDEX more ON events (kind) WHERE kind = 'ended'",
        "ANALYZE",
        "DROP INDEX events_by_action",
        "DROP VIEW actions; CREATE VIEW actions AS SELECT 1",
        "INSERT INTO sqlite_schema VALUES ('view', 'sqlite_y', 'sqlite_y', 0, 'CREATE VIEW sqlite_y AS SELECT 1')",
        "UPDATE sqlite_schema SET sql = replace(sql, 'hash BLOB NOT NULL', 'hash BLOB NOT NULL DEFAULT x''''')
         WHERE name = 'events'",
    ] {
        let environment = with_a_record();
        write_schema(&environment, meddling);
        is_refused_everywhere(&environment, meddling);
    }
}

/// Runs it with no more memory than anything needs, and fails if it has not ended by itself after a while.
fn soon(environment: &TestEnvironment, arguments: &str) -> Run {
    let script = format!("ulimit -v 400000; echo '{READ}' | timeout -k 1 60 \"$AEGIS\" {arguments}");
    let run = Run::of(environment.shell(&script).env("ID", "0".repeat(8)).output().unwrap());
    assert_ne!(run.code, 124, "{arguments} did not end");
    run
}

const ASKED: [&str; 10] = [
    "check",
    "check --jsonl",
    "audit",
    "audit --format jsonl",
    "audit show $ID",
    "audit stats",
    "audit report",
    "audit --events",
    "audit verify",
    "audit checkpoint",
];

#[test]
fn a_log_of_rows_without_end_keeps_nobody_busy() {
    for (table, columns) in [
        (
            "events",
            "1 AS at, '' AS kind, '' AS action_id, '' AS body, '' AS payload, x'' AS salt, x'' AS commitment, x'' AS prev_hash, x'' AS hash, i AS seq",
        ),
        ("log", "1 AS only, x'' AS id, 1 AS created_at, x'' AS key"),
        ("blocks", "i AS block, 1 AS earliest, 1 AS latest, x'' AS root"),
    ] {
        let environment = with_a_record();
        let view = format!(
            "CREATE VIEW {table} AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT {columns} FROM n"
        );
        let sql = format!("DROP VIEW actions; DROP TABLE {table}; {view}");
        meddle(&environment).execute_batch(&sql).unwrap();
        for arguments in ASKED {
            let run = soon(&environment, arguments);
            assert!([1, 4].contains(&run.code), "{table}: {arguments}: {run:?}");
            assert!(!run.stdout.contains("\"receipt\":"), "{table}: {arguments}: {run:?}");
        }
    }
}

#[test]
fn a_page_tree_that_leads_back_to_itself_keeps_nobody_busy() {
    let environment = with_a_record();
    let lines = format!("{READ}\n").repeat(600);
    assert_eq!(environment.aegis_with_input(&["check", "--jsonl"], lines).code, 0);
    let file = environment.file("aegis_audit.db");
    let (root, size): (usize, usize) = {
        let log = meddle(&environment);
        log.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
        let root = "SELECT rootpage FROM sqlite_schema WHERE name = 'events'";
        let number = |sql: &str| log.query_row(sql, [], |row| row.get(0)).unwrap();
        (number(root), number("PRAGMA page_size"))
    };
    // Every child of the root, and of each of its children in turn, is one and the same page.
    let mut bytes = std::fs::read(&file).unwrap();
    let page = (root - 1) * size;
    assert_eq!(bytes[page], 5, "the root is an interior page");
    let cells = usize::from(u16::from_be_bytes([bytes[page + 3], bytes[page + 4]]));
    let pointers: Vec<usize> = (0..cells)
        .map(|cell| {
            let at = page + 12 + 2 * cell;
            page + usize::from(u16::from_be_bytes([bytes[at], bytes[at + 1]]))
        })
        .collect();
    let copies = bytes.len() / size + 1;
    let template = bytes[page..page + size].to_vec();
    for level in 0..12_usize {
        let this = if level == 0 { root } else { copies + level - 1 };
        let next = u32::try_from(copies + level).unwrap().to_be_bytes();
        if level > 0 {
            bytes.extend_from_slice(&template);
        }
        if level < 11 {
            let at = (this - 1) * size;
            bytes[at + 8..at + 12].copy_from_slice(&next);
            for pointer in &pointers {
                let cell = at + pointer - page;
                bytes[cell..cell + 4].copy_from_slice(&next);
            }
        }
    }
    let pages = u32::try_from(bytes.len() / size).unwrap().to_be_bytes();
    bytes[28..32].copy_from_slice(&pages);
    std::fs::write(&file, bytes).unwrap();
    for arguments in ASKED {
        let run = soon(&environment, arguments);
        assert!(run.code != 0 || arguments.starts_with("check"), "{arguments}: {run:?}");
    }
}

#[test]
fn a_row_that_is_far_too_long_fills_no_memory() {
    let environment = with_a_record();
    let log = meddle(&environment);
    aegis_testkit::without_triggers(&log, |log| {
        log.execute_batch("UPDATE events SET body = body || printf('%.*c', 100000000, ' ')").unwrap();
    });
    drop(log);
    for arguments in ASKED {
        let run = soon(&environment, arguments);
        assert!([1, 4].contains(&run.code), "{arguments}: {run:?}");
    }
}

/// Two actions in one stream, between whose answers something is done; gives how it ended.
fn between_two(environment: &TestEnvironment, meddle: impl FnOnce(u32)) -> Run {
    let mut command = environment.command(&["check", "--jsonl"]);
    let mut child = command.stdin(std::process::Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap());
    writeln!(input, "{READ}").unwrap();
    let mut line = String::new();
    answers.read_line(&mut line).unwrap();
    assert!(line.contains("\"allowed\":true"), "{line}");
    meddle(child.id());
    let _ = writeln!(input, "{READ}");
    drop(input);
    Run::of(child.wait_with_output().unwrap())
}

#[test]
fn an_index_that_is_truncated_while_it_is_mapped_is_a_refusal_with_a_message() {
    let environment = with_a_record();
    let run = between_two(&environment, |_| {
        let index = File::options().write(true).open(environment.file("aegis_audit.db-shm")).unwrap();
        index.set_len(0).unwrap();
    });
    assert_eq!(run.code, 4, "{run:?}");
    assert!(run.stderr.contains("aegis_audit.db-shm` was truncated while it was open"), "{run:?}");
}

#[test]
fn what_kills_by_a_signal_of_the_memory_is_a_refusal_too() {
    let environment = with_a_record();
    let run = between_two(&environment, |id| {
        kill(Pid::from_raw(i32::try_from(id).unwrap()), Signal::SIGBUS).unwrap();
    });
    assert_eq!(run.code, 4, "{run:?}");
}

#[test]
fn a_write_ahead_log_that_is_truncated_takes_no_record() {
    for length in [0, 100, 5000] {
        let environment = with_a_record();
        let run = between_two(&environment, |_| {
            let log = File::options().write(true).open(environment.file("aegis_audit.db-wal")).unwrap();
            log.set_len(length).unwrap();
        });
        assert_eq!(run.code, 4, "{run:?}");
    }
}

/// A log with so many records.
fn with_records(count: usize) -> TestEnvironment {
    let environment = TestEnvironment::new();
    let lines = format!("{READ}\n").repeat(count);
    assert_eq!(environment.aegis_with_input(&["check", "--jsonl"], lines).code, 0);
    environment
}

/// Changes rows of a log, as whoever holds the file can.
fn damage(environment: &TestEnvironment, sql: &str) {
    aegis_testkit::without_triggers(&meddle(environment), |log| log.execute_batch(sql).unwrap());
}

#[test]
fn nothing_is_built_upon_damage_among_the_newest_rows() {
    for sql in [
        "UPDATE events SET body = replace(body, 'crm', 'web') WHERE seq = 55",
        "UPDATE events SET payload = replace(payload, '{}', '[]') WHERE seq = 30",
        "DELETE FROM events WHERE seq = 55",
        "UPDATE events SET prev_hash = zeroblob(32) WHERE seq = 59",
        // The beginning, and a gap anywhere in a log as short as this one.
        "UPDATE events SET at = at + 1 WHERE seq = 1",
        "DELETE FROM events WHERE seq = 1",
        "DELETE FROM events WHERE seq = 12",
    ] {
        let environment = with_records(60);
        damage(&environment, sql);
        let before = rows(&environment);
        for arguments in [&["check", "--format", "json"][..], &["check", "--jsonl"]] {
            let run = environment.aegis_with_input(arguments, format!("{READ}\n"));
            assert_eq!((run.code, run.stdout.contains("\"allowed\":true")), (4, false), "{sql}: {run:?}");
            let said = format!("{}{}", run.stdout, run.stderr);
            assert!(said.contains("is damaged at row"), "{sql}: {run:?}");
        }
        let run = environment.check(READ);
        assert!(run.stderr.contains("`aegis audit verify` says everything that is wrong"), "{sql}: {run:?}");
        assert_eq!(environment.aegis(&["audit", "verify"]).code, 1, "{sql}");
        assert_eq!(rows(&environment), before, "{sql}");
    }
}

#[test]
fn damage_far_back_is_found_by_some_of_the_answers_and_by_verify_always() {
    let environment = with_records(300);
    damage(&environment, "UPDATE events SET body = replace(body, 'crm', 'web') WHERE seq = 100");
    let (mut refused, checks) = (0, 60);
    for _ in 0..checks {
        let run = environment.check(READ);
        assert!([0, 4].contains(&run.code), "{run:?}");
        refused += u32::from(run.code == 4);
    }
    figures("damage far back", format!("{refused} of {checks} answers found one row of 300"));
    assert_eq!(environment.aegis(&["audit", "verify"]).code, 1);
    // Nobody needs luck for what is recent.
    let newest = rows(&environment);
    damage(&environment, &format!("UPDATE events SET at = at + 1 WHERE seq = {}", newest - 5));
    for _ in 0..10 {
        assert_eq!(environment.check(READ).code, 4);
    }
}

#[test]
fn an_index_that_lost_a_block_or_has_one_too_many_is_not_built_upon() {
    for sql in [
        "DELETE FROM blocks",
        "INSERT INTO blocks SELECT 1, earliest, latest, root FROM blocks",
        "DELETE FROM events WHERE seq > 4000",
    ] {
        let environment = with_records(4200);
        damage(&environment, sql);
        let run = environment.check(READ);
        assert_eq!(run.code, 4, "{sql}: {run:?}");
    }
}
