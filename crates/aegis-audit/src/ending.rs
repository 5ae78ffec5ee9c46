//! How an allowed action ended: recorded once, and only for an action that was allowed.

use aegis_engine::escape;
use chrono::Utc;
use rusqlite::{OptionalExtension as _, Row};
use thiserror::Error;

use crate::answer::{Answer, ResultStatus};
use crate::append::Appending;
use crate::error::TrailError;
use crate::event::{EndedBody, EntryBody, Event, Stamped, kind};
use crate::receipt::Receipt;
use crate::remedy::Remedy;
use crate::stored::StoredEvent;
use crate::trail::Trail;

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
    /// The log could not be written, or is damaged.
    #[error(transparent)]
    Trail(#[from] TrailError),
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
            EndingError::Trail(error) => error.help(),
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
            EndingError::Trail(error) => error.remedy(),
            EndingError::Unknown { .. } => Some(Remedy::TakeIdFromAnswer),
            EndingError::NotAllowed { .. } => None,
            EndingError::AlreadyEnded { .. } => Some(Remedy::AskAgain),
        }
    }
}

impl Trail {
    /// Records how an allowed action ended, in one transaction: of several that try at once, one succeeds.
    ///
    /// # Errors
    /// When the action is unknown, was not allowed or has ended, or the log does not take the event.
    pub fn end_action(&mut self, action_id: &str, ending: Ending<'_>) -> Result<Receipt, EndingError> {
        let error = ending.error.map(capped);
        let status = if ending.succeeded { ResultStatus::Success } else { ResultStatus::Failed };
        self.transact(|log| {
            let session_id = match open_session(log, action_id)? {
                Ok(session_id) => session_id,
                Err(refused) => return Ok(Err(refused)),
            };
            let event = Event::Ended {
                action_id,
                session_id: &session_id,
                status,
                error: error.as_deref(),
                duration_ms: ending.duration_ms,
            };
            let receipt = log.append(&[Stamped { at: Utc::now(), event }])?.pop();
            Ok(receipt.ok_or(EndingError::Unknown { action_id: action_id.to_owned() }))
        })?
    }
}

/// The session of an action that was allowed and has not ended, or why its end cannot be recorded.
fn open_session(log: &Appending<'_>, action_id: &str) -> Result<Result<String, EndingError>, TrailError> {
    let action_id = action_id.to_owned();
    let Some(session) = newest::<EntryBody>(log, &action_id, kind::DECIDED)? else {
        let requested = newest::<EntryBody>(log, &action_id, kind::REQUESTED)?.is_some();
        return Ok(Err(if requested {
            EndingError::NotAllowed { action_id, answer: None }
        } else {
            EndingError::Unknown { action_id }
        }));
    };
    let (_, decided) = session;
    if !decided.decision.is_some_and(Answer::is_allowed) {
        return Ok(Err(EndingError::NotAllowed { action_id, answer: decided.decision }));
    }
    Ok(match newest::<EndedBody>(log, &action_id, kind::ENDED)? {
        Some((seq, ended)) => Err(EndingError::AlreadyEnded { action_id, status: ended.result_status, seq }),
        None => Ok(decided.session_id),
    })
}

/// The newest event of this kind that an action has, once its hash is checked.
fn newest<T: serde::de::DeserializeOwned>(
    log: &Appending<'_>,
    action_id: &str,
    kind: &str,
) -> Result<Option<(u64, T)>, TrailError> {
    let columns = StoredEvent::COLUMNS;
    let sql =
        format!("SELECT {columns} FROM events WHERE action_id = ?1 AND kind = ?2 ORDER BY seq DESC LIMIT 1");
    let read = |row: &Row<'_>| {
        let seq: i64 = row.get(0)?;
        Ok(read(log, row, seq))
    };
    log.connection
        .prepare_cached(&sql)
        .and_then(|mut statement| statement.query_row([action_id, kind], read).optional())
        .map_err(|error| TrailError::sqlite(log.path, error))?
        .transpose()
}

fn read<T: serde::de::DeserializeOwned>(
    log: &Appending<'_>,
    row: &Row<'_>,
    seq: i64,
) -> Result<(u64, T), TrailError> {
    let unreadable = |problem| TrailError::Unreadable { path: log.path.to_owned(), seq, problem };
    let event = StoredEvent::read(row).map_err(unreadable)?;
    if event.checked_hash(&log.identity.id).is_err() {
        return Err(TrailError::Tampered { path: log.path.to_owned(), seq });
    }
    let body = serde_json::from_str(event.body).map_err(|error| unreadable(error.to_string()))?;
    Ok((event.seq, body))
}

/// As much of a text as is kept, and how much more there was.
fn capped(text: &str) -> String {
    if text.len() <= LONGEST_ERROR {
        return text.to_owned();
    }
    let end = text.char_indices().map(|(start, _)| start).take_while(|start| *start <= LONGEST_ERROR).last();
    let kept = text.get(..end.unwrap_or_default()).unwrap_or_default();
    format!("{kept}… [{} more bytes]", text.len() - kept.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_error_keeps_its_beginning_and_says_what_is_missing() {
        assert_eq!(capped("x"), "x");
        let long = format!("{}é{}", "x".repeat(LONGEST_ERROR - 1), "y".repeat(10));
        assert_eq!(capped(&long), format!("{}… [12 more bytes]", "x".repeat(LONGEST_ERROR - 1)));
        assert_eq!(capped(&"x".repeat(LONGEST_ERROR)), "x".repeat(LONGEST_ERROR));
    }
}
