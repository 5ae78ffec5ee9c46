//! Linking events to the chain, inside one transaction.

use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _, Statement, params};

use crate::chain::{Link, SALT_LENGTH, commitment};
use crate::error::TrailError;
use crate::event::Stamped;
use crate::index::{BlockIndex, Indexed, block_of, completes_block, seal};
use crate::receipt::Receipt;
use crate::schema::LogIdentity;
use crate::tail::Head;

/// How many salts are drawn at once: one question to the system costs more than what it gives.
const SALTS: usize = 256;

/// A transaction in which events are appended. Nothing of it is kept unless whoever began it commits it.
pub(crate) struct Appending<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) path: &'a Path,
    pub(crate) identity: &'a LogIdentity,
    /// The newest event, to which the next one is linked.
    pub(crate) head: Head,
    /// The index of the newest block, as far as this writer wrote its events without a break.
    pub(crate) index: BlockIndex,
}

impl Appending<'_> {
    /// Appends events. The receipts are worth something once the transaction is committed.
    pub(crate) fn append(&mut self, events: &[Stamped<'_>]) -> Result<Vec<Receipt>, TrailError> {
        let failed = |error| TrailError::sqlite(self.path, error);
        let mut insert = self
            .connection
            .prepare_cached(
                "INSERT INTO events (seq, at, kind, action_id, body, payload, salt, commitment, prev_hash, hash)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )
            .map_err(failed)?;
        let mut referred = self
            .connection
            .prepare_cached(
                "SELECT seq FROM events WHERE action_id = ?1 AND kind = ?2 ORDER BY seq DESC LIMIT 1",
            )
            .map_err(failed)?;
        let log: Arc<str> = hex::encode(&self.identity.id).into();
        let mut receipts = Vec::with_capacity(events.len());
        for chunk in events.chunks(SALTS) {
            let mut salts = [[0; SALT_LENGTH]; SALTS];
            let drawn = salts.get_mut(..chunk.len()).unwrap_or_default();
            getrandom::fill(drawn.as_flattened_mut())?;
            for (stamped, salt) in chunk.iter().zip(drawn) {
                let head = link(&mut insert, &mut referred, self, stamped, salt)?;
                receipts.push(Receipt {
                    log: Arc::clone(&log),
                    seq: head.seq.unsigned_abs(),
                    head: head.hash,
                    action_id: stamped.event.action_id().to_owned(),
                    answer: stamped.event.final_answer(),
                });
                self.head = head;
                let seq = head.seq.unsigned_abs();
                if completes_block(seq) {
                    seal(self.connection, self.path, block_of(seq), &self.index)?;
                    self.index = BlockIndex::default();
                }
            }
        }
        Ok(receipts)
    }
}

/// Stores one event behind the newest one, and tells what the newest one is then.
fn link(
    insert: &mut Statement<'_>,
    referred: &mut Statement<'_>,
    log: &mut Appending<'_>,
    stamped: &Stamped<'_>,
    salt: &[u8; SALT_LENGTH],
) -> Result<Head, TrailError> {
    let failed = |error| TrailError::sqlite(log.path, error);
    let refers_to: Option<i64> = match stamped.event.refers_to() {
        None => None,
        Some((action_id, kind)) => {
            referred.query_row([action_id, kind], |row| row.get(0)).optional().map_err(failed)?
        }
    };
    let refers_to = refers_to.map(i64::unsigned_abs);
    let encoded = stamped.event.encode(refers_to, &log.identity.key)?;
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
        kind: encoded.kind,
        action_id: encoded.action_id,
        body: &encoded.body,
        commitment: commitment.as_bytes(),
        prev_hash: previous.hash.as_bytes(),
    }
    .hash();
    insert
        .execute(params![
            seq,
            at,
            encoded.kind,
            encoded.action_id,
            encoded.body,
            encoded.payload,
            salt,
            commitment.as_bytes(),
            previous.hash.as_bytes(),
            hash.as_bytes()
        ])
        .map_err(failed)?;
    let words = Indexed::of(&stamped.event, refers_to);
    log.index.add_words(seq.unsigned_abs(), at, encoded.kind, hash, &words);
    Ok(Head { seq, hash })
}
