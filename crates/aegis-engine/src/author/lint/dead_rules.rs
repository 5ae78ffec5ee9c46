//! Rules that can never decide, because rules before them settle everything that they match.
//!
//! The search asks for an action of the rule that none of the rules gathered so far matches, looks up the
//! first rule before it that does match it, and gathers that one. It ends with an action that none matches
//! (the rule can decide), or with rules that together match everything (it cannot). Neither looks at more
//! rules than it must, so that an ordinary policy takes one look per rule.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap, HashSet};

use crate::author::lint::automaton::Budget;
use crate::author::lint::globs::{Point, Values, fields, matches_point, some_point, uncovered};
use crate::author::lint::implication::settles;
use crate::decide::condition::{ParamTest, Test};
use crate::decide::glob::{Glob, Token};
use crate::decide::policy::Rule;

/// How many rules together are looked for to cover another.
const MAX_COVERING: usize = 64;
/// How much work one rule may take, and all of a policy.
const WORK_PER_RULE: u64 = 400_000;
const WORK_PER_POLICY: u64 = 8_000_000;

/// Why a rule never decides.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Dead {
    /// Its globs match no action at all.
    MatchesNothing,
    /// These rules before it, by index, settle everything it matches.
    Covered(Vec<usize>),
}

/// For each rule, why it can never decide, if that is so and was found out.
pub(super) fn dead_rules(rules: &[Rule]) -> Vec<Option<Dead>> {
    let mut index = Index::default();
    let mut policy_budget = Budget(WORK_PER_POLICY);
    rules
        .iter()
        .enumerate()
        .map(|(place, rule)| {
            let granted = WORK_PER_RULE.min(policy_budget.0);
            let mut budget = Budget(granted);
            let dead = Search { rules, index: &index, budget: &mut budget }.run(rule);
            policy_budget.0 -= granted - budget.0;
            if dead.is_none() {
                index.insert(place, rule);
            }
            dead
        })
        .collect()
}

struct Search<'a> {
    rules: &'a [Rule],
    /// The rules before the one in question.
    index: &'a Index<'a>,
    budget: &'a mut Budget,
}

impl Search<'_> {
    /// `None` if the rule can decide, or if it would cost too much to know.
    fn run(&mut self, rule: &Rule) -> Option<Dead> {
        let mut covering = Vec::new();
        let mut point = some_point(rule, self.budget)?;
        while let Point::At(uncovered) = point {
            let earlier = self.index.first_settling(self.rules, rule, &uncovered, self.budget)?;
            if covering.contains(&earlier) || covering.len() == MAX_COVERING {
                return None;
            }
            covering.push(earlier);
            point = self.uncovered(rule, &covering)?;
        }
        if covering.is_empty() {
            return Some(Dead::MatchesNothing);
        }
        // Some may have been gathered before one was that covers what they do.
        for candidate in covering.clone() {
            let without: Vec<_> = covering.iter().copied().filter(|other| *other != candidate).collect();
            if matches!(self.uncovered(rule, &without), Some(Point::Nowhere)) {
                covering = without;
            }
        }
        covering.sort_unstable();
        Some(Dead::Covered(covering))
    }

    /// An action that the rule's globs match and those of none of the others, by index.
    fn uncovered(&mut self, rule: &Rule, others: &[usize]) -> Option<Point> {
        let others: Vec<_> = others.iter().filter_map(|place| self.rules.get(*place)).collect();
        uncovered(rule, &others, self.budget)
    }
}

/// Finds the rules that may match an action without a look at the others.
#[derive(Debug, Default)]
struct Index<'p> {
    /// By what a condition of the rule is about, and by a text that every action it matches has in a field.
    buckets: HashMap<Topic<'p>, [Bucket; 3]>,
    /// The rules with no such text.
    general: HashMap<Topic<'p>, Vec<usize>>,
}

/// What a condition is about. A rule settles another only if each of its conditions follows from one of the
/// other's, which is then about the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Topic<'p> {
    Always,
    Time,
    Days,
    Param(&'p [String], &'static str),
}

#[derive(Debug, Default)]
struct Bucket {
    by_text: HashMap<String, Vec<usize>>,
    lengths: BTreeSet<usize>,
}

/// What a test may follow from: words that both it and the other have.
fn words(test: &ParamTest) -> &'static [&'static str] {
    match test {
        ParamTest::Eq(_) => &["eq", "order", "contains", "matches", "exists"],
        ParamTest::Order(..) => &["order", "exists"],
        ParamTest::Contains(_) => &["contains", "exists"],
        ParamTest::Matches(_) => &["matches", "exists"],
        ParamTest::Exists(_) => &["exists"],
    }
}

impl<'p> Index<'p> {
    /// What the rule's conditions may imply.
    fn topics(rule: &Rule) -> Vec<Topic<'_>> {
        let mut topics = vec![Topic::Always];
        for condition in &rule.conditions {
            match &condition.test {
                Test::Window(..) => topics.push(Topic::Time),
                Test::Weekdays(..) => topics.push(Topic::Days),
                Test::Param(key, test) => {
                    topics.extend(words(test).iter().map(|word| Topic::Param(key.path(), word)));
                }
            }
        }
        let mut seen = HashSet::new();
        topics.retain(|topic| seen.insert(*topic));
        topics
    }

    /// What the rule is filed under: its last condition, or none.
    fn topic(rule: &'p Rule) -> Topic<'p> {
        match rule.conditions.last().map(|condition| &condition.test) {
            None => Topic::Always,
            Some(Test::Window(..)) => Topic::Time,
            Some(Test::Weekdays(..)) => Topic::Days,
            Some(Test::Param(key, test)) => {
                Topic::Param(key.path(), words(test).first().copied().unwrap_or_default())
            }
        }
    }

    fn insert(&mut self, place: usize, rule: &'p Rule) {
        let topic = Index::topic(rule);
        let best = fields(rule)
            .into_iter()
            .enumerate()
            .filter_map(|(field, globs)| Some((field, literals(globs?)?)))
            .max_by_key(|(field, literals)| (literals.iter().map(String::len).min(), Reverse(*field)));
        let Some((field, literals)) = best else {
            return self.general.entry(topic).or_default().push(place);
        };
        if let Some(bucket) = self.buckets.entry(topic).or_default().get_mut(field) {
            for literal in literals {
                bucket.lengths.insert(literal.len());
                bucket.by_text.entry(literal).or_default().push(place);
            }
        }
    }

    /// The first rule that settles `rule` and whose globs match the point; `None` if there is none.
    fn first_settling(
        &self,
        rules: &[Rule],
        rule: &Rule,
        point: &Values,
        budget: &mut Budget,
    ) -> Option<usize> {
        let mut first: Option<usize> = None;
        let mut look = |places: &[usize]| -> Option<()> {
            for place in places {
                if first.is_some_and(|first| first <= *place) {
                    break;
                }
                budget.spend(1)?;
                let matching =
                    rules.get(*place).filter(|other| matches_point(other, point) && settles(other, rule));
                if matching.is_some() {
                    first = Some(*place);
                    break;
                }
            }
            Some(())
        };
        for topic in Index::topics(rule) {
            if let Some(places) = self.general.get(&topic) {
                look(places)?;
            }
            for (bucket, text) in self.buckets.get(&topic).into_iter().flatten().zip(point) {
                let Some(text) = text else { continue };
                for length in bucket.lengths.iter().take_while(|length| **length <= text.len()) {
                    for start in 0..=text.len() - length {
                        let part = text.get(start..start + length);
                        if let Some(places) = part.and_then(|part| bucket.by_text.get(part)) {
                            look(places)?;
                        }
                    }
                }
            }
        }
        first
    }
}

/// For each glob its longest literal part; `None` if one has none.
fn literals(globs: &[Glob]) -> Option<Vec<String>> {
    globs.iter().map(longest_literal).collect()
}

fn longest_literal(glob: &Glob) -> Option<String> {
    let mut longest = String::new();
    let mut current = String::new();
    for token in glob.tokens().0.iter().map(Some).chain([None]) {
        if let Some(Token::Literal(character)) = token {
            current.push(*character);
        } else {
            if current.len() > longest.len() {
                longest.clone_from(&current);
            }
            current.clear();
        }
    }
    Some(longest).filter(|literal| !literal.is_empty())
}
