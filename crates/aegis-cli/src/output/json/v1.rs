//! Version 1 of the JSON answers.

pub(crate) mod examples;

use aegis_audit::ApproverIdentity;
use aegis_engine::{Action, ApprovalMode, Decision, Digest, RiskLevel, RuleTrace, Undecidable};
use aegis_runtime::Answered;
use chrono::{DateTime, SecondsFormat, Utc};
use schemars::JsonSchema;
use serde::Serialize;

/// The answer to one action.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "Aegis decision", rename = "Decision")]
pub(crate) struct DecisionV1 {
    /// The id of the action in the audit trail. Null in a dry run.
    action_id: Option<String>,
    /// The session that the action belongs to.
    session_id: String,
    /// When the answer was given (RFC 3339, UTC).
    #[schemars(extend("format" = "date-time"))]
    timestamp: String,
    /// The kind of operation.
    r#type: String,
    /// The system acted upon.
    target: String,
    /// Whether the action may happen.
    allowed: bool,
    /// The answer: `auto`, `approved`, `denied`, `block` or `unanswered`; in a dry run, the approval.
    decision: String,
    /// What the policy requires.
    approval: ApprovalMode,
    /// How much harm the action could do.
    risk_level: RiskLevel,
    /// The rule that decided, or `<default>`.
    matched_rule: String,
    /// Why, in a sentence for a person.
    reason: String,
    /// Who answered; null where nobody did.
    approver: Option<ApproverIdentity>,
    /// Conditions that met a value of an unlike type; each made the answer stricter.
    undecidable: Vec<Undecidable>,
    /// The SHA-256 of the action's canonical form (RFC 8785).
    action_sha256: String,
    /// The SHA-256 of the policy.
    policy_sha256: String,
    /// The proof that the answer is in the audit trail. Null in a dry run.
    receipt: Option<ReceiptV1>,
    /// Each rule that was looked at, with `--explain`.
    #[serde(skip_serializing_if = "Option::is_none")]
    explain: Option<Vec<RuleTrace>>,
}

/// Where in which audit trail a record is.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Receipt")]
pub(crate) struct ReceiptV1 {
    /// The id of the log.
    log: String,
    /// The record's number in it.
    seq: u64,
    /// The hash of the record, which covers everything before it.
    head: String,
}

/// A line of a stream that could not be answered.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Unreadable")]
pub(crate) struct UnreadableV1 {
    /// The line, from 1.
    pub(crate) line: u64,
    /// Always false.
    pub(crate) allowed: bool,
    /// Why.
    pub(crate) error: String,
}

/// What every decision is about.
pub(crate) struct Subject<'a> {
    pub(crate) session_id: &'a str,
    pub(crate) action: &'a Action,
    pub(crate) policy_sha256: Digest,
    pub(crate) explain: Option<Vec<RuleTrace>>,
}

impl DecisionV1 {
    /// The answer of the gate.
    pub(crate) fn answered(subject: Subject<'_>, answered: &Answered) -> DecisionV1 {
        let receipt = answered.receipt();
        DecisionV1 {
            action_id: Some(answered.action_id().to_owned()),
            timestamp: timestamp(answered.at()),
            allowed: answered.answer().is_allowed(),
            decision: answered.answer().as_str().to_owned(),
            reason: answered.reason().to_owned(),
            approver: answered.approver().cloned(),
            receipt: Some(ReceiptV1 {
                log: receipt.log().to_owned(),
                seq: receipt.seq(),
                head: receipt.head().to_string(),
            }),
            ..DecisionV1::evaluated(subject, answered.decision(), answered.at())
        }
    }

    /// What the policy says, without asking or recording anything.
    pub(crate) fn evaluated(subject: Subject<'_>, decision: &Decision, at: DateTime<Utc>) -> DecisionV1 {
        DecisionV1 {
            action_id: None,
            session_id: subject.session_id.to_owned(),
            timestamp: timestamp(at),
            r#type: subject.action.kind().to_owned(),
            target: subject.action.target().to_owned(),
            allowed: decision.approval() == ApprovalMode::Auto,
            decision: decision.approval().as_str().to_owned(),
            approval: decision.approval(),
            risk_level: decision.risk_level(),
            matched_rule: decision.matched_rule().to_owned(),
            reason: decision.reason().to_owned(),
            approver: None,
            undecidable: decision.undecidable().to_vec(),
            action_sha256: subject.action.digest().to_string(),
            policy_sha256: subject.policy_sha256.to_string(),
            receipt: None,
            explain: subject.explain,
        }
    }
}

/// RFC 3339, UTC, milliseconds.
pub(super) fn timestamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
