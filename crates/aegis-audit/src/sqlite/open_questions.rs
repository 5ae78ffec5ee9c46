//! The events that opened a question, or offered a grant: found by the index, and among the newest ones by
//! their kind.

use std::collections::BTreeSet;
use std::path::Path;

use aegis_ledger::block_index::first_of;
use aegis_ledger::event::{EventKind, Field};
use roaring::RoaringBitmap;
use rusqlite::{Connection, params};

use super::row::{Ascending, EVENT_COLUMNS, read_event};
use super::sqlite_error::failed;
use crate::error::TrailError;
use crate::store::EachEvent;

/// Calls `each` with the `requested` events since then that have a word in this field, or this very word,
/// oldest first, until it breaks. Of the newest ones, which the index does not have yet, all others are given
/// as well.
pub(super) fn each_asked(
    connection: &Connection,
    path: &Path,
    word: (Field, Option<&str>),
    since: i64,
    each: &mut EachEvent<'_>,
) -> Result<(), TrailError> {
    let failed = |error| failed(path, error);
    let mut order = Ascending::default();
    let mut one = connection
        .prepare_cached(&format!("SELECT {EVENT_COLUMNS} FROM events WHERE seq = ?1"))
        .map_err(failed)?;
    for seq in indexed(connection, path, word, since)? {
        let mut rows = one.query([seq]).map_err(failed)?;
        let Some(row) = rows.next().map_err(failed)? else { continue };
        if each(order.next(path, row.get(0).map_err(failed)?)?, read_event(row))?.is_break() {
            return Ok(());
        }
    }
    let from = first_unindexed(connection).map_err(failed)?;
    let mut newest = connection
        .prepare_cached(&format!(
            "SELECT {EVENT_COLUMNS} FROM events WHERE seq >= ?1 AND kind = ?2 AND at >= ?3 ORDER BY seq"
        ))
        .map_err(failed)?;
    let mut rows = newest.query(params![from, EventKind::Requested.as_str(), since]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        if each(order.next(path, row.get(0).map_err(failed)?)?, read_event(row))?.is_break() {
            break;
        }
    }
    Ok(())
}

/// The latest instant that any event has.
pub(super) fn latest(connection: &Connection, path: &Path) -> Result<i64, TrailError> {
    let newest = |connection: &Connection| -> rusqlite::Result<i64> {
        let from = first_unindexed(connection)?;
        connection.query_row(
            "SELECT max(coalesce((SELECT max(latest) FROM blocks), 0),
                        coalesce((SELECT max(at) FROM events WHERE seq >= ?1), 0))",
            [from],
            |row| row.get(0),
        )
    };
    newest(connection).map_err(|error| failed(path, error))
}

/// The number of the first event that no block of the index has yet.
fn first_unindexed(connection: &Connection) -> rusqlite::Result<u64> {
    let newest: Option<u64> = connection.query_row("SELECT max(block) FROM blocks", [], |row| row.get(0))?;
    Ok(newest.map_or(0, |block| first_of(block.saturating_add(1))))
}

/// The numbers of the events that the index lists.
fn indexed(
    connection: &Connection,
    path: &Path,
    (field, word): (Field, Option<&str>),
    since: i64,
) -> Result<BTreeSet<u64>, TrailError> {
    let failed = |error| failed(path, error);
    let mut statement = connection
        .prepare_cached(
            "SELECT t.block, t.events FROM terms t JOIN blocks b ON b.block = t.block
             WHERE t.field = ?1 AND b.latest >= ?2 AND (?3 IS NULL OR t.value = ?3)",
        )
        .map_err(failed)?;
    let mut rows = statement.query(params![field as u8, since, word]).map_err(failed)?;
    let mut numbers = BTreeSet::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let (block, bytes): (u64, Vec<u8>) =
            row.get(0).and_then(|block| Ok((block, row.get(1)?))).map_err(failed)?;
        let events = RoaringBitmap::deserialize_from(bytes.as_slice()).map_err(|_| {
            let problem = format!("the index of {field:?} in block {block} cannot be read");
            TrailError::Corrupt { path: path.to_owned(), problem }
        })?;
        numbers.extend(events.iter().map(|offset| first_of(block).saturating_add(u64::from(offset))));
    }
    Ok(numbers)
}
