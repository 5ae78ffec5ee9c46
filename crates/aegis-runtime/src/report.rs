//! What came of a plan.

use crate::action_result::{ActionResult, ActionStatus};

/// What came of a plan that was executed: a result for each of its actions, in their order, and for each
/// action that undid what had been done before one of them failed.
#[derive(Clone, Debug, Default)]
#[must_use = "whether actions were done is to be looked at"]
pub struct Report {
    pub(crate) results: Vec<ActionResult>,
    pub(crate) compensations: Vec<ActionResult>,
}

impl Report {
    /// What came of each action of the plan.
    pub fn results(&self) -> &[ActionResult] {
        &self.results
    }

    /// What came of undoing: the last thing that was done first.
    pub fn compensations(&self) -> &[ActionResult] {
        &self.compensations
    }

    /// Whether every action of the plan was done, and all went well.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.results.iter().all(ActionResult::is_success)
    }

    /// The action whose failure ended the plan.
    #[must_use]
    pub fn failed(&self) -> Option<&ActionResult> {
        self.results.iter().find(|result| result.status() == ActionStatus::Failed)
    }
}
