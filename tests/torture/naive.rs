//! Writers that break the law, for the controls: what catches nothing in them catches nothing anywhere.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use aegis_audit::Journal;
use aegis_testkit::{Row, commitment, identity};
use rusqlite::{Connection, params};

const ROLE: &str = "AEGIS_TORTURE_ROLE";
const LOG: &str = "AEGIS_TORTURE_LOG";

/// What is wrong with a writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It answers, and commits afterwards.
    AnswersFirst,
    /// It syncs nothing when it commits.
    SyncsLater,
}

/// The writer, as a program that appends this many rows and answers for each.
pub(crate) fn writer(fault: Fault, log: &Path, rows: usize) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "naive::plays_its_role", "--nocapture", "--test-threads=1"]);
    command.env(ROLE, format!("{fault:?} {rows}")).env(LOG, log);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Makes an empty log.
pub(crate) fn create(log: &Path) {
    drop(Journal::open(log, Duration::from_secs(60)).unwrap());
}

#[test]
fn plays_its_role() {
    let (Ok(role), Some(log)) = (std::env::var(ROLE), std::env::var_os(LOG)) else { return };
    let (fault, rows) = role.split_once(' ').unwrap();
    let fault = if fault == "AnswersFirst" { Fault::AnswersFirst } else { Fault::SyncsLater };
    let connection = Connection::open(PathBuf::from(log)).unwrap();
    connection.busy_timeout(Duration::from_secs(60)).unwrap();
    let synchronous = if fault == Fault::SyncsLater { "NORMAL" } else { "FULL" };
    connection.execute_batch(&format!("PRAGMA synchronous = {synchronous}")).unwrap();
    // Ends the line that the test harness began.
    println!();
    for _ in 0..rows.parse().unwrap() {
        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        let answer = append(&connection);
        if fault == Fault::AnswersFirst {
            say(&answer);
            std::thread::sleep(Duration::from_millis(20));
        }
        connection.execute_batch("COMMIT").unwrap();
        if fault != Fault::AnswersFirst {
            say(&answer);
        }
    }
}

fn say(answer: &str) {
    println!("{answer}");
    std::io::stdout().flush().unwrap();
}

/// Appends a row that fits the chain, and gives the answer that claims it.
fn append(connection: &Connection) -> String {
    let (id, genesis) = identity(connection).unwrap();
    let newest = connection.query_row("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1", [], |row| {
        Ok((row.get(0)?, row.get(1)?))
    });
    let (seq, previous) = newest.unwrap_or((0_i64, genesis));
    let salt = vec![7; 32];
    let mut row = Row {
        seq: seq + 1,
        at: 1_700_000_000_000,
        kind: "decided".to_owned(),
        // No later writer makes the same row in place of a lost one.
        action_id: format!("naive-{}-{}", std::process::id(), seq + 1),
        body: r#"{"session_id":"naive","decision":"auto"}"#.to_owned(),
        commitment: commitment(None, &salt),
        payload: None,
        salt: Some(salt),
        previous,
        hash: Vec::new(),
    };
    row.hash = row.computed_hash(&id);
    connection
        .execute(
            "INSERT INTO events (seq, at, kind, action_id, body, payload, salt, commitment, prev_hash, hash)
             VALUES (?1, ?2, ?3, ?4, ?5, NULL, ?6, ?7, ?8, ?9)",
            params![
                row.seq,
                row.at,
                row.kind,
                row.action_id,
                row.body,
                row.salt,
                row.commitment,
                row.previous,
                row.hash
            ],
        )
        .unwrap();
    serde_json::json!({
        "allowed": true,
        "action_id": row.action_id,
        "receipt": { "log": hex::encode(id), "seq": row.seq, "head": hex::encode(&row.hash) },
    })
    .to_string()
}
