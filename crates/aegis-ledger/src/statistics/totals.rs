//! What a trail says as a whole.

use chrono::{DateTime, Utc};

use crate::statistics::names::{Distinct, Names};
use crate::statistics::tally::{Asked, Habit, Results, Risks, Tally};
use crate::statistics::times::{Series, Week};
use crate::statistics::waits::Waits;

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
    /// How many more were done without asking. Nothing else here counts them.
    pub observed: u64,
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
