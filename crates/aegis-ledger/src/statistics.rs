//! What a trail says as a whole: how many actions, answered how, by which rules, of whom, when, and how long people took.
//!
//! Everything is counted in one pass, in memory that does not grow with the log: times fall into intervals that widen,
//! names beyond the first [`MAX_NAMES`] of their kind are counted together, and durations fall into classes that are a
//! few per cent wide.

mod counts;
mod names;
mod tally;
mod times;
mod waits;

use chrono::{DateTime, Utc};

pub use counts::Counts;
pub use names::{Distinct, MAX_NAMES, Named, Names};
pub use tally::{Asked, Habit, Results, Risks, Tally};
pub use times::{Series, Week};
pub use waits::{WAIT_BOUNDS_MS, Waits};

/// The newest event of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewestEvent {
    /// Its number.
    pub seq: u64,
    /// Its hash, which covers everything before it.
    pub hash: String,
}

/// What a trail says as a whole. All of it is of the same moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// The newest event of the log, whether or not it was counted.
    pub newest: Option<NewestEvent>,
    /// The earliest and the latest time of an action that was counted.
    pub period: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// All actions, by answer.
    pub total: Tally,
    /// By risk.
    pub risks: Risks,
    /// By what became of them.
    pub results: Results,
    /// How many sessions they belong to.
    pub sessions: Distinct,
    /// By the rule that decided.
    pub rules: Names<Tally>,
    /// By agent; without a name where none was known.
    pub agents: Names<Tally>,
    /// By type of action.
    pub types: Names<Tally>,
    /// By target.
    pub targets: Names<Tally>,
    /// In the order of time.
    pub series: Series,
    /// By weekday and hour of the day.
    pub week: Week,
    /// How long people took to approve or deny.
    pub waits: Waits,
    /// The rules that asked.
    pub asked_by_rule: Names<Asked>,
    /// The approvers that answered.
    pub approvers: Names<Asked>,
    /// What was asked often, and approved each time. Most frequent first.
    pub always_approved: Vec<Habit>,
    /// What was asked often, and denied each time. Most frequent first.
    pub always_denied: Vec<Habit>,
    /// How many questions were not looked at for these, because there were too many kinds of them.
    pub habits_left_out: u64,
}
