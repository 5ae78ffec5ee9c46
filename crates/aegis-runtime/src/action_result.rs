//! What came of an action that a runtime was given.

use std::fmt;
use std::time::Duration;

use aegis_engine::{Action, escape_capped};
use aegis_ledger::answer::{Answer, ResultStatus};
use serde_json::Value;
use thiserror::Error;

use crate::executor::{Executed, ExecutorError};
use crate::gate::Answered;
use crate::gate_handle::HandleError;

/// How much of what went wrong is shown, in characters. The log keeps more.
const SHOWN: usize = 1024;

/// What came of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ActionStatus {
    /// It was allowed and done, its check passed if there was one, and the log has all of that.
    Success,
    /// It was allowed, or could not be decided, and something went wrong.
    Failed,
    /// The policy blocks it.
    Blocked,
    /// A human said no.
    Denied,
    /// A human had to be asked, and nobody answered.
    Unanswered,
    /// An action before it failed, so that it was not its turn any more.
    Skipped,
}

impl ActionStatus {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            ActionStatus::Success => "success",
            ActionStatus::Failed => "failed",
            ActionStatus::Blocked => "blocked",
            ActionStatus::Denied => "denied",
            ActionStatus::Unanswered => "unanswered",
            ActionStatus::Skipped => "skipped",
        }
    }

    /// The status in the log, where the log could be written. What nobody answered is skipped there.
    #[must_use]
    pub const fn recorded(self) -> ResultStatus {
        match self {
            ActionStatus::Success => ResultStatus::Success,
            ActionStatus::Failed => ResultStatus::Failed,
            ActionStatus::Blocked => ResultStatus::Blocked,
            ActionStatus::Denied => ResultStatus::Denied,
            ActionStatus::Unanswered | ActionStatus::Skipped => ResultStatus::Skipped,
        }
    }
}

impl fmt::Display for ActionStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// What went wrong with an action that was not refused.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum Failure {
    /// The gate could not answer, so that it was not done.
    #[error("it could not be decided, and was not done: {0}")]
    Undecided(HandleError),
    /// That it begins could not be recorded, so that it was not done.
    #[error("its beginning could not be recorded, and it was not done: {0}")]
    NotStarted(HandleError),
    /// The executor could not be made ready, so that it was not done.
    #[error("the executor could not be set up: {}", escape_capped(&.0.to_string(), SHOWN))]
    SetUp(ExecutorError),
    /// The executor says so.
    #[error("{}", escape_capped(&.0.to_string(), SHOWN))]
    Executor(ExecutorError),
    /// The executor panicked. How far it got is not known.
    #[error("the executor panicked: {}", escape_capped(.0, SHOWN))]
    Panicked(String),
    /// It took longer than it may. How far it got is not known.
    #[error("it was not done within {}", humantime::format_duration(*.0))]
    Deadline(Duration),
    /// It was done, and what came of it did not pass the check.
    #[error("it was done, and verifying it failed: {}", escape_capped(&.0.to_string(), SHOWN))]
    Verification(ExecutorError),
    /// It went well, and the log does not have that: for the log, it is still being done.
    #[error("it was done, and how it ended could not be recorded: {0}")]
    NotRecorded(HandleError),
}

impl Failure {
    /// What could be done about it.
    #[must_use]
    pub fn help(&self) -> Option<&str> {
        match self {
            Failure::SetUp(error) | Failure::Executor(error) => error.help(),
            Failure::Verification(error) => {
                error.help().or(Some("look at what was done before asking for it again"))
            }
            Failure::Undecided(_) | Failure::NotStarted(_) => {
                Some("see to the log, then ask for the action again")
            }
            Failure::NotRecorded(_) => {
                Some("see to the log; do not ask for the action again, since it was done")
            }
            Failure::Panicked(_) | Failure::Deadline(_) => {
                Some("find out how far it got before asking for it again")
            }
        }
    }

    /// The same in full, as it is recorded. Not safe to look at.
    pub(crate) fn in_full(&self) -> String {
        match self {
            Failure::SetUp(error) => format!("the executor could not be set up: {error}"),
            Failure::Executor(error) => error.to_string(),
            Failure::Panicked(message) => format!("the executor panicked: {message}"),
            Failure::Verification(error) => format!("verification failed: {error}"),
            other => other.to_string(),
        }
    }
}

/// What came of one action, and how it was answered.
#[derive(Clone, Debug)]
#[must_use = "whether an action was done is to be looked at"]
pub struct ActionResult {
    action: Action,
    status: ActionStatus,
    answered: Option<Answered>,
    failure: Option<Failure>,
    unrecorded: Option<HandleError>,
    output: Value,
    duration: Option<Duration>,
}

/// How the doing of an action went.
pub(crate) struct Ended {
    pub(crate) failure: Option<Failure>,
    /// Why the log does not have how it ended.
    pub(crate) unrecorded: Option<HandleError>,
    /// What came of it, where it was done, whether or not that passed its check.
    pub(crate) executed: Option<Executed>,
    pub(crate) duration: Duration,
}

impl ActionResult {
    /// It was answered, and that is all that came of it.
    pub(crate) fn refused(action: Action, answered: Answered) -> ActionResult {
        let status = match answered.answer() {
            Answer::Block => ActionStatus::Blocked,
            Answer::Denied => ActionStatus::Denied,
            Answer::Unanswered => ActionStatus::Unanswered,
            // Allowed, and not done.
            Answer::Auto | Answer::Approved => ActionStatus::Skipped,
        };
        let answered = Some(answered);
        ActionResult { status, ..ActionResult::skipped_as(action, answered, None) }
    }

    /// It was not its turn any more, and the log may not even have that.
    pub(crate) fn skipped(
        action: Action,
        answered: Option<Answered>,
        failure: Option<Failure>,
    ) -> ActionResult {
        match answered {
            Some(answered) if answered.answer() == Answer::Block => ActionResult::refused(action, answered),
            answered => ActionResult::skipped_as(action, answered, failure),
        }
    }

    fn skipped_as(action: Action, answered: Option<Answered>, failure: Option<Failure>) -> ActionResult {
        let (status, output) = (ActionStatus::Skipped, Value::Null);
        ActionResult { action, status, answered, failure, unrecorded: None, output, duration: None }
    }

    /// Something went wrong before it could begin.
    pub(crate) fn not_begun(action: Action, answered: Option<Answered>, failure: Failure) -> ActionResult {
        let (status, failure) = (ActionStatus::Failed, Some(failure));
        ActionResult {
            action,
            status,
            answered,
            failure,
            unrecorded: None,
            output: Value::Null,
            duration: None,
        }
    }

    /// It was done, or tried.
    pub(crate) fn ended(action: Action, answered: Answered, ended: Ended) -> ActionResult {
        let Ended { failure, unrecorded, executed, duration } = ended;
        let output = match (executed, &failure) {
            (Some(executed), _) => executed.into_output(),
            (None, Some(Failure::Executor(error))) => error.output().clone(),
            (None, _) => Value::Null,
        };
        // What the log does not have is no success.
        let failure = failure.or_else(|| unrecorded.clone().map(Failure::NotRecorded));
        let status = if failure.is_none() { ActionStatus::Success } else { ActionStatus::Failed };
        let (answered, duration) = (Some(answered), Some(duration));
        ActionResult { action, status, answered, failure, unrecorded, output, duration }
    }

    /// The action.
    #[must_use]
    pub fn action(&self) -> &Action {
        &self.action
    }

    /// What came of it.
    #[must_use]
    pub fn status(&self) -> ActionStatus {
        self.status
    }

    /// Whether it was done, and all went well.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.status == ActionStatus::Success
    }

    /// How it was answered; `None` where it could not be.
    #[must_use]
    pub fn answered(&self) -> Option<&Answered> {
        self.answered.as_ref()
    }

    /// What went wrong, unless it was refused.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// Why the log does not have how it ended, if it does not. For the log, it is still being done then.
    #[must_use]
    pub fn unrecorded(&self) -> Option<&HandleError> {
        self.unrecorded.as_ref()
    }

    /// What came of doing it, as the executor says; null where nothing did.
    #[must_use]
    pub fn output(&self) -> &Value {
        &self.output
    }

    /// How long it took to do it, where that was tried.
    #[must_use]
    pub fn duration(&self) -> Option<Duration> {
        self.duration
    }

    /// Why it came out so, in a sentence for a person: what went wrong, or else why it was allowed or
    /// refused.
    #[must_use]
    pub fn reason(&self) -> String {
        match (&self.failure, &self.answered) {
            (Some(failure), _) => failure.to_string(),
            (None, Some(answered)) => answered.reason().to_owned(),
            (None, None) => self.status.to_string(),
        }
    }
}
