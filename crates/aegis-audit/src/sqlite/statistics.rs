//! One pass over the events that give a filter's records.

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::path::Path;

use aegis_ledger::answer::{Answer, ResultStatus};
use aegis_ledger::block_index::block_of;
use aegis_ledger::event::{AnsweredBody, EntryBody, EventKind, Text};
use aegis_ledger::filter::Filter;
use aegis_ledger::statistics::{Counts, NewestEvent, Statistics};
use chrono::DateTime;
use rusqlite::{Connection, OptionalExtension as _, Row};

use super::selection::Selection;
use super::sqlite_error::failed;
use crate::error::TrailError;
use crate::left_out::LeftOut;

/// Where at least one of so many neighbours is wanted, all of them are read: that costs less than finding
/// each.
const DENSE: u64 = 4;

/// Reads what the filter lets through, and counts it. Tells `progress` how many actions it has counted, now
/// and then.
///
/// Everything is read through one connection, on which a transaction should keep the log as it is.
pub(super) fn read(
    (connection, path): (&Connection, &Path),
    left_out: &RefCell<LeftOut>,
    filter: &Filter,
    often: u64,
    progress: &mut dyn FnMut(u64),
) -> Result<Statistics, TrailError> {
    // The order is of no matter; from the newest on, a limit needs no list of numbers.
    let filter = Filter { reverse: true, ..filter.clone() };
    let selection = Selection::new(connection, path, &filter)?;
    let mut scan = Scan {
        connection,
        path,
        left_out,
        selection: &selection,
        counts: Counts::new(),
        last_answered: None,
    };
    let mut wanted = Vec::new();
    selection.for_each(|seq| {
        if wanted.last().is_some_and(|last| block_of(*last) != block_of(seq)) {
            scan.read_all(&mut wanted)?;
            progress(scan.counts.actions());
        }
        wanted.push(seq);
        Ok::<_, TrailError>(ControlFlow::Continue(()))
    })?;
    scan.read_all(&mut wanted)?;
    let newest = connection
        .query_row("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1", [], |row| {
            Ok(NewestEvent { seq: row.get(0)?, hash: hex::encode(row.get::<_, Vec<u8>>(1)?) })
        })
        .optional()
        .map_err(|error| failed(path, error))?;
    Ok(Statistics { newest, ..scan.counts.finish(often) })
}

/// Reads events, of one block at a time.
struct Scan<'a> {
    connection: &'a Connection,
    path: &'a Path,
    left_out: &'a RefCell<LeftOut>,
    selection: &'a Selection<'a>,
    counts: Counts,
    /// The action of the `answered` event that was read last, and how long it says that the question stood:
    /// mostly the next event is the decision that it led to.
    last_answered: Option<(String, Option<u64>)>,
}

impl Scan<'_> {
    /// Counts the events of these numbers, which are of one block, newest first. Leaves the list empty.
    fn read_all(&mut self, wanted: &mut Vec<u64>) -> Result<(), TrailError> {
        let (Some(last), Some(first)) = (wanted.first().copied(), wanted.last().copied()) else {
            return Ok(());
        };
        if (wanted.len() as u64).saturating_mul(DENSE) > last.saturating_sub(first) {
            self.read_neighbours(first, last, wanted)?;
        } else {
            self.read_each(wanted)?;
        }
        wanted.clear();
        Ok(())
    }

    /// Reads all events from the first to the last, and counts those that are wanted.
    fn read_neighbours(&mut self, first: u64, last: u64, wanted: &[u64]) -> Result<(), TrailError> {
        let (connection, path) = (self.connection, self.path);
        let failed = |error| failed(path, error);
        let mut statement = connection
            .prepare_cached(
                "SELECT seq, at, body, kind, action_id FROM events WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq",
            )
            .map_err(failed)?;
        let mut rows = statement.query([first, last]).map_err(failed)?;
        let mut wanted = wanted.iter().rev().copied().peekable();
        self.last_answered = None;
        while let Some(row) = rows.next().map_err(failed)? {
            let seq = row.get(0).map_err(failed)?;
            if wanted.next_if_eq(&seq).is_some() {
                self.count(seq, row)?;
            } else if row
                .get_ref(3)
                .and_then(|kind| Ok(kind.as_str()?))
                .is_ok_and(|it| it == EventKind::Answered.as_str())
            {
                self.last_answered = remember_answered(row).ok();
            }
        }
        Ok(())
    }

    /// Finds each of the events, and counts it.
    fn read_each(&mut self, wanted: &[u64]) -> Result<(), TrailError> {
        let (connection, path) = (self.connection, self.path);
        let failed = |error| failed(path, error);
        let mut statement = connection
            .prepare_cached("SELECT seq, at, body, kind, action_id FROM events WHERE seq = ?1")
            .map_err(failed)?;
        self.last_answered = None;
        for seq in wanted {
            let mut rows = statement.query([seq]).map_err(failed)?;
            if let Some(row) = rows.next().map_err(failed)? {
                self.count(*seq, row)?;
            }
        }
        Ok(())
    }

    /// Counts an event. One that cannot be read is left out.
    fn count(&mut self, seq: u64, row: &Row<'_>) -> Result<(), TrailError> {
        let read = time_and_body(row).and_then(|(at, body)| {
            let body: EntryBody<Text<'_>> = serde_json::from_str(body).map_err(|error| error.to_string())?;
            Ok((at, body))
        });
        let (at, body) = match read {
            Ok(read) => read,
            Err(problem) => {
                self.left_out.borrow_mut().add(seq, problem);
                return Ok(());
            }
        };
        let answered = matches!(body.decision, Some(Answer::Approved | Answer::Denied));
        let waited = if answered { self.waited(row)? } else { None };
        let result = self.selection.outcome(seq).and_then(ResultStatus::from_word).or(body.result_status);
        self.counts.count(at, &body, result, waited);
        Ok(())
    }

    /// How long the question stood before the answer that led to this decision.
    fn waited(&self, row: &Row<'_>) -> Result<Option<u64>, TrailError> {
        let failed = |error| failed(self.path, error);
        let action_id = row.get_ref(4).and_then(|id| Ok(id.as_str()?)).map_err(failed)?;
        if let Some((last, waited)) = &self.last_answered
            && last == action_id
        {
            return Ok(*waited);
        }
        let body: Option<String> = self
            .connection
            .prepare_cached(
                "SELECT body FROM events WHERE action_id = ?1 AND kind = 'answered' ORDER BY seq DESC LIMIT 1",
            )
            .and_then(|mut statement| statement.query_row([action_id], |row| row.get(0)).optional())
            .map_err(failed)?;
        Ok(body.and_then(|body| serde_json::from_str::<AnsweredBody>(&body).ok()?.waited_ms))
    }
}

fn remember_answered(row: &Row<'_>) -> rusqlite::Result<(String, Option<u64>)> {
    let waited = serde_json::from_str::<AnsweredBody<Text<'_>>>(row.get_ref(2)?.as_str()?).ok();
    Ok((row.get(4)?, waited.and_then(|body| body.waited_ms)))
}

fn time_and_body<'r>(row: &'r Row<'_>) -> Result<(i64, &'r str), String> {
    let at = row.get_ref(1).ok().and_then(|at| at.as_i64().ok()).ok_or("its `at` has a wrong type")?;
    if DateTime::from_timestamp_millis(at).is_none() {
        return Err("its time is out of range".to_owned());
    }
    let body = row.get_ref(2).ok().and_then(|body| body.as_str().ok()).ok_or("its `body` is not text")?;
    Ok((at, body))
}
