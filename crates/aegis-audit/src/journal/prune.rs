//! Pruning: the oldest events move to an archive, and one event stands for them.
//!
//! 1. [`TrailReader::plan_prune`](crate::sqlite::TrailReader::plan_prune) says which events may go: a prefix
//!    of the log that cuts no action apart, and [`PrunePlan::verified`](crate::sqlite::PrunePlan::verified)
//!    demands that the log was verified and is sound.
//! 2. [`Archive::write`] copies them to a file beside the name that it is to have, verifying each; syncs it,
//!    reads it back and verifies it as a whole; and only then gives it its name.
//! 3. [`Journal::prune`] appends the `pruned` event in a transaction of its own, and then deletes what that
//!    stands for, in many short ones, so that writers wait for none of them long and the journal stays small.
//!
//! Before the event is synced nothing is deleted. From then on the log begins behind it; rows that are still
//! there, because the process was killed, count for nothing, and the next pruning deletes them.

use std::ops::ControlFlow;

use aegis_ledger::event::{Event, EventKind, Operator, Pruned, Stamped};
use aegis_ledger::receipt::Receipt;
use aegis_ledger::verify::Verification;
use chrono::{DateTime, Utc};

use crate::archive::Archive;
use crate::error::TrailError;
use crate::journal::error::RecordError;
use crate::journal::record::Journal;
use crate::store::{Space, Transaction};

impl Journal {
    /// Appends the event that stands for an archive's events, and gives its receipt. From then on the log
    /// begins behind them, and [`delete_pruned`](Journal::delete_pruned) deletes them.
    ///
    /// # Errors
    /// When the event could not be made durable, or the log is not the one that was archived any more.
    /// Nothing is pruned then.
    pub fn record_pruning(
        &mut self,
        archive: &Archive,
        operator: Operator<'_>,
        at: DateTime<Utc>,
    ) -> Result<Receipt, RecordError> {
        let genesis = self.store.identity().genesis();
        let pruned = Pruned {
            through: archive.pruned.through,
            head: archive.pruned.head,
            subtrees: archive.pruned.tree.subtrees(),
            genesis,
            archive_sha256: archive.sha256,
            archive: &archive.name,
            operator,
        };
        let receipt = self.write(|log| {
            check_still_fits(log.transaction, archive)?;
            log.append(&[Stamped { at, event: Event::Pruned(pruned) }])
        })?;
        receipt.ok_or(RecordError::NoEvent)
    }

    /// Appends the event that stands for an archive's events, and then deletes them. `progress` is told how
    /// many were deleted. Gives the receipt of that event.
    ///
    /// # Errors
    /// As for [`record_pruning`](Journal::record_pruning) and [`delete_pruned`](Journal::delete_pruned). Who
    /// must know which of them failed calls them one after the other.
    pub fn prune(
        &mut self,
        archive: &Archive,
        operator: Operator<'_>,
        at: DateTime<Utc>,
        progress: impl FnMut(u64),
    ) -> Result<Receipt, RecordError> {
        let receipt = self.record_pruning(archive, operator, at)?;
        self.delete(progress)?;
        Ok(receipt)
    }

    /// Deletes what is still there of events that were pruned: by a pruning that has just been recorded, or
    /// by one that was cut short. `progress` is told how many were deleted. Gives their number. `sound` is
    /// the verification of the log: nothing is deleted from one that is damaged.
    ///
    /// # Errors
    /// When the log is damaged, or not everything could be deleted.
    pub fn delete_pruned(
        &mut self,
        sound: &Verification,
        progress: impl FnMut(u64),
    ) -> Result<u64, TrailError> {
        let damage = sound.damage.first().map(ToString::to_string);
        let other = (sound.log != self.id()).then(|| "another log was verified".to_owned());
        if let Some(problem) = damage.or(other) {
            return Err(TrailError::Corrupt { path: self.store.location().to_owned(), problem });
        }
        self.delete(progress)
    }

    fn delete(&mut self, mut progress: impl FnMut(u64)) -> Result<u64, TrailError> {
        let mut deleted = 0;
        loop {
            let some = self.transact(|log| log.delete_pruned())?;
            if some == 0 {
                return Ok(deleted);
            }
            deleted += some;
            progress(deleted);
        }
    }

    /// Empties the write-ahead log, which may hold what was deleted, and where `shrink`, gives the space that
    /// is free within the log's file back to the file system. That copies everything that is left: it takes
    /// twice as much free space for a while, and writers wait for it.
    ///
    /// # Errors
    /// When the log cannot be written. Nothing is lost then.
    pub fn settle(&mut self, shrink: bool) -> Result<Space, TrailError> {
        self.store.settle_space(shrink)
    }
}

/// An archive made of a log that has been pruned or redacted since would not hold what is to be deleted.
fn check_still_fits(log: &dyn Transaction, archive: &Archive) -> Result<(), TrailError> {
    let outdated = || TrailError::Outdated { path: log.location().to_owned() };
    if log.origin()?.through != archive.plan.plan().gone.through {
        return Err(outdated());
    }
    let through = archive.pruned.through;
    let mut is_there = false;
    log.each_event(through..=through, &mut |_, event| {
        is_there |= event.is_ok_and(|event| event.hash == archive.pruned.head.as_bytes());
        Ok(ControlFlow::Continue(()))
    })?;
    let redacted = log.has_after(archive.plan.plan().newest, EventKind::Redacted)?;
    if is_there && !redacted { Ok(()) } else { Err(outdated()) }
}
