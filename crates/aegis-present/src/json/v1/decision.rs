//! The answer to one action.

use aegis_engine::{ApprovalMode, Decision, Digest, RiskLevel, RuleTrace, Undecidable};
use aegis_ledger::answer::ApproverIdentity;
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::call::CallV1;
use super::grant::GrantUseV1;
use super::instant::timestamp;
use super::question::RequestV1;
use super::receipt::ReceiptV1;
use crate::answered::{Answered, Named};

/// The answer to one action.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "Aegis decision", rename = "Decision")]
pub struct DecisionV1<'a> {
    /// The id of the action in the audit trail. Null in a dry run.
    action_id: Option<&'a str>,
    /// The session that the action belongs to.
    session_id: &'a str,
    /// When the answer was given (RFC 3339, UTC).
    #[schemars(extend("format" = "date-time"))]
    timestamp: String,
    /// The kind of operation, without secrets: as the record has it.
    r#type: &'a str,
    /// The system acted upon, without secrets: as the record has it.
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
    /// The question that waits for an answer, where nobody gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<RequestV1<'a>>,
    /// The grant that allowed it, where nobody was asked because of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    grant: Option<GrantUseV1<'a>>,
    /// The proof that the answer is in the audit trail. Null in a dry run.
    receipt: Option<ReceiptV1<'a>>,
    /// Each rule that was looked at, with `--explain`.
    #[serde(skip_serializing_if = "Option::is_none")]
    explain: Option<&'a [RuleTrace]>,
    /// The call of a framework that the action was read from, where it was read from one.
    #[serde(skip_serializing_if = "Option::is_none")]
    call: Option<CallV1<'a>>,
}

/// A line of a stream that could not be answered.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Unreadable")]
pub struct UnreadableV1 {
    /// The line, from 1.
    pub line: u64,
    /// Always false.
    pub allowed: bool,
    /// Why.
    pub error: String,
}

/// What every decision is about.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The session that the action belongs to.
    pub session_id: &'a str,
    /// Type and target of the action, without secrets.
    pub named: Named<'a>,
    /// The digest of the policy, in hexadecimal digits.
    pub policy_sha256: &'a str,
    /// Each rule that was looked at, where that was asked.
    pub explain: Option<Vec<RuleTrace>>,
    /// The call that the action was read from, where it was read from one.
    pub call: Option<CallV1<'a>>,
}

impl<'a> DecisionV1<'a> {
    /// The answer of the gate.
    #[must_use]
    pub fn answered(subject: &'a Subject<'_>, answered: &Answered<'a>) -> DecisionV1<'a> {
        DecisionV1 {
            action_id: Some(answered.action_id),
            allowed: answered.answer.is_allowed(),
            decision: answered.answer.as_str(),
            reason: answered.reason,
            approver: answered.approver,
            request: answered.waits.map(|(id, expires_at)| RequestV1::new(id, expires_at)),
            grant: answered.grant.map(GrantUseV1::new),
            receipt: Some(ReceiptV1::new(answered.receipt)),
            ..DecisionV1::evaluated(subject, answered.action_sha256, answered.decision, answered.at)
        }
    }

    /// What the policy says, without asking or recording anything.
    #[must_use]
    pub fn evaluated(
        subject: &'a Subject<'_>,
        action_sha256: Digest,
        decision: &'a Decision,
        at: DateTime<Utc>,
    ) -> DecisionV1<'a> {
        DecisionV1 {
            action_id: None,
            session_id: subject.session_id,
            timestamp: timestamp(at),
            r#type: subject.named.kind,
            target: subject.named.target,
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
            request: None,
            grant: None,
            receipt: None,
            explain: subject.explain.as_deref(),
            call: subject.call,
        }
    }
}
