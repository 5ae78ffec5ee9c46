//! Whether a filter lets one record through, where there is no index to ask.

use crate::query::{Filter, ceil_millis};
use crate::record::Record;

/// Whether the filter lets through a record that was answered at `at`, in milliseconds since the Unix epoch.
pub(super) fn admits(filter: &Filter, record: &Record, at: i64) -> bool {
    let words = [
        (&filter.session, Some(&record.session_id)),
        (&filter.agent, record.agent.as_ref()),
        (&filter.action_type, Some(&record.action_type)),
        (&filter.target, Some(&record.action_target)),
        (&filter.rule, Some(&record.matched_rule)),
    ];
    words.into_iter().all(|(wanted, has)| wanted.as_ref().is_none_or(|wanted| has == Some(wanted)))
        && one_of(&filter.risk, Some(record.risk_level))
        && one_of(&filter.approval, Some(record.approval))
        && one_of(&filter.decision, record.decision)
        && one_of(&filter.result, record.result_status)
        && filter.since.is_none_or(|since| ceil_millis(since) <= at)
        && filter.until.is_none_or(|until| at < ceil_millis(until))
}

fn one_of<T: PartialEq>(wanted: &[T], has: Option<T>) -> bool {
    wanted.is_empty() || has.is_some_and(|has| wanted.contains(&has))
}
