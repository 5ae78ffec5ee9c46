//! Why exported events could not be written or read.

use std::io;

use thiserror::Error;

use crate::remedy::Remedy;

/// Why exported events could not be written or read. Lines are counted from 1.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EventLinesError {
    /// The bytes could not be read or written.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The compressed data is damaged, or ends too soon.
    #[error("the compressed data is damaged after line {after}: {problem}")]
    Compressed {
        /// How many lines could be read.
        after: u64,
        /// What the decoder says.
        problem: String,
    },
    /// It does not begin like exported events.
    #[error("these are no exported events: line 1 is no header")]
    NotEvents,
    /// A newer program wrote it.
    #[error("the exported events have format {found}; this program knows format {known}")]
    Newer {
        /// Its format.
        found: u64,
        /// The format known.
        known: u64,
    },
    /// A line is not what every such line is.
    #[error("line {line} is damaged: {problem}")]
    Line {
        /// The line.
        line: u64,
        /// What is wrong with it.
        problem: String,
    },
    /// The last line is missing.
    #[error("the exported events are cut off after line {after}")]
    CutOff {
        /// How many whole lines there are.
        after: u64,
    },
    /// The last line tells another number of events, or another hash of the last one.
    #[error("line {line} does not fit what stands before it: {problem}")]
    End {
        /// The line.
        line: u64,
        /// What differs.
        problem: String,
    },
    /// Something follows the last line.
    #[error("something follows the end of the exported events in line {line}")]
    After {
        /// The line.
        line: u64,
    },
    /// An event is too long to be exported.
    #[error("event {seq} is too long for an export")]
    TooLong {
        /// The number of the event.
        seq: u64,
    },
}

impl EventLinesError {
    /// Whether the content is damaged. Otherwise it could not be read, or is something else.
    #[must_use]
    pub const fn is_damage(&self) -> bool {
        use EventLinesError::{After, Compressed, CutOff, End, Line};
        matches!(self, Compressed { .. } | Line { .. } | CutOff { .. } | End { .. } | After { .. })
    }

    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        Some(match self {
            EventLinesError::NotEvents => "export events to make such a file".to_owned(),
            EventLinesError::Newer { .. } => "use the newer program".to_owned(),
            damage if damage.is_damage() => "it is not repaired: fetch another copy of the file".to_owned(),
            _ => return None,
        })
    }

    /// What would help, where a front end may have a command for it.
    #[must_use]
    pub const fn remedy(&self) -> Option<Remedy> {
        match self {
            EventLinesError::NotEvents => Some(Remedy::ExportEvents),
            _ => None,
        }
    }
}
