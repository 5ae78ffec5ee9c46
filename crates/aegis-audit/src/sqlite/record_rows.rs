//! Rows by their numbers, as records: those that stand close together are read in one sweep.

use std::cell::RefCell;
use std::path::Path;

use rusqlite::{Connection, Row, Statement};

use crate::error::TrailError;
use crate::left_out::LeftOut;
use aegis_ledger::record::{BorrowedRecord, Scratch};

use super::row::{RECORD_COLUMNS, record_row};
use super::sqlite_error::failed;

/// How many numbers are gathered before their rows are read.
const BATCH: usize = 4096;
/// How many unwanted rows in succession are cheaper to pass over than another search is.
const GAP: usize = 8;

/// How the newest word on an action's end is found.
const ENDED: &str =
    "SELECT body FROM events WHERE action_id = ?1 AND kind = 'ended' ORDER BY seq DESC LIMIT 1";

/// Reads the rows of actions. The transaction of whoever asks keeps them as they are.
pub(super) struct ActionRows<'a> {
    path: &'a Path,
    left_out: &'a RefCell<LeftOut>,
    rows: Statement<'a>,
    /// Absent where no action's end is known.
    ended: Option<Statement<'a>>,
    numbers: Vec<u64>,
    ended_body: String,
    scratch: Scratch,
}

impl<'a> ActionRows<'a> {
    /// Prepares to read rows whose numbers ascend, or descend if `descending` says so; others take longer.
    /// `any_ended` says whether any action's end is known.
    pub(super) fn new(
        (connection, path): (&'a Connection, &'a Path),
        left_out: &'a RefCell<LeftOut>,
        any_ended: bool,
        descending: bool,
    ) -> Result<ActionRows<'a>, TrailError> {
        let (operator, order) = if descending { ("<=", "DESC") } else { (">=", "ASC") };
        let sql =
            format!("SELECT {RECORD_COLUMNS} FROM events d WHERE d.seq {operator} ?1 ORDER BY d.seq {order}");
        let prepare = |sql| connection.prepare(sql).map_err(|error| failed(path, error));
        Ok(ActionRows {
            path,
            left_out,
            rows: prepare(&sql)?,
            ended: any_ended.then(|| prepare(ENDED)).transpose()?,
            numbers: Vec::with_capacity(BATCH),
            ended_body: String::new(),
            scratch: Scratch::default(),
        })
    }

    /// Adds a number. Once there are many, calls `each` with their rows.
    pub(super) fn push(
        &mut self,
        number: u64,
        each: impl FnMut(&BorrowedRecord<'_>) -> Result<(), TrailError>,
    ) -> Result<(), TrailError> {
        self.numbers.push(number);
        if self.numbers.len() < BATCH { Ok(()) } else { self.finish(each) }
    }

    /// Calls `each` with the rows of the numbers that are left, in their order. What cannot be read is left
    /// out.
    pub(super) fn finish(
        &mut self,
        mut each: impl FnMut(&BorrowedRecord<'_>) -> Result<(), TrailError>,
    ) -> Result<(), TrailError> {
        let failed = |error| failed(self.path, error);
        let mut numbers = self.numbers.drain(..).peekable();
        while let Some(start) = numbers.peek().copied() {
            let mut rows = self.rows.query([start]).map_err(failed)?;
            let mut passed = 0;
            while let (Some(number), Some(row)) = (numbers.peek(), rows.next().map_err(failed)?) {
                // No number below 1 is looked for.
                let found =
                    row.get::<_, i64>(0).map_err(failed).map(|found| u64::try_from(found).unwrap_or(0))?;
                if found == *number {
                    numbers.next();
                    passed = 0;
                    let ended = read_ended(self.ended.as_mut(), row, &mut self.ended_body).map_err(failed)?;
                    let record =
                        record_row(row).and_then(|row| BorrowedRecord::read(&row, ended, &mut self.scratch));
                    match record {
                        Ok(record) => each(&record)?,
                        Err(problem) => self.left_out.borrow_mut().add(found, problem.to_string()),
                    }
                } else if passed == GAP {
                    break;
                } else {
                    passed += 1;
                }
            }
            // A sweep begins with the row that it looked for, if that is there at all.
            if numbers.peek() == Some(&start) {
                return Err(unreadable(self.path, start, "it is missing".to_owned()));
            }
        }
        Ok(())
    }
}

/// Reads what the newest `ended` event of the action of a row says into `body`.
fn read_ended<'b>(
    statement: Option<&mut Statement<'_>>,
    row: &Row<'_>,
    body: &'b mut String,
) -> rusqlite::Result<Option<&'b str>> {
    let Some(statement) = statement else { return Ok(None) };
    let mut rows = statement.query([row.get_ref(2)?.as_str()?])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    body.clear();
    body.push_str(row.get_ref(0)?.as_str()?);
    Ok(Some(body))
}

fn unreadable(path: &Path, seq: u64, problem: String) -> TrailError {
    TrailError::Unreadable { path: path.to_owned(), seq: i64::try_from(seq).unwrap_or(i64::MAX), problem }
}
