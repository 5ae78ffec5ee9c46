//! Events one after another, as they are stored.

use std::ops::RangeInclusive;
use std::path::Path;

use rusqlite::{CachedStatement, Connection, Params};

use super::row::{Ascending, EVENT_COLUMNS, read_event};
use super::sqlite_error::failed;
use crate::error::TrailError;
use crate::store::EachEvent;

/// Calls `each` with the events of these numbers, oldest first, until it breaks.
pub(super) fn each_event(
    connection: &Connection,
    path: &Path,
    numbers: RangeInclusive<u64>,
    each: &mut EachEvent<'_>,
) -> Result<(), TrailError> {
    let bound = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let sql = format!("SELECT {EVENT_COLUMNS} FROM events WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq");
    let statement = connection.prepare_cached(&sql).map_err(|error| failed(path, error))?;
    scan(statement, path, [bound(*numbers.start()), bound(*numbers.end())], each)
}

/// Calls `each` with the events of an action, oldest first, until it breaks.
pub(super) fn each_event_of(
    connection: &Connection,
    path: &Path,
    action_id: &str,
    each: &mut EachEvent<'_>,
) -> Result<(), TrailError> {
    let sql = format!("SELECT {EVENT_COLUMNS} FROM events WHERE action_id = ?1 ORDER BY seq");
    let statement = connection.prepare_cached(&sql).map_err(|error| failed(path, error))?;
    scan(statement, path, [action_id], each)
}

fn scan(
    mut statement: CachedStatement<'_>,
    path: &Path,
    which: impl Params,
    each: &mut EachEvent<'_>,
) -> Result<(), TrailError> {
    let failed = |error| failed(path, error);
    let mut rows = statement.query(which).map_err(failed)?;
    let mut order = Ascending::default();
    while let Some(row) = rows.next().map_err(failed)? {
        if each(order.next(path, row.get(0).map_err(failed)?)?, read_event(row))?.is_break() {
            break;
        }
    }
    Ok(())
}
