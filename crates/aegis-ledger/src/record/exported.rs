//! A record: one line for each action, as it is exported.

use aegis_engine::{ApprovalMode, RiskLevel};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::answer::{Answer, ApproverIdentity, ResultStatus};
use crate::event::params;

/// One action and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "Aegis record")]
pub struct Record {
    /// The id of the action (a UUID of version 7).
    pub id: String,
    /// The session that it belongs to.
    pub session_id: String,
    /// When it was answered (RFC 3339, UTC, milliseconds).
    #[schemars(extend("format" = "date-time"))]
    pub timestamp: String,
    /// Who acted, if that is known.
    pub agent: Option<String>,
    /// The kind of operation.
    pub action_type: String,
    /// The system acted upon.
    pub action_target: String,
    /// What the operation was given; null if it was removed from the log.
    #[serde(deserialize_with = "params::deserialize_some")]
    pub action_params: Option<Map<String, Value>>,
    /// The agent's own words; null if they were removed from the log.
    pub action_desc: Option<String>,
    /// How much harm the action could do.
    pub risk_level: RiskLevel,
    /// What the policy required.
    pub approval: ApprovalMode,
    /// The rule that decided, or `<default>`.
    pub matched_rule: String,
    /// The answer; null if the question was cut short.
    pub decision: Option<Answer>,
    /// Who answered; null where nobody did.
    pub approver: Option<ApproverIdentity>,
    /// What became of it; null while that is unknown.
    pub result_status: Option<ResultStatus>,
    /// What went wrong.
    pub result_error: Option<String>,
    /// How long it took, in milliseconds.
    pub duration_ms: Option<u64>,
    /// The SHA-256 of the policy.
    pub policy_sha256: String,
    /// The SHA-256 of the action's canonical form.
    pub action_sha256: String,
    /// The machine.
    pub host: String,
    /// The account that asked.
    pub user: String,
    /// The number of the answer in the log.
    pub seq: u64,
    /// The hash of the answer, which covers everything before it.
    pub hash: String,
}

impl Record {
    /// The names of the fields, in order.
    pub const FIELDS: [&'static str; 22] = [
        "id",
        "session_id",
        "timestamp",
        "agent",
        "action_type",
        "action_target",
        "action_params",
        "action_desc",
        "risk_level",
        "approval",
        "matched_rule",
        "decision",
        "approver",
        "result_status",
        "result_error",
        "duration_ms",
        "policy_sha256",
        "action_sha256",
        "host",
        "user",
        "seq",
        "hash",
    ];
}
