//! Attacks on the record: that an action is allowed, and the log says nothing of it.

use aegis_testkit::{READ, Run};
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
