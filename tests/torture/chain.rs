//! An independent check of a log, written from the description of the format and with nothing of the program's own.

use std::path::Path;

use aegis_audit::TrailReader;
use rusqlite::{Connection, OpenFlags};
use sha2::{Digest as _, Sha256};

/// A hash, a commitment.
pub(crate) type Hash = [u8; 32];

/// A log whose chain was checked.
pub(crate) struct Log {
    /// Hexadecimal, as receipts have it.
    pub(crate) id: String,
    /// In order of their numbers, which are 1, 2, 3 …
    pub(crate) rows: Vec<Row>,
}

pub(crate) struct Row {
    pub(crate) action_id: String,
    pub(crate) kind: String,
    pub(crate) body: String,
    pub(crate) hash: Hash,
}

impl Row {
    pub(crate) fn session(&self) -> String {
        let body: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        body["session_id"].as_str().unwrap_or_default().to_owned()
    }
}

impl Log {
    /// Reads a log and checks every row of it. Rows in a write-ahead log are found as after a crash.
    pub(crate) fn read(path: &Path) -> Result<Log, String> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let failed = |error: rusqlite::Error| format!("cannot be read: {error}");
        let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
        Log::of(&connection).map_err(failed)?
    }

    /// Reads a log that Aegis wrote, and has it verified by Aegis too: both must find the same, and nothing wrong.
    pub(crate) fn verified(path: &Path) -> Result<Log, String> {
        let log = Log::read(path)?;
        let found = TrailReader::open(path)
            .and_then(|reader| reader.verify(Vec::new(), |_, _| {}))
            .map_err(|error| format!("it cannot be verified: {error}"))?;
        let head = log.rows.last().map(|row| row.hash);
        let same =
            head.is_none_or(|head| head == *found.head.as_bytes()) && found.rows == log.rows.len() as u64;
        if found.is_sound() && same { Ok(log) } else { Err(format!("verified as {found:?}")) }
    }

    fn of(connection: &Connection) -> rusqlite::Result<Result<Log, String>> {
        connection.busy_timeout(std::time::Duration::from_secs(60))?;
        let sound: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
        if sound != "ok" {
            return Ok(Err(format!("the database is not sound: {sound}")));
        }
        let (id, mut previous) = identity(connection)?;
        let mut statement = connection.prepare(
            "SELECT seq, at, kind, action_id, body, payload, salt, commitment, prev_hash, hash
             FROM events ORDER BY seq",
        )?;
        let mut found = statement.query([])?;
        let mut rows = Vec::new();
        while let Some(row) = found.next()? {
            let stored = Stored {
                seq: row.get(0)?,
                at: row.get(1)?,
                kind: row.get(2)?,
                action_id: row.get(3)?,
                body: row.get(4)?,
                commitment: row.get(7)?,
                previous: row.get(8)?,
            };
            let (payload, salt): (Option<String>, Option<Vec<u8>>) = (row.get(5)?, row.get(6)?);
            let hash: Hash = row.get(9)?;
            if stored.seq != i64::try_from(rows.len()).unwrap() + 1 {
                return Ok(Err(format!("row {} follows row {}", stored.seq, rows.len())));
            }
            if salt.is_some_and(|salt| commitment(payload.as_deref(), &salt) != stored.commitment) {
                return Ok(Err(format!("row {} has another payload", stored.seq)));
            }
            if stored.previous != previous || stored.hash(&id) != hash {
                return Ok(Err(format!("row {} breaks the chain", stored.seq)));
            }
            previous = hash;
            let Stored { kind, action_id, body, .. } = stored;
            rows.push(Row { action_id, kind, body, hash });
        }
        Ok(Ok(Log { id: hex::encode(id), rows }))
    }
}

/// A log's id, and the hash before its first row.
pub(crate) fn identity(connection: &Connection) -> rusqlite::Result<(Vec<u8>, Hash)> {
    connection.query_row("SELECT id, created_at, key FROM log", [], |row| {
        let (id, created_at, key): (Vec<u8>, i64, Vec<u8>) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let genesis = sha256(
            b"aegis-log-v2\0",
            &[part(&id), created_at.to_be_bytes().to_vec(), part(&Sha256::digest(key))],
        );
        Ok((id, genesis))
    })
}

/// What a row's hash covers.
pub(crate) struct Stored {
    pub(crate) seq: i64,
    pub(crate) at: i64,
    pub(crate) kind: String,
    pub(crate) action_id: String,
    pub(crate) body: String,
    pub(crate) commitment: Hash,
    pub(crate) previous: Hash,
}

impl Stored {
    pub(crate) fn hash(&self, log_id: &[u8]) -> Hash {
        sha256(
            b"aegis-event-v1\0",
            &[
                part(log_id),
                self.seq.to_be_bytes().to_vec(),
                self.at.to_be_bytes().to_vec(),
                part(self.kind.as_bytes()),
                part(self.action_id.as_bytes()),
                part(self.body.as_bytes()),
                part(&self.commitment),
                part(&self.previous),
            ],
        )
    }
}

pub(crate) fn commitment(payload: Option<&str>, salt: &[u8]) -> Hash {
    let rest = match payload {
        None => 0_i64.to_be_bytes().to_vec(),
        Some(payload) => [1_i64.to_be_bytes().to_vec(), part(payload.as_bytes())].concat(),
    };
    sha256(b"aegis-payload-v1\0", &[part(salt), rest])
}

/// The length as eight bytes, then the bytes.
fn part(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u64).to_be_bytes(), bytes].concat()
}

fn sha256(tag: &[u8], parts: &[Vec<u8>]) -> Hash {
    let mut hasher = Sha256::new_with_prefix(tag);
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

#[test]
fn the_check_finds_edits_gaps_and_forks() {
    use crate::environment::{READ, TestEnvironment};

    let environment = TestEnvironment::new();
    let input = format!("{READ}\n").repeat(4);
    assert_eq!(environment.aegis_with_input(&["check", "--jsonl"], input).code, 0);
    let log = environment.file("aegis_audit.db");
    assert_eq!(Log::verified(&log).unwrap().rows.len(), 4);
    let edit = |sql: &str| {
        let connection = Connection::open(&log).unwrap();
        for trigger in ["events_come_last", "events_are_fixed", "events_stay", "payloads_can_only_be_removed"]
        {
            connection.execute_batch(&format!("DROP TRIGGER IF EXISTS {trigger}")).unwrap();
        }
        connection.execute_batch(sql).unwrap();
    };
    let reported = |sql: &str, undo: &str, expected: &str| {
        edit(sql);
        let problem = Log::read(&log).err().unwrap_or_default();
        assert!(problem.contains(expected), "{sql}: {problem:?}");
        assert!(Log::verified(&log).is_err(), "{sql}");
        edit(undo);
    };
    reported(
        "UPDATE events SET at = at + 1 WHERE seq = 2",
        "UPDATE events SET at = at - 1 WHERE seq = 2",
        "row 2",
    );
    reported(
        "UPDATE events SET payload = payload || ' ' WHERE seq = 3",
        "UPDATE events SET payload = rtrim(payload) WHERE seq = 3",
        "row 3 has another payload",
    );
    reported(
        "DROP TRIGGER log_is_fixed; UPDATE log SET created_at = created_at + 1",
        "UPDATE log SET created_at = created_at - 1",
        "row 1 breaks the chain",
    );
    reported("DELETE FROM events WHERE seq = 2", "", "row 3 follows row 1");
}
