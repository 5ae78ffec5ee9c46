//! Version 1 of the JSON answers.

pub(crate) mod examples;
pub(crate) mod life;
pub(crate) mod statistics;
pub(crate) mod verification;

use aegis_audit::ApproverIdentity;
use aegis_engine::{Action, ApprovalMode, Decision, Digest, RiskLevel, RuleTrace, Undecidable};
use aegis_runtime::Answered;
use chrono::{DateTime, SecondsFormat, Utc};
use schemars::JsonSchema;
use serde::Serialize;

/// The answer to one action.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "Aegis decision", rename = "Decision")]
pub(crate) struct DecisionV1<'a> {
    /// The id of the action in the audit trail. Null in a dry run.
    action_id: Option<&'a str>,
    /// The session that the action belongs to.
    session_id: &'a str,
    /// When the answer was given (RFC 3339, UTC).
    #[schemars(extend("format" = "date-time"))]
    timestamp: String,
    /// The kind of operation.
    r#type: &'a str,
    /// The system acted upon.
    target: &'a str,
    /// Whether the action may happen.
    allowed: bool,
    /// The answer: `auto`, `approved`, `denied`, `block` or `unanswered`; in a dry run, the approval.
    decision: &'a str,
    /// What the policy requires.
    approval: ApprovalMode,
    /// How much harm the action could do.
    risk_level: RiskLevel,
    /// The rule that decided, or `<default>`.
    matched_rule: &'a str,
    /// Why, in a sentence for a person.
    reason: &'a str,
    /// Who answered; null where nobody did.
    approver: Option<&'a ApproverIdentity>,
    /// Conditions that met a value of an unlike type; each made the answer stricter.
    undecidable: &'a [Undecidable],
    /// The SHA-256 of the action's canonical form (RFC 8785).
    action_sha256: String,
    /// The SHA-256 of the policy.
    policy_sha256: &'a str,
    /// The proof that the answer is in the audit trail. Null in a dry run.
    receipt: Option<ReceiptV1<'a>>,
    /// Each rule that was looked at, with `--explain`.
    #[serde(skip_serializing_if = "Option::is_none")]
    explain: Option<&'a [RuleTrace]>,
}

/// Where in which audit trail a record is.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Receipt")]
pub(crate) struct ReceiptV1<'a> {
    /// The id of the log.
    log: &'a str,
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
    pub(crate) policy_sha256: &'a str,
    pub(crate) explain: Option<Vec<RuleTrace>>,
}

impl<'a> DecisionV1<'a> {
    /// The answer of the gate.
    pub(crate) fn answered(subject: &'a Subject<'_>, answered: &'a Answered) -> DecisionV1<'a> {
        let receipt = answered.receipt();
        DecisionV1 {
            action_id: Some(answered.action_id()),
            allowed: answered.answer().is_allowed(),
            decision: answered.answer().as_str(),
            reason: answered.reason(),
            approver: answered.approver(),
            receipt: Some(ReceiptV1 {
                log: receipt.log(),
                seq: receipt.seq(),
                head: receipt.head().to_string(),
            }),
            ..DecisionV1::evaluated(subject, answered.action_sha256(), answered.decision(), answered.at())
        }
    }

    /// What the policy says, without asking or recording anything.
    pub(crate) fn evaluated(
        subject: &'a Subject<'_>,
        action_sha256: Digest,
        decision: &'a Decision,
        at: DateTime<Utc>,
    ) -> DecisionV1<'a> {
        DecisionV1 {
            action_id: None,
            session_id: subject.session_id,
            timestamp: timestamp(at),
            r#type: subject.action.kind(),
            target: subject.action.target(),
            allowed: decision.approval() == ApprovalMode::Auto,
            decision: decision.approval().as_str(),
            approval: decision.approval(),
            risk_level: decision.risk_level(),
            matched_rule: decision.matched_rule(),
            reason: decision.reason(),
            approver: None,
            undecidable: decision.undecidable(),
            action_sha256: action_sha256.to_string(),
            policy_sha256: subject.policy_sha256,
            receipt: None,
            explain: subject.explain.as_deref(),
        }
    }
}

/// RFC 3339, UTC, milliseconds.
pub(super) fn timestamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
