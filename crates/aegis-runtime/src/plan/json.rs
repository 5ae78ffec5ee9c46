//! A plan as it is given to programs.

use aegis_engine::{Action, ApprovalMode, Redacted, RiskLevel, Undecidable};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::foreseen::Foreseen;
use crate::plan::summary::PlanSummary;

/// A plan as it is given to programs, in the first version of that format. Fields may be added to it; none is
/// taken away or changes its meaning.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PlanV1 {
    version: u32,
    summary: PlanSummary,
    actions: Vec<PlannedActionV1>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct PlannedActionV1 {
    r#type: String,
    target: String,
    params: Map<String, Value>,
    description: String,
    agent: Option<String>,
    approval: ApprovalMode,
    risk_level: RiskLevel,
    matched_rule: String,
    reason: String,
    undecidable: Vec<Undecidable>,
    action_sha256: String,
    policy_sha256: String,
}

impl PlanV1 {
    pub(super) fn new(summary: PlanSummary, actions: Vec<PlannedActionV1>) -> PlanV1 {
        PlanV1 { version: 1, summary, actions }
    }
}

impl PlannedActionV1 {
    pub(super) fn of(action: &Action, foreseen: &Foreseen) -> PlannedActionV1 {
        let Foreseen { action_sha256, decision, policy, policy_sha256 } = foreseen;
        let hidden = policy.redaction().hide(action);
        let hidden = hidden.as_ref();
        PlannedActionV1 {
            r#type: hidden.map_or(action.kind(), Redacted::kind).to_owned(),
            target: hidden.map_or(action.target(), Redacted::target).to_owned(),
            params: hidden.map_or(action.params(), Redacted::params).clone(),
            description: hidden.map_or(action.description(), Redacted::description).to_owned(),
            agent: hidden.map_or(action.agent(), Redacted::agent).map(str::to_owned),
            approval: decision.approval(),
            risk_level: decision.risk_level(),
            matched_rule: decision.matched_rule().to_owned(),
            reason: decision.reason().to_owned(),
            undecidable: decision.undecidable().to_vec(),
            action_sha256: action_sha256.to_string(),
            policy_sha256: policy_sha256.to_string(),
        }
    }
}
