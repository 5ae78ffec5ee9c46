//! What every action of a gate is judged by, and recorded with.

use std::sync::Arc;

use aegis_engine::{Digest, Policy};

use crate::foreseen::Foreseen;
use crate::gate::context::Context;

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
