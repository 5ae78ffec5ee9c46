//! Older rows, looked at before anything is appended behind the newest one.
//!
//! The newest row is compared in every transaction, and all rows by `verify` alone, which takes the longer
//! the longer the log is. What stands here costs the same whatever the log's size: the beginning, how many
//! rows there are as far as that is cheap to tell, the index's own extent, the newest rows, and some that are
//! drawn at random. So damage among the newest rows is found before anything is built on it, and damage
//! further back with some chance at each answer.

use std::ops::ControlFlow;
use std::path::Path;

use aegis_engine::Digest;
use aegis_ledger::block_index::{block_of, first_of};
use aegis_ledger::chain::{Head, LogIdentity};
use aegis_ledger::origin::Origin;
use aegis_ledger::stored_event::StoredEvent;
use rusqlite::{Connection, OptionalExtension as _};

use super::index::lists;
use super::origin::newest_pruning_event;
use super::scan::each_event;
use super::sqlite_error::failed;
use crate::error::TrailError;

/// How many rows before the newest one are compared.
const NEWEST: u64 = 32;
/// How many of these are read at once.
const STEP: u64 = 16;
/// How many places among the others are drawn at random, and how many rows behind the one there are compared
/// as well: rows that follow one another stand together in the file, so that more of them cost little more.
const DRAWN: usize = 11;
const BEHIND: u64 = 2;
/// How many rows a log has at most whose rows are counted: that reads a whole index of the file.
const COUNTED: u64 = 1024;
/// After how many bytes of bodies and payloads no further row is compared, among the newest and among those
/// drawn: rows can be very long, and no answer waits for all of them.
const MOST_BYTES: usize = 512 * 1024;

const MISSING: &str = "it is missing";
const UNLINKED: &str = "it is not linked to the row before";

/// Compares some of the rows before `head`, which was compared itself. `last` is the newest event that this
/// writer left, or `None` where it comes to this log for the first time: of what it has compared before, it
/// asks nothing again, but of what others wrote since.
///
/// # Errors
/// When a row is damaged or missing, the index cannot be that of these rows, or something cannot be read.
pub(super) fn spot_check(
    connection: &Connection,
    path: &Path,
    identity: &LogIdentity,
    head: Head,
    last: Option<Head>,
) -> Result<(), TrailError> {
    if last == Some(head) {
        return Ok(());
    }
    let rows = Rows { connection, path, identity, newest: head.seq.unsigned_abs() };
    let (oldest, blocks) = rows.extent()?;
    let known = last.map_or(0, |last| last.seq.unsigned_abs());
    let since = rows.newest.saturating_sub(NEWEST).max(oldest).max(known);
    rows.compare_newest(since)?;
    if last.is_some() && since == known {
        return Ok(());
    }
    rows.compare_beginning(oldest)?;
    rows.count(oldest)?;
    let full = rows.compare_blocks(oldest, blocks)?;
    rows.compare_drawn(oldest, since)?;
    rows.compare_index(oldest, full)
}

/// Which blocks an index has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Blocks {
    count: i64,
    oldest: i64,
    newest: i64,
}

/// The rows of a log, up to its newest one.
struct Rows<'a> {
    connection: &'a Connection,
    path: &'a Path,
    identity: &'a LogIdentity,
    newest: u64,
}

impl Rows<'_> {
    fn damaged(&self, seq: u64, problem: impl Into<String>) -> TrailError {
        let seq = i64::try_from(seq).unwrap_or(i64::MAX);
        TrailError::Damaged { path: self.path.to_owned(), seq, problem: problem.into() }
    }

    fn corrupt(&self, problem: impl Into<String>) -> TrailError {
        TrailError::Corrupt { path: self.path.to_owned(), problem: problem.into() }
    }

    fn failed(&self, error: rusqlite::Error) -> TrailError {
        failed(self.path, error)
    }

    /// The number of the oldest row, 0 where there is none, and which blocks the index has.
    fn extent(&self) -> Result<(u64, Option<Blocks>), TrailError> {
        let (oldest, blocks): (Option<i64>, Option<Blocks>) = self
            .connection
            .prepare_cached(
                "SELECT (SELECT seq FROM events ORDER BY seq LIMIT 1), count(*), min(block), max(block)
                 FROM blocks",
            )
            .and_then(|mut statement| {
                statement.query_row([], |row| {
                    let (oldest, newest): (Option<i64>, Option<i64>) = (row.get(2)?, row.get(3)?);
                    let count = row.get(1)?;
                    let blocks = |(oldest, newest)| Blocks { count, oldest, newest };
                    Ok((row.get(0)?, oldest.zip(newest).map(blocks)))
                })
            })
            .map_err(|error| failed(self.path, error))?;
        match oldest {
            Some(seq @ ..=0) => {
                let problem = "no row has such a number".to_owned();
                Err(TrailError::Damaged { path: self.path.to_owned(), seq, problem })
            }
            oldest => Ok((oldest.unwrap_or_default().unsigned_abs(), blocks)),
        }
    }

    /// Compares an event that was read with its hash, which it gives.
    fn compare<'e>(
        &self,
        seq: i64,
        event: Result<StoredEvent<'e>, String>,
    ) -> Result<(StoredEvent<'e>, Digest), TrailError> {
        let event = event.map_err(|problem| self.damaged(seq.unsigned_abs(), problem))?;
        let hash = event
            .checked_hash(&self.identity.id)
            .map_err(|_| TrailError::Tampered { path: self.path.to_owned(), seq })?;
        Ok((event, hash))
    }

    /// Compares rows that follow one another, each with its hash and with the one before. `before` is what
    /// the first of them must be linked to, where that is known. Gives how many bytes they had.
    fn compare_all(&self, first: u64, last: u64, before: Option<Digest>) -> Result<usize, TrailError> {
        let (mut expected, mut before, mut total) = (first, before, 0_usize);
        each_event(self.connection, self.path, first..=last, &mut |seq, event| {
            if seq.unsigned_abs() != expected {
                return Err(self.damaged(expected, MISSING));
            }
            let (event, hash) = self.compare(seq, event)?;
            if before.is_some_and(|before| before.as_bytes().as_slice() != event.prev_hash) {
                return Err(self.damaged(expected, UNLINKED));
            }
            (expected, before) = (expected.saturating_add(1), Some(hash));
            let bytes = event.body.len().saturating_add(event.payload.map_or(0, str::len));
            total = total.saturating_add(bytes);
            Ok(ControlFlow::Continue(()))
        })?;
        if expected <= last { Err(self.damaged(expected, MISSING)) } else { Ok(total) }
    }

    /// Compares the rows from the newest one back to `since`.
    fn compare_newest(&self, since: u64) -> Result<(), TrailError> {
        let (mut last, mut total) = (self.newest, 0_usize);
        while last > since && total <= MOST_BYTES {
            // The last of them is the first of those before: each is compared with the one before it.
            let first = last.saturating_sub(STEP).max(since);
            total = total.saturating_add(self.compare_all(first, last, None)?);
            last = first;
        }
        Ok(())
    }

    /// Compares the rows with which the log begins: its first one, or the first behind what was pruned, and
    /// the event that says so.
    fn compare_beginning(&self, oldest: u64) -> Result<(), TrailError> {
        if self.newest == 0 {
            return Ok(());
        }
        let origin = match newest_pruning_event(self.connection, self.path)? {
            Some((seq, origin)) => self.compare_all(seq, seq, None).map(|_| origin)?,
            None => Origin::of(self.identity),
        };
        let Origin { through, head, genesis, .. } = origin;
        if genesis.is_some_and(|genesis| genesis != self.identity.genesis()) {
            return Err(
                self.corrupt("its id, time of creation or key is not the one that its chain begins with")
            );
        }
        let first = through.saturating_add(1);
        if oldest > first {
            return Err(self.damaged(first, MISSING));
        }
        self.compare_all(first, first, Some(head))?;
        // What was pruned and is still there begins anywhere: its deletion was cut short.
        if oldest < first {
            let before = (oldest == 1).then(|| self.identity.genesis());
            self.compare_all(oldest, oldest, before)?;
        }
        Ok(())
    }

    /// Compares how many rows a short log has with how many it should have.
    fn count(&self, oldest: u64) -> Result<(), TrailError> {
        let expected =
            if self.newest == 0 { 0 } else { self.newest.saturating_sub(oldest).saturating_add(1) };
        if expected > COUNTED {
            return Ok(());
        }
        let one = |sql: &str| -> Result<Option<u64>, TrailError> {
            self.connection
                .prepare_cached(sql)
                .and_then(|mut statement| statement.query_row([], |row| row.get(0)).optional())
                .map_err(|error| self.failed(error))
        };
        let count = one("SELECT count(*) FROM events")?.unwrap_or_default();
        if count == expected {
            return Ok(());
        }
        let gap = one(
            "SELECT seq + 1 FROM events e WHERE NOT EXISTS (SELECT 1 FROM events n WHERE n.seq = e.seq + 1)
             ORDER BY seq LIMIT 1",
        )?;
        Err(match gap.filter(|gap| *gap <= self.newest) {
            Some(gap) => self.damaged(gap, MISSING),
            None => self.corrupt(format!("it has {count} rows where there should be {expected}")),
        })
    }

    /// Compares which blocks the index has with which are full. Gives the number of those that are, counted
    /// from the log's first event.
    fn compare_blocks(&self, oldest: u64, found: Option<Blocks>) -> Result<u64, TrailError> {
        let full = block_of(self.newest.saturating_add(1));
        let first = block_of(oldest).min(full);
        let number = |block: u64| i64::try_from(block).unwrap_or(i64::MAX);
        let newest = full.checked_sub(1).filter(|newest| *newest >= first);
        let expected = newest.map(|newest| Blocks {
            count: number(full.saturating_sub(first)),
            oldest: number(first),
            newest: number(newest),
        });
        match found {
            found if found == expected => Ok(full),
            Some(Blocks { newest, .. }) if newest >= number(full) => {
                Err(self.corrupt("its index has rows that are not there: its end was cut off"))
            }
            _ => Err(self.corrupt("its index does not have each block of rows that is full, once")),
        }
    }

    /// Compares rows at places that are drawn at random from before `end`.
    fn compare_drawn(&self, oldest: u64, end: u64) -> Result<(), TrailError> {
        let mut total = 0_usize;
        for seq in draw(oldest.max(1), end, DRAWN)? {
            let last = seq.saturating_add(BEHIND).min(self.newest);
            total = total.saturating_add(self.compare_all(seq, last, None)?);
            if total > MOST_BYTES {
                break;
            }
        }
        Ok(())
    }

    /// Compares what the index says of one row of its newest block with that row.
    fn compare_index(&self, oldest: u64, full: u64) -> Result<(), TrailError> {
        let Some(newest) = full.checked_sub(1) else { return Ok(()) };
        for drawn in draw(first_of(newest).max(oldest), first_of(full), 1)? {
            let mut found = false;
            each_event(self.connection, self.path, drawn..=drawn, &mut |seq, event| {
                found = lists(self.connection, self.path, &self.compare(seq, event)?.0)?;
                Ok(ControlFlow::Break(()))
            })?;
            if !found {
                return Err(self.damaged(drawn, "the index does not list it as what it is"));
            }
        }
        Ok(())
    }
}

/// Numbers from `first` to before `end`, so many of them, drawn at random; all of them where there are no
/// more.
fn draw(first: u64, end: u64, count: usize) -> Result<Vec<u64>, TrailError> {
    let span = end.saturating_sub(first);
    if span <= count as u64 {
        return Ok((first..end).collect());
    }
    let mut random = vec![[0; 8]; count];
    getrandom::fill(random.as_flattened_mut())?;
    let number = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes).checked_rem(span).unwrap_or_default();
    Ok(random.iter().map(|bytes| first.saturating_add(number(bytes))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_numbers_are_all_drawn_and_of_many_any() {
        assert_eq!(draw(1, 1, 32).unwrap(), [0; 0]);
        assert_eq!(draw(5, 3, 32).unwrap(), [0; 0]);
        assert_eq!(draw(7, 39, 32).unwrap(), (7..39).collect::<Vec<_>>());
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..100 {
            let drawn = draw(7, 57, 32).unwrap();
            assert_eq!(drawn.len(), 32);
            seen.extend(drawn);
        }
        assert_eq!(seen, (7..57).collect());
        assert_eq!(draw(u64::MAX - 1, u64::MAX, 1).unwrap(), [u64::MAX - 1]);
    }
}
