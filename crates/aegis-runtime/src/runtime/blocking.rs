//! The same for programs without futures.

use aegis_engine::Action;

use crate::action_result::ActionResult;
use crate::plan::Plan;
use crate::report::Report;
use crate::runtime::parts::Parts;
use crate::runtime::{one, planned};

/// A runtime for programs without futures: each of these waits on the thread that calls it. Not to be used
/// from within a future, whose thread it would hold up.
#[derive(Clone, Copy)]
pub struct Blocking<'r> {
    parts: &'r Parts,
}

impl<'r> Blocking<'r> {
    pub(super) const fn new(parts: &'r Parts) -> Blocking<'r> {
        Blocking { parts }
    }

    /// As [`Runtime::run_one`](crate::Runtime::run_one).
    pub fn run_one(&self, action: Action) -> ActionResult {
        pollster::block_on(one::run(self.parts, action))
    }

    /// As [`Runtime::execute`](crate::Runtime::execute).
    pub fn execute(&self, plan: Plan) -> Report {
        pollster::block_on(planned::execute(self.parts, plan))
    }
}

impl std::fmt::Debug for Blocking<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Blocking")
    }
}
