//! What to read: filters, and rows as records.

use std::error::Error;

use aegis_engine::{ApprovalMode, RiskLevel};
use chrono::{DateTime, SecondsFormat, Utc};
use rusqlite::Row;

use crate::answer::{Answer, ResultStatus};
use crate::event::{EndedBody, EntryBody, Payload};
use crate::record::Record;

/// Which records to read, and in which order. The default is all of them, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of this session.
    pub session: Option<String>,
    /// Of this agent.
    pub agent: Option<String>,
    /// Of this type of action.
    pub action_type: Option<String>,
    /// On this target.
    pub target: Option<String>,
    /// Decided by this rule.
    pub rule: Option<String>,
    /// Of one of these risk levels; of any, if empty.
    pub risk: Vec<RiskLevel>,
    /// For which the policy required one of these; any, if empty.
    pub approval: Vec<ApprovalMode>,
    /// Answered so; any, if empty.
    pub decision: Vec<Answer>,
    /// That ended so; any, if empty.
    pub result: Vec<ResultStatus>,
    /// At or after this instant.
    pub since: Option<DateTime<Utc>>,
    /// Before this instant.
    pub until: Option<DateTime<Utc>>,
    /// Only those whose answer has a greater number in the log.
    pub after_seq: Option<u64>,
    /// At most so many: the newest.
    pub limit: Option<u64>,
    /// Newest first.
    pub reverse: bool,
}

/// An event, and the newest `ended` one of the same action.
pub(crate) const ROW: &str = "SELECT d.seq, d.at, d.action_id, d.body, d.payload, d.hash, \
                   (SELECT e.body FROM events e WHERE e.action_id = d.action_id AND e.kind = 'ended' \
                    ORDER BY e.seq DESC LIMIT 1) FROM events d WHERE d.seq = ?1";

/// Stored times are whole milliseconds: `at >= x` is `at >= ceil(x)`, and `at < x` is `at < ceil(x)`.
pub(crate) fn ceil_millis(instant: DateTime<Utc>) -> i64 {
    let whole = instant.timestamp_millis();
    if instant.timestamp_subsec_nanos().is_multiple_of(1_000_000) { whole } else { whole + 1 }
}

pub(crate) fn read_record(row: &Row<'_>) -> Result<Record, Box<dyn Error>> {
    let (seq, at, id): (i64, i64, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let (body, payload, hash): (String, Option<String>, Vec<u8>) = (row.get(3)?, row.get(4)?, row.get(5)?);
    let ended: Option<String> = row.get(6)?;
    let body: EntryBody = serde_json::from_str(&body)?;
    let payload: Option<Payload> = payload.as_deref().map(serde_json::from_str).transpose()?;
    let ended: Option<EndedBody> = ended.as_deref().map(serde_json::from_str).transpose()?;
    let at = DateTime::<Utc>::from_timestamp_millis(at).ok_or("its time is out of range")?;
    let (action_params, action_desc) =
        payload.map_or((None, None), |payload| (Some(payload.params), Some(payload.description)));
    Ok(Record {
        id,
        session_id: body.session_id,
        timestamp: at.to_rfc3339_opts(SecondsFormat::Millis, true),
        agent: body.agent,
        action_type: body.action_type,
        action_target: body.action_target,
        action_params,
        action_desc,
        risk_level: body.risk_level,
        approval: body.approval,
        matched_rule: body.matched_rule,
        decision: body.decision,
        approver: body.approver,
        result_status: ended.as_ref().map(|ended| ended.result_status).or(body.result_status),
        result_error: ended.as_ref().and_then(|ended| ended.result_error.clone()),
        duration_ms: ended.and_then(|ended| ended.duration_ms),
        policy_sha256: body.policy_sha256,
        action_sha256: body.action_sha256,
        host: body.host,
        user: body.user,
        seq: seq.unsigned_abs(),
        hash: hex::encode(hash),
    })
}
