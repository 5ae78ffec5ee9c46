//! The index of one block, derived from its events.

use std::borrow::Cow;
use std::collections::BTreeMap;

use aegis_engine::Digest;
use roaring::{RoaringBitmap, RoaringTreemap};
use serde::Deserialize;

use super::{Field, block_of, first_of};
use crate::answer::{Answer, ResultStatus};
use crate::error::TrailError;
use crate::event::{Entry, Event, kind};
use crate::merkle::Frontier;
use crate::stored::StoredEvent;

/// Which events of a block have which words.
#[derive(Clone, Debug, Default)]
pub(crate) struct BlockIndex {
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

/// What of an event's body is indexed.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Indexed<'a> {
    #[serde(borrow, default)]
    session_id: Option<Word<'a>>,
    #[serde(borrow, default)]
    agent: Option<Word<'a>>,
    #[serde(borrow, default)]
    action_type: Option<Word<'a>>,
    #[serde(borrow, default)]
    action_target: Option<Word<'a>>,
    #[serde(borrow, default)]
    matched_rule: Option<Word<'a>>,
    #[serde(borrow, default)]
    risk_level: Option<Word<'a>>,
    #[serde(borrow, default)]
    approval: Option<Word<'a>>,
    #[serde(borrow, default)]
    decision: Option<Word<'a>>,
    #[serde(borrow, default)]
    result_status: Option<Word<'a>>,
    #[serde(default)]
    requested_seq: Option<u64>,
    #[serde(default)]
    decided_seq: Option<u64>,
}

/// A string that is borrowed where it can be; serde does that for `Cow` alone, not inside an `Option`.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
struct Word<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> Indexed<'a> {
    /// What is indexed of an event that is about to be written, and refers to the one of this number.
    pub(crate) fn of(event: &Event<'a>, referred: Option<u64>) -> Indexed<'a> {
        let word = |text: &'a str| Some(Word(Cow::Borrowed(text)));
        match *event {
            Event::Requested { entry } => Indexed::of_entry(&entry, None),
            Event::Decided { entry, answer, .. } => {
                Indexed { requested_seq: referred, ..Indexed::of_entry(&entry, Some(answer)) }
            }
            Event::Ended { status, .. } => {
                Indexed { result_status: word(status.as_str()), decided_seq: referred, ..Indexed::default() }
            }
            _ => Indexed::default(),
        }
    }

    /// The number of the `requested` event that a `decided` one refers to.
    pub(crate) const fn requested_seq(&self) -> Option<u64> {
        self.requested_seq
    }

    /// The number of the `decided` event that an `ended` one refers to.
    pub(crate) const fn decided_seq(&self) -> Option<u64> {
        self.decided_seq
    }

    fn of_entry(entry: &Entry<'a>, answer: Option<Answer>) -> Indexed<'a> {
        let word = |text: &'a str| Some(Word(Cow::Borrowed(text)));
        Indexed {
            session_id: word(entry.session_id),
            agent: entry.action.agent().and_then(word),
            action_type: word(entry.action.kind()),
            action_target: word(entry.action.target()),
            matched_rule: word(entry.decision.matched_rule()),
            risk_level: word(entry.decision.risk_level().as_str()),
            approval: word(entry.decision.approval().as_str()),
            decision: answer.and_then(|answer| word(answer.as_str())),
            result_status: answer.and_then(ResultStatus::of).and_then(|status| word(status.as_str())),
            requested_seq: None,
            decided_seq: None,
        }
    }
}

impl BlockIndex {
    /// Indexes one event of the block.
    ///
    /// # Errors
    /// When its body is not what events of its kind have.
    pub(crate) fn add(&mut self, event: &StoredEvent<'_>) -> Result<(), String> {
        let hash = event.hash.try_into().map_err(|_| "its hash has not 32 bytes".to_owned())?;
        let hash = Digest::from_bytes(hash);
        let words = match event.kind {
            kind::REQUESTED | kind::DECIDED | kind::ENDED => serde_json::from_str(event.body)
                .map_err(|error| format!("its body cannot be read: {error}"))?,
            _ => Indexed::default(),
        };
        self.add_words(event.seq, event.at, event.kind, hash, &words);
        Ok(())
    }

    /// Indexes one event of the block as it is being written: its number, time (in milliseconds since the Unix epoch),
    /// kind and hash, and what is indexed of it.
    pub(crate) fn add_words(&mut self, seq: u64, at: i64, kind: &str, hash: Digest, words: &Indexed<'_>) {
        self.tree.push(&hash);
        let (earliest, latest) = self.times.unwrap_or((at, at));
        self.times = Some((earliest.min(at), latest.max(at)));
        let offset = offset_of(seq);
        self.term(Field::Kind, kind, offset);
        match kind {
            kind::REQUESTED | kind::DECIDED => self.add_entry(words, offset),
            kind::ENDED => self.add_end(words),
            _ => {}
        }
    }

    /// How many events have been indexed.
    pub(crate) const fn len(&self) -> u64 {
        self.tree.size()
    }

    /// Notes that an event of the block cannot be read.
    pub(crate) fn add_unreadable(&mut self, seq: u64) {
        self.unreadable.insert(offset_of(seq));
    }

    /// The events that cannot be read, as numbers within the block.
    pub(crate) const fn unreadable(&self) -> &RoaringBitmap {
        &self.unreadable
    }

    fn add_entry(&mut self, body: &Indexed<'_>, offset: u32) {
        for (field, word) in [
            (Field::Session, &body.session_id),
            (Field::Agent, &body.agent),
            (Field::Type, &body.action_type),
            (Field::Target, &body.action_target),
            (Field::Rule, &body.matched_rule),
            (Field::Risk, &body.risk_level),
            (Field::Approval, &body.approval),
            (Field::Decision, &body.decision),
            (Field::Result, &body.result_status),
        ] {
            if let Some(Word(word)) = word {
                self.term(field, word, offset);
            }
        }
        if let Some(requested) = body.requested_seq {
            self.superseded.insert(requested);
        }
    }

    fn add_end(&mut self, body: &Indexed<'_>) {
        let (Some(decided), Some(Word(status))) = (body.decided_seq, &body.result_status) else { return };
        for earlier in self.outcomes.values_mut() {
            earlier.remove(decided);
        }
        self.outcomes.entry(status.clone().into_owned()).or_default().insert(decided);
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
    pub(crate) fn events(&self, field: Field, value: &str) -> RoaringBitmap {
        self.terms.get(&field).and_then(|values| values.get(value)).cloned().unwrap_or_default()
    }

    /// The `requested` events, by their numbers in the log, that this block's `decided` ones stand for.
    pub(crate) const fn superseded(&self) -> &RoaringTreemap {
        &self.superseded
    }

    /// By outcome: the `decided` events, by their numbers in the log, for which this block has the newest word.
    pub(crate) const fn outcomes(&self) -> &BTreeMap<String, RoaringTreemap> {
        &self.outcomes
    }

    /// The earliest time of an event, in milliseconds since the Unix epoch.
    pub(crate) fn earliest(&self) -> i64 {
        self.times.map_or(0, |times| times.0)
    }

    /// The latest time of an event.
    pub(crate) fn latest(&self) -> i64 {
        self.times.map_or(0, |times| times.1)
    }

    /// The RFC 6962 hash over the events' hashes, of which there are as many as a full block has.
    pub(crate) fn root(&self) -> Digest {
        self.root.unwrap_or_else(|| self.tree.root())
    }

    /// Remembers the hash over all events of a block of which some are gone.
    pub(crate) fn set_root(&mut self, root: &[u8]) {
        self.root = root.try_into().ok().map(Digest::from_bytes);
    }

    /// Calls `each` with every field, value and set of events, in the form in which they are stored.
    pub(crate) fn for_each(
        &self,
        mut each: impl FnMut(Field, &str, &[u8]) -> Result<(), TrailError>,
    ) -> Result<(), TrailError> {
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
