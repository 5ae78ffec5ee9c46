//! Rows by their numbers: those that stand close together are read in one sweep.

use std::ops::ControlFlow;

use rusqlite::{Connection, Row, Statement};

use crate::error::TrailError;
use crate::view::RecordView;

/// How many unwanted rows in succession are cheaper to pass over than another search is.
const GAP: usize = 8;

/// Calls `each` with the rows of [`RecordView::COLUMNS`] that have these numbers, in their order, until it breaks. Numbers
/// that ascend, or descend where `descending` says so, are the quickest. `failed` says what an error of `SQLite` means.
pub(crate) fn sweep<E: From<TrailError>>(
    connection: &Connection,
    descending: bool,
    mut next: impl FnMut() -> Result<Option<i64>, E>,
    failed: impl Fn(rusqlite::Error) -> E,
    mut each: impl FnMut(&Row<'_>) -> Result<ControlFlow<()>, E>,
) -> Result<(), E> {
    let (operator, order) = if descending { ("<=", "DESC") } else { (">=", "ASC") };
    let columns = RecordView::COLUMNS;
    let sql = format!("SELECT {columns} FROM events d WHERE d.seq {operator} ?1 ORDER BY d.seq {order}");
    let mut statement = connection.prepare_cached(&sql).map_err(&failed)?;
    let mut wanted = next()?;
    while let Some(start) = wanted {
        let mut rows = statement.query([start]).map_err(&failed)?;
        let mut passed = 0;
        while let Some(number) = wanted {
            let Some(row) = rows.next().map_err(&failed)? else { break };
            let found: i64 = row.get(0).map_err(&failed)?;
            if found == number {
                if each(row)?.is_break() {
                    return Ok(());
                }
                (wanted, passed) = (next()?, 0);
            } else {
                passed += 1;
                if passed > GAP || (found > number) != descending {
                    break;
                }
            }
        }
        // The first row of a sweep is the one that it starts at, if it is there at all.
        if wanted == Some(start) {
            return Err(failed(rusqlite::Error::QueryReturnedNoRows));
        }
    }
    Ok(())
}

/// How actions ended. In a log that only ever decided, nothing has to be looked up.
pub(crate) struct Endings<'c>(Option<Statement<'c>>);

impl<'c> Endings<'c> {
    /// Looks once whether any action ended, in the transaction that is open.
    pub(crate) fn of(connection: &'c Connection) -> rusqlite::Result<Endings<'c>> {
        let any: bool = connection.query_row(
            "SELECT EXISTS (SELECT 1 FROM events WHERE kind = 'ended' AND action_id <> '')",
            [],
            |row| row.get(0),
        )?;
        let newest =
            "SELECT body FROM events WHERE action_id = ?1 AND kind = 'ended' ORDER BY seq DESC LIMIT 1";
        Ok(Endings(any.then(|| connection.prepare(newest)).transpose()?))
    }

    /// Reads the body of the newest `ended` event of the action of a row into `body`; false where there is none.
    pub(crate) fn read(&mut self, row: &Row<'_>, body: &mut String) -> rusqlite::Result<bool> {
        let Some(statement) = &mut self.0 else { return Ok(false) };
        let mut rows = statement.query([row.get_ref(2)?.as_str()?])?;
        let Some(row) = rows.next()? else { return Ok(false) };
        body.clear();
        body.push_str(row.get_ref(0)?.as_str()?);
        Ok(true)
    }
}
