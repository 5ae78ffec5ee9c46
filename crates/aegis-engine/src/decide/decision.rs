//! The words of a policy's answer, and the decision that carries them.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::decide::approval_terms::ApprovalTerms;

/// How much harm an action could do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RiskLevel {
    /// Easily undone, or nothing to undo.
    Low,
    /// Some harm, and undone with some work.
    Medium,
    /// Much harm, or hard to undo.
    High,
    /// Harm that cannot be undone.
    Critical,
}

impl RiskLevel {
    /// Every level, least first.
    pub const ALL: [RiskLevel; 4] = [RiskLevel::Low, RiskLevel::Medium, RiskLevel::High, RiskLevel::Critical];
    /// What holds where a policy does not say.
    pub const DEFAULT: RiskLevel = RiskLevel::Medium;

    /// The word in policies, answers and records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            RiskLevel::Low => "low",
            RiskLevel::Medium => "medium",
            RiskLevel::High => "high",
            RiskLevel::Critical => "critical",
        }
    }

    /// Whether a mere `y` is too little to allow an action of this risk: whoever is asked must do something
    /// that nobody does out of habit.
    #[must_use]
    pub const fn needs_word(self) -> bool {
        matches!(self, RiskLevel::High | RiskLevel::Critical)
    }

    /// The level that a word names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<RiskLevel> {
        RiskLevel::ALL.into_iter().find(|level| level.as_str() == word)
    }
}

impl std::fmt::Display for RiskLevel {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// What a policy requires before an action may happen, least strict first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ApprovalMode {
    /// It may happen without asking anyone.
    Auto,
    /// A human must approve it.
    Approve,
    /// It must not happen.
    Block,
}

impl ApprovalMode {
    /// Every mode, least strict first.
    pub const ALL: [ApprovalMode; 3] = [ApprovalMode::Auto, ApprovalMode::Approve, ApprovalMode::Block];
    /// What holds where a policy does not say.
    pub const DEFAULT: ApprovalMode = ApprovalMode::Approve;

    /// The word in policies, answers and records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            ApprovalMode::Auto => "auto",
            ApprovalMode::Approve => "approve",
            ApprovalMode::Block => "block",
        }
    }

    /// The mode that a word names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<ApprovalMode> {
        ApprovalMode::ALL.into_iter().find(|mode| mode.as_str() == word)
    }
}

impl std::fmt::Display for ApprovalMode {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// The terms that hold where both of these do; none are the usual ones.
pub(crate) fn of_both(
    one: Option<&Arc<ApprovalTerms>>,
    other: Option<&Arc<ApprovalTerms>>,
) -> Option<Arc<ApprovalTerms>> {
    if one == other {
        return one.cloned();
    }
    let usual = Arc::default();
    Some(Arc::new(one.unwrap_or(&usual).together_with(other.unwrap_or(&usual))))
}

/// The name of the rule that decided when no rule matched.
pub const DEFAULT_RULE: &str = "<default>";

/// What stands in the place of a rule's name where nothing was decided.
pub const OBSERVED_RULE: &str = "<observed>";

/// What no rule can be named: it stands for something else in answers and records.
pub const RESERVED_RULES: [&str; 2] = [DEFAULT_RULE, OBSERVED_RULE];

/// A condition that could not be decided, because it met a value of an unlike type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Undecidable {
    /// The rule that would otherwise have matched.
    pub rule: String,
    /// The condition: its keyword and the parameter it looks at.
    pub condition: String,
    /// Why it could not be decided.
    pub why: String,
}

/// What the policy says of one action at one instant. Made only by [`Policy::decide`](crate::Policy::decide).
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a decision that is not acted upon protects nothing"]
pub struct Decision {
    pub(crate) approval: ApprovalMode,
    pub(crate) risk_level: RiskLevel,
    pub(crate) matched_rule: Option<String>,
    pub(crate) terms: Option<Arc<ApprovalTerms>>,
    pub(crate) rule_reason: Option<String>,
    pub(crate) reason: String,
    pub(crate) undecidable: Vec<Undecidable>,
}

impl Decision {
    /// The stricter of two decisions on one action, by approval and by risk, each on its own; and whether
    /// what is said about it is the later one's. Rule, reason and what was undecidable are those of the
    /// stricter approval, or else of the higher risk, or else the earlier one's. Where both ask a human, an
    /// answer must meet the [terms of both](ApprovalTerms::together_with).
    #[must_use = "the stricter one holds"]
    pub fn or_stricter(self, later: Decision) -> (Decision, bool) {
        let risk_level = self.risk_level.max(later.risk_level);
        let is_later = (later.approval, later.risk_level) > (self.approval, self.risk_level);
        let both =
            (self.approval == later.approval).then(|| of_both(self.terms.as_ref(), later.terms.as_ref()));
        let said = if is_later { later } else { self };
        let terms = both.unwrap_or_else(|| said.terms.clone());
        (Decision { risk_level, terms, ..said }, is_later)
    }

    /// What must happen before the action may.
    #[must_use]
    pub fn approval(&self) -> ApprovalMode {
        self.approval
    }

    /// How much harm the action could do.
    #[must_use]
    pub fn risk_level(&self) -> RiskLevel {
        self.risk_level
    }

    /// The name of the rule that decided, or [`DEFAULT_RULE`].
    #[must_use]
    pub fn matched_rule(&self) -> &str {
        self.matched_rule.as_deref().unwrap_or(DEFAULT_RULE)
    }

    /// On what terms a human's answer counts, where one is asked.
    #[must_use]
    pub fn terms(&self) -> ApprovalTerms {
        self.terms.as_deref().cloned().unwrap_or_default()
    }

    /// What the author of the deciding rule has to say, as it is written there.
    #[must_use]
    pub fn rule_reason(&self) -> Option<&str> {
        self.rule_reason.as_deref()
    }

    /// Why, in a sentence for a person; it begins with [`rule_reason`](Decision::rule_reason). Holds words of
    /// the policy only, never of the action.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// The conditions that could not be decided; each made the decision stricter.
    #[must_use]
    pub fn undecidable(&self) -> &[Undecidable] {
        &self.undecidable
    }
}

#[cfg(test)]
mod tests;
