//! One call.

use aegis_engine::Action;

use crate::answer_form::AnswerFrame;
use crate::call_error::CallError;
use crate::format::CallFormat;

/// What became of a call when it was read.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a call that is not looked at is not decided about"]
pub enum Reading {
    /// It is to be decided about.
    Action(Action),
    /// It cannot be decided about, and so must not be run.
    Refused(CallError),
    /// The provider ran it itself, before anybody could be asked: nothing is left to be decided.
    Observed(Action),
}

/// A tool call, as it stands in the input.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    pub(crate) format: CallFormat,
    pub(crate) place: String,
    pub(crate) id: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) frame: AnswerFrame,
    pub(crate) reading: Reading,
}

impl Call {
    /// The format that it is written in.
    #[must_use]
    pub const fn format(&self) -> CallFormat {
        self.format
    }

    /// Where in the input it stands: a JSON Pointer (RFC 6901), or `/` for all of it.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// The id that it came with, as it is written.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The name of the tool, as it is written.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// What became of it.
    pub const fn reading(&self) -> &Reading {
        &self.reading
    }

    /// The action that is to be decided about, if it is one.
    #[must_use]
    pub const fn action(&self) -> Option<&Action> {
        match &self.reading {
            Reading::Action(action) => Some(action),
            Reading::Refused(_) | Reading::Observed(_) => None,
        }
    }
}
