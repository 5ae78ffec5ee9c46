//! The columns that there are, and what their cells hold.

use std::fmt;

use aegis_engine::{OBSERVED_RULE, escape};
use aegis_ledger::answer::{Answer, ResultStatus};
use aegis_ledger::export::approver_word;
use aegis_ledger::record::Record;
use anstyle::Style;
use chrono::{DateTime, FixedOffset, SecondsFormat, Utc};

use crate::names::NO_NAME;
use crate::style::{BAD, GOOD, risk_style};

/// What a column shows of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// When it was answered.
    Time,
    /// The beginning of the action's id.
    Id,
    /// The session.
    Session,
    /// Who acted.
    Agent,
    /// The kind of operation.
    Action,
    /// The system acted upon.
    Target,
    /// The risk.
    Risk,
    /// What the policy required.
    Approval,
    /// The answer.
    Decision,
    /// Who answered.
    By,
    /// The rule that decided.
    Rule,
    /// What became of it.
    Result,
    /// What went wrong.
    Error,
    /// How long it took.
    Duration,
    /// The machine.
    Host,
    /// The account that asked.
    User,
    /// The number of the answer in the log.
    Seq,
}

impl Column {
    /// Every column.
    pub const ALL: [Column; 17] = [
        Column::Time,
        Column::Id,
        Column::Session,
        Column::Agent,
        Column::Action,
        Column::Target,
        Column::Risk,
        Column::Approval,
        Column::Decision,
        Column::By,
        Column::Rule,
        Column::Result,
        Column::Error,
        Column::Duration,
        Column::Host,
        Column::User,
        Column::Seq,
    ];
    /// Those that are shown where nobody says, from left to right.
    pub(super) const SHOWN: [Column; 11] = [
        Column::Time,
        Column::Id,
        Column::Session,
        Column::Agent,
        Column::Action,
        Column::Target,
        Column::Risk,
        Column::Decision,
        Column::By,
        Column::Rule,
        Column::Result,
    ];
    /// Of those, the ones that give way where there is too little room: the first one first. When, who, what
    /// and the answer stay longest.
    pub(super) const GIVING_WAY: [Column; 7] = [
        Column::Session,
        Column::Result,
        Column::Rule,
        Column::By,
        Column::Risk,
        Column::Agent,
        Column::Time,
    ];

    /// The word that names it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Column::Time => "time",
            Column::Id => "id",
            Column::Session => "session",
            Column::Agent => "agent",
            Column::Action => "action",
            Column::Target => "target",
            Column::Risk => "risk",
            Column::Approval => "approval",
            Column::Decision => "decision",
            Column::By => "by",
            Column::Rule => "rule",
            Column::Result => "result",
            Column::Error => "error",
            Column::Duration => "duration",
            Column::Host => "host",
            Column::User => "user",
            Column::Seq => "seq",
        }
    }

    /// The column that a word names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Column> {
        Column::ALL.into_iter().find(|column| column.as_str() == word)
    }

    pub(super) const fn title(self) -> &'static str {
        match self {
            Column::Time => "Time",
            Column::Id => "ID",
            Column::Session => "Session",
            Column::Agent => "Agent",
            Column::Action => "Action",
            Column::Target => "Target",
            Column::Risk => "Risk",
            Column::Approval => "Approval",
            Column::Decision => "Decision",
            Column::By => "By",
            Column::Rule => "Rule",
            Column::Result => "Result",
            Column::Error => "Error",
            Column::Duration => "Duration",
            Column::Host => "Host",
            Column::User => "User",
            Column::Seq => "Seq",
        }
    }

    /// The cell of a record: escaped, however long.
    pub(super) fn cell(self, record: &Record, unfinished: Option<&str>, times: &Times) -> Cell {
        let plain = |text: String| Cell { text, short: None, style: Style::new() };
        let word = |text: Option<&str>| plain(text.map_or_else(|| NO_NAME.to_owned(), escape));
        match self {
            Column::Time => times.cell(&record.timestamp),
            // An id is told from its neighbours by its beginning: the rest of it is no news.
            Column::Id => plain(escape(&record.id).chars().take(ID_LENGTH).collect()),
            Column::Session => word(Some(&record.session_id)),
            Column::Agent => word(record.agent.as_deref()),
            Column::Action => word(Some(&record.action_type)),
            Column::Target => word(Some(&record.action_target)),
            Column::Risk => {
                Cell { style: risk_style(record.risk_level), ..plain(record.risk_level.to_string()) }
            }
            Column::Approval => word(Some(record.approval.as_str())),
            Column::Decision => {
                let allowed = record.decision.is_some_and(Answer::is_allowed);
                let style = if allowed { GOOD } else { BAD };
                let answer = match record.decision {
                    None if record.matched_rule == OBSERVED_RULE => Some("observed"),
                    answer => answer.map(Answer::as_str),
                };
                Cell { style, ..word(answer) }
            }
            Column::By => word(record.approver.as_ref().map(approver_word).as_deref()),
            Column::Rule => word(Some(&record.matched_rule)),
            Column::Result => word(record.result_status.map(ResultStatus::as_str).or(unfinished)),
            Column::Error => word(record.result_error.as_deref()),
            Column::Duration => word(record.duration_ms.map(crate::quantity::duration).as_deref()),
            Column::Host => word(Some(&record.host)),
            Column::User => word(Some(&record.user)),
            Column::Seq => plain(record.seq.to_string()),
        }
    }
}

/// How many of an id's characters tell it from its neighbours: its time, to the millisecond, and a little
/// chance.
pub(super) const ID_LENGTH: usize = 18;
/// How long the time is, with its offset.
pub(super) const TIME_LENGTH: usize = "2026-11-23 08:49:00+01:00".len();
/// How long it is without year and seconds.
pub(super) const SHORT_TIME_LENGTH: usize = "11-23 08:49+01:00".len();

/// What a cell holds.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    pub(super) text: String,
    /// The same, where there is little room.
    pub(super) short: Option<String>,
    pub(super) style: Style,
}

/// By which clock instants are shown.
pub enum Times {
    /// Coordinated Universal Time.
    Utc,
    /// That of a place, given how far it is ahead of UTC at an instant.
    Local(Box<dyn Fn(DateTime<Utc>) -> FixedOffset + Send + Sync>),
}

impl Times {
    fn cell(&self, timestamp: &str) -> Cell {
        let Ok(at) = DateTime::parse_from_rfc3339(timestamp) else {
            return Cell { text: escape(timestamp), short: None, style: Style::new() };
        };
        let at = at.with_timezone(&Utc);
        let offset = match self {
            Times::Utc => FixedOffset::east_opt(0),
            Times::Local(offset_at) => Some(offset_at(at)),
        };
        let zone = if matches!(self, Times::Utc) { "Z" } else { "%:z" };
        let Some(local) = offset.map(|offset| at.with_timezone(&offset)) else {
            return Cell {
                text: at.to_rfc3339_opts(SecondsFormat::Secs, true),
                short: None,
                style: Style::new(),
            };
        };
        let shown = |format: &str| local.format(&format!("{format}{zone}")).to_string();
        Cell { text: shown("%Y-%m-%d %H:%M:%S"), short: Some(shown("%m-%d %H:%M")), style: Style::new() }
    }
}

impl fmt::Debug for Times {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if matches!(self, Times::Utc) { "Utc" } else { "Local" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_has_a_word_of_its_own() {
        for column in Column::ALL {
            assert_eq!(Column::from_word(column.as_str()), Some(column));
            assert_eq!(column.title().to_lowercase(), column.as_str());
        }
        assert_eq!(Column::from_word("Time"), None);
        assert!(Column::GIVING_WAY.iter().all(|column| Column::SHOWN.contains(column)));
    }

    #[test]
    fn a_time_is_that_of_the_clock_there_with_its_offset() {
        let at = "2026-07-01T22:30:09.999Z";
        let kolkata = Times::Local(Box::new(|_| FixedOffset::east_opt(19_800).unwrap()));
        let cell = kolkata.cell(at);
        assert_eq!(cell.text, "2026-07-02 04:00:09+05:30");
        assert_eq!(cell.short.as_deref(), Some("07-02 04:00+05:30"));
        assert_eq!((cell.text.len(), cell.short.unwrap().len()), (TIME_LENGTH, SHORT_TIME_LENGTH));
        assert_eq!(Times::Utc.cell(at).text, "2026-07-01 22:30:09Z");
        assert_eq!(kolkata.cell("\u{1b}[2J").text, r"\u{1b}[2J");
    }
}
