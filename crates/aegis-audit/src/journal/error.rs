//! Why nothing was acknowledged.

use aegis_engine::escape;
use thiserror::Error;

use crate::error::TrailError;
use crate::sink::SinkError;
use aegis_ledger::remedy::Remedy;

/// Why events were not recorded. Nothing was acknowledged.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The log did not take them.
    #[error(transparent)]
    Trail(#[from] TrailError),
    /// A sink did not take them. The log has them, and says that what they allow was given up.
    #[error("the audit sink `{}` refused the record: {error}", escape(.sink))]
    Sink {
        /// The sink.
        sink: String,
        /// Why.
        error: SinkError,
    },
    /// There was nothing to record, so nothing is proven.
    #[error("there is no event to record")]
    NoEvent,
}

impl RecordError {
    /// What would help, where a front end may have a command for it.
    #[must_use]
    pub const fn remedy(&self) -> Option<Remedy> {
        match self {
            RecordError::Trail(error) => error.remedy(),
            RecordError::Sink { error, .. } => error.remedy(),
            RecordError::NoEvent => None,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            RecordError::Trail(error) => error.help(),
            RecordError::Sink { error, .. } => error.help(),
            RecordError::NoEvent => None,
        }
    }
}

/// Why what was to be written is not acknowledged.
#[derive(Debug)]
pub(super) enum Unwritten {
    /// The log did not take it.
    Log(TrailError),
    /// A sink is such that nothing is written at all.
    NotBegun(RecordError),
    /// The log took it, and so did this many sinks; the next one refused.
    Refused { taken_by: usize, refusal: RecordError },
}

impl From<TrailError> for Unwritten {
    fn from(error: TrailError) -> Unwritten {
        Unwritten::Log(error)
    }
}

impl From<Unwritten> for RecordError {
    fn from(unwritten: Unwritten) -> RecordError {
        match unwritten {
            Unwritten::Log(error) => error.into(),
            Unwritten::NotBegun(refusal) | Unwritten::Refused { refusal, .. } => refusal,
        }
    }
}
