//! What `verify` and the readers make of a log that was meddled with.

mod lives;
mod names;
mod numbers;
mod pruned;

use aegis_testkit::Run;
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
