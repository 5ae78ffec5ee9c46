//! Rows as events and as records.

use std::error::Error;
use std::path::Path;

use aegis_ledger::record::{BorrowedRecord, Record, RecordRow, Scratch};
use aegis_ledger::stored_event::StoredEvent;
use rusqlite::Row;
use rusqlite::types::ValueRef;

use crate::error::TrailError;

/// The columns that [`read_event`] reads, in order.
pub(super) const EVENT_COLUMNS: &str =
    "seq, at, kind, action_id, body, payload, salt, commitment, prev_hash, hash";

/// The columns of `events d` that [`record_row`] reads, in order.
pub(super) const RECORD_COLUMNS: &str = "d.seq, d.at, d.action_id, d.body, d.payload, d.hash";

/// An event, and the newest `ended` one of the same action.
pub(super) const ROW: &str = "SELECT d.seq, d.at, d.action_id, d.body, d.payload, d.hash, \
                   (SELECT e.body FROM events e WHERE e.action_id = d.action_id AND e.kind = 'ended' \
                    ORDER BY e.seq DESC LIMIT 1) FROM events d WHERE d.seq = ?1";

/// Reads a row of [`EVENT_COLUMNS`].
///
/// # Errors
/// When a value is not of the type that every row has there. The text says which.
pub(super) fn read_event<'a>(row: &'a Row<'_>) -> Result<StoredEvent<'a>, String> {
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

/// Refuses rows that do not come in the order that was asked for: pages that lead back to themselves give the
/// same rows over and over.
#[derive(Debug, Default)]
pub(super) struct Ascending(Option<i64>);

impl Ascending {
    /// Takes the number of the next row.
    pub(super) fn next(&mut self, path: &Path, seq: i64) -> Result<i64, TrailError> {
        if self.0.is_some_and(|before| before >= seq) {
            let problem = "it stands behind a row that it should come before".to_owned();
            return Err(TrailError::Unreadable { path: path.to_owned(), seq, problem });
        }
        self.0 = Some(seq);
        Ok(seq)
    }
}

/// What of a row of [`RECORD_COLUMNS`] its record is made of.
pub(super) fn record_row<'a>(row: &'a Row<'_>) -> Result<RecordRow<'a>, Box<dyn Error>> {
    let seq: i64 = row.get(0)?;
    Ok(RecordRow {
        seq: seq.unsigned_abs(),
        at: row.get(1)?,
        action_id: row.get_ref(2)?.as_str()?,
        body: row.get_ref(3)?.as_str()?,
        payload: row.get_ref(4)?.as_str_or_null()?,
        hash: row.get_ref(5)?.as_blob()?,
    })
}

/// Reads a row of [`ROW`].
pub(super) fn read_record(row: &Row<'_>) -> Result<Record, Box<dyn Error>> {
    let ended = row.get_ref(6)?.as_str_or_null()?;
    Ok(BorrowedRecord::read(&record_row(row)?, ended, &mut Scratch::default())?.to_record()?)
}

fn name(column: usize) -> &'static str {
    EVENT_COLUMNS.split(", ").nth(column).unwrap_or_default()
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
