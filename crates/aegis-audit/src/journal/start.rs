//! That an allowed action begins, and how looking at it came out: each once.

use aegis_ledger::event::{Event, Recorder, Started, Verified};
use aegis_ledger::receipt::Receipt;

use crate::journal::end::capped;
use crate::journal::life_error::LifeError;
use crate::journal::record::Journal;

/// How looking at what was done came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check<'a> {
    /// Whether it was found to be as it should be.
    pub passed: bool,
    /// What was found instead, or why nobody could look. Of more than 4 KiB, the beginning is kept.
    pub error: Option<&'a str>,
    /// How long looking took, in milliseconds.
    pub duration_ms: Option<u64>,
}

impl Journal {
    /// Records that an allowed action is about to be done, by `recorder`, which will record its end. Of
    /// several that try at once, one succeeds: a leave is used once.
    ///
    /// # Errors
    /// When the action is unknown, was not allowed, has begun or has ended, or the log or a sink does not
    /// take the event. It must not be done then.
    pub fn start_action(
        &mut self,
        action_id: &str,
        recorder: Option<&Recorder>,
    ) -> Result<Receipt, LifeError> {
        self.take_step(
            action_id,
            |life| match life.started() {
                Some(seq) => Err(LifeError::AlreadyStarted { action_id: action_id.to_owned(), seq }),
                None => Ok(()),
            },
            |log, session_id| log.append_now(Event::Started(Started { action_id, session_id, recorder })),
        )
    }

    /// Records how looking at what was done came out, before its end is recorded.
    ///
    /// # Errors
    /// When the action is unknown, was not allowed, has not begun, has ended, or was looked at already, or
    /// the log or a sink does not take the event.
    pub fn verify_action(&mut self, action_id: &str, check: Check<'_>) -> Result<Receipt, LifeError> {
        let error = check.error.map(capped);
        let Check { passed, duration_ms, .. } = check;
        let refused = |why: String| LifeError::NotOpen { action_id: action_id.to_owned(), why };
        self.take_step(
            action_id,
            |life| match (life.started(), life.verified()) {
                (None, _) => Err(refused("it has not been started".to_owned())),
                (_, Some(seq)) => Err(refused(format!("row {seq} says so already"))),
                _ => Ok(()),
            },
            |log, session_id| {
                let error = error.as_deref();
                log.append_now(Event::Verified(Verified {
                    action_id,
                    session_id,
                    passed,
                    error,
                    duration_ms,
                }))
            },
        )
    }
}
