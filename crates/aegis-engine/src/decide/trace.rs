//! Why each rule did or did not match: the same judgement that decides, put into words.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::decide::action::Action;
use crate::decide::letter_case::Case;
use crate::decide::policy::{Field, Judgement, Policy, Rule};
use crate::decide::redaction::Redacted;
use crate::text::escape::{escape, escape_capped};

/// What became of a rule that was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RuleOutcome {
    /// It matched, and no rule after it was looked at.
    Matched,
    /// A glob or a condition of it did not hold.
    NotMatched,
    /// It would have matched, but for a condition that could not be decided.
    Undecidable,
}

/// One rule that was looked at, and why it did or did not match. All text is escaped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RuleTrace {
    /// The rule's name.
    pub rule: String,
    /// What became of it.
    pub outcome: RuleOutcome,
    /// Which glob or condition made the difference, and what it met.
    pub why: String,
    /// What its author has to say, where it matched or might have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether it is about such actions, and a condition alone kept it from matching.
    pub near_miss: bool,
    /// How many fields and conditions kept it from matching.
    pub misses: usize,
}

impl Policy {
    /// Every rule that [`decide`](Policy::decide) looks at, in order, up to the one that matches. No secret
    /// of the action is told: answers are kept as records are.
    #[must_use]
    pub fn explain(&self, action: &Action, at: DateTime<Utc>) -> Vec<RuleTrace> {
        let redacted = self.redaction.hide(action);
        let mut traces = Vec::new();
        for rule in &self.rules {
            let trace = trace(rule, action, redacted.as_ref(), at);
            let matched = trace.outcome == RuleOutcome::Matched;
            traces.push(trace);
            if matched {
                break;
            }
        }
        traces
    }
}

fn trace(rule: &Rule, action: &Action, redacted: Option<&Redacted>, at: DateTime<Utc>) -> RuleTrace {
    let shown = redacted.map_or(action.params(), Redacted::params);
    let (outcome, why) = match rule.judge(action, at) {
        Judgement::Matches => (RuleOutcome::Matched, "every glob and condition holds".to_owned()),
        Judgement::Field(field, globs) => {
            let name = field.as_str();
            let wanted = globs
                .iter()
                .map(|glob| format!("`{}`", escape_capped(glob.pattern(), 80)))
                .collect::<Vec<_>>();
            let mut wanted = wanted.join(" or ");
            if rule.matches.case == Case::Ignored {
                wanted.push_str(" in any case");
            }
            let text = field.of(action).map(|text| match (redacted, field) {
                (None, _) => text,
                (Some(redacted), Field::Kind) => redacted.kind(),
                (Some(redacted), Field::Target) => redacted.target(),
                (Some(redacted), Field::Agent) => redacted.agent().unwrap_or_default(),
            });
            let why = match text {
                Some(text) => format!("{name} `{}` does not match {wanted}", escape_capped(text, 80)),
                None => format!("the action names no {name}, and {wanted} needs one"),
            };
            (RuleOutcome::NotMatched, why)
        }
        Judgement::Condition(condition) => (
            RuleOutcome::NotMatched,
            format!("`{}` does not hold: {}", condition.stated(), condition.actual(action, shown, at)),
        ),
        Judgement::Undecidable(conditions) => {
            let parts = conditions.iter().map(|(condition, why)| {
                let (stated, actual) = (condition.stated(), condition.actual(action, shown, at));
                format!("`{stated}` cannot be decided: {why} ({actual})")
            });
            (RuleOutcome::Undecidable, parts.collect::<Vec<_>>().join("; "))
        }
    };
    let (fields, conditions) = rule.misses(action, at);
    let near_miss = outcome == RuleOutcome::NotMatched && fields == 0;
    let says = rule.reason.as_deref().filter(|_| outcome != RuleOutcome::NotMatched);
    RuleTrace {
        rule: escape(&rule.name),
        outcome,
        why,
        reason: says.map(escape),
        near_miss,
        misses: fields + conditions,
    }
}

#[cfg(test)]
mod tests;
