//! The index of one block of events, derived from them: which of them have which words.

use std::collections::BTreeMap;
use std::io;

use aegis_engine::Digest;
use roaring::{RoaringBitmap, RoaringTreemap};

use crate::event::{Body, EventKind, Field, Words};
use crate::merkle::Frontier;
use crate::stored_event::StoredEvent;

/// How many events a block has: few enough that those of an unfinished one are read in some milliseconds, and
/// many enough that a million events have few blocks.
pub const BLOCK: u64 = 4096;

/// The block that an event belongs to.
#[must_use]
pub const fn block_of(seq: u64) -> u64 {
    seq.saturating_sub(1) / BLOCK
}

/// The number of a block's first event.
#[must_use]
pub const fn first_of(block: u64) -> u64 {
    block.saturating_mul(BLOCK).saturating_add(1)
}

/// Whether a block is full once it has this event.
#[must_use]
pub const fn completes_block(seq: u64) -> bool {
    seq.is_multiple_of(BLOCK)
}

/// Which events of a block have which words.
#[derive(Clone, Debug, Default)]
pub struct BlockIndex {
    /// Numbers within the block, from 0.
    terms: BTreeMap<Field, BTreeMap<String, RoaringBitmap>>,
    /// Numbers of `requested` events, in the log, that this block's `decided` events stand for.
    superseded: RoaringTreemap,
    /// By outcome: numbers of `decided` events, in the log, for which this block has the newest word.
    outcomes: BTreeMap<String, RoaringTreemap>,
    /// Numbers within the block of events that are damaged.
    unreadable: RoaringBitmap,
    times: Option<(i64, i64)>,
    tree: Frontier,
    root: Option<Digest>,
}

impl BlockIndex {
    /// Indexes one event of the block.
    ///
    /// # Errors
    /// When its body is not what events of its kind have.
    pub fn add(&mut self, event: &StoredEvent<'_>) -> Result<(), String> {
        let hash = event.hash.try_into().map_err(|_| "its hash has not 32 bytes".to_owned())?;
        let hash = Digest::from_bytes(hash);
        let indexed = event.known_kind().is_ok_and(EventKind::has_words);
        let body = if indexed { Some(event.read_body()?) } else { None };
        let words = body.as_ref().map(Body::words).unwrap_or_default();
        self.add_words(event.seq, event.at, event.kind, hash, &words);
        Ok(())
    }

    /// Indexes one event of the block as it is being written: its number, time (in milliseconds since the
    /// Unix epoch), kind and hash, and what is indexed of it.
    pub fn add_words(&mut self, seq: u64, at: i64, kind: &str, hash: Digest, words: &Words<'_>) {
        self.tree.push(&hash);
        let (earliest, latest) = self.times.unwrap_or((at, at));
        self.times = Some((earliest.min(at), latest.max(at)));
        let offset = offset_of(seq);
        self.term(Field::Kind, kind, offset);
        for (field, word) in words.terms.iter().flatten() {
            if let Some(word) = word {
                self.term(*field, word, offset);
            }
        }
        if let Some(superseded) = words.superseded {
            self.superseded.insert(superseded);
        }
        if let Some((decided, status)) = words.outcome {
            self.add_outcome(decided, status);
        }
    }

    /// How many events have been indexed.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.tree.size()
    }

    /// Whether none has been indexed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Notes that an event of the block cannot be read.
    pub fn add_unreadable(&mut self, seq: u64) {
        self.unreadable.insert(offset_of(seq));
    }

    /// The events that cannot be read, as numbers within the block.
    #[must_use]
    pub const fn unreadable(&self) -> &RoaringBitmap {
        &self.unreadable
    }

    /// Notes the newest word on a decision's outcome.
    fn add_outcome(&mut self, decided: u64, status: &str) {
        for earlier in self.outcomes.values_mut() {
            earlier.remove(decided);
        }
        self.outcomes.entry(status.to_owned()).or_default().insert(decided);
        self.outcomes.retain(|_, events| !events.is_empty());
    }

    fn term(&mut self, field: Field, value: &str, offset: u32) {
        let values = self.terms.entry(field).or_default();
        match values.get_mut(value) {
            Some(events) => {
                events.insert(offset);
            }
            None => {
                values.insert(value.to_owned(), RoaringBitmap::from([offset]));
            }
        }
    }

    /// The events that have this value, as numbers within the block.
    #[must_use]
    pub fn events(&self, field: Field, value: &str) -> RoaringBitmap {
        self.terms.get(&field).and_then(|values| values.get(value)).cloned().unwrap_or_default()
    }

    /// The `requested` events, by their numbers in the log, that this block's `decided` ones stand for.
    #[must_use]
    pub const fn superseded(&self) -> &RoaringTreemap {
        &self.superseded
    }

    /// By outcome: the `decided` events, by their numbers in the log, for which this block has the newest
    /// word.
    #[must_use]
    pub const fn outcomes(&self) -> &BTreeMap<String, RoaringTreemap> {
        &self.outcomes
    }

    /// The earliest time of an event, in milliseconds since the Unix epoch.
    #[must_use]
    pub fn earliest(&self) -> i64 {
        self.times.map_or(0, |times| times.0)
    }

    /// The latest time of an event.
    #[must_use]
    pub fn latest(&self) -> i64 {
        self.times.map_or(0, |times| times.1)
    }

    /// The RFC 6962 hash over the events' hashes, of which there are as many as a full block has.
    #[must_use]
    pub fn root(&self) -> Digest {
        self.root.unwrap_or_else(|| self.tree.root())
    }

    /// Remembers the hash over all events of a block of which some are gone.
    pub fn set_root(&mut self, root: &[u8]) {
        self.root = root.try_into().ok().map(Digest::from_bytes);
    }

    /// Calls `each` with every field, value and set of events, in the form in which they are stored.
    ///
    /// # Errors
    /// When a set cannot be put into that form, or `each` says so.
    pub fn for_each<E: From<io::Error>>(
        &self,
        mut each: impl FnMut(Field, &str, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut bytes = Vec::new();
        for (field, values) in &self.terms {
            for (value, events) in values {
                // Sets of neighbours, of which there are many, take less room as runs.
                let mut events = events.clone();
                events.optimize();
                bytes.clear();
                events.serialize_into(&mut bytes)?;
                each(*field, value, &bytes)?;
            }
        }
        if !self.superseded.is_empty() {
            bytes.clear();
            self.superseded.serialize_into(&mut bytes)?;
            each(Field::Superseded, "", &bytes)?;
        }
        for (status, events) in &self.outcomes {
            bytes.clear();
            events.serialize_into(&mut bytes)?;
            each(Field::Outcome, status, &bytes)?;
        }
        Ok(())
    }
}

fn offset_of(seq: u64) -> u32 {
    u32::try_from(seq.saturating_sub(first_of(block_of(seq)))).unwrap_or(u32::MAX)
}
