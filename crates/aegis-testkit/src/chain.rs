//! An independent check of a log, written from the description of the format and with nothing of the
//! program's own.

use std::path::Path;

use aegis_audit::sqlite::TrailReader;
use rusqlite::{Connection, OpenFlags};
use sha2::{Digest as _, Sha256};

use crate::PATIENCE;

/// What is read of a row, in this order.
const COLUMNS: &str = "seq, at, kind, action_id, body, payload, salt, commitment, prev_hash, hash";

/// A log whose chain was checked.
#[derive(Clone, Debug)]
pub struct Log {
    /// Hexadecimal, as receipts have it.
    pub id: String,
    /// In order of their numbers, which are 1, 2, 3 …
    pub rows: Vec<Row>,
}

impl Log {
    /// Reads a log and checks every row of it. Rows in a write-ahead log are found as after a crash.
    ///
    /// # Errors
    /// What is wrong with the log.
    pub fn read(path: &Path) -> Result<Log, String> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let failed = |error: rusqlite::Error| format!("cannot be read: {error}");
        let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
        Log::of(&connection).map_err(failed)?
    }

    /// Reads a log that Aegis wrote, and has it verified by Aegis too: both must find the same, and nothing
    /// wrong.
    ///
    /// # Errors
    /// What is wrong with the log, or that not the same was found.
    pub fn verified(path: &Path) -> Result<Log, String> {
        let log = Log::read(path)?;
        let found = TrailReader::open(path)
            .and_then(|reader| reader.verify(Vec::new(), |_, _| {}))
            .map_err(|error| format!("it cannot be verified: {error}"))?;
        let head = log.rows.last().map(|row| &row.hash);
        let same =
            head.is_none_or(|head| head == found.head.as_bytes()) && found.rows == log.rows.len() as u64;
        if found.is_sound() && same { Ok(log) } else { Err(format!("verified as {found:?}")) }
    }

    fn of(connection: &Connection) -> rusqlite::Result<Result<Log, String>> {
        connection.busy_timeout(PATIENCE)?;
        let sound: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
        if sound != "ok" {
            return Ok(Err(format!("the database is not sound: {sound}")));
        }
        let (id, mut previous) = identity(connection)?;
        let mut statement = connection.prepare(&format!("SELECT {COLUMNS} FROM events ORDER BY seq"))?;
        let mut rows = Vec::new();
        for row in statement.query_map([], Row::of)? {
            let row = row?;
            if row.seq != i64::try_from(rows.len()).unwrap() + 1 {
                return Ok(Err(format!("row {} follows row {}", row.seq, rows.len())));
            }
            let payload = row.payload.as_deref();
            if row.salt.as_ref().is_some_and(|salt| commitment(payload, salt) != row.commitment) {
                return Ok(Err(format!("row {} has another payload", row.seq)));
            }
            if row.previous != previous || row.computed_hash(&id) != row.hash {
                return Ok(Err(format!("row {} breaks the chain", row.seq)));
            }
            previous.clone_from(&row.hash);
            rows.push(row);
        }
        Ok(Ok(Log { id: hex::encode(id), rows }))
    }
}

/// A stored event, as another program would read it.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its number, from 1.
    pub seq: i64,
    /// When it happened, in milliseconds since 1970.
    pub at: i64,
    /// What happened.
    pub kind: String,
    /// The id of the action.
    pub action_id: String,
    /// What is known of the event, in JSON.
    pub body: String,
    /// What may be secret of it, in JSON, until it is removed.
    pub payload: Option<String>,
    /// What is hashed with the payload.
    pub salt: Option<Vec<u8>>,
    /// The hash of salt and payload.
    pub commitment: Vec<u8>,
    /// The hash of the row before.
    pub previous: Vec<u8>,
    /// The hash of the row.
    pub hash: Vec<u8>,
}

impl Row {
    fn of(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
        Ok(Row {
            seq: row.get(0)?,
            at: row.get(1)?,
            kind: row.get(2)?,
            action_id: row.get(3)?,
            body: row.get(4)?,
            payload: row.get(5)?,
            salt: row.get(6)?,
            commitment: row.get(7)?,
            previous: row.get(8)?,
            hash: row.get(9)?,
        })
    }

    /// The session that its body names.
    pub fn session(&self) -> String {
        let body: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        body["session_id"].as_str().unwrap_or_default().to_owned()
    }

    /// The hash that its content has in the log with this id.
    pub fn computed_hash(&self, log_id: &[u8]) -> Vec<u8> {
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

/// A log's id, and the hash before its first row.
///
/// # Errors
/// Where the database has no such log.
pub fn identity(connection: &Connection) -> rusqlite::Result<(Vec<u8>, Vec<u8>)> {
    connection.query_row("SELECT id, created_at, key FROM log", [], |row| {
        let (id, created_at, key): (Vec<u8>, i64, Vec<u8>) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let genesis = sha256(
            b"aegis-log-v2\0",
            &[part(&id), created_at.to_be_bytes().to_vec(), part(&Sha256::digest(key))],
        );
        Ok((id, genesis))
    })
}

/// Gives a row the hash that its content has, as somebody who knows the format can. The row must be there.
pub fn rehash(connection: &Connection, seq: i64) {
    let (id, _) = identity(connection).unwrap();
    let sql = format!("SELECT {COLUMNS} FROM events WHERE seq = ?1");
    let row = connection.query_row(&sql, [seq], Row::of).unwrap();
    let hash = row.computed_hash(&id);
    connection.execute("UPDATE events SET hash = ?1 WHERE seq = ?2", (hash, seq)).unwrap();
}

/// Links every row from this one on to the row before it, and gives each the hash that its content has: what
/// somebody who knows the format writes anew. Commitments are computed anew, too.
pub fn relink(connection: &Connection, from: i64) {
    let (id, genesis) = identity(connection).unwrap();
    let before = "SELECT hash FROM events WHERE seq < ?1 ORDER BY seq DESC LIMIT 1";
    let mut previous = connection.query_row(before, [from], |row| row.get(0)).unwrap_or(genesis);
    let sql = format!("SELECT {COLUMNS} FROM events WHERE seq >= ?1 ORDER BY seq");
    let mut statement = connection.prepare(&sql).unwrap();
    let rows: Vec<Row> = statement.query_map([from], Row::of).unwrap().map(Result::unwrap).collect();
    for mut row in rows {
        row.previous = previous;
        if let Some(salt) = &row.salt {
            row.commitment = commitment(row.payload.as_deref(), salt);
        }
        row.hash = row.computed_hash(&id);
        connection
            .execute(
                "UPDATE events SET prev_hash = ?1, commitment = ?2, hash = ?3 WHERE seq = ?4",
                (&row.previous, &row.commitment, &row.hash, row.seq),
            )
            .unwrap();
        previous = row.hash;
    }
}

/// What a row says of a payload, which is `None` where there is none.
pub fn commitment(payload: Option<&str>, salt: &[u8]) -> Vec<u8> {
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

fn sha256(tag: &[u8], parts: &[Vec<u8>]) -> Vec<u8> {
    Sha256::new_with_prefix(tag).chain_update(parts.concat()).finalize().to_vec()
}
