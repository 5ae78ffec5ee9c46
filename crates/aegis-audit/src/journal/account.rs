//! What is written down as a whole.

use std::collections::BTreeSet;

use aegis_ledger::answer::{Answer, ResultStatus};
use aegis_ledger::chain::LogIdentity;
use aegis_ledger::event::{Decided, Ended, Event, Stamped};
use chrono::{DateTime, Utc};

use crate::error::TrailError;
use crate::journal::question_book::QuestionBook;
use crate::store::Snapshot;

/// Something that is written down as a whole: one event or several, the last of which its receipt is for.
pub trait Account {
    /// Its events, oldest first: at least one, and the same ones whenever this is asked, unless the log was
    /// waited for in between.
    fn events(&self) -> Vec<Stamped<'_>>;

    /// Whether what was asked before is to be looked up.
    fn consults(&self) -> bool {
        false
    }

    /// The log is held, and what was asked before can be looked up in it: an answer that is there is used in
    /// the very transaction that records what follows from it. It may be told more than once, and is told
    /// where it [consults](Account::consults) the log alone.
    ///
    /// # Errors
    /// When the log cannot be read. Nothing is written down then.
    fn consult(&mut self, questions: &mut QuestionBook, log: &dyn Snapshot) -> Result<(), TrailError> {
        let _ = (questions, log);
        Ok(())
    }

    /// The log had to be waited for, and is held now: what was so when the account was made may not be so any
    /// more. It may be told more than once.
    ///
    /// # Errors
    /// When the account is not to be written down any more. The text says why.
    fn waited(&mut self, log: &LogIdentity) -> Result<(), String> {
        let _ = log;
        Ok(())
    }
}

impl Account for Stamped<'_> {
    fn events(&self) -> Vec<Stamped<'_>> {
        vec![*self]
    }
}

impl Account for Vec<Stamped<'_>> {
    fn events(&self) -> Vec<Stamped<'_>> {
        self.clone()
    }
}

/// What says of the actions of these events that they were given up: those that were to be asked for, and
/// those that were allowed.
pub(super) fn given_up<'e>(events: &[Stamped<'e>], at: DateTime<Utc>, why: &'e str) -> Vec<Stamped<'e>> {
    let ended = |action_id, session_id| {
        let (status, error) = (Some(ResultStatus::Skipped), Some(why));
        let ended = Ended { action_id, session_id, status, error, duration_ms: None };
        Stamped { at, event: Event::Ended(ended) }
    };
    let decided: BTreeSet<_> = events
        .iter()
        .filter_map(|stamped| match stamped.event {
            Event::Decided(Decided { entry, .. }) => Some(entry.action_id),
            _ => None,
        })
        .collect();
    let mut given_up = Vec::new();
    for stamped in events {
        match stamped.event {
            Event::Requested(asked) if !decided.contains(asked.entry.action_id) => {
                let entry = asked.entry;
                let decided =
                    Decided { entry, answer: Answer::Unanswered, approver: None, reason: why, grant: None };
                given_up.push(Stamped { at, event: Event::Decided(decided) });
                given_up.push(ended(entry.action_id, entry.session_id));
            }
            Event::Decided(Decided { entry, answer, .. }) if answer.is_allowed() => {
                given_up.push(ended(entry.action_id, entry.session_id));
            }
            _ => {}
        }
    }
    given_up
}
