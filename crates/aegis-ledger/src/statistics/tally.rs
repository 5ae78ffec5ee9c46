//! Actions by their answers, results and risks.

use std::ops::AddAssign;

use aegis_engine::RiskLevel;

use crate::answer::{Answer, ResultStatus};
use crate::statistics::waits::Waits;

/// How many actions were answered in which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Allowed by the policy.
    pub auto: u64,
    /// Allowed by a human.
    pub approved: u64,
    /// Refused by a human.
    pub denied: u64,
    /// Refused by the policy.
    pub block: u64,
    /// A human had to be asked, and nobody answered.
    pub unanswered: u64,
    /// Asked, and not yet answered; or the question was cut short.
    pub open: u64,
}

impl Tally {
    /// The number for one answer, or for none yet.
    #[must_use]
    pub const fn of(&self, answer: Option<Answer>) -> u64 {
        match answer {
            Some(Answer::Auto) => self.auto,
            Some(Answer::Approved) => self.approved,
            Some(Answer::Denied) => self.denied,
            Some(Answer::Block) => self.block,
            Some(Answer::Unanswered) => self.unanswered,
            None => self.open,
        }
    }

    /// All of them.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.auto + self.block + self.asked()
    }

    /// Those that a human had to be asked about.
    #[must_use]
    pub const fn asked(&self) -> u64 {
        self.approved + self.denied + self.unanswered + self.open
    }

    /// Those that were allowed.
    #[must_use]
    pub const fn allowed(&self) -> u64 {
        self.auto + self.approved
    }

    pub(crate) const fn count(&mut self, answer: Option<Answer>) {
        *match answer {
            Some(Answer::Auto) => &mut self.auto,
            Some(Answer::Approved) => &mut self.approved,
            Some(Answer::Denied) => &mut self.denied,
            Some(Answer::Block) => &mut self.block,
            Some(Answer::Unanswered) => &mut self.unanswered,
            None => &mut self.open,
        } += 1;
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Tally) {
        self.auto += other.auto;
        self.approved += other.approved;
        self.denied += other.denied;
        self.block += other.block;
        self.unanswered += other.unanswered;
        self.open += other.open;
    }
}

/// What became of actions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Results {
    /// Done, and went well.
    pub success: u64,
    /// Tried, and failed.
    pub failed: u64,
    /// Refused by the policy.
    pub blocked: u64,
    /// Refused by a human.
    pub denied: u64,
    /// Not tried, because nobody answered.
    pub skipped: u64,
    /// Nobody said.
    pub unknown: u64,
}

impl Results {
    /// The number for one result, or for none that is known.
    #[must_use]
    pub const fn of(&self, result: Option<ResultStatus>) -> u64 {
        match result {
            Some(ResultStatus::Success) => self.success,
            Some(ResultStatus::Failed) => self.failed,
            Some(ResultStatus::Blocked) => self.blocked,
            Some(ResultStatus::Denied) => self.denied,
            Some(ResultStatus::Skipped) => self.skipped,
            None => self.unknown,
        }
    }

    /// Every result with its number, those that are known first.
    pub fn each(&self) -> impl Iterator<Item = (Option<ResultStatus>, u64)> {
        ResultStatus::ALL.into_iter().map(Some).chain([None]).map(|result| (result, self.of(result)))
    }

    pub(crate) const fn count(&mut self, result: Option<ResultStatus>) {
        *match result {
            Some(ResultStatus::Success) => &mut self.success,
            Some(ResultStatus::Failed) => &mut self.failed,
            Some(ResultStatus::Blocked) => &mut self.blocked,
            Some(ResultStatus::Denied) => &mut self.denied,
            Some(ResultStatus::Skipped) => &mut self.skipped,
            None => &mut self.unknown,
        } += 1;
    }
}

/// Actions by their risk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Risks {
    /// Easily undone.
    pub low: Tally,
    /// Some harm.
    pub medium: Tally,
    /// Much harm.
    pub high: Tally,
    /// Harm that cannot be undone.
    pub critical: Tally,
}

impl Risks {
    /// The actions of one risk.
    #[must_use]
    pub const fn of(&self, risk: RiskLevel) -> &Tally {
        match risk {
            RiskLevel::Low => &self.low,
            RiskLevel::Medium => &self.medium,
            RiskLevel::High => &self.high,
            RiskLevel::Critical => &self.critical,
        }
    }

    pub(crate) const fn of_mut(&mut self, risk: RiskLevel) -> &mut Tally {
        match risk {
            RiskLevel::Low => &mut self.low,
            RiskLevel::Medium => &mut self.medium,
            RiskLevel::High => &mut self.high,
            RiskLevel::Critical => &mut self.critical,
        }
    }
}

/// What one rule asked, or one approver answered, and how long the answers took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// How it was answered.
    pub tally: Tally,
    /// How long a person took to approve or deny.
    pub waits: Waits,
}

/// A kind of question that was always answered alike: a rule could answer it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Habit {
    /// The rule that asked.
    pub rule: String,
    /// The type of the actions.
    pub action_type: String,
    /// Their target.
    pub target: String,
    /// How often it was answered.
    pub times: u64,
}
