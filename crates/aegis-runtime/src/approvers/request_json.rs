//! A question as it is given to programs.

use aegis_engine::RiskLevel;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::approval::ApprovalRequest;

/// A question as it is given to programs, in the first version of that format. Fields may be added to it;
/// none is taken away or changes its meaning.
///
/// It holds the whole action, secrets included: whoever is asked must see what they answer to. `redacted`
/// says what the log will not hold.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "ApprovalRequest")]
pub struct ApprovalRequestV1<'a> {
    /// The version of this format: 1.
    version: u32,
    /// The id of the action, as in answers and records.
    id: &'a str,
    /// The agent that asks, as it calls itself.
    agent: Option<&'a str>,
    /// What kind of operation it is.
    r#type: &'a str,
    /// What it acts upon.
    target: &'a str,
    /// What the operation is given, whole.
    params: &'a Map<String, Value>,
    /// The agent's own words. Nothing about them is checked.
    description: &'a str,
    /// Where secrets stand that the log will not hold: JSON Pointers within the parameters, and `agent`,
    /// `description`, `target` or `type`.
    redacted: &'a [String],
    /// How much harm it can do, by the policy.
    risk_level: RiskLevel,
    /// The rule that asks.
    matched_rule: &'a str,
    /// Why it asks.
    reason: &'a str,
    /// The SHA-256 of the action's canonical form.
    action_sha256: String,
    /// The SHA-256 of the policy.
    policy_sha256: String,
}

impl<'a> ApprovalRequest<'a> {
    /// The question as programs are given it.
    #[must_use]
    pub fn to_json(&self) -> ApprovalRequestV1<'a> {
        ApprovalRequestV1 {
            version: 1,
            id: self.action_id,
            agent: self.action.agent(),
            r#type: self.action.kind(),
            target: self.action.target(),
            params: self.action.params(),
            description: self.action.description(),
            redacted: self.redacted,
            risk_level: self.decision.risk_level(),
            matched_rule: self.decision.matched_rule(),
            reason: self.decision.reason(),
            action_sha256: self.action_sha256.to_string(),
            policy_sha256: self.policy_sha256.to_string(),
        }
    }
}
