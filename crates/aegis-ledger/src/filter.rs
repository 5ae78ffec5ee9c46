//! Which records to read.

use aegis_engine::{ApprovalMode, RiskLevel};
use chrono::{DateTime, Utc};

use crate::answer::{Answer, ResultStatus};
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

/// An instant in milliseconds since the Unix epoch, rounded up. Stored times are whole milliseconds: `at >=
/// x` is `at >= ceil(x)`, and `at < x` is `at < ceil(x)`.
#[must_use]
pub fn ceil_millis(instant: DateTime<Utc>) -> i64 {
    let whole = instant.timestamp_millis();
    if instant.timestamp_subsec_nanos().is_multiple_of(1_000_000) { whole } else { whole + 1 }
}

impl Filter {
    /// Whether the filter lets through a record that was answered at `at`, in milliseconds since the Unix
    /// epoch.
    #[must_use]
    pub fn admits(&self, record: &Record, at: i64) -> bool {
        let words = [
            (&self.session, Some(&record.session_id)),
            (&self.agent, record.agent.as_ref()),
            (&self.action_type, Some(&record.action_type)),
            (&self.target, Some(&record.action_target)),
            (&self.rule, Some(&record.matched_rule)),
        ];
        words.into_iter().all(|(wanted, has)| wanted.as_ref().is_none_or(|wanted| has == Some(wanted)))
            && one_of(&self.risk, Some(record.risk_level))
            && one_of(&self.approval, Some(record.approval))
            && one_of(&self.decision, record.decision)
            && one_of(&self.result, record.result_status)
            && self.since.is_none_or(|since| ceil_millis(since) <= at)
            && self.until.is_none_or(|until| at < ceil_millis(until))
    }
}

fn one_of<T: PartialEq>(wanted: &[T], has: Option<T>) -> bool {
    wanted.is_empty() || has.is_some_and(|has| wanted.contains(&has))
}
