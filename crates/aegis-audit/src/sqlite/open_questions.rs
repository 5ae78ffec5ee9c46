//! The events that opened a question: found by the index, and among the newest ones by their kind.

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

/// Calls `each` with the events that opened a question since then, oldest first, until it breaks. Of the
/// newest ones, which the index does not have yet, those that asked without opening one are given as well.
pub(super) fn each_question(
    connection: &Connection,
    path: &Path,
    since: i64,
    each: &mut EachEvent<'_>,
) -> Result<(), TrailError> {
    let failed = |error| failed(path, error);
    let mut order = Ascending::default();
    let mut one = connection
        .prepare_cached(&format!("SELECT {EVENT_COLUMNS} FROM events WHERE seq = ?1"))
        .map_err(failed)?;
    for seq in indexed(connection, path, since)? {
        let mut rows = one.query([seq]).map_err(failed)?;
        let Some(row) = rows.next().map_err(failed)? else { continue };
        if each(order.next(path, row.get(0).map_err(failed)?)?, read_event(row))?.is_break() {
            return Ok(());
        }
    }
    let newest_block: Option<u64> =
        connection.query_row("SELECT max(block) FROM blocks", [], |row| row.get(0)).map_err(failed)?;
    let from = newest_block.map_or(0, |block| first_of(block.saturating_add(1)));
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

/// The numbers of the events that the index lists.
fn indexed(connection: &Connection, path: &Path, since: i64) -> Result<BTreeSet<u64>, TrailError> {
    let failed = |error| failed(path, error);
    let mut statement = connection
        .prepare_cached(
            "SELECT t.block, t.events FROM terms t JOIN blocks b ON b.block = t.block
             WHERE t.field = ?1 AND b.latest >= ?2",
        )
        .map_err(failed)?;
    let mut rows = statement.query(params![Field::Question as u8, since]).map_err(failed)?;
    let mut numbers = BTreeSet::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let (block, bytes): (u64, Vec<u8>) =
            row.get(0).and_then(|block| Ok((block, row.get(1)?))).map_err(failed)?;
        let events = RoaringBitmap::deserialize_from(bytes.as_slice()).map_err(|_| {
            let problem = format!("the index of questions in block {block} cannot be read");
            TrailError::Corrupt { path: path.to_owned(), problem }
        })?;
        numbers.extend(events.iter().map(|offset| first_of(block).saturating_add(u64::from(offset))));
    }
    Ok(numbers)
}
