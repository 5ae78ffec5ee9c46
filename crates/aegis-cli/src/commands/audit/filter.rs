//! The filters that several commands share.

use aegis_engine::{ApprovalMode, RiskLevel};
use aegis_ledger::answer::{Answer, ResultStatus};
use aegis_ledger::filter::Filter;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};

use crate::effective_settings::Settings;

/// Which records. Filters are joined: a record must pass them all.
#[derive(Debug, Default, PartialEq, Args)]
pub(crate) struct FilterArgs {
    /// Only this type of action
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) action_type: Option<String>,
    /// Only this target
    #[arg(long)]
    pub(crate) target: Option<String>,
    /// Only this risk level
    #[arg(
        long,
        value_name = "LEVEL",
        value_parser = words(RiskLevel::ALL, RiskLevel::as_str, RiskLevel::from_word)
    )]
    pub(crate) risk: Vec<RiskLevel>,
    /// Only what the policy required this of
    #[arg(
        long,
        value_name = "APPROVAL",
        value_parser = words(ApprovalMode::ALL, ApprovalMode::as_str, ApprovalMode::from_word)
    )]
    pub(crate) approval: Vec<ApprovalMode>,
    /// Only what was answered so
    #[arg(
        long,
        value_name = "ANSWER",
        value_parser = words(Answer::ALL, Answer::as_str, Answer::from_word)
    )]
    pub(crate) decision: Vec<Answer>,
    /// Only what ended so
    #[arg(
        long,
        value_name = "STATUS",
        value_parser = words(ResultStatus::ALL, ResultStatus::as_str, ResultStatus::from_word)
    )]
    pub(crate) result: Vec<ResultStatus>,
    /// Only what this rule decided; `<default>` is no rule
    #[arg(long, value_name = "NAME")]
    pub(crate) rule: Option<String>,
    /// Only from this instant on: an age (2h, 7d), a date (2026-11-23, UTC), or RFC 3339
    #[arg(long, value_name = "WHEN", value_parser = parse_when)]
    pub(crate) since: Option<DateTime<Utc>>,
    /// Only before this instant
    #[arg(long, value_name = "WHEN", value_parser = parse_when)]
    pub(crate) until: Option<DateTime<Utc>>,
    /// Only the newest N [default: all; 1000 for a table on standard output]
    #[arg(long, short = 'n', value_name = "N")]
    pub(crate) limit: Option<u64>,
    /// Newest first
    #[arg(long, short)]
    pub(crate) reverse: bool,
}

impl FilterArgs {
    /// The filter that the flags say. `--session` and `--agent`, which every command has, select too.
    pub(crate) fn filter(&self, settings: &Settings) -> Filter {
        Filter {
            session: settings.session_flag().map(str::to_owned),
            agent: settings.agent_flag().map(str::to_owned),
            action_type: self.action_type.clone(),
            target: self.target.clone(),
            rule: self.rule.clone(),
            risk: self.risk.clone(),
            approval: self.approval.clone(),
            decision: self.decision.clone(),
            result: self.result.clone(),
            since: self.since,
            until: self.until,
            after_seq: None,
            limit: self.limit,
            reverse: self.reverse,
        }
    }
}

/// One of a closed list of words.
pub(super) fn words<const N: usize, T: Clone + Send + Sync + 'static>(
    all: [T; N],
    as_str: fn(T) -> &'static str,
    from_word: fn(&str) -> Option<T>,
) -> impl clap::builder::TypedValueParser<Value = T> {
    PossibleValuesParser::new(all.map(as_str))
        .try_map(move |word| from_word(&word).ok_or("not one of the words"))
}

/// An age, a date or an instant.
pub(super) fn parse_when(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(date) = text.parse::<NaiveDate>() {
        return Ok(date.and_time(NaiveTime::MIN).and_utc());
    }
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return Ok(instant.with_timezone(&Utc));
    }
    let age = humantime::parse_duration(text).ok().and_then(|age| chrono::TimeDelta::from_std(age).ok());
    age.and_then(|age| aegis_audit::now().checked_sub_signed(age)).ok_or_else(|| {
        "write an age (2h, 7d), a date (2026-11-23) or an instant (2026-11-23T08:49:00Z)".to_owned()
    })
}
