//! Deleting what was archived.

use rusqlite::Connection;

use super::index::prune;
use super::origin::newest_pruning;
use super::sqlite_error::{changed, failed};
use crate::error::TrailError;
use aegis_ledger::block_index::{block_of, first_of};
use std::path::Path;

/// How many blocks are deleted in one transaction. More would keep writers waiting, and need a longer
/// journal.
const BLOCKS: u64 = 4;

/// Deletes the oldest events that were pruned, and what the index has of them. Gives their number.
pub(super) fn delete_some(connection: &Connection, path: &Path) -> Result<u64, TrailError> {
    let failed = |error| failed(path, error);
    let through = newest_pruning(connection, path)?.map_or(0, |origin| origin.through);
    let first: Option<i64> =
        connection.query_row("SELECT min(seq) FROM events", [], |row| row.get(0)).map_err(failed)?;
    let Some(first) = first.map(i64::unsigned_abs).filter(|first| *first <= through) else { return Ok(0) };
    let last = through.min(first_of(block_of(first).saturating_add(BLOCKS)).saturating_sub(1));
    let number = i64::try_from(last).unwrap_or(i64::MAX);
    let counted =
        connection.query_row("SELECT count(*) FROM events WHERE seq <= ?1", [number], |row| row.get(0));
    let deleted = connection.execute("DELETE FROM events WHERE seq <= ?1", [number]).map_err(failed)?;
    changed(path, deleted, counted.map_err(failed)?)?;
    prune(connection, path, last)?;
    Ok(deleted as u64)
}
