//! What every action of a gate is judged by, and recorded with.

use std::sync::Arc;

use aegis_engine::{Action, Digest, Policy};

use crate::foreseen::Foreseen;
use crate::gate::Gate;
use crate::gate::context::Context;
use crate::gate::error::GateError;
use crate::gate::outcome::Outcome;

/// A policy as it was just read, and its digest; or why it could not be.
pub(crate) type Reread = Result<(Arc<Policy>, Digest), String>;

/// Where the policy of an answer's own moment comes from.
pub(crate) enum PolicySource {
    /// It is the one that the gate was set up with.
    Fixed,
    /// It is read again.
    Read(Box<dyn Fn() -> Reread + Send>),
}

impl PolicySource {
    /// What an action is judged by now, that was judged by `ground` before.
    pub(crate) fn now(&self, ground: &Ground) -> Result<Ground, String> {
        let PolicySource::Read(read) = self else { return Ok(ground.clone()) };
        let (policy, policy_sha256) = read()?;
        Ok(Ground { policy, policy_sha256, ..ground.clone() })
    }
}

/// What every action is judged by and recorded with: one policy, and one context. It is shared, never
/// borrowed, so that an answer outlives a change of the gate's own.
#[derive(Clone, Debug)]
pub(crate) struct Ground {
    pub(crate) policy: Arc<Policy>,
    pub(crate) policy_sha256: Digest,
    pub(crate) context: Arc<Context>,
    /// What was said before of the one action that is being answered.
    pub(crate) foreseen: Option<Arc<Foreseen>>,
}

impl Gate {
    /// Goes by this policy from now on. What is being asked or recorded is still decided by the one before,
    /// unless the gate was told how to [read it anew](Gate::rereading).
    pub fn replace_policy(&mut self, policy: Arc<Policy>, policy_sha256: Digest) {
        let context = Arc::clone(&self.ground.context);
        self.ground = Ground { policy, policy_sha256, context, foreseen: None };
    }

    /// Answers one action of which something was said before, as [`answer`](Gate::answer) does: the stricter
    /// of that and of what is said now holds.
    pub(crate) fn answer_foreseen(
        &mut self,
        action: &Action,
        foreseen: Foreseen,
    ) -> Result<Outcome, GateError> {
        self.ground.foreseen = Some(Arc::new(foreseen));
        let outcome = self.answer(action);
        self.ground.foreseen = None;
        outcome
    }
}
