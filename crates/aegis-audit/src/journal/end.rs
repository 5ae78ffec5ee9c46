//! How an allowed action ended: recorded once, and only for an action that was allowed.

use std::ops::ControlFlow;

use aegis_engine::{escape, saves};
use aegis_ledger::action_life::{Impossible, Life, Step};
use aegis_ledger::answer::{Answer, ResultStatus};
use aegis_ledger::event::{Ended, Event, EventBody, Stamped};
use aegis_ledger::receipt::Receipt;
use thiserror::Error;

use crate::error::TrailError;
use crate::journal::error::RecordError;
use crate::journal::record::Journal;
use crate::store::Transaction;
use aegis_ledger::remedy::Remedy;

/// How many bytes of what went wrong are kept.
const LONGEST_ERROR: usize = 4096;

/// How an action went that was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending<'a> {
    /// Whether it went well.
    pub succeeded: bool,
    /// What went wrong. Of more than 4 KiB, the beginning is kept, and how much more there was.
    pub error: Option<&'a str>,
    /// How long it took, in milliseconds.
    pub duration_ms: Option<u64>,
}

/// Why the end of an action was not recorded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EndingError {
    /// The log could not be written or is damaged, or a sink did not take the record.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The log holds nothing about the action.
    #[error("no action `{}` is in the audit log", escape(.action_id))]
    Unknown {
        /// The id.
        action_id: String,
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
    #[error("the action `{}` has ended already: {}, in row {seq}", escape(.action_id), .status.as_str())]
    AlreadyEnded {
        /// The id of the action.
        action_id: String,
        /// How it ended.
        status: ResultStatus,
        /// The number of the event that says so.
        seq: u64,
    },
}

impl EndingError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            EndingError::Record(error) => error.help(),
            EndingError::Unknown { .. } => {
                Some("the answer to an action gives its id; the action may be in another log".to_owned())
            }
            EndingError::NotAllowed { .. } => {
                Some("only what was allowed can end; if it was done all the same, look into that".to_owned())
            }
            EndingError::AlreadyEnded { .. } => {
                Some("an action ends once; what is recorded stays: ask for another try".to_owned())
            }
        }
    }

    /// What would help, where a front end may have a command for it.
    #[must_use]
    pub const fn remedy(&self) -> Option<Remedy> {
        match self {
            EndingError::Record(error) => error.remedy(),
            EndingError::Unknown { .. } => Some(Remedy::TakeIdFromAnswer),
            EndingError::NotAllowed { .. } => None,
            EndingError::AlreadyEnded { .. } => Some(Remedy::AskAgain),
        }
    }
}

impl Journal {
    /// Records how an allowed action ended, in one transaction: of several that try at once, one succeeds.
    ///
    /// # Errors
    /// When the action is unknown, was not allowed or has ended, or the log or a sink does not take the
    /// event.
    pub fn end_action(&mut self, action_id: &str, ending: Ending<'_>) -> Result<Receipt, EndingError> {
        let error = ending.error.map(capped);
        let status = if ending.succeeded { ResultStatus::Success } else { ResultStatus::Failed };
        let receipt = self
            .write(|log| {
                let session_id = match open_session(log.transaction, action_id)? {
                    Ok(session_id) => session_id,
                    Err(refused) => return Ok(Err(refused)),
                };
                let event = Event::Ended(Ended {
                    action_id,
                    session_id: &session_id,
                    status,
                    error: error.as_deref(),
                    duration_ms: ending.duration_ms,
                });
                Ok(Ok(log.append(&[Stamped { at: crate::clock::now(), event }])?))
            })
            .map_err(RecordError::from)??;
        Ok(receipt.ok_or(RecordError::NoEvent)?)
    }
}

/// The session of an action that was allowed and has not ended, or why its end cannot be recorded.
fn open_session(log: &dyn Transaction, action_id: &str) -> Result<Result<String, EndingError>, TrailError> {
    let known = known_of(log, action_id)?;
    let action_id = action_id.to_owned();
    let Some((_, answer)) = known.life.decided() else {
        return Ok(Err(if known.life.is_known() {
            EndingError::NotAllowed { action_id, answer: None }
        } else {
            EndingError::Unknown { action_id }
        }));
    };
    if !answer.is_allowed() {
        return Ok(Err(EndingError::NotAllowed { action_id, answer: Some(answer) }));
    }
    Ok(match (known.life.ended(), known.result) {
        (Some(seq), Some(status)) => Err(EndingError::AlreadyEnded { action_id, status, seq }),
        _ => Ok(known.session_id),
    })
}

/// What is known of an action.
#[derive(Default)]
struct Known {
    life: Life,
    /// The session in which it was decided.
    session_id: String,
    /// How it ended.
    result: Option<ResultStatus>,
}

/// What is known of an action, once the hash of each of its events is checked, and that they can have
/// happened one after another.
fn known_of(log: &dyn Transaction, action_id: &str) -> Result<Known, TrailError> {
    let path = || log.location().to_owned();
    let mut known = Known::default();
    // Without an id, an event is about the log itself.
    if action_id.is_empty() {
        return Ok(known);
    }
    log.each_event_of(action_id, &mut |seq, event| {
        let unreadable = |problem| TrailError::Unreadable { path: path(), seq, problem };
        let event = event.map_err(unreadable)?;
        // What else is known of the action has nothing to say about its end.
        if event.known_kind().is_err() {
            return Ok(ControlFlow::Continue(()));
        }
        if event.checked_hash(&log.identity().id).is_err() {
            return Err(TrailError::Tampered { path: path(), seq });
        }
        let (body, _) = event.read().map_err(unreadable)?;
        let impossible = |why: Impossible| unreadable(why.sentence());
        if let Some(step) = Step::told(event.at, action_id, &body).map_err(impossible)? {
            known.life.step(event.seq, step, |_| false).map_err(impossible)?;
        }
        match body {
            EventBody::Decided(decided) => known.session_id = decided.session_id.to_string(),
            EventBody::Ended(ended) => known.result = Some(ended.result_status),
            _ => {}
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(known)
}

/// As much of a text as is kept, and how much more there was.
fn capped(text: &str) -> String {
    if text.len() <= LONGEST_ERROR {
        return text.to_owned();
    }
    let end = text.char_indices().map(|(start, _)| start).take_while(|start| *start <= LONGEST_ERROR).last();
    let kept = text.get(..end.unwrap_or_default()).unwrap_or_default();
    let said = format!("… [{} more bytes]", text.len() - kept.len());
    let rest = text.get(kept.len()..).unwrap_or_default();
    if saves(rest, &said) { format!("{kept}{said}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_error_keeps_its_beginning_and_says_what_is_missing() {
        assert_eq!(capped("x"), "x");
        let long = format!("{}é{}", "x".repeat(LONGEST_ERROR - 1), "y".repeat(30));
        assert_eq!(capped(&long), format!("{}… [32 more bytes]", "x".repeat(LONGEST_ERROR - 1)));
        let hardly_longer = "x".repeat(LONGEST_ERROR + 9);
        assert_eq!(capped(&hardly_longer), hardly_longer);
        assert_eq!(capped(&"x".repeat(LONGEST_ERROR)), "x".repeat(LONGEST_ERROR));
    }
}
