//! Where in a log an event is: what a caller keeps.

use std::sync::Arc;

use aegis_engine::Digest;

/// Where in a log an event is: its number, and its hash, which covers everything before it.
///
/// A receipt is what callers keep, so that a log that was cut off or written anew shows. It permits nothing
/// by itself: what permits an action is the committed answer that the log hands out along with it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a receipt that nobody keeps shows nothing"]
pub struct Receipt {
    log: Arc<str>,
    seq: u64,
    head: Digest,
    volatile: bool,
}

impl Receipt {
    /// The receipt of the event of this number and hash, in the log of this id (32 hexadecimal digits).
    pub const fn new(log: Arc<str>, seq: u64, head: Digest) -> Receipt {
        Receipt { log, seq, head, volatile: false }
    }

    /// The same, of a log on which nothing lasts: synced as it was, it is gone after a restart.
    pub fn of_volatile_log(self) -> Receipt {
        Receipt { volatile: true, ..self }
    }

    /// The id of the log: 32 hexadecimal digits.
    #[must_use]
    pub fn log(&self) -> &str {
        &self.log
    }

    /// The number of the event in the log, from 1.
    #[must_use]
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// The hash of the event, which covers every event before it.
    #[must_use]
    pub const fn head(&self) -> Digest {
        self.head
    }

    /// Whether the log was where nothing lasts.
    #[must_use]
    pub const fn is_volatile(&self) -> bool {
        self.volatile
    }
}
