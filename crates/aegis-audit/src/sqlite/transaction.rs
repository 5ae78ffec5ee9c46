//! One transaction: events are linked to the chain behind the newest one, which was checked.

use std::ops::RangeInclusive;
use std::path::Path;

use aegis_ledger::block_index::{BlockIndex, block_of, completes_block};
use aegis_ledger::chain::{Head, Link, LogIdentity, SALT_LENGTH, commitment};
use aegis_ledger::event::{Body as _, EventKind, Field, Stamped};
use aegis_ledger::origin::Origin;
use aegis_ledger::record::Record;
use rusqlite::{Connection, OptionalExtension as _, Statement, params};

use super::deletion::delete_some;
use super::index::seal;
use super::open_questions::{each_asked, latest};
use super::origin::origin;
use super::precedents::approved_like;
use super::row::{ROW, read_record};
use super::scan::{each_event, each_event_of};
use super::sqlite_error::{changed, failed};
use crate::error::TrailError;
use crate::store::{Appended, EachEvent, Likeness, Snapshot, Transaction};

/// How many salts are drawn at once, at most: one question to the system costs more than what it gives.
const SALTS: usize = 256;

/// A transaction in which events are appended. Nothing of it is kept unless whoever began it commits it.
pub(super) struct Appending<'a> {
    pub(super) connection: &'a Connection,
    pub(super) path: &'a Path,
    pub(super) identity: &'a LogIdentity,
    /// The newest event, to which the next one is linked.
    pub(super) head: Head,
    /// The index of the newest block, as far as this writer wrote its events without a break.
    pub(super) index: BlockIndex,
    /// Salts that no event has used yet, and how many were drawn last.
    salts: Vec<[u8; SALT_LENGTH]>,
    drawn: usize,
}

impl<'a> Appending<'a> {
    /// Goes on behind the newest event.
    pub(super) const fn new(
        connection: &'a Connection,
        path: &'a Path,
        identity: &'a LogIdentity,
        head: Head,
        index: BlockIndex,
    ) -> Appending<'a> {
        Appending { connection, path, identity, head, index, salts: Vec::new(), drawn: 0 }
    }

    /// A salt that nothing has used. More are drawn the more are asked for.
    fn salt(&mut self, wanted: usize) -> Result<[u8; SALT_LENGTH], TrailError> {
        if let Some(salt) = self.salts.pop() {
            return Ok(salt);
        }
        self.drawn = wanted.max(self.drawn.saturating_mul(2)).clamp(1, SALTS);
        let mut salts = vec![[0; SALT_LENGTH]; self.drawn];
        getrandom::fill(salts.as_flattened_mut())?;
        self.salts = salts;
        self.salts.pop().ok_or(TrailError::Randomness(getrandom::Error::UNEXPECTED))
    }
}

impl Snapshot for Appending<'_> {
    fn identity(&self) -> &LogIdentity {
        self.identity
    }

    fn location(&self) -> &Path {
        self.path
    }

    fn origin(&self) -> Result<Origin, TrailError> {
        origin(self.connection, self.path, self.identity)
    }

    fn each_event(&self, numbers: RangeInclusive<u64>, each: &mut EachEvent<'_>) -> Result<(), TrailError> {
        each_event(self.connection, self.path, numbers, each)
    }

    fn each_event_of(&self, action_id: &str, each: &mut EachEvent<'_>) -> Result<(), TrailError> {
        each_event_of(self.connection, self.path, action_id, each)
    }

    fn each_question(&self, since: i64, each: &mut EachEvent<'_>) -> Result<(), TrailError> {
        each_asked(self.connection, self.path, (Field::Question, None), since, each)
    }

    fn each_offer(&self, key: Option<&str>, since: i64, each: &mut EachEvent<'_>) -> Result<(), TrailError> {
        each_asked(self.connection, self.path, (Field::Grant, key), since, each)
    }

    fn latest(&self) -> Result<i64, TrailError> {
        latest(self.connection, self.path)
    }

    fn approved_like(&self, like: Likeness<'_>, most: u64) -> Result<Vec<u64>, TrailError> {
        approved_like(self.connection, self.path, like, most)
    }
}

impl Transaction for Appending<'_> {
    fn head(&self) -> Head {
        self.head
    }

    fn has_after(&self, seq: u64, kind: EventKind) -> Result<bool, TrailError> {
        let seq = i64::try_from(seq).unwrap_or(i64::MAX);
        self.connection
            .query_row(
                "SELECT EXISTS (SELECT 1 FROM events WHERE seq > ?1 AND kind = ?2)",
                params![seq, kind.as_str()],
                |row| row.get(0),
            )
            .map_err(|error| failed(self.path, error))
    }

    fn append(&mut self, events: &[Stamped<'_>]) -> Result<Vec<Appended>, TrailError> {
        let (connection, path) = (self.connection, self.path);
        let failed = |error| failed(path, error);
        let mut insert = connection
            .prepare_cached(
                "INSERT INTO events (seq, at, kind, action_id, body, payload, salt, commitment, prev_hash, hash)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )
            .map_err(failed)?;
        let mut referred = connection
            .prepare_cached(
                "SELECT seq FROM events WHERE action_id = ?1 AND kind = ?2 ORDER BY seq DESC LIMIT 1",
            )
            .map_err(failed)?;
        let mut appended = Vec::with_capacity(events.len());
        for (index, stamped) in events.iter().enumerate() {
            let salt = self.salt(events.len().saturating_sub(index))?;
            appended.push(link(&mut insert, &mut referred, self, stamped, &salt)?);
            let seq = self.head.seq.unsigned_abs();
            if completes_block(seq) {
                seal(connection, path, block_of(seq), &self.index)?;
                self.index = BlockIndex::default();
            }
        }
        Ok(appended)
    }

    fn record(&self, seq: u64) -> Result<Option<Record>, TrailError> {
        let failed = |error| failed(self.path, error);
        let mut row = self.connection.prepare_cached(ROW).map_err(failed)?;
        let found = row.query_row([seq], |row| Ok(read_record(row))).optional().map_err(failed)?;
        found.transpose().map_err(|problem| TrailError::Unreadable {
            path: self.path.to_owned(),
            seq: i64::try_from(seq).unwrap_or(i64::MAX),
            problem: problem.to_string(),
        })
    }

    fn remove_payloads(&mut self, events: &[u64]) -> Result<(), TrailError> {
        let failed = |error| failed(self.path, error);
        let mut statement = self
            .connection
            .prepare("UPDATE events SET payload = NULL, salt = NULL WHERE seq = ?1")
            .map_err(failed)?;
        for event in events {
            changed(self.path, statement.execute([event]).map_err(failed)?, 1)?;
        }
        let mut left = self
            .connection
            .prepare("SELECT payload IS NULL AND salt IS NULL FROM events WHERE seq = ?1")
            .map_err(failed)?;
        for event in events {
            let removed: bool = left.query_row([event], |row| row.get(0)).map_err(failed)?;
            changed(self.path, usize::from(removed), 1)?;
        }
        Ok(())
    }

    fn delete_pruned(&mut self) -> Result<u64, TrailError> {
        let deleted = delete_some(self.connection, self.path)?;
        if deleted > 0 {
            // What this writer knows of the newest block may be about events that are gone now.
            self.index = BlockIndex::default();
        }
        Ok(deleted)
    }
}

/// Stores one event behind the newest one, and tells what the newest one is then.
fn link(
    insert: &mut Statement<'_>,
    referred: &mut Statement<'_>,
    log: &mut Appending<'_>,
    stamped: &Stamped<'_>,
    salt: &[u8; SALT_LENGTH],
) -> Result<Appended, TrailError> {
    let path = log.path;
    let failed = |error| failed(path, error);
    let refers_to: Option<i64> = match stamped.event.refers_to() {
        None => None,
        Some((action_id, kind)) => {
            referred.query_row([action_id, kind.as_str()], |row| row.get(0)).optional().map_err(failed)?
        }
    };
    let refers_to = refers_to.map(i64::unsigned_abs);
    let encoded = stamped.event.encode(refers_to, &log.identity.key)?;
    let kind = encoded.body.kind();
    let at = stamped.at.timestamp_millis();
    let previous = log.head;
    let Some(seq) = previous.seq.checked_add(1) else {
        return Err(TrailError::Tampered { path: log.path.to_owned(), seq: previous.seq });
    };
    let commitment = commitment(encoded.payload.as_deref(), salt);
    let hash = Link {
        log_id: &log.identity.id,
        seq,
        at,
        kind: kind.as_str(),
        action_id: encoded.action_id,
        body: &encoded.json,
        commitment: commitment.as_bytes(),
        prev_hash: previous.hash.as_bytes(),
    }
    .hash();
    let inserted = insert
        .execute(params![
            seq,
            at,
            kind.as_str(),
            encoded.action_id,
            encoded.json,
            encoded.payload,
            salt,
            commitment.as_bytes(),
            previous.hash.as_bytes(),
            hash.as_bytes()
        ])
        .map_err(failed)?;
    changed(path, inserted, 1)?;
    let number = seq.unsigned_abs();
    log.index.add_words(number, at, kind.as_str(), hash, &encoded.body.words());
    log.head = Head { seq, hash };
    Ok(Appended { head: log.head, record: encoded.body.record(number) })
}
