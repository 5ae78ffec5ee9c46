//! What a policy says of some actions, before any of them is asked for.

mod json;
mod summary;

use std::sync::Arc;

use aegis_engine::{Action, ApprovalMode, Decision, Digest, Policy};
pub use json::PlanV1;
use json::PlannedActionV1;
pub use summary::PlanSummary;

use crate::foreseen::Foreseen;

/// A preview: what a policy said of some actions when it was asked. Nothing of it is recorded, nobody was
/// asked, and it allows nothing: each action is decided again when it is to be done, and the stricter of both
/// holds.
///
/// # Example: looking before doing
/// ```
/// use std::sync::Arc;
///
/// use aegis_engine::{Action, Digest, Source, load};
/// use aegis_runtime::Plan;
///
/// let text = b"version: 1
/// rules:
///   - { match: { type: read }, approval: auto, risk_level: low }
///   - { match: { type: delete }, approval: block, risk_level: critical }
/// ";
/// let policy = Arc::new(load(&[Source { text }]).policy.expect("a valid policy"));
/// let actions = [r#"{"type":"read","target":"crm"}"#, r#"{"type":"delete","target":"crm"}"#];
/// let actions = actions.map(|text| Action::from_json(text.as_bytes()).expect("an action"));
///
/// let plan = Plan::new(actions, &policy, Digest::of(text));
/// assert!(plan.has_blocked() && !plan.requires_approval());
/// assert_eq!(plan.summary().to_string(), "2 actions: 1 auto, 1 block; risk: 1 low, 1 critical");
/// assert_eq!(plan.auto_only().len(), 1);
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a plan that is not looked at, and not executed, does nothing"]
pub struct Plan {
    actions: Vec<PlannedAction>,
}

/// An action of a plan, and what the policy said of it.
#[derive(Clone, Debug)]
pub struct PlannedAction {
    action: Action,
    foreseen: Foreseen,
}

impl Plan {
    /// What a policy says of actions now, in their order.
    pub fn new(
        actions: impl IntoIterator<Item = Action>,
        policy: &Arc<Policy>,
        policy_sha256: Digest,
    ) -> Plan {
        let plan = |action| {
            let foreseen = Foreseen::new(&action, Arc::clone(policy), policy_sha256);
            PlannedAction { action, foreseen }
        };
        Plan { actions: actions.into_iter().map(plan).collect() }
    }

    /// The same actions, and the stricter of what was said of each and what a policy says of it now.
    pub(crate) fn decided_again(&self, policy: &Arc<Policy>, policy_sha256: Digest) -> Plan {
        let again = |planned: &PlannedAction| {
            let now = Foreseen::new(&planned.action, Arc::clone(policy), policy_sha256);
            PlannedAction { action: planned.action.clone(), foreseen: now.or_stricter(&planned.foreseen) }
        };
        Plan { actions: self.actions.iter().map(again).collect() }
    }

    /// The actions, in the order in which they would be done.
    #[must_use]
    pub fn actions(&self) -> &[PlannedAction] {
        &self.actions
    }

    pub(crate) fn into_actions(self) -> Vec<PlannedAction> {
        self.actions
    }

    /// How many actions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.actions.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.actions.is_empty()
    }

    /// The plan without the actions that are not wanted. What was said of the others stays.
    pub fn filter(mut self, mut is_wanted: impl FnMut(&PlannedAction) -> bool) -> Plan {
        self.actions.retain(|planned| is_wanted(planned));
        self
    }

    /// The actions that would be done without asking anybody.
    pub fn auto_only(self) -> Plan {
        self.filter(|planned| planned.decision().approval() == ApprovalMode::Auto)
    }

    /// Whether the policy blocks any of the actions.
    #[must_use]
    pub fn has_blocked(&self) -> bool {
        self.any_is(ApprovalMode::Block)
    }

    /// Whether a human would be asked about any of the actions.
    #[must_use]
    pub fn requires_approval(&self) -> bool {
        self.any_is(ApprovalMode::Approve)
    }

    fn any_is(&self, approval: ApprovalMode) -> bool {
        self.actions.iter().any(|planned| planned.decision().approval() == approval)
    }

    /// How many actions there are of each kind.
    #[must_use]
    pub fn summary(&self) -> PlanSummary {
        PlanSummary::of(self.actions.iter().map(PlannedAction::decision))
    }

    /// The plan as it is given to programs: without the secrets of its actions, and with a version. Written
    /// by [`aegis_engine::to_json_line`], it is safe to look at.
    #[must_use]
    pub fn to_json(&self) -> PlanV1 {
        let shown = |planned: &PlannedAction| PlannedActionV1::of(&planned.action, &planned.foreseen);
        PlanV1::new(self.summary(), self.actions.iter().map(shown).collect())
    }
}

impl PlannedAction {
    /// The action.
    #[must_use]
    pub fn action(&self) -> &Action {
        &self.action
    }

    /// What the policy said of it.
    pub fn decision(&self) -> &Decision {
        &self.foreseen.decision
    }

    /// The policy that said so.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.foreseen.policy
    }

    /// The digest of that policy.
    #[must_use]
    pub fn policy_sha256(&self) -> Digest {
        self.foreseen.policy_sha256
    }

    pub(crate) fn into_parts(self) -> (Action, Foreseen) {
        (self.action, self.foreseen)
    }
}

#[cfg(test)]
mod tests;
