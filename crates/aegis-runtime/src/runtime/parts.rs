//! What a runtime works with.

use std::sync::Arc;
use std::time::Duration;

use crate::executor::Executor;
use crate::gate_handle::GateHandle;
use crate::hooks::Hooks;

/// What a runtime works with.
#[derive(Clone)]
pub(super) struct Parts {
    pub(super) gate: GateHandle,
    pub(super) executor: Arc<dyn Executor>,
    pub(super) hooks: Arc<dyn Hooks>,
    /// How long an action may be done, and how long it may be verified.
    pub(super) deadline: Option<Duration>,
}
