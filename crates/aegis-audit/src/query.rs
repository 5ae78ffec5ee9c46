//! What to read: filters, and rows as records.

use std::error::Error;

use aegis_engine::{ApprovalMode, RiskLevel};
use chrono::{DateTime, Utc};
use rusqlite::Row;

use crate::answer::{Answer, ResultStatus};
use crate::record::Record;
use crate::view::{RecordView, Scratch};

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
    let ended = row.get_ref(6)?.as_str_or_null()?;
    Ok(RecordView::read(row, ended, &mut Scratch::default())?.to_record()?)
}
