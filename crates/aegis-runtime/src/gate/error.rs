//! Why the gate could not answer.

use aegis_audit::{LifeError, RecordError};
use thiserror::Error;

/// Why the gate could not answer. The action must not happen.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum GateError {
    /// The log, or a sink beside it, did not take the record.
    #[error(transparent)]
    Audit(#[from] RecordError),
    /// What was to be given up could not be.
    #[error(transparent)]
    Life(#[from] LifeError),
    /// The system has no randomness for the id of an action.
    #[error("no randomness for the id of an action: {0}")]
    Randomness(#[from] getrandom::Error),
    /// The journal took the record but did not hand it back.
    #[error("the audit log gave no receipt")]
    NoReceipt,
}

/// Why a group of actions could not be answered. None of them may happen.
#[derive(Debug, Error)]
#[error("{error}")]
pub struct GroupError {
    /// How many actions, from the front of those that were given, this is the answer to.
    pub size: usize,
    /// What went wrong.
    #[source]
    pub error: GateError,
}
