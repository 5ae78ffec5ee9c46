//! Which records Python wants.

use aegis_engine::RiskLevel;
use aegis_ledger::answer::{Answer, ResultStatus};
use aegis_ledger::filter::Filter;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::failure::Failure;

/// Reads a filter: an object of strings, and a number as `limit`.
pub(crate) fn read_filter(json: &str) -> Result<Filter, Failure> {
    let wanted: Map<String, Value> = serde_json::from_str(json)
        .map_err(|error| Failure::usage(format!("the filter is no object: {error}")))?;
    let mut filter = Filter::default();
    for (key, value) in wanted {
        let text = || value.as_str().map(str::to_owned).ok_or_else(|| no(&key, &value));
        match key.as_str() {
            "session_id" => filter.session = Some(text()?),
            "agent" => filter.agent = Some(text()?),
            "action_type" => filter.action_type = Some(text()?),
            "action_target" => filter.target = Some(text()?),
            "matched_rule" => filter.rule = Some(text()?),
            "risk_level" => {
                filter.risk.push(RiskLevel::from_word(&text()?).ok_or_else(|| no(&key, &value))?);
            }
            "decision" => filter.decision.push(Answer::from_word(&text()?).ok_or_else(|| no(&key, &value))?),
            "result_status" => {
                filter.result.push(ResultStatus::from_word(&text()?).ok_or_else(|| no(&key, &value))?);
            }
            "since" => filter.since = Some(instant(&key, &text()?)?),
            "until" => filter.until = Some(instant(&key, &text()?)?),
            "limit" => filter.limit = Some(value.as_u64().ok_or_else(|| no(&key, &value))?),
            _ => return Err(Failure::usage(format!("records are not filtered by `{key}`"))),
        }
    }
    Ok(filter)
}

fn no(key: &str, value: &Value) -> Failure {
    Failure::usage(format!("`{key}` cannot be {value}"))
}

fn instant(key: &str, text: &str) -> Result<DateTime<Utc>, Failure> {
    let read = DateTime::parse_from_rfc3339(text);
    read.map(|instant| instant.with_timezone(&Utc))
        .map_err(|error| Failure::usage(format!("`{key}` is no instant: {error}")))
}
