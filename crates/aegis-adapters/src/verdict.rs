//! What was decided about a call, and how the model is told.

use std::fmt;

use aegis_engine::escape_capped;

use crate::call_error::CallError;

/// The most characters of a type, a target or a reason that a model is told.
const SHOWN: usize = 400;

/// What was decided about a call.
#[derive(Clone, Copy, Debug)]
#[must_use = "a verdict that nobody is told protects nothing"]
pub enum Verdict<'a> {
    /// It may be run, once.
    Allowed {
        /// The action's id in the log.
        action_id: &'a str,
    },
    /// It must not be run.
    Refused(Refusal<'a>),
}

/// A refusal, in the parts that a model is told.
#[derive(Clone, Copy, Debug)]
pub struct Refusal<'a> {
    /// The action's type, without secrets.
    pub action_type: &'a str,
    /// The action's target, without secrets.
    pub action_target: &'a str,
    /// How it was refused.
    pub how: Refused,
    /// Why, in a sentence: what the policy's author says, or whoever denied it.
    pub reason: &'a str,
}

/// How a call was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The policy blocks it.
    Blocked,
    /// A human said no.
    Denied,
    /// A human has to be asked, and nobody answered; nobody is being asked any more.
    Unanswered,
    /// A human is being asked, and has not answered yet.
    Waiting,
    /// It could not be recorded, so that it must not happen.
    Unrecorded,
}

impl Refused {
    /// What the model can do now.
    const fn advice(self) -> &'static str {
        match self {
            Refused::Blocked => {
                "The policy does not allow this call: do not repeat it. Find another way, or tell the user."
            }
            Refused::Denied => {
                "A human was asked and said no: do not repeat it. Find another way, or tell the user."
            }
            Refused::Unanswered => {
                "It needs the approval of a human, and nobody answered. No human is being asked now: tell the user \
                 what you wanted to do, and call again only when they say so."
            }
            Refused::Waiting => {
                "It needs the approval of a human, who is being asked now: go on with something else, and make \
                 the same call again later."
            }
            Refused::Unrecorded => "It could not be recorded, so that it must not happen: tell the user.",
        }
    }
}

impl fmt::Display for Refusal<'_> {
    /// The text that a model is told.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, target) =
            (escape_capped(self.action_type, SHOWN), escape_capped(self.action_target, SHOWN));
        let advice = self.how.advice();
        write!(formatter, "error: aegis refused this call, and it was not run: `{kind}` on `{target}`. ")?;
        write!(formatter, "Why: {}. {advice}", capped(self.reason))
    }
}

/// The text that a model is told of a call that could not be read.
pub(crate) fn told(problem: &CallError) -> String {
    unread_call_text(&problem.to_string())
}

/// The text that a model is told of a call that could not be read, because of this. What is told of the
/// problem must be escaped already.
#[must_use]
pub fn unread_call_text(problem: &str) -> String {
    let problem = capped(problem);
    format!(
        "error: aegis refused this call, and it was not run: {problem}. If it is still needed, make it again, \
         whole and with the arguments that the tool defines."
    )
}

/// A reason, which is escaped already, cut where it is too long for a model to be told all of it.
fn capped(reason: &str) -> String {
    match reason.char_indices().nth(SHOWN * 4) {
        Some((end, _)) => format!("{}…", reason.get(..end).unwrap_or_default()),
        None => reason.to_owned(),
    }
}
