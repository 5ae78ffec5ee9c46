//! The gate: evaluate, approve, record. Nothing gets past it without a synced record.
//!
//! An action goes through four steps, each of which takes the one before by value: [`Draft`] (what the policy
//! says), [`Asked`] (whoever had to be asked was), [`Sealed`] (the answer is settled), and [`Outcome`], which
//! exists only for an answer that the journal committed.

pub(crate) mod asked;
mod context;
pub(crate) mod draft;
mod error;
pub(crate) mod ground;
mod outcome;
pub(crate) mod sealed;
mod waits;

use std::sync::Arc;

use aegis_audit::Journal;
use aegis_engine::{Action, Digest, Policy};
use asked::Asked;
pub use context::Context;
use draft::Draft;
pub use error::{GateError, GroupError};
use ground::{Ground, PolicySource};
pub use outcome::{Answered, Outcome, Proceed, Refusal};
use sealed::Sealed;

use crate::approval::Approver;
use crate::identity::ActionIds;

/// The gate between an agent's actions and the world. It owns what it needs, and can be sent elsewhere.
pub struct Gate {
    pub(crate) ground: Ground,
    pub(crate) source: PolicySource,
    pub(crate) journal: Journal,
    pub(crate) approver: Box<dyn Approver>,
    pub(crate) ids: ActionIds,
}

impl Gate {
    /// Sets up a gate over a policy, a log (with or without sinks behind it) and somebody to ask.
    #[must_use]
    pub fn new(
        policy: Arc<Policy>,
        policy_sha256: Digest,
        journal: Journal,
        approver: impl Approver + 'static,
        context: Context,
    ) -> Gate {
        let ground = Ground { policy, policy_sha256, context: Arc::new(context), foreseen: None };
        let (source, ids) = (PolicySource::Fixed, ActionIds::default());
        Gate { ground, source, journal, approver: Box::new(approver), ids }
    }

    /// Answers one action: evaluates it, asks a human where the policy says so, and records the answer.
    /// Returns only after that is synced. A request is recorded before anyone is asked, so that a question
    /// that was cut short leaves a trace.
    ///
    /// # Errors
    /// When the log or a sink cannot be written; the action must not happen then.
    pub fn answer(&mut self, action: &Action) -> Result<Outcome, GateError> {
        let outcome = self.answer_once(action)?;
        self.seen_through(action, outcome)
    }

    /// Answers as many actions from the front of `actions` as can be answered together: their records are one
    /// synced transaction, and none of them is answered before it. Whoever has more calls again with the
    /// rest.
    ///
    /// An action for which a human must be asked is answered alone, after those before it, so that nobody's
    /// answer waits for another's question; where [nobody is there](Approver::absent), nothing waits. There
    /// are as many outcomes as actions that were answered, in order: at least one, unless there is none.
    ///
    /// # Errors
    /// When the log or a sink cannot be written. None of the first [`size`](GroupError::size) actions may
    /// happen then.
    pub fn answer_all(&mut self, actions: &[Action]) -> Result<Vec<Outcome>, GroupError> {
        let mut group: Vec<Asked<'_>> = Vec::with_capacity(actions.len());
        for action in actions {
            let (size, left) = (group.len() + 1, actions.len() - group.len());
            let failed = |error: GateError| GroupError { size, error };
            let id = match self.ids.next(left) {
                Ok(id) => id,
                // Those before it have theirs.
                Err(_) if !group.is_empty() => break,
                Err(error) => return Err(failed(error.into())),
            };
            let draft = Draft::new(&self.ground, action, id);
            let nobody = match self.nobody_for(&draft) {
                Ok(nobody) => nobody,
                Err(_) if !group.is_empty() => break,
                Err(error) => return Err(failed(error.into())),
            };
            if !draft.needs_human() || nobody.is_some() {
                group.push(Asked::without_a_question(draft, nobody));
            } else if group.is_empty() {
                let asked = Asked::by(self.approver.as_mut(), draft, &mut self.journal, &self.source);
                group.push(asked.map_err(|error| failed(error.into()))?);
                break;
            } else {
                break;
            }
        }
        let size = group.len();
        if size == 0 {
            return Ok(Vec::new());
        }
        let (source, journal) = (&self.source, &self.journal);
        let sealed = group.into_iter().map(|asked| Sealed::of(asked, source, journal)).collect();
        let done = self.journal.record(sealed).map_err(|error| GroupError { size, error: error.into() })?;
        Ok(done.into_iter().map(Outcome::from).collect())
    }
}

#[cfg(test)]
mod tests;
