//! Drafts: a first set of examples for a policy that has none, from what it says of actions made from its own
//! words.

use chrono::{DateTime, Utc};

use crate::author::instants::turning_points;
use crate::author::probe::{Probe, neighbours, probes};
use crate::decide::action::Action;
use crate::decide::condition::{ParamTest, Test};
use crate::decide::decision::{ApprovalMode, RiskLevel};
use crate::decide::policy::{Policy, Rule};

/// The examples that were made for one rule, or for where no rule matches.
#[derive(Clone, Debug)]
pub struct Draft<'a> {
    /// The rule; `None` for what the defaults decide.
    pub rule: Option<&'a Rule>,
    /// An action that the rule matches, then values on both sides of its comparisons. Empty if none was
    /// found.
    pub examples: Vec<DraftExample>,
}

/// An action and what the policy says of it now.
#[derive(Clone, Debug, PartialEq)]
pub struct DraftExample {
    /// The action.
    pub action: Action,
    /// The instant, where the outcome may depend on it.
    pub at: Option<DateTime<Utc>>,
    /// The approval.
    pub approval: ApprovalMode,
    /// The risk level.
    pub risk_level: RiskLevel,
    /// The rule that decides, or `<default>`.
    pub matched_rule: String,
}

impl Policy {
    /// Makes examples: what the policy does now, for a person to read through and correct.
    ///
    /// ```
    /// use aegis_engine::{Source, load};
    /// let text = b"version: '1'\nrules: [{ name: reads, match: { type: 'read*' }, approval: auto }]\n";
    /// let policy = load(&[Source { text }]).policy.expect("the policy is valid");
    /// let drafts = policy.draft_examples();
    /// assert_eq!(drafts[0].examples[0].action.kind(), "read");
    /// assert_eq!(drafts[1].examples[0].matched_rule, "<default>");
    /// ```
    #[must_use]
    pub fn draft_examples(&self) -> Vec<Draft<'_>> {
        let mut drafts: Vec<_> = self
            .rules
            .iter()
            .map(|rule| Draft { rule: Some(rule), examples: self.examples_of(rule) })
            .collect();
        let unmatched =
            probes(&[]).into_iter().find(|probe| self.outcome(&probe.action, probe.at).rule.is_none());
        let examples = unmatched.map(|probe| self.example(probe)).into_iter().collect();
        drafts.push(Draft { rule: None, examples });
        drafts
    }

    fn examples_of(&self, rule: &Rule) -> Vec<DraftExample> {
        let probes = probes(&[rule]);
        // One that an earlier rule decides is better than none: it shows that this rule has no say in it.
        let decided = probes
            .iter()
            .find(|probe| self.outcome(&probe.action, probe.at).rule.is_some_and(|decider| decider.is(rule)));
        let Some(probe) = decided.or(probes.first()) else { return Vec::new() };
        let mut examples = vec![self.example(probe.clone())];
        for condition in &rule.conditions {
            let Test::Param(key, ParamTest::Order(_, operand)) = &condition.test else { continue };
            for value in neighbours(operand).into_iter().take(3) {
                let mut params = probe.action.params().clone();
                key.put(&mut params, value);
                let example = self.example(Probe { action: probe.action.with_params(params), at: probe.at });
                if !examples.contains(&example) {
                    examples.push(example);
                }
            }
        }
        examples
    }

    fn example(&self, probe: Probe) -> DraftExample {
        let outcome = self.outcome(&probe.action, probe.at);
        let concerned = self.rules.iter().filter(|rule| rule.matches.failing(&probe.action).is_none());
        let depends_on_time = turning_points(concerned.flat_map(|rule| &rule.conditions)).len() > 1;
        DraftExample {
            at: depends_on_time.then_some(probe.at),
            approval: outcome.approval,
            risk_level: outcome.risk_level,
            matched_rule: outcome.rule_name().to_owned(),
            action: probe.action,
        }
    }
}
