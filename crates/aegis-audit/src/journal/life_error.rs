//! Why a step of an allowed action was not recorded.

use aegis_engine::escape;
use aegis_ledger::answer::{Answer, ResultStatus};
use aegis_ledger::remedy::Remedy;
use thiserror::Error;

use crate::journal::error::RecordError;

/// Why a step of an allowed action was not recorded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LifeError {
    /// The log could not be written or is damaged, or a sink did not take the record.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The log holds nothing about the action.
    #[error("no action `{}` is in the audit log", escape(.action_id))]
    Unknown {
        /// The id.
        action_id: String,
    },
    /// The action has begun already: a leave is used once.
    #[error("the action `{}` has been started already, in row {seq}", escape(.action_id))]
    AlreadyStarted {
        /// The id of the action.
        action_id: String,
        /// The number of the event that says so.
        seq: u64,
    },
    /// How it turned out is recorded, or it was not even started.
    #[error("how the action `{}` turned out cannot be recorded: {why}", escape(.action_id))]
    NotOpen {
        /// The id of the action.
        action_id: String,
        /// Why not.
        why: String,
    },
    /// The action was refused, or is not answered.
    #[error("the action `{}` was not allowed: {}", escape(.action_id), .answer.map_or("it is not answered yet", Answer::as_str))]
    NotAllowed {
        /// The id of the action.
        action_id: String,
        /// The answer, if there is one.
        answer: Option<Answer>,
    },
    /// Its end is recorded.
    #[error("the action `{}` has ended already: {}, in row {seq}", escape(.action_id), .status.map_or("nobody knows how", ResultStatus::as_str))]
    AlreadyEnded {
        /// The id of the action.
        action_id: String,
        /// How it ended; none where nobody knows.
        status: Option<ResultStatus>,
        /// The number of the event that says so.
        seq: u64,
    },
}

impl LifeError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            LifeError::Record(error) => error.help(),
            LifeError::Unknown { .. } => {
                Some("the answer to an action gives its id; the action may be in another log".to_owned())
            }
            LifeError::AlreadyStarted { .. } => {
                Some("what was allowed is done once; ask for another try".to_owned())
            }
            LifeError::NotOpen { .. } => None,
            LifeError::NotAllowed { .. } => {
                Some("only what was allowed can end; if it was done all the same, look into that".to_owned())
            }
            LifeError::AlreadyEnded { .. } => {
                Some("an action ends once; what is recorded stays: ask for another try".to_owned())
            }
        }
    }

    /// What would help, where a front end may have a command for it.
    #[must_use]
    pub const fn remedy(&self) -> Option<Remedy> {
        match self {
            LifeError::Record(error) => error.remedy(),
            LifeError::Unknown { .. } => Some(Remedy::TakeIdFromAnswer),
            LifeError::NotAllowed { .. } | LifeError::NotOpen { .. } => None,
            LifeError::AlreadyEnded { .. } | LifeError::AlreadyStarted { .. } => Some(Remedy::AskAgain),
        }
    }
}
