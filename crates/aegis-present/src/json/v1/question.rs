//! A question that waits for an answer.

use aegis_engine::{ApprovalTerms, RiskLevel};
use aegis_ledger::answer::{Answer, ApproverIdentity};
use aegis_ledger::question::{Reply, Standing};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::instant::timestamp;
use crate::asked::Asked;

/// The question that waits, in the answer to an action that nobody answered.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Request")]
pub struct RequestV1<'a> {
    /// Its id, which is that of the action that was asked about first: what `aegis approve` takes.
    pub id: &'a str,
    /// When it expires (RFC 3339, UTC).
    #[schemars(extend("format" = "date-time"))]
    pub expires_at: String,
}

impl<'a> RequestV1<'a> {
    /// The question of this id.
    #[must_use]
    pub fn new(id: &'a str, expires_at: DateTime<Utc>) -> RequestV1<'a> {
        RequestV1 { id, expires_at: timestamp(expires_at) }
    }
}

/// A question that waits for an answer, or waited.
#[derive(Debug, Serialize)]
pub struct QuestionV1<'a> {
    /// Its id, which is that of the action.
    id: &'a str,
    /// `open`, `approved`, `denied`, `expired`, `lapsed` or `used`.
    standing: &'static str,
    /// How many more yeses it waits for; null where it does not wait.
    missing: Option<u32>,
    asked_at: Option<String>,
    /// From when on nobody can answer it.
    expires_at: Option<String>,
    /// Until when its answer can be used; null where there is none that can.
    usable_until: Option<String>,
    agent: Option<&'a str>,
    r#type: &'a str,
    target: &'a str,
    /// Without secrets; null if they were removed.
    params: Option<&'a Map<String, Value>>,
    /// The agent's own words; null if they were removed.
    description: Option<&'a str>,
    /// Where a digest stands for a secret.
    redacted: &'a [String],
    risk_level: RiskLevel,
    matched_rule: &'a str,
    reason: &'a str,
    session_id: &'a str,
    host: &'a str,
    user: &'a str,
    login: Option<&'a str>,
    action_sha256: &'a str,
    policy_sha256: &'a str,
    log: &'a str,
    terms: &'a ApprovalTerms,
    replies: Vec<ReplyV1<'a>>,
}

/// What was said to it.
#[derive(Debug, Serialize)]
struct ReplyV1<'a> {
    decision: Answer,
    approver: &'a ApproverIdentity,
    /// The name that the policy gives them.
    name: Option<&'a str>,
    user: &'a str,
    login: Option<&'a str>,
    note: Option<&'a str>,
    /// Whether the grant that the terms offer was given with it.
    grant: bool,
    timestamp: Option<String>,
}

impl<'a> QuestionV1<'a> {
    /// As it stands at an instant, in milliseconds since the Unix epoch.
    #[must_use]
    pub fn new(asked: &Asked<'a>, now: i64) -> QuestionV1<'a> {
        let Asked { question, entry, payload, log } = *asked;
        let standing = question.standing(now);
        let (missing, until) = match standing {
            Standing::Open { missing } => (Some(missing), None),
            Standing::Approved { until } | Standing::Denied { until } => (None, Some(until)),
            Standing::Expired | Standing::Lapsed(_) | Standing::Used(_) => (None, None),
        };
        QuestionV1 {
            id: question.id(),
            standing: standing.as_str(),
            missing,
            asked_at: instant(question.asked_at()),
            expires_at: instant(question.expires_at()),
            usable_until: until.and_then(instant),
            agent: entry.agent.as_deref(),
            r#type: &entry.action_type,
            target: &entry.action_target,
            params: payload.map(|payload| &payload.params),
            description: payload.map(|payload| payload.description.as_str()),
            redacted: &entry.redacted,
            risk_level: entry.risk_level,
            matched_rule: &entry.matched_rule,
            reason: &entry.reason,
            session_id: &entry.session_id,
            host: &entry.host,
            user: &entry.user,
            login: entry.login.as_deref(),
            action_sha256: &entry.action_sha256,
            policy_sha256: &entry.policy_sha256,
            log,
            terms: question.terms(),
            replies: question.replies().iter().map(reply).collect(),
        }
    }
}

fn instant(millis: i64) -> Option<String> {
    DateTime::from_timestamp_millis(millis).map(timestamp)
}

fn reply(reply: &Reply) -> ReplyV1<'_> {
    ReplyV1 {
        decision: reply.answer,
        approver: &reply.approver,
        name: reply.name.as_deref(),
        user: &reply.party.user,
        login: reply.party.login.as_deref(),
        note: reply.note.as_deref(),
        grant: reply.grant,
        timestamp: instant(reply.at),
    }
}
