//! What to read: filters as SQL with bound values, and rows as records.

use std::error::Error;
use std::fmt::Write as _;

use aegis_engine::{ApprovalMode, RiskLevel};
use chrono::{DateTime, Utc};
use rusqlite::Row;
use rusqlite::types::Value as SqlValue;

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
    /// At most so many: the newest.
    pub limit: Option<u64>,
    /// Newest first.
    pub reverse: bool,
}

/// What the outcome of an action is: that of its end, if it is known, or else that of the answer.
const RESULT: &str = "coalesce((SELECT e.body ->> '$.result_status' FROM events e WHERE e.action_id = d.action_id AND e.kind = 'ended' \
                      ORDER BY e.seq DESC LIMIT 1), d.body ->> '$.result_status')";

/// An event, and the newest `ended` one of the same action.
pub(crate) const ROW: &str = "SELECT d.seq, d.at, d.action_id, d.body, d.payload, d.hash, \
                   (SELECT e.body FROM events e WHERE e.action_id = d.action_id AND e.kind = 'ended' \
                    ORDER BY e.seq DESC LIMIT 1) FROM events d WHERE d.seq = ?1";

/// The numbers of the events that give the records, in the order of the filter.
pub(crate) fn numbers(filter: &Filter) -> (String, Vec<SqlValue>) {
    let (condition, mut parameters) = conditions(filter);
    parameters.push(limit(filter));
    let last = parameters.len();
    let select = |order: &str| {
        format!("SELECT d.seq AS seq FROM events d WHERE {condition} ORDER BY d.seq {order} LIMIT ?{last}")
    };
    let sql = match (filter.reverse, filter.limit) {
        (true, _) => select("DESC"),
        (false, Some(_)) => format!("SELECT seq FROM ({}) ORDER BY seq", select("DESC")),
        (false, None) => select("ASC"),
    };
    (sql, parameters)
}

/// How many there are of them.
pub(crate) fn count(filter: &Filter) -> (String, Vec<SqlValue>) {
    let (condition, mut parameters) = conditions(filter);
    parameters.push(limit(filter));
    let last = parameters.len();
    (format!("SELECT count(*) FROM (SELECT 1 FROM events d WHERE {condition} LIMIT ?{last})"), parameters)
}

/// The limit as SQL has it, where a negative one is none.
fn limit(filter: &Filter) -> SqlValue {
    SqlValue::from(filter.limit.map_or(-1, |limit| i64::try_from(limit).unwrap_or(i64::MAX)))
}

/// The condition over an event `d` that stands for its action, and the values bound in it.
fn conditions(filter: &Filter) -> (String, Vec<SqlValue>) {
    // An action stands where it was decided; one whose question was cut short, where it was asked. The first term is
    // that of the partial indexes, word for word, so that they serve.
    let mut condition = String::from(
        "d.kind IN ('requested', 'decided') AND (d.kind = 'decided' OR NOT EXISTS \
         (SELECT 1 FROM events x WHERE x.action_id = d.action_id AND x.kind = 'decided'))",
    );
    let mut parameters = Vec::new();
    let mut bind = |value: SqlValue| {
        parameters.push(value);
        format!("?{}", parameters.len())
    };
    for (column, wanted) in [
        ("d.body ->> '$.session_id'", &filter.session),
        ("d.body ->> '$.agent'", &filter.agent),
        ("d.body ->> '$.action_type'", &filter.action_type),
        ("d.body ->> '$.action_target'", &filter.target),
        ("d.body ->> '$.matched_rule'", &filter.rule),
    ] {
        if let Some(wanted) = wanted {
            let _ = write!(condition, " AND {column} = {}", bind(SqlValue::from(wanted.clone())));
        }
    }
    for (column, words) in [
        ("d.body ->> '$.risk_level'", filter.risk.iter().map(|word| word.as_str()).collect::<Vec<_>>()),
        ("d.body ->> '$.approval'", filter.approval.iter().map(|word| word.as_str()).collect()),
        ("d.body ->> '$.decision'", filter.decision.iter().map(|word| word.as_str()).collect()),
        (RESULT, filter.result.iter().map(|word| word.as_str()).collect()),
    ] {
        if !words.is_empty() {
            let listed: Vec<_> =
                words.into_iter().map(|word| bind(SqlValue::from(word.to_owned()))).collect();
            let _ = write!(condition, " AND {column} IN ({})", listed.join(", "));
        }
    }
    for (operator, instant) in [(">=", filter.since), ("<", filter.until)] {
        if let Some(instant) = instant {
            let _ = write!(condition, " AND d.at {operator} {}", bind(SqlValue::from(ceil_millis(instant))));
        }
    }
    (condition, parameters)
}

/// Stored times are whole milliseconds: `at >= x` is `at >= ceil(x)`, and `at < x` is `at < ceil(x)`.
fn ceil_millis(instant: DateTime<Utc>) -> i64 {
    let whole = instant.timestamp_millis();
    if instant.timestamp_subsec_nanos().is_multiple_of(1_000_000) { whole } else { whole + 1 }
}

pub(crate) fn read_record(row: &Row<'_>) -> Result<Record, Box<dyn Error>> {
    let ended = row.get_ref(6)?.as_str_or_null()?;
    Ok(RecordView::read(row, ended, &mut Scratch::default())?.to_record()?)
}

#[cfg(test)]
mod tests {
    use rusqlite::{Connection, params_from_iter};

    use super::*;

    /// How `SQLite` would go about finding the numbers.
    fn plan(filter: &Filter) -> String {
        let mut connection = Connection::open_in_memory().unwrap();
        crate::schema::create(&mut connection, std::path::Path::new("memory"), 1).unwrap();
        let (sql, parameters) = numbers(filter);
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let steps = statement.query_map(params_from_iter(parameters), |row| row.get(3)).unwrap();
        steps.map(Result::unwrap).collect::<Vec<String>>().join("\n")
    }

    #[test]
    fn no_filter_reads_in_the_order_of_the_log() {
        let plan = plan(&Filter::default());
        assert!(plan.contains("SCAN d") && !plan.contains("TEMP B-TREE"), "{plan}");
    }
}
