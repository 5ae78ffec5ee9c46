//! What was said of an action before it was asked for.

use std::sync::Arc;

use aegis_engine::{Action, Decision, Digest, Policy};

/// What a policy said of an action before that was asked for. It is no leave: all that it can do is make what
/// is decided later stricter.
#[derive(Clone, Debug)]
pub(crate) struct Foreseen {
    pub(crate) action_sha256: Digest,
    pub(crate) decision: Decision,
    pub(crate) policy: Arc<Policy>,
    pub(crate) policy_sha256: Digest,
}

impl Foreseen {
    /// What a policy says of an action now.
    pub(crate) fn new(action: &Action, policy: Arc<Policy>, policy_sha256: Digest) -> Foreseen {
        let decision = policy.decide(action, aegis_audit::now());
        Foreseen { action_sha256: action.digest(), decision, policy, policy_sha256 }
    }

    /// The stricter of this and what was said before. Where they are equally strict, this holds.
    pub(crate) fn or_stricter(self, before: &Foreseen) -> Foreseen {
        let (decision, is_before) = self.decision.clone().or_stricter(before.decision.clone());
        Foreseen { decision, ..if is_before { before.clone() } else { self } }
    }
}
