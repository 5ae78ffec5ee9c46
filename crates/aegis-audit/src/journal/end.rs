//! How an allowed action ended: recorded once, and only for an action that was allowed.

use aegis_engine::saves;
use aegis_ledger::answer::ResultStatus;
use aegis_ledger::event::{Ended, Event};
use aegis_ledger::receipt::Receipt;

use crate::journal::life_error::LifeError;
use crate::journal::record::Journal;

/// How many bytes of what went wrong are kept.
const LONGEST_ERROR: usize = 4096;

/// How an allowed action came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndStatus {
    /// It was done, and went well.
    Success,
    /// It was tried, and failed.
    Failed,
    /// It was not tried.
    Skipped,
    /// It was tried, and nobody knows how it went.
    Unknown,
}

impl EndStatus {
    const fn result(self) -> Option<ResultStatus> {
        match self {
            EndStatus::Success => Some(ResultStatus::Success),
            EndStatus::Failed => Some(ResultStatus::Failed),
            EndStatus::Skipped => Some(ResultStatus::Skipped),
            EndStatus::Unknown => None,
        }
    }
}

/// How an action went that was allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending<'a> {
    /// How it went.
    pub status: EndStatus,
    /// What went wrong. Of more than 4 KiB, the beginning is kept, and how much more there was.
    pub error: Option<&'a str>,
    /// How long it took, in milliseconds.
    pub duration_ms: Option<u64>,
}

impl Journal {
    /// Records how an allowed action ended, in one transaction: of several that try at once, one succeeds.
    ///
    /// # Errors
    /// When the action is unknown, was not allowed or has ended, or the log or a sink does not take the
    /// event.
    pub fn end_action(&mut self, action_id: &str, ending: Ending<'_>) -> Result<Receipt, LifeError> {
        let error = ending.error.map(capped);
        let status = ending.status.result();
        let (error, duration_ms) = (error.as_deref(), ending.duration_ms);
        self.take_step(
            action_id,
            |_| Ok(()),
            |log, session_id| {
                log.append_now(Event::Ended(Ended { action_id, session_id, status, error, duration_ms }))
            },
        )
    }
}

/// As much of a text as is kept, and how much more there was.
pub(super) fn capped(text: &str) -> String {
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
