//! Mutation: small changes to a policy, one at a time, to see whether its examples notice.
//!
//! Each rule is dropped, tried after the next one, given each other approval and each other risk level, and
//! the operand and the strictness of its comparisons are changed. A change is *noticed* if an example then
//! has another outcome in a field that it expects something of. The others *survive*, but for those that make
//! no difference:
//!
//! - Two neighbours in the other order are a change only if an action is known that gets another approval or
//!   risk level by it: one of the examples, or one made from the words of both rules so that both match it.
//! - Another operand or comparison makes no difference if actions are known for which the condition then says
//!   something else, and none of them gets another approval or risk level. (A rule `count <= 100` after one
//!   of `count > 100` may as well be `count <= 101`.) Where no such action is known, it counts as a change.
//! - Dropping a rule, or changing what it says, is always a change: that no example notices is worth knowing,
//!   even where the reason is that the rule can never decide.

use serde_json::Value;

use crate::author::example::{Case, Difference, Suite};
use crate::author::probe::{Probe, neighbours, nudged, probes};
use crate::decide::condition::{Condition, ParamTest, Test};
use crate::decide::decision::{ApprovalMode, RiskLevel};
use crate::decide::operand::OrderOperand;
use crate::decide::policy::{Policy, Rule};
use crate::text::canonical::{canonical_json, canonical_number};
use crate::text::escape::{escape, escape_capped};
use crate::text::span::Span;

/// What the examples of a policy notice of changes to it.
#[derive(Clone, Debug)]
pub struct Mutation<'a> {
    /// How many changes at least one example notices.
    pub noticed: usize,
    /// The changes that no example notices, in the order of the rules.
    pub survivors: Vec<Mutant<'a>>,
    /// The changes that make no difference to any action that was tried, and need not be noticed.
    pub without_effect: Vec<Mutant<'a>>,
}

/// A policy with one change.
#[derive(Clone, Debug)]
pub struct Mutant<'a> {
    /// The rule that was changed.
    pub rule: &'a Rule,
    /// Where: the rule, or the condition in it.
    pub span: Span,
    /// What was changed.
    pub change: Change,
}

/// A change to one rule. Text is escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// The rule is gone.
    Dropped,
    /// The rule is tried after the one that follows it.
    MovedAfter {
        /// The rule that follows it.
        next: String,
    },
    /// The rule asks for another approval.
    Approval {
        /// What it asks for instead.
        to: ApprovalMode,
    },
    /// The rule says another risk level.
    RiskLevel {
        /// What it says instead.
        to: RiskLevel,
    },
    /// A comparison has another operand or strictness.
    Threshold {
        /// The comparison as written.
        from: String,
        /// The comparison instead.
        to: String,
    },
}

impl Change {
    /// The stable word for the kind of change.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Change::Dropped => "dropped",
            Change::MovedAfter { .. } => "moved",
            Change::Approval { .. } => "approval",
            Change::RiskLevel { .. } => "risk-level",
            Change::Threshold { .. } => "threshold",
        }
    }
}

/// The change in words that follow on "if".
impl std::fmt::Display for Change {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Change::Dropped => formatter.write_str("it is dropped"),
            Change::MovedAfter { next } => write!(formatter, "it is moved after `{next}`"),
            Change::Approval { to } => write!(formatter, "its approval is `{to}`"),
            Change::RiskLevel { to } => write!(formatter, "its risk level is `{to}`"),
            Change::Threshold { from, to } => write!(formatter, "`{from}` is `{to}`"),
        }
    }
}

/// A change that is to be tried.
struct Trial<'a> {
    mutant: Mutant<'a>,
    /// The rule's index.
    index: usize,
    /// What is put in the place of the rule; empty if it is dropped or moved.
    replacement: Option<Rule>,
    /// For a threshold, the condition and what it becomes.
    conditions: Option<(&'a Condition, Condition)>,
}

/// An example, and where its outcome is not what it expects before any change.
type Expected<'s> = (&'s Case<'s>, &'s Vec<Difference>);

enum Verdict {
    Noticed,
    WithoutEffect,
    Survived,
}

impl<'a> Suite<'a> {
    /// Changes the policy in every way that is tried, one at a time, and tells which changes no example
    /// notices.
    #[must_use]
    pub fn mutate(&self) -> Mutation<'a> {
        let mut mutation = Mutation { noticed: 0, survivors: Vec::new(), without_effect: Vec::new() };
        let expected: Vec<_> = self.cases.iter().map(|case| differences(case, self.policy)).collect();
        let mut mutated = self.policy.clone();
        let rules = &self.policy.rules;
        for (index, rule) in rules.iter().enumerate() {
            // Nothing changes for actions that the rule's globs do not match: no change is made to those.
            let about: Vec<_> = self
                .cases
                .iter()
                .zip(&expected)
                .filter(|(case, _)| rule.matches.failing(case.action()).is_none())
                .collect();
            for trial in trials(index, rule, rules.get(index + 1)) {
                trial.apply(&mut mutated.rules);
                let verdict = self.verdict(&trial, &mutated, &about);
                trial.undo(&mut mutated.rules);
                match verdict {
                    Verdict::Noticed => mutation.noticed += 1,
                    Verdict::WithoutEffect => mutation.without_effect.push(trial.mutant),
                    Verdict::Survived => mutation.survivors.push(trial.mutant),
                }
            }
        }
        mutation
    }

    fn verdict(&self, trial: &Trial<'_>, mutated: &Policy, about: &[Expected<'_>]) -> Verdict {
        let noticed = about
            .iter()
            .any(|(case, expected)| trial.concerns(case) && differences(case, mutated) != **expected);
        if noticed {
            return Verdict::Noticed;
        }
        let has_effect = |probe: &Probe| {
            let (before, after) =
                (self.policy.outcome(&probe.action, probe.at), mutated.outcome(&probe.action, probe.at));
            !before.has_effect_of(&after)
        };
        let survives = match (&trial.mutant.change, &trial.conditions) {
            (Change::MovedAfter { .. }, _) => self.probes_of_neighbours(trial, about).iter().any(has_effect),
            (_, Some((before, after))) => {
                let told_apart = probes_of_threshold(trial.mutant.rule, before, after, about);
                told_apart.is_empty() || told_apart.iter().any(has_effect)
            }
            _ => true,
        };
        if survives { Verdict::Survived } else { Verdict::WithoutEffect }
    }

    /// Actions that both a rule and the next one match.
    fn probes_of_neighbours(&self, trial: &Trial<'_>, about: &[Expected<'_>]) -> Vec<Probe> {
        let Some(next) = self.policy.rules.get(trial.index + 1) else { return Vec::new() };
        let pair = [trial.mutant.rule, next];
        let concerned =
            about.iter().filter(|(case, _)| pair.iter().all(|rule| rule.concerns(case.action(), case.at())));
        concerned.map(|(case, _)| case.probe()).chain(probes(&pair)).collect()
    }
}

/// Actions that a condition judges otherwise once it is changed.
fn probes_of_threshold(
    rule: &Rule,
    before: &Condition,
    after: &Condition,
    about: &[Expected<'_>],
) -> Vec<Probe> {
    let Test::Param(key, ParamTest::Order(_, operand)) = &before.test else { return Vec::new() };
    let values = neighbours(operand);
    let mut told_apart = Vec::new();
    for probe in about.iter().map(|(case, _)| case.probe()).chain(probes(&[rule])) {
        for value in &values {
            let mut params = probe.action.params().clone();
            key.put(&mut params, value.clone());
            let action = probe.action.with_params(params);
            if before.judge(&action, probe.at) != after.judge(&action, probe.at) {
                told_apart.push(Probe { action, at: probe.at });
            }
        }
    }
    told_apart
}

impl Trial<'_> {
    fn apply(&self, rules: &mut Vec<Rule>) {
        match (&self.mutant.change, &self.replacement) {
            (Change::Dropped, _) => {
                rules.remove(self.index);
            }
            (Change::MovedAfter { .. }, _) => rules.swap(self.index, self.index + 1),
            (_, replacement) => self.put(rules, replacement.as_ref()),
        }
    }

    fn undo(&self, rules: &mut Vec<Rule>) {
        match &self.mutant.change {
            Change::Dropped => rules.insert(self.index, self.mutant.rule.clone()),
            Change::MovedAfter { .. } => rules.swap(self.index, self.index + 1),
            _ => self.put(rules, Some(self.mutant.rule)),
        }
    }

    fn put(&self, rules: &mut [Rule], rule: Option<&Rule>) {
        if let (Some(place), Some(rule)) = (rules.get_mut(self.index), rule) {
            *place = rule.clone();
        }
    }

    /// Whether the rule, as it was or as it is, has a part in what is decided of an example.
    fn concerns(&self, case: &Case<'_>) -> bool {
        let concerns = |rule: &Rule| rule.concerns(case.action(), case.at());
        concerns(self.mutant.rule) || self.replacement.as_ref().is_some_and(concerns)
    }
}

fn differences(case: &Case<'_>, policy: &Policy) -> Vec<Difference> {
    case.differences(&policy.outcome(case.action(), case.at()))
}

/// Every change of one rule.
fn trials<'a>(index: usize, rule: &'a Rule, next: Option<&'a Rule>) -> Vec<Trial<'a>> {
    let whole = |change, replacement| Trial {
        mutant: Mutant { rule, span: rule.span, change },
        index,
        replacement,
        conditions: None,
    };
    let mut trials = vec![whole(Change::Dropped, None)];
    trials.extend(next.map(|next| whole(Change::MovedAfter { next: escape(&next.name) }, None)));
    for to in ApprovalMode::ALL.into_iter().filter(|to| *to != rule.approval) {
        trials.push(whole(Change::Approval { to }, Some(Rule { approval: to, ..rule.clone() })));
    }
    for to in RiskLevel::ALL.into_iter().filter(|to| *to != rule.risk_level) {
        trials.push(whole(Change::RiskLevel { to }, Some(Rule { risk_level: to, ..rule.clone() })));
    }
    for (position, condition) in rule.conditions.iter().enumerate() {
        for changed in other_comparisons(condition) {
            let mut replacement = rule.clone();
            if let Some(place) = replacement.conditions.get_mut(position) {
                *place = changed.clone();
            }
            let change = Change::Threshold { from: comparison(condition), to: comparison(&changed) };
            trials.push(Trial {
                mutant: Mutant { rule, span: condition.span, change },
                index,
                replacement: Some(replacement),
                conditions: Some((condition, changed)),
            });
        }
    }
    trials
}

/// A comparison with its operand one less and one more, and with or without equality. None for other
/// conditions.
fn other_comparisons(condition: &Condition) -> Vec<Condition> {
    let Test::Param(key, ParamTest::Order(order, operand)) = &condition.test else { return Vec::new() };
    let mut tests = vec![ParamTest::Order(order.other_strictness(), operand.clone())];
    if let OrderOperand::Number(number) = operand {
        let operands = [-1, 1].into_iter().filter_map(|step| nudged(number, step));
        tests.extend(operands.map(|number| ParamTest::Order(*order, OrderOperand::Number(number))));
    }
    let changed = tests
        .into_iter()
        .map(|test| Condition { span: condition.span, test: Test::Param(key.clone(), test) });
    changed.collect()
}

/// A comparison with its operand, as a policy could say it.
fn comparison(condition: &Condition) -> String {
    match &condition.test {
        Test::Param(_, ParamTest::Order(_, OrderOperand::Number(number))) => {
            format!("{condition} {}", canonical_number(number))
        }
        Test::Param(_, ParamTest::Order(_, OrderOperand::String(text))) => {
            format!("{condition} {}", escape_capped(&canonical_json(&Value::from(text.as_str())), 80))
        }
        _ => condition.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::compile::load;
    use crate::language::policy_bytes::Source;

    /// The survivors in words, and how many changes were noticed and how many made no difference.
    fn mutate(text: &str) -> (Vec<String>, usize, usize) {
        let loaded = load(&[Source { text: text.as_bytes() }]);
        assert_eq!(loaded.diagnostics, []);
        let policy = loaded.policy.unwrap();
        let mutation = Suite::new(&policy, loaded.documents.iter().flatten(), &[]).mutate();
        let words = mutation.survivors.iter().map(|found| format!("{}: {}", found.rule.name, found.change));
        (words.collect(), mutation.noticed, mutation.without_effect.len())
    }

    #[test]
    fn an_example_that_expects_everything_notices_everything() {
        let text = "version: '1'\nrules:\n- name: a\n  match: { type: read }\n  approval: auto\n  \
            examples:\n  \
            - { action: { type: read, target: t }, expect: { approval: auto, risk_level: medium } }\n";
        assert_eq!(mutate(text), (vec![], 6, 0));
        // What no example expects, no example notices.
        let (survivors, noticed, _) = mutate(&text.replace(", risk_level: medium", ""));
        assert_eq!((noticed, survivors.len()), (3, 3));
        assert_eq!(survivors[0], "a: its risk level is `low`");
    }

    #[test]
    fn a_threshold_needs_an_example_on_each_side() {
        let policy = |counts: &[&str]| {
            let examples = counts.iter().map(|count| {
                format!(
                    "- {{ action: {{ type: w, target: t, params: {{ n: {count} }} }}, expect: {} }}\n",
                    if count.parse::<f64>().unwrap() > 100.0 { "block" } else { "approve" }
                )
            });
            format!(
                "version: '1'\nrules:\n\
                - {{ name: a, conditions: {{ param_gt: {{ n: 100 }} }}, approval: block }}\n\
                examples:\n{}",
                examples.collect::<String>()
            )
        };
        let of_threshold = |counts: &[&str]| {
            let (survivors, ..) = mutate(&policy(counts));
            survivors.into_iter().filter(|found| found.contains("param_")).collect::<Vec<_>>()
        };
        assert_eq!(of_threshold(&["100", "101"]), Vec::<String>::new());
        assert_eq!(
            of_threshold(&["50", "101"]),
            ["a: `param_gt: n 100` is `param_gte: n 100`", "a: `param_gt: n 100` is `param_gt: n 99`",]
        );
        assert_eq!(of_threshold(&["100", "500"]), ["a: `param_gt: n 100` is `param_gt: n 101`"]);
    }

    #[test]
    fn what_makes_no_difference_is_left_out_and_counted() {
        let two = |first: &str, second: &str| {
            let (survivors, _, without_effect) = mutate(&format!(
                "version: '1'\nrules:\n- {{ name: a, {first} }}\n- {{ name: b, {second} }}\n"
            ));
            let moved = survivors.iter().any(|found| found.contains("moved"));
            (moved, without_effect)
        };
        // No action matches both; both say the same; and the order matters.
        assert_eq!(two("match: { type: x }", "match: { type: y }, approval: block"), (false, 1));
        assert_eq!(two("match: { type: x }", "match: { type: x }"), (false, 1));
        assert_eq!(two("match: { type: 'reset_*' }", "match: { type: '*word' }, approval: block"), (true, 0));
        // The second is never asked about 101.
        let (_, without_effect) = two(
            "conditions: { param_gt: { n: 100 } }, approval: block",
            "conditions: { param_lte: { n: 100 } }, approval: auto",
        );
        assert_eq!(without_effect, 2, "the move, and `param_lte: n 101`");
    }
}
