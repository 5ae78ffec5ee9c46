//! What every action of a gate is judged by, and recorded with.

use std::sync::Arc;

use aegis_engine::{Digest, Policy};

use crate::gate::context::Context;

/// What every action is judged by and recorded with: one policy, and one context. It is shared, never
/// borrowed, so that an answer outlives a change of the gate's own.
#[derive(Clone, Debug)]
pub(crate) struct Ground {
    pub(crate) policy: Arc<Policy>,
    pub(crate) policy_sha256: Digest,
    pub(crate) context: Arc<Context>,
}
