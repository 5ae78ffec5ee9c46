//! Examples: actions and what a policy must say of them, run against the policy.
//!
//! An example without `at` is decided as of [`EXAMPLE_INSTANT`], never as of now, so that a run today and a
//! run tomorrow agree. Where that choice matters to what it expects, the example fails and asks for an `at`:
//! it is tried at every instant of a week in winter and of a week in summer at which a condition on the time
//! can change.

use chrono::{DateTime, SecondsFormat, Utc};

use crate::author::instants::{EXAMPLE_INSTANT, turning_points};
use crate::author::probe::Probe;
use crate::decide::action::Action;
use crate::decide::condition::Condition;
use crate::decide::decision::{DEFAULT_RULE, Decision};
use crate::decide::policy::{Outcome, Policy, Rule};
use crate::language::document::{Document, Example, TestDocument};
use crate::text::escape::escape;
use crate::text::nearest::nearest;

/// A policy and the examples that it must satisfy.
///
/// # Example: a policy whose example does not hold
/// ```
/// use aegis_engine::{ExampleField, Source, Suite, load};
/// let text = b"version: '1'
/// rules:
///   - match: { type: read }
///     approval: auto
///     examples:
///       - { action: { type: read, target: crm }, expect: block }
/// ";
/// let loaded = load(&[Source { text }]);
/// let policy = loaded.policy.expect("the policy is valid");
/// let results = Suite::new(&policy, loaded.documents.iter().flatten(), &[]).run();
/// assert!(!results[0].passed());
/// assert_eq!(results[0].differences[0].field, ExampleField::Approval);
/// assert_eq!(results[0].differences[0].got, "auto");
/// ```
#[derive(Clone, Debug)]
pub struct Suite<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) cases: Vec<Case<'a>>,
}

/// An example, and the rule that it stands under.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case<'a> {
    pub(crate) example: &'a Example,
    /// The rule that must decide it; `None` for examples at the top level and in files of their own.
    owner: Option<&'a Rule>,
}

/// How one example went.
#[derive(Clone, Debug)]
pub struct ExampleResult<'a> {
    /// The example.
    pub example: &'a Example,
    /// The instant it was decided as of.
    pub at: DateTime<Utc>,
    /// What the policy says.
    pub decision: Decision,
    /// The rule that decided, if one did.
    pub decided_by: Option<&'a Rule>,
    /// Where that is not what was expected; empty if it is.
    pub differences: Vec<Difference>,
}

/// What can be expected of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ExampleField {
    /// The approval.
    Approval,
    /// The risk level.
    RiskLevel,
    /// The rule that decides.
    Rule,
    /// That the outcome is the same at any time, as the example names none.
    At,
}

impl ExampleField {
    /// The word in examples.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            ExampleField::Approval => "approval",
            ExampleField::RiskLevel => "risk_level",
            ExampleField::Rule => "rule",
            ExampleField::At => "at",
        }
    }
}

/// One field in which a decision is not what an example expects. Nothing in it is escaped yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The field.
    pub field: ExampleField,
    /// What was expected.
    pub expected: String,
    /// What came out.
    pub got: String,
    /// What to do about it, where that can be said.
    pub help: Option<String>,
}

impl ExampleResult<'_> {
    /// Whether everything is as expected.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.differences.is_empty()
    }
}

impl<'a> Suite<'a> {
    /// Collects the examples of a policy's own files and of test files.
    ///
    /// `documents` are those that the policy was made from, all of them and in order.
    #[must_use]
    pub fn new(
        policy: &'a Policy,
        documents: impl IntoIterator<Item = &'a Document>,
        tests: &'a [TestDocument],
    ) -> Suite<'a> {
        let mut rules = policy.rules.iter();
        let mut cases = Vec::new();
        for document in documents {
            for (entry, rule) in document.rules.iter().zip(rules.by_ref()) {
                cases.extend(entry.examples.iter().map(|example| Case { example, owner: Some(rule) }));
            }
            cases.extend(document.examples.iter().map(|example| Case { example, owner: None }));
        }
        let of_tests = tests.iter().flat_map(|test| &test.examples);
        cases.extend(of_tests.map(|example| Case { example, owner: None }));
        Suite { policy, cases }
    }

    /// How many examples there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cases.len()
    }

    /// Whether there is no example at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cases.is_empty()
    }

    /// Decides every example, in the order of the files.
    #[must_use]
    pub fn run(&self) -> Vec<ExampleResult<'a>> {
        self.cases.iter().map(|case| case.run(self.policy)).collect()
    }
}

impl<'a> Case<'a> {
    pub(crate) fn action(&self) -> &'a Action {
        &self.example.action
    }

    pub(crate) fn at(&self) -> DateTime<Utc> {
        self.example.at.map_or(EXAMPLE_INSTANT, |at| at.value)
    }

    pub(crate) fn probe(&self) -> Probe {
        Probe { action: self.action().clone(), at: self.at() }
    }

    fn run(&self, policy: &'a Policy) -> ExampleResult<'a> {
        let outcome = policy.outcome(self.action(), self.at());
        let mut differences = self.differences(&outcome);
        for difference in differences.iter_mut().filter(|found| found.field == ExampleField::Rule) {
            difference.help = unknown_rule(policy, &difference.expected).or(difference.help.take());
        }
        if self.example.at.is_none() {
            differences.extend(self.dependence_on_time(policy, differences.is_empty()));
        }
        ExampleResult {
            example: self.example,
            at: self.at(),
            decided_by: outcome.rule,
            decision: outcome.into_decision(),
            differences,
        }
    }

    /// Where an outcome is not what the example expects.
    pub(crate) fn differences(&self, outcome: &Outcome<'_>) -> Vec<Difference> {
        let expect = &self.example.expect;
        let mut differences = Vec::new();
        let mut compare = |field, expected: &str, got: &str| {
            if expected != got {
                let (expected, got) = (expected.to_owned(), got.to_owned());
                differences.push(Difference { field, expected, got, help: None });
            }
        };
        if let Some(approval) = expect.approval {
            compare(ExampleField::Approval, approval.value.as_str(), outcome.approval.as_str());
        }
        if let Some(risk_level) = expect.risk_level {
            compare(ExampleField::RiskLevel, risk_level.value.as_str(), outcome.risk_level.as_str());
        }
        if let Some(rule) = &expect.rule {
            compare(ExampleField::Rule, &rule.value, outcome.rule_name());
        }
        let is_named = differences.iter().any(|difference| difference.field == ExampleField::Rule);
        if let Some(owner) = self.owner
            && !is_named
            && !outcome.rule.is_some_and(|rule| rule.is(owner))
        {
            let help = "an example under a rule must be decided by that rule".to_owned();
            differences.push(Difference {
                field: ExampleField::Rule,
                expected: owner.name.clone(),
                got: outcome.rule_name().to_owned(),
                help: Some(help),
            });
        }
        differences
    }

    /// That an example without `at` holds at some times and not at others.
    fn dependence_on_time(&self, policy: &Policy, holds: bool) -> Option<Difference> {
        let timed = policy.rules.iter().filter(|rule| rule.conditions.iter().any(Condition::is_about_time));
        let concerned = timed.filter(|rule| rule.matches.failing(self.action()).is_none());
        let instants = turning_points(concerned.flat_map(|rule| &rule.conditions));
        let other = instants
            .into_iter()
            .filter(|instant| *instant != EXAMPLE_INSTANT)
            .find(|instant| self.differences(&policy.outcome(self.action(), *instant)).is_empty() != holds)?;
        let word = |holds| if holds { "holds" } else { "does not hold" };
        let written = |instant: DateTime<Utc>| instant.to_rfc3339_opts(SecondsFormat::Secs, true);
        Some(Difference {
            field: ExampleField::At,
            expected: "the same outcome at any time".to_owned(),
            got: format!(
                "it {} as of {}, and {} as of {}",
                word(holds),
                written(EXAMPLE_INSTANT),
                word(!holds),
                written(other)
            ),
            help: Some(format!(
                "say when it is: `at: \"{}\"`",
                written(if holds { EXAMPLE_INSTANT } else { other })
            )),
        })
    }
}

/// The remedy for an expectation that names no rule of the policy.
fn unknown_rule(policy: &Policy, name: &str) -> Option<String> {
    let names: Vec<_> = policy.rules.iter().map(Rule::name).chain([DEFAULT_RULE]).collect();
    if names.contains(&name) {
        return None;
    }
    Some(match nearest(name, &names) {
        Some(known) => format!("the policy has no such rule; did you mean `{}`?", escape(known)),
        None => "the policy has no such rule".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::compile::load;
    use crate::language::policy_bytes::Source;

    /// The fields in which each example of a policy differs.
    fn fields(text: &str) -> Vec<Vec<&'static str>> {
        let loaded = load(&[Source { text: text.as_bytes() }]);
        assert_eq!(loaded.diagnostics, []);
        let policy = loaded.policy.unwrap();
        let results = Suite::new(&policy, loaded.documents.iter().flatten(), &[]).run();
        let words = |result: &ExampleResult<'_>| {
            result.differences.iter().map(|difference| difference.field.as_str()).collect()
        };
        results.iter().map(words).collect()
    }

    #[test]
    fn the_instant_of_examples_is_a_monday_noon() {
        assert_eq!(EXAMPLE_INSTANT.format("%a %F %R").to_string(), "Mon 2026-01-05 12:00");
    }

    #[test]
    fn every_field_that_differs_is_named() {
        let text = "version: '1'\nrules:\n\
            - { name: reads, match: { type: read }, approval: auto, risk_level: low }\n\
            examples:\n\
            - { action: { type: read, target: a }, expect: auto }\n\
            - { action: { type: read, target: a }, \
            expect: { approval: block, risk_level: high, rule: raeds } }\n\
            - { action: { type: write, target: a }, expect: { approval: approve, rule: <default> } }\n";
        assert_eq!(fields(text), [vec![], vec!["approval", "risk_level", "rule"], vec![]]);
    }

    #[test]
    fn an_example_under_a_rule_must_be_decided_by_it_even_if_names_repeat() {
        let text = "version: '1'\nrules:\n- { name: same, match: { type: read } }\n\
            - name: same\n  examples: [{ action: { type: read, target: a }, expect: approve }]\n\
            - name: later\n  examples: [{ action: { type: list, target: a }, expect: approve }]\n";
        assert_eq!(fields(text), [vec!["rule"], vec!["rule"]]);
    }

    #[test]
    fn an_example_that_holds_only_at_times_asks_for_an_instant() {
        let rule = |conditions: &str| {
            format!(
                "version: '1'\nrules:\n\
                 - {{ match: {{ type: read }}, conditions: {{ {conditions} }}, approval: auto }}\n\
                 examples:\n\
                 - {{ action: {{ type: read, target: a }}, expect: EXPECT }}\n\
                 - {{ action: {{ type: x, target: a }}, expect: approve }}\n"
            )
        };
        for conditions in
            ["weekdays: [sun]", "time_after: '23:59'", "weekdays: [mon, tue, wed, thu, fri, sat]"]
        {
            let text = rule(conditions);
            assert!(fields(&text.replace("EXPECT", "auto"))[0].contains(&"at"), "{conditions}");
            assert!(fields(&text.replace("EXPECT", "approve"))[0].contains(&"at"), "{conditions}");
            // It fails at any time.
            assert_eq!(fields(&text.replace("EXPECT", "block")), [vec!["approval"], vec![]], "{conditions}");
        }
    }
}
