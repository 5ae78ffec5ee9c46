//! What rows say about other rows, and about the log.

use std::hash::{BuildHasher as _, RandomState};

use roaring::RoaringTreemap;

use crate::event::Claimed;
use crate::question::Question;
use crate::stored_event::StoredEvent;
use crate::verify::damage::{DamageKind, Damages};
use crate::verify::row_set::RowSet;

/// What a row is that another one refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Referred {
    /// Its kind.
    pub kind: String,
    /// The id of its action.
    pub action_id: String,
    /// The digest of the action that it names; absent where it names none.
    pub action_sha256: Option<String>,
    /// The question that it opens; absent where it opens none.
    pub question: Option<Question>,
}

/// Finds a row by its number; `None` if it is not there.
pub(super) type Lookup<'a> = Box<dyn FnMut(u64) -> Option<Referred> + 'a>;

/// Of how many rows, the newest, kind and action are remembered.
const RECENT: usize = 1 << 15;

/// A row that may be referred to.
#[derive(Clone, Copy, Default)]
struct Recent {
    seq: u64,
    /// Of kind and action.
    digest: u64,
    /// Of the digest of the action that it names.
    subject: u64,
}

/// What a row says of another one.
#[derive(Clone, Copy)]
struct Reference<'a> {
    seq: u64,
    kind: &'a str,
    action_id: &'a str,
    subject: Option<&'a str>,
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
    pub(super) fn remember(&mut self, seq: u64, event: &StoredEvent<'_>, subject: Option<&str>) {
        match (event.payload, event.salt) {
            (None, None) => self.removed.insert(seq),
            (None, Some(_)) => self.bare.insert(seq),
            _ => {}
        }
        let (digest, subject) = (self.digest(event.kind, event.action_id), self.hasher.hash_one(subject));
        if let Some(slot) = self.recent.get_mut(slot(seq)) {
            *slot = Recent { seq, digest, subject };
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
            Claimed::Reference { seq: referred, kind, subject } => {
                let reference = Reference { seq: referred, kind: kind.as_str(), action_id, subject };
                self.check_reference(seq, reference, damaged)
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

    fn check_reference(&mut self, seq: u64, to: Reference<'_>, damaged: &RowSet) -> Option<String> {
        let not_so = || Some(format!("row {} is no `{}` event of its action", to.seq, to.kind));
        if to.seq == 0 || to.seq >= seq {
            return not_so();
        }
        if to.seq < self.start || damaged.rows().contains(to.seq) {
            return None; // Pruned, or damaged itself.
        }
        let recent = self.recent.get(slot(to.seq)).filter(|recent| recent.seq == to.seq);
        let (is_so, same) = match (recent, &mut self.lookup) {
            (Some(recent), _) => (
                recent.digest == self.digest(to.kind, to.action_id),
                to.subject.is_none() || recent.subject == self.hasher.hash_one(to.subject),
            ),
            (None, Some(lookup)) => match lookup(to.seq) {
                Some(row) => (
                    row.kind == to.kind && row.action_id == to.action_id,
                    to.subject.is_none() || row.action_sha256.as_deref() == to.subject,
                ),
                // Missing: that is said elsewhere.
                None => (true, true),
            },
            (None, None) => {
                self.unchecked += 1;
                (true, true)
            }
        };
        match (is_so, same) {
            (false, _) => not_so(),
            (true, false) => Some(format!("row {} is about another action under the same id", to.seq)),
            (true, true) => None,
        }
    }

    fn digest(&self, kind: &str, action_id: &str) -> u64 {
        self.hasher.hash_one((kind.len(), kind.as_bytes().first(), action_id))
    }

    /// How many payloads are gone.
    pub(super) fn removed(&self) -> u64 {
        self.removed.rows().len()
    }

    /// Compares the payloads that are gone with those that events say are gone. `sparse` tells that other
    /// sets of rows have lost some.
    pub(super) fn finish(&mut self, damaged: &RowSet, sparse: bool, found: &mut Damages) -> Payloads {
        let sets = [&self.removed, &self.bare, &self.redacted, &self.redacted_before];
        if sparse || sets.into_iter().any(RowSet::is_incomplete) {
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
