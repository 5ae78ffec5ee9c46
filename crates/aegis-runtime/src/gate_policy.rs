//! By which policy a gate goes, and how it comes to another one.

use std::sync::Arc;

use aegis_engine::{Action, Digest, Policy};

use crate::foreseen::Foreseen;
use crate::gate::ground::{Ground, PolicySource, Reread};
use crate::gate::{Gate, GateError, Outcome};

impl Gate {
    /// With a way to read the policy anew when somebody has answered: an answer counts for the policy of its
    /// own moment, and the stricter of both holds. What cannot be read then (the error says why) refuses.
    #[must_use]
    pub fn rereading(mut self, read: impl Fn() -> Reread + Send + 'static) -> Gate {
        self.source = PolicySource::Read(Box::new(read));
        self
    }

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
