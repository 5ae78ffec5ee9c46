//! What every kind of event has in common: what it is to its writer, and what its body is to its readers.

use aegis_engine::Digest;
use serde::Serialize;

use super::kind::EventKind;
use super::words::Words;
use crate::origin::Origin;

/// What keys the digests that stand for secrets in one log.
pub(crate) type Key = [u8; 32];

/// One kind of event, as whoever writes it down has it.
pub(crate) trait Happening<'a> {
    /// What is stored of it.
    type Body: Serialize;

    /// The action that it is about; empty where it is about the log itself.
    fn action_id(&self) -> &'a str;

    /// The action and the kind of its event that this one refers to by number.
    fn refers_to(&self) -> Option<(&'a str, EventKind)> {
        None
    }

    /// What is stored, given the number of the event that this one refers to, and the log's key: the body,
    /// and what may hold secrets.
    fn stored(&self, referred: Option<u64>, key: &Key) -> (Self::Body, Option<String>);
}

/// What the body of an event gives to those who read it. A kind says what it has; the rest is nothing.
pub trait Body {
    /// What of it is indexed.
    fn words(&self) -> Words<'_> {
        Words::default()
    }

    /// What verification compares with other rows.
    ///
    /// # Errors
    /// When what it says makes no sense. The text says what.
    fn claim(&self) -> Result<Claimed<'_>, String> {
        Ok(Claimed::Nothing)
    }

    /// The number of the row of which this event changes the record, given the event's own number. `None` if
    /// there is none: an approver's answer makes no record, and what is about the log itself belongs to no
    /// action.
    fn record(&self, own: u64) -> Option<u64> {
        let _ = own;
        None
    }
}

/// What an event says of other events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claimed<'a> {
    /// The event of this number is of this kind, and of the same action, word for word.
    Reference {
        /// The number.
        seq: u64,
        /// The kind.
        kind: EventKind,
        /// The digest of the very action that it is about, where this event names it.
        subject: Option<&'a str>,
    },
    /// The tree over the first events had this root.
    Tree {
        /// How many events.
        size: u64,
        /// The root: 64 hexadecimal digits.
        root: &'a str,
    },
    /// The payloads of these events were removed.
    Removed(&'a [u64]),
    /// The log begins behind what was pruned.
    Pruned(Box<Origin>),
    /// Nothing that could be compared.
    Nothing,
}

impl Claimed<'_> {
    /// The event of this number is the action's decision, where it names one.
    pub(super) const fn of_decision(decided_seq: Option<u64>) -> Self {
        match decided_seq {
            Some(seq) => Claimed::Reference { seq, kind: EventKind::Decided, subject: None },
            None => Claimed::Nothing,
        }
    }
}

/// Digests as the hexadecimal digits that bodies hold.
pub(super) fn digits(digests: &[Digest]) -> Vec<String> {
    digests.iter().map(Digest::to_string).collect()
}
