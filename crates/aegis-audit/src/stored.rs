//! Events as they are stored: read without being copied, and compared with their own hashes.

use aegis_engine::Digest;
use rusqlite::Row;
use rusqlite::types::ValueRef;

use crate::chain::{Link, commitment};

/// One row of the log, as stored. The strings are what is hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredEvent<'a> {
    /// The number of the event, from 1.
    pub seq: u64,
    /// When it happened, in milliseconds since the Unix epoch.
    pub at: i64,
    /// The kind of event: `requested`, `answered`, `decided`, `ended`, `checkpoint`, `redacted` or `pruned`.
    pub kind: &'a str,
    /// The action that it belongs to; empty where it is about the log itself.
    pub action_id: &'a str,
    /// What is known about it: a JSON object.
    pub body: &'a str,
    /// What may hold secrets: a JSON object with `params` and `description`. Absent where there is none, or it was
    /// removed.
    pub payload: Option<&'a str>,
    /// What hides the payload behind its commitment. Absent where the payload was removed.
    pub salt: Option<&'a [u8]>,
    /// The hash of salt and payload.
    pub commitment: &'a [u8],
    /// The hash of the event before.
    pub prev_hash: &'a [u8],
    /// The event's own hash.
    pub hash: &'a [u8],
}

/// In which way a stored event does not fit its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Misfit {
    /// The payload or its salt is not the one committed to.
    Payload,
    /// Something else is not what was hashed.
    Content,
}

impl<'a> StoredEvent<'a> {
    /// The columns that [`read`](StoredEvent::read) reads, in order.
    pub(crate) const COLUMNS: &'static str =
        "seq, at, kind, action_id, body, payload, salt, commitment, prev_hash, hash";

    /// Reads a row of [`COLUMNS`](StoredEvent::COLUMNS).
    ///
    /// # Errors
    /// When a value is not of the type that every row has there. The text says which.
    pub(crate) fn read(row: &'a Row<'_>) -> Result<StoredEvent<'a>, String> {
        Ok(StoredEvent {
            seq: number(row, 0)?.try_into().map_err(|_| "its number is negative".to_owned())?,
            at: number(row, 1)?,
            kind: text(row, 2)?.ok_or_else(|| wrong(2))?,
            action_id: text(row, 3)?.ok_or_else(|| wrong(3))?,
            body: text(row, 4)?.ok_or_else(|| wrong(4))?,
            payload: text(row, 5)?,
            salt: bytes(row, 6)?,
            commitment: bytes(row, 7)?.ok_or_else(|| wrong(7))?,
            prev_hash: bytes(row, 8)?.ok_or_else(|| wrong(8))?,
            hash: bytes(row, 9)?.ok_or_else(|| wrong(9))?,
        })
    }

    /// The event's hash, if it is the one that its content has.
    pub(crate) fn checked_hash(&self, log_id: &[u8]) -> Result<Digest, Misfit> {
        let committed = match (self.payload, self.salt) {
            // A payload that was removed took its salt along; the commitment still stands for it.
            (None, None) => true,
            (Some(_), None) => false,
            (payload, Some(salt)) => commitment(payload, salt).as_bytes() == self.commitment,
        };
        if !committed {
            return Err(Misfit::Payload);
        }
        let Ok(seq) = i64::try_from(self.seq) else { return Err(Misfit::Content) };
        let hash = Link {
            log_id,
            seq,
            at: self.at,
            kind: self.kind,
            action_id: self.action_id,
            body: self.body,
            commitment: self.commitment,
            prev_hash: self.prev_hash,
        }
        .hash();
        if hash.as_bytes() == self.hash { Ok(hash) } else { Err(Misfit::Content) }
    }
}

fn name(column: usize) -> &'static str {
    StoredEvent::COLUMNS.split(", ").nth(column).unwrap_or_default()
}

fn wrong(column: usize) -> String {
    format!("its `{}` has a wrong type", name(column))
}

fn number(row: &Row<'_>, column: usize) -> Result<i64, String> {
    match row.get_ref(column) {
        Ok(ValueRef::Integer(number)) => Ok(number),
        _ => Err(wrong(column)),
    }
}

fn text<'a>(row: &'a Row<'_>, column: usize) -> Result<Option<&'a str>, String> {
    match row.get_ref(column) {
        Ok(ValueRef::Null) => Ok(None),
        Ok(ValueRef::Text(text)) => {
            std::str::from_utf8(text).map(Some).map_err(|_| format!("its `{}` is not UTF-8", name(column)))
        }
        _ => Err(wrong(column)),
    }
}

fn bytes<'a>(row: &'a Row<'_>, column: usize) -> Result<Option<&'a [u8]>, String> {
    match row.get_ref(column) {
        Ok(ValueRef::Null) => Ok(None),
        Ok(ValueRef::Blob(bytes)) => Ok(Some(bytes)),
        _ => Err(wrong(column)),
    }
}
