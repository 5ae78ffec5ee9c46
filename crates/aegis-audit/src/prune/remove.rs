//! Deleting what was archived.

use std::time::Duration;

use aegis_engine::Digest;
use chrono::{DateTime, Utc};
use rusqlite::OptionalExtension as _;

use super::{Archive, Pruned, VerifiedPlan};
use crate::append::Appending;
use crate::error::TrailError;
use crate::event::{Event, Operator, Stamped};
use crate::index::{BlockIndex, block_of, first_of, prune};
use crate::receipt::Receipt;
use crate::trail::Trail;

/// How long to wait for readers before leaving the write-ahead log as it is: some read for long.
const READERS_WAIT: Duration = Duration::from_secs(2);

/// How many blocks are deleted in one transaction. More would keep writers waiting, and need a longer journal.
const BLOCKS: u64 = 4;

/// What has become of the space that deleted events took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// How many bytes are free within the log's file: the next events take them.
    pub free: u64,
    /// Whether the write-ahead log was emptied. Where another process is reading, that waits for it.
    pub journal_emptied: bool,
}

impl Trail {
    /// Appends the event that stands for an archive's events, and gives its receipt. From then on the log begins behind
    /// them, and [`delete_pruned`](Trail::delete_pruned) deletes them.
    ///
    /// # Errors
    /// When the event could not be made durable, or the log is not the one that was archived any more. Nothing is pruned
    /// then.
    pub fn record_pruning(
        &mut self,
        archive: &Archive,
        operator: Operator<'_>,
        at: DateTime<Utc>,
    ) -> Result<Vec<Receipt>, TrailError> {
        let genesis = self.identity().genesis();
        let event = Event::Pruned {
            through: archive.pruned.through,
            head: archive.pruned.head,
            subtrees: archive.pruned.tree.subtrees(),
            genesis,
            archive_sha256: archive.sha256,
            archive: &archive.name,
            operator,
        };
        self.transact(|log| {
            check_still_fits(log, archive)?;
            log.append(&[Stamped { at, event }])
        })
    }

    /// Appends the event that stands for an archive's events, and then deletes them. `progress` is told how many were
    /// deleted. Gives the receipt of that event.
    ///
    /// # Errors
    /// As for [`record_pruning`](Trail::record_pruning) and [`delete_pruned`](Trail::delete_pruned). Who must know which of
    /// them failed calls them one after the other.
    pub fn prune(
        &mut self,
        archive: &Archive,
        operator: Operator<'_>,
        at: DateTime<Utc>,
        progress: impl FnMut(u64),
    ) -> Result<Vec<Receipt>, TrailError> {
        let receipts = self.record_pruning(archive, operator, at)?;
        self.delete_pruned(&archive.plan, progress)?;
        Ok(receipts)
    }

    /// Deletes what is still there of events that were pruned: by a pruning that has just been recorded, or by
    /// one that was cut short. `progress` is told how many were deleted. Gives their number. `_sound` only has
    /// to be there: nothing is deleted from a log that was not found sound.
    ///
    /// # Errors
    /// When not everything could be deleted.
    pub fn delete_pruned(
        &mut self,
        _sound: &VerifiedPlan,
        mut progress: impl FnMut(u64),
    ) -> Result<u64, TrailError> {
        let mut deleted = 0;
        loop {
            let some = self.transact(delete_some)?;
            if some == 0 {
                return Ok(deleted);
            }
            deleted += some;
            progress(deleted);
        }
    }

    /// Empties the write-ahead log, which may hold what was deleted, and where `shrink`, gives the space that is free
    /// within the log's file back to the file system. That copies everything that is left: it takes twice as much free
    /// space for a while, and writers wait for it.
    ///
    /// # Errors
    /// When the log cannot be written. Nothing is lost then.
    pub fn settle(&mut self, shrink: bool) -> Result<Space, TrailError> {
        if shrink {
            self.write_anew()?;
        }
        let free = self.transact(|log| {
            let pragma = |name: &str| -> rusqlite::Result<u64> {
                log.connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0))
            };
            let free = pragma("freelist_count").and_then(|pages| Ok(pages * pragma("page_size")?));
            free.map_err(|error| TrailError::sqlite(log.path, error))
        })?;
        Ok(Space { free, journal_emptied: self.empty_write_ahead_log(READERS_WAIT)? })
    }
}

/// An archive made of a log that has been pruned or redacted since would not hold what is to be deleted.
fn check_still_fits(log: &Appending<'_>, archive: &Archive) -> Result<(), TrailError> {
    let outdated = || TrailError::Outdated { path: log.path.to_owned() };
    let failed = |error| TrailError::sqlite(log.path, error);
    let gone = Pruned::of(log.connection, log.path, log.identity)?;
    if gone.through != archive.plan.plan().gone.through {
        return Err(outdated());
    }
    let head: Option<[u8; 32]> = log
        .connection
        .query_row("SELECT hash FROM events WHERE seq = ?1", [number(archive.pruned.through)], |row| {
            row.get(0)
        })
        .optional()
        .map_err(failed)?;
    let redacted: bool = log
        .connection
        .query_row(
            "SELECT EXISTS (SELECT 1 FROM events WHERE seq > ?1 AND kind = 'redacted')",
            [number(archive.plan.plan().newest)],
            |row| row.get(0),
        )
        .map_err(failed)?;
    let fits = head.map(Digest::from_bytes) == Some(archive.pruned.head) && !redacted;
    if fits { Ok(()) } else { Err(outdated()) }
}

/// Deletes the oldest events that were pruned, and what the index has of them. Gives their number.
fn delete_some(log: &mut Appending<'_>) -> Result<u64, TrailError> {
    let failed = |error| TrailError::sqlite(log.path, error);
    let through = Pruned::newest(log.connection, log.path)?.map_or(0, |pruned| pruned.through);
    let first: Option<i64> =
        log.connection.query_row("SELECT min(seq) FROM events", [], |row| row.get(0)).map_err(failed)?;
    let Some(first) = first.map(i64::unsigned_abs).filter(|first| *first <= through) else { return Ok(0) };
    let last = through.min(first_of(block_of(first).saturating_add(BLOCKS)) - 1);
    let deleted =
        log.connection.execute("DELETE FROM events WHERE seq <= ?1", [number(last)]).map_err(failed)?;
    prune(log.connection, log.path, last)?;
    // What this writer knows of the newest block may be about events that are gone now.
    log.index = BlockIndex::default();
    Ok(deleted as u64)
}

fn number(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}
