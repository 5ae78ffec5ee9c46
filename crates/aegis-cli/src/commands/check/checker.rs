//! Answers actions: by asking and recording, or by evaluating alone.

use aegis_engine::Action;
use aegis_runtime::Gate;
use chrono::{DateTime, Utc};

use super::reply::{Replier, Reply};
use crate::error::CommandError;
use crate::given_agent::GivenAgent;
use crate::waiting::Waiting;

/// Everything that answering an action takes.
pub(super) struct Checker<'a> {
    pub(super) replier: Replier<'a>,
    pub(super) agent: GivenAgent,
    pub(super) mode: Mode,
    pub(super) waiting: Waiting<'a>,
}

pub(super) enum Mode {
    /// Ask and record.
    Gate(Box<Gate>),
    /// Only evaluate, as of an instant or of now.
    DryRun(Option<DateTime<Utc>>),
}

impl Checker<'_> {
    /// Answers one action.
    pub(super) fn check(&mut self, action: &Action) -> Result<Reply, CommandError> {
        match &mut self.mode {
            Mode::DryRun(at) => self.replier.evaluated(action, at.unwrap_or_else(aegis_audit::now), None),
            Mode::Gate(gate) => {
                let outcome = self.waiting.answer(gate, action)?;
                self.replier.answered(action, outcome.answered(), None)
            }
        }
    }

    /// Answers as many actions from the front as can be answered together, each in its place. What goes wrong
    /// with all of them is the answer to each.
    pub(super) fn check_all(&mut self, actions: &[Action]) -> Vec<Result<Reply, CommandError>> {
        let replier = &self.replier;
        match &mut self.mode {
            Mode::DryRun(at) => {
                let evaluated = |action| replier.evaluated(action, at.unwrap_or_else(aegis_audit::now), None);
                actions.iter().map(evaluated).collect()
            }
            Mode::Gate(gate) => match gate.answer_all(actions) {
                Ok(outcomes) => {
                    for outcome in &outcomes {
                        self.waiting.announce(outcome.answered());
                    }
                    let pairs = actions.iter().zip(&outcomes);
                    pairs
                        .map(|(action, outcome)| replier.answered(action, outcome.answered(), None))
                        .collect()
                }
                Err(failed) => {
                    let error = CommandError::from(failed.error);
                    (0..failed.size).map(|_| Err(error.clone())).collect()
                }
            },
        }
    }
}
