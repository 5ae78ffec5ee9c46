//! What `verify` and the readers make of a log that was meddled with.

mod names;
mod numbers;
mod pruned;

use aegis_testkit::{Run, relink, without_triggers};
use rusqlite::Connection;

use crate::environment::TestEnvironment;

/// Where the log is.
const LOG: &str = "aegis_audit.db";

/// The log as somebody with the file opens it, all of it in one file.
fn meddle(environment: &TestEnvironment) -> Connection {
    let connection = Connection::open(environment.file(LOG)).unwrap();
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    connection
}

/// Changes rows, and gives every row from this one on the hash that it must have then.
fn forge(environment: &TestEnvironment, from: i64, sql: &str) {
    without_triggers(&meddle(environment), |connection| {
        connection.execute_batch(sql).unwrap();
        relink(connection, from);
    });
}

/// What the commands do that read a log.
fn readings(environment: &TestEnvironment) -> Vec<Run> {
    [
        &["audit", "verify"][..],
        &["audit", "verify", "--format", "json"],
        &["audit", "checkpoint", "--no-record"],
        &["audit", "show", "seq:1"],
        &["audit", "show", "seq:2", "--format", "json"],
        &["audit"],
        &["audit", "--format", "jsonl", "--reverse"],
        &["audit", "--format", "csv", "--limit", "3"],
        &["audit", "--events"],
        &["audit", "stats"],
        &["audit", "report"],
    ]
    .into_iter()
    .map(|arguments| environment.aegis(arguments))
    .collect()
}
