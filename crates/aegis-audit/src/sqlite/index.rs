//! The index: which events have which words, kept for each full block of events.
//!
//! A log is asked by many fields at once, most of which have few different values. An ordinary index for each
//! would cost more to keep than the log itself, and two of them together would still not answer for their
//! combination. Instead, once [`BLOCK`] events are full, the writer that filled them stores, for each field
//! and value among them, the set of events that have it. A question is answered by joining such sets,
//! whatever it combines; the newest events, which do not fill a block yet, are read and indexed on the way.
//!
//! The index is derived from the events in the transaction that completes the block. `verify` derives it
//! again and compares.

use std::path::Path;

use aegis_engine::Digest;
use aegis_ledger::block_index::{BLOCK, BlockIndex, block_of, first_of};
use aegis_ledger::event::Field;
use aegis_ledger::origin::Origin;
use aegis_ledger::stored_event::StoredEvent;
use roaring::RoaringBitmap;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::origin::newest_pruning;
use super::row::{Ascending, EVENT_COLUMNS, read_event};
use super::sqlite_error::{changed, failed};
use crate::error::TrailError;

/// Stores the index of a block that has just become full. `written` is that of the events which the writer
/// knows of itself; where those are not all, they are read.
pub(super) fn seal(
    connection: &Connection,
    path: &Path,
    block: u64,
    written: &BlockIndex,
) -> Result<(), TrailError> {
    if written.len() == BLOCK {
        return store(connection, path, block, written);
    }
    let mut index = read_block(connection, path, block)?;
    if index.len() < BLOCK
        && let Some(root) = root_of_all(connection, path, block)?
    {
        index.set_root(root.as_bytes());
    }
    store(connection, path, block, &index)
}

/// The hash over all events of a full block of which the first ones were pruned before it was full.
fn root_of_all(connection: &Connection, path: &Path, block: u64) -> Result<Option<Digest>, TrailError> {
    let failed = |error| failed(path, error);
    let Some(Origin { through, mut tree, .. }) = newest_pruning(connection, path)? else { return Ok(None) };
    let last = first_of(block.saturating_add(1)).saturating_sub(1);
    let mut statement = connection
        .prepare_cached("SELECT hash FROM events WHERE seq > ?1 AND seq <= ?2 ORDER BY seq")
        .map_err(failed)?;
    let mut rows = statement.query([through, last]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        tree.push(&Digest::from_bytes(row.get(0).map_err(failed)?));
    }
    Ok(tree.block().filter(|_| tree.size() == last))
}

/// Takes the events up to `through` out of the index. They must be gone already.
pub(super) fn prune(connection: &Connection, path: &Path, through: u64) -> Result<(), TrailError> {
    let failed = |error| failed(path, error);
    let cut = block_of(through.saturating_add(1));
    let root: Option<Vec<u8>> = connection
        .query_row("SELECT root FROM blocks WHERE block = ?1", [cut], |row| row.get(0))
        .optional()
        .map_err(failed)?;
    for table in ["terms", "blocks"] {
        connection.execute(&format!("DELETE FROM {table} WHERE block <= ?1"), [cut]).map_err(failed)?;
        let sql = format!("SELECT count(*) FROM {table} WHERE block <= ?1");
        changed(path, connection.query_row(&sql, [cut], |row| row.get(0)).map_err(failed)?, 0)?;
    }
    match root {
        // What is left of a full block is indexed anew; its hash is still that of all of it.
        Some(root) => {
            let mut left = read_block(connection, path, cut)?;
            left.set_root(&root);
            store(connection, path, cut, &left)
        }
        None => Ok(()),
    }
}

/// Compares what is stored for a block with what its events give. Says what differs.
pub(super) fn check(
    connection: &Connection,
    path: &Path,
    block: u64,
    expected: &BlockIndex,
) -> Result<Vec<String>, TrailError> {
    let failed = |error| failed(path, error);
    let mut problems = Vec::new();
    let summary: Option<(i64, i64)> = connection
        .prepare_cached("SELECT earliest, latest FROM blocks WHERE block = ?1")
        .and_then(|mut statement| {
            statement.query_row([block], |row| Ok((row.get(0)?, row.get(1)?))).optional()
        })
        .map_err(failed)?;
    if summary != Some((expected.earliest(), expected.latest())) {
        problems.push("its row in `blocks` is not what its events give".to_owned());
    }
    let mut lookup = connection
        .prepare_cached("SELECT events FROM terms WHERE field = ?1 AND value = ?2 AND block = ?3")
        .map_err(failed)?;
    expected.for_each::<TrailError>(|field, value, events| {
        let stored: Option<Vec<u8>> = lookup
            .query_row(params![field as u8, value, block], |row| row.get(0))
            .optional()
            .map_err(failed)?;
        if stored.as_deref() != Some(events) {
            problems.push(format!("its events with {field:?} `{value}` are not those that `terms` lists"));
        }
        Ok(())
    })?;
    Ok(problems)
}

/// Whether the index of a full block lists an event under each of its words, and its time is within the
/// block's. What an event says of others is not looked at: later ones change that.
pub(super) fn lists(
    connection: &Connection,
    path: &Path,
    event: &StoredEvent<'_>,
) -> Result<bool, TrailError> {
    let failed = |error| failed(path, error);
    let block = block_of(event.seq);
    let times: Option<(i64, i64)> = connection
        .prepare_cached("SELECT earliest, latest FROM blocks WHERE block = ?1")
        .and_then(|mut statement| {
            statement.query_row([block], |row| Ok((row.get(0)?, row.get(1)?))).optional()
        })
        .map_err(failed)?;
    let mut own = BlockIndex::default();
    if own.add(event).is_err() || times.is_none_or(|(from, to)| !(from..=to).contains(&event.at)) {
        return Ok(false);
    }
    let mut lookup = connection
        .prepare_cached("SELECT events FROM terms WHERE field = ?1 AND value = ?2 AND block = ?3")
        .map_err(failed)?;
    let mut listed = true;
    own.for_each::<TrailError>(|field, value, own| {
        if matches!(field, Field::Superseded | Field::Outcome) {
            return Ok(());
        }
        let stored: Option<Vec<u8>> = lookup
            .query_row(params![field as u8, value, block], |row| row.get(0))
            .optional()
            .map_err(failed)?;
        let set = |bytes: &[u8]| RoaringBitmap::deserialize_from(bytes).ok();
        listed &= match (set(own), stored.and_then(|stored| set(&stored))) {
            (Some(own), Some(stored)) => own.is_subset(&stored),
            _ => false,
        };
        Ok(())
    })?;
    Ok(listed)
}

/// How many rows `terms` has: a log's index has no others than those that its events give.
pub(super) fn count_terms(connection: &Connection, path: &Path) -> Result<u64, TrailError> {
    connection
        .query_row("SELECT count(*) FROM terms", [], |row| row.get(0))
        .map(|count: i64| count.unsigned_abs())
        .map_err(|error| failed(path, error))
}

/// Indexes the events of a block that are in the log.
///
/// # Errors
/// When one of them cannot be read; a log is not appended to then.
pub(super) fn read_block(connection: &Connection, path: &Path, block: u64) -> Result<BlockIndex, TrailError> {
    let first = first_of(block);
    let index = read_range(connection, path, first, first.saturating_add(BLOCK - 1))?;
    match index.unreadable().min() {
        None => Ok(index),
        Some(offset) => {
            let seq = i64::try_from(first.saturating_add(u64::from(offset))).unwrap_or(i64::MAX);
            let problem = "it cannot be indexed".to_owned();
            Err(TrailError::Unreadable { path: path.to_owned(), seq, problem })
        }
    }
}

/// Indexes events that belong to one block, and notes which cannot be read.
pub(super) fn read_range(
    connection: &Connection,
    path: &Path,
    first: u64,
    last: u64,
) -> Result<BlockIndex, TrailError> {
    let failed = |error| failed(path, error);
    let columns = EVENT_COLUMNS;
    let mut statement = connection
        .prepare_cached(&format!("SELECT {columns} FROM events WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq"))
        .map_err(failed)?;
    let mut rows = statement.query([first, last]).map_err(failed)?;
    let (mut index, mut order) = (BlockIndex::default(), Ascending::default());
    while let Some(row) = rows.next().map_err(failed)? {
        order.next(path, row.get(0).map_err(failed)?)?;
        if read_event(row).and_then(|event| index.add(&event)).is_err() {
            index.add_unreadable(row.get(0).map_err(failed)?);
        }
    }
    Ok(index)
}

fn store(connection: &Connection, path: &Path, block: u64, index: &BlockIndex) -> Result<(), TrailError> {
    let failed = |error| failed(path, error);
    let stored = connection
        .execute(
            "INSERT INTO blocks (block, earliest, latest, root) VALUES (?1, ?2, ?3, ?4)",
            params![block, index.earliest(), index.latest(), index.root().as_bytes()],
        )
        .map_err(failed)?;
    changed(path, stored, 1)?;
    let mut insert = connection
        .prepare_cached("INSERT INTO terms (field, value, block, events) VALUES (?1, ?2, ?3, ?4)")
        .map_err(failed)?;
    index.for_each(|field, value, events| {
        let stored = insert.execute(params![field as u8, value, block, events]).map_err(failed)?;
        changed(path, stored, 1)
    })
}
