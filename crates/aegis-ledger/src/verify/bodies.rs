//! What rows say about other rows, and about the log.

use std::hash::{BuildHasher as _, RandomState};

use roaring::RoaringTreemap;

use crate::event::Claimed;
use crate::stored_event::StoredEvent;
use crate::verify::damage::{DamageKind, Damages};
use crate::verify::row_set::RowSet;

/// The kind and action of a row that another one refers to.
pub(super) type Referred = Option<(String, String)>;
/// Finds the kind and action of a row by its number.
pub(super) type Lookup<'a> = Box<dyn FnMut(u64) -> Referred + 'a>;

/// Of how many rows, the newest, kind and action are remembered.
const RECENT: usize = 1 << 15;

/// A row that may be referred to.
#[derive(Clone, Copy, Default)]
struct Recent {
    seq: u64,
    /// Of kind and action.
    digest: u64,
}

/// What is remembered of the rows that passed by.
pub(super) struct Bodies<'a> {
    pub(super) lookup: Option<Lookup<'a>>,
    pub(super) unchecked: u64,
    start: u64,
    /// Whether later rows may stand elsewhere.
    open: bool,
    recent: Vec<Recent>,
    hasher: RandomState,
    /// Rows whose payload and salt are gone.
    removed: RowSet,
    /// Rows that never had a payload.
    bare: RowSet,
    /// Rows of which a `redacted` event says that their payload is gone.
    redacted: RowSet,
    /// The same, of rows that stand before the first one.
    redacted_before: RowSet,
}

/// What became of payloads, as far as more rows, elsewhere, can tell more of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Payloads {
    /// Rows whose payload is gone, and no event accounts for that.
    pub(super) unaccounted: RoaringTreemap,
    /// Rows of which a `redacted` event says that their payload is gone.
    pub(super) redacted: RoaringTreemap,
}

impl<'a> Bodies<'a> {
    pub(super) fn new(start: u64, open: bool) -> Bodies<'a> {
        Bodies {
            lookup: None,
            unchecked: 0,
            start,
            open,
            recent: vec![Recent::default(); RECENT],
            hasher: RandomState::new(),
            removed: RowSet::default(),
            bare: RowSet::default(),
            redacted: RowSet::default(),
            redacted_before: RowSet::default(),
        }
    }

    /// Remembers a row for those that refer to it.
    pub(super) fn remember(&mut self, seq: u64, event: &StoredEvent<'_>) {
        match (event.payload, event.salt) {
            (None, None) => self.removed.insert(seq),
            (None, Some(_)) => self.bare.insert(seq),
            _ => {}
        }
        let digest = self.digest(event.kind, event.action_id);
        if let Some(slot) = self.recent.get_mut(slot(seq)) {
            *slot = Recent { seq, digest };
        }
    }

    /// Compares what a row says with the rows that it is about. Gives what is not so.
    pub(super) fn check(
        &mut self,
        seq: u64,
        action_id: &str,
        claim: &Claimed<'_>,
        damaged: &RowSet,
    ) -> Option<String> {
        match *claim {
            Claimed::Reference { seq: referred, kind } => {
                self.check_reference(seq, referred, kind.as_str(), action_id, damaged)
            }
            Claimed::Removed(events) => {
                let later = events.iter().find(|removed| **removed >= seq);
                for removed in events.iter().copied().filter(|removed| *removed < seq) {
                    if removed < self.start {
                        self.redacted_before.insert(removed);
                    } else {
                        self.redacted.insert(removed);
                    }
                }
                later.map(|later| format!("it removed the payload of row {later}, which did not exist yet"))
            }
            _ => None,
        }
    }

    fn check_reference(
        &mut self,
        seq: u64,
        referred: u64,
        wanted: &str,
        action_id: &str,
        damaged: &RowSet,
    ) -> Option<String> {
        let not_so = format!("row {referred} is no `{wanted}` event of its action");
        if referred == 0 || referred >= seq {
            return Some(not_so);
        }
        if referred < self.start || damaged.rows().contains(referred) {
            return None; // Pruned, or damaged itself.
        }
        let recent = self.recent.get(slot(referred)).filter(|recent| recent.seq == referred);
        let is_so = match (recent, &mut self.lookup) {
            (Some(recent), _) => recent.digest == self.digest(wanted, action_id),
            (None, Some(lookup)) => match lookup(referred) {
                Some((kind, action)) => kind == wanted && action == action_id,
                // Missing: that is said elsewhere.
                None => true,
            },
            (None, None) => {
                self.unchecked += 1;
                true
            }
        };
        (!is_so).then_some(not_so)
    }

    fn digest(&self, kind: &str, action_id: &str) -> u64 {
        self.hasher.hash_one((kind.len(), kind.as_bytes().first(), action_id))
    }

    /// How many payloads are gone.
    pub(super) fn removed(&self) -> u64 {
        self.removed.rows().len()
    }

    /// Compares the payloads that are gone with those that events say are gone.
    pub(super) fn finish(&mut self, damaged: &RowSet, found: &mut Damages) -> Payloads {
        let sets = [&self.removed, &self.bare, &self.redacted, &self.redacted_before];
        if sets.into_iter().any(RowSet::is_incomplete) {
            let problem = "its rows are numbered further apart than those of any log".to_owned();
            found.add(None, DamageKind::Unreadable { problem });
        }
        let [removed, bare, redacted, redacted_before] = sets.map(RowSet::rows);
        let unaccounted = removed - redacted;
        if self.open {
            // The `redacted` event may stand behind the end of the export.
            self.unchecked += unaccounted.len();
        }
        for seq in unaccounted.iter().filter(|seq| !self.open && !damaged.rows().contains(*seq)) {
            found.add(i64::try_from(seq).unwrap_or(i64::MAX), DamageKind::PayloadMissing);
        }
        let kept = &(redacted - removed) - bare;
        for seq in kept.iter().filter(|seq| !damaged.rows().contains(*seq)) {
            if found.has_missing(seq) {
                continue;
            }
            found.add(i64::try_from(seq).unwrap_or(i64::MAX), DamageKind::PayloadKept);
        }
        Payloads { unaccounted: unaccounted - damaged.rows(), redacted: redacted | redacted_before }
    }
}

fn slot(seq: u64) -> usize {
    usize::try_from(seq).unwrap_or_default() & (RECENT - 1)
}
