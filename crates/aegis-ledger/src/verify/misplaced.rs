//! Rows that may stand in another place than the one that they were written for.

use aegis_engine::Digest;

use crate::stored_event::StoredEvent;

/// Neighbours whose numbers are off by the same.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) first: i64,
    pub(super) last: i64,
    pub(super) by: i64,
}

impl Run {
    pub(super) const fn is_long(&self) -> bool {
        self.first < self.last
    }

    /// The number that its last row was written with.
    pub(super) const fn written_as(&self) -> i64 {
        self.last.saturating_sub(self.by)
    }
}

/// A row that does not follow the one before it: where does it come from?
#[derive(Clone, Copy, Debug)]
pub(super) struct Suspect {
    pub(super) seq: i64,
    pub(super) prev_hash: Digest,
    pub(super) edited: bool,
    /// The row that has the hash which this one is linked to.
    pub(super) follows: Option<i64>,
}

impl Suspect {
    pub(super) fn new(seq: i64, event: &StoredEvent<'_>, edited: bool) -> Option<Suspect> {
        let prev_hash = event.prev_hash.try_into().ok().map(Digest::from_bytes)?;
        Some(Suspect { seq, prev_hash, edited, follows: None })
    }
}
