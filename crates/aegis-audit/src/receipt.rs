//! The proof that an event is in the log, synced.

use std::sync::Arc;

use aegis_engine::Digest;

use crate::answer::Answer;

/// The proof that an event was appended to a log and synced. Made only by [`Trail::append`](crate::Trail::append),
/// after the transaction was committed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a receipt is what permits an action"]
pub struct Receipt {
    pub(crate) log: Arc<str>,
    pub(crate) seq: u64,
    pub(crate) head: Digest,
    pub(crate) action_id: String,
    pub(crate) answer: Option<Answer>,
}

impl Receipt {
    /// The id of the log: 32 hexadecimal digits.
    #[must_use]
    pub fn log(&self) -> &str {
        &self.log
    }

    /// The number of the event in the log, from 1.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// The hash of the event, which covers every event before it.
    #[must_use]
    pub fn head(&self) -> Digest {
        self.head
    }

    /// The id of the action.
    #[must_use]
    pub fn action_id(&self) -> &str {
        &self.action_id
    }

    /// Whether the event was a final answer, and that answer was yes.
    #[must_use]
    pub fn allows(&self) -> bool {
        self.answer.is_some_and(Answer::is_allowed)
    }
}
