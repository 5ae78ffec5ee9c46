//! Handing out checkpoints: only of a log that was verified.

use std::ops::ControlFlow;

use aegis_ledger::checkpoint::Checkpoint;
use aegis_ledger::event::{Checkpointed, Event, Operator, Stamped};
use aegis_ledger::merkle::Frontier;
use aegis_ledger::receipt::Receipt;
use aegis_ledger::verify::Verification;
use chrono::{DateTime, Utc};

use crate::error::TrailError;
use crate::journal::error::RecordError;
use crate::journal::record::Journal;
use crate::store::Transaction;

impl Journal {
    /// Appends a `checkpoint` event, and gives the checkpoint that it records: of every event before it.
    /// `verified` is a log without damage; what was appended since is verified first, so that nothing is
    /// vouched for unseen.
    ///
    /// # Errors
    /// When it could not be made durable, or the log is damaged or not the one that was verified.
    pub fn record_checkpoint(
        &mut self,
        verified: &Verification,
        at: DateTime<Utc>,
        signed_by: Option<&str>,
        operator: Operator<'_>,
    ) -> Result<(Checkpoint, Receipt), RecordError> {
        let id = self.id().to_owned();
        let (checkpoint, receipt) = self.write(|log| {
            let tree = catch_up(log.transaction, verified)?;
            let checkpoint = Checkpoint::new(&id, &tree);
            let Checkpoint { size, root, .. } = checkpoint;
            let event = Event::Checkpoint(Checkpointed { size, root, signed_by, operator });
            Ok((checkpoint, log.append(&[Stamped { at, event }])?))
        })?;
        Ok((checkpoint, receipt.ok_or(RecordError::NoEvent)?))
    }
}

/// The tree over all events, given the one over those that were verified.
fn catch_up(log: &dyn Transaction, verified: &Verification) -> Result<Frontier, TrailError> {
    let tampered = |seq: i64| TrailError::Tampered { path: log.location().to_owned(), seq };
    let last = i64::try_from(verified.last).unwrap_or(i64::MAX);
    let mut tree = match &verified.tree {
        Some(tree) if verified.is_sound() => tree.clone(),
        _ => return Err(tampered(last)),
    };
    let (mut seq, mut head) = (last, verified.head);
    log.each_event(verified.last.saturating_add(1)..=u64::MAX, &mut |_, event| {
        seq = seq.saturating_add(1);
        let event = event.map_err(|_| tampered(seq))?;
        let follows = event.seq == seq.unsigned_abs() && event.prev_hash == head.as_bytes();
        head = match event.checked_hash(&log.identity().id) {
            Ok(hash) if follows => hash,
            _ => return Err(tampered(seq)),
        };
        tree.push(&head);
        Ok(ControlFlow::Continue(()))
    })?;
    if (seq, head) == (log.head().seq, log.head().hash) {
        Ok(tree)
    } else {
        Err(TrailError::Lost { path: log.location().to_owned(), seq: last })
    }
}
