//! Rules that can never decide, because rules before them settle everything that they match.
//!
//! The search asks for an action of the rule that none of the rules gathered so far matches, looks up the first rule
//! before it that does match it, and gathers that one. It ends with an action that none matches (the rule can
//! decide), or with rules that together match everything (it cannot). Neither looks at more rules than it must, so
//! that an ordinary policy takes one look per rule.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap, HashSet};

use crate::author::lint::automaton::{Budget, Overlap, Universe, matches_all, overlaps, sample};
use crate::author::lint::implication::settles;
use crate::decide::condition::{ParamTest, Test};
use crate::decide::glob::{Glob, Token};
use crate::decide::policy::Rule;

/// How many rules together are looked for to cover another.
const MAX_COVERING: usize = 64;
/// How many combinations of the three fields are looked at.
const MAX_COMBINATIONS: usize = 65_536;
/// How much work one rule may take, and all of a policy.
const WORK_PER_RULE: u64 = 400_000;
const WORK_PER_POLICY: u64 = 8_000_000;

/// Type, target and agent: an action's type is never empty, and only its agent may be absent.
const UNIVERSES: [Universe; 3] = [
    Universe { empty: false, absent: false },
    Universe { empty: true, absent: false },
    Universe { empty: true, absent: true },
];

/// The values of type, target and agent.
type Values = [Option<String>; 3];

/// What a search for an action came to.
#[derive(Debug)]
enum Point {
    At(Values),
    Nowhere,
}

/// Why a rule never decides.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Dead {
    /// Its globs match no action at all.
    MatchesNothing,
    /// These rules before it, by index, settle everything it matches.
    Covered(Vec<usize>),
}

pub(super) fn fields(rule: &Rule) -> [Option<&[Glob]>; 3] {
    let matches = &rule.matches;
    [&matches.kind, &matches.target, &matches.agent].map(|globs| globs.as_deref())
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
        let mut point = self.some_point(rule)?;
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

    /// Any action that the rule's globs match; [`Point::Nowhere`] if there is none.
    fn some_point(&mut self, rule: &Rule) -> Option<Point> {
        let [kind, target, agent] = fields(rule);
        let [kinds, targets, agents] = UNIVERSES;
        match (sample(kind, kinds), sample(target, targets), sample(agent, agents)) {
            (Some(kind), Some(target), Some(agent)) => {
                Some(Point::At([Some(kind), Some(target), Some(agent)]))
            }
            _ => self.uncovered(rule, &[]),
        }
    }

    /// An action that the rule's globs match and those of none of the others; [`Point::Nowhere`] if there is none.
    fn uncovered(&mut self, rule: &Rule, others: &[usize]) -> Option<Point> {
        let own = fields(rule);
        let others: Vec<_> = others.iter().filter_map(|place| self.rules.get(*place)).map(fields).collect();
        let mut ways: [Vec<Overlap>; 3] = Default::default();
        for (field, (ways, universe)) in ways.iter_mut().zip(UNIVERSES).enumerate() {
            let others: Vec<_> = others.iter().map(|fields| fields.get(field).copied().flatten()).collect();
            *ways = overlaps(own.get(field).copied().flatten(), &others, universe, self.budget)?;
        }
        let [kinds, targets, agents] = &ways;
        if kinds.len().saturating_mul(targets.len()).saturating_mul(agents.len()) > MAX_COMBINATIONS {
            return None;
        }
        for kind in kinds {
            for target in targets {
                for agent in agents {
                    self.budget.spend(1)?;
                    if !kind.others.meets(&target.others, &agent.others) {
                        return Some(Point::At([kind, target, agent].map(|way| way.witness.clone())));
                    }
                }
            }
        }
        Some(Point::Nowhere)
    }
}

/// Finds the rules that may match an action without a look at the others.
#[derive(Debug, Default)]
struct Index<'p> {
    /// By what a condition of the rule is about, and by a text that every action it matches has in a field.
    buckets: HashMap<Subject<'p>, [Bucket; 3]>,
    /// The rules with no such text.
    general: HashMap<Subject<'p>, Vec<usize>>,
}

/// What a condition is about. A rule settles another only if each of its conditions follows from one of the other's,
/// which is then about the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Subject<'p> {
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
    fn subjects(rule: &Rule) -> Vec<Subject<'_>> {
        let mut subjects = vec![Subject::Always];
        for condition in &rule.conditions {
            match &condition.test {
                Test::Window(..) => subjects.push(Subject::Time),
                Test::Weekdays(..) => subjects.push(Subject::Days),
                Test::Param(key, test) => {
                    subjects.extend(words(test).iter().map(|word| Subject::Param(key.path(), word)));
                }
            }
        }
        let mut seen = HashSet::new();
        subjects.retain(|subject| seen.insert(*subject));
        subjects
    }

    /// What the rule is filed under: its last condition, or none.
    fn subject(rule: &'p Rule) -> Subject<'p> {
        match rule.conditions.last().map(|condition| &condition.test) {
            None => Subject::Always,
            Some(Test::Window(..)) => Subject::Time,
            Some(Test::Weekdays(..)) => Subject::Days,
            Some(Test::Param(key, test)) => {
                Subject::Param(key.path(), words(test).first().copied().unwrap_or_default())
            }
        }
    }

    fn insert(&mut self, place: usize, rule: &'p Rule) {
        let subject = Index::subject(rule);
        let best = fields(rule)
            .into_iter()
            .enumerate()
            .filter_map(|(field, globs)| Some((field, literals(globs?)?)))
            .max_by_key(|(field, literals)| (literals.iter().map(String::len).min(), Reverse(*field)));
        let Some((field, literals)) = best else {
            return self.general.entry(subject).or_default().push(place);
        };
        if let Some(bucket) = self.buckets.entry(subject).or_default().get_mut(field) {
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
        for subject in Index::subjects(rule) {
            if let Some(places) = self.general.get(&subject) {
                look(places)?;
            }
            for (bucket, text) in self.buckets.get(&subject).into_iter().flatten().zip(point) {
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

fn matches_point(rule: &Rule, point: &Values) -> bool {
    fields(rule).into_iter().zip(point).all(|(globs, value)| match (globs, value) {
        (None, _) => true,
        (globs, None) => matches_all(globs),
        (Some(globs), Some(text)) => globs.iter().any(|glob| glob.is_match(text)),
    })
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

/// Whether no action is matched by both, as far as the literal beginnings of their globs tell.
pub(super) fn surely_apart(left: &Rule, right: &Rule) -> bool {
    fields(left).into_iter().zip(fields(right)).any(|pair| match pair {
        (Some(left), Some(right)) => {
            left.iter().all(|left| right.iter().all(|right| globs_apart(left, right)))
        }
        _ => false,
    })
}

fn globs_apart(left: &Glob, right: &Glob) -> bool {
    match (left.is_literal(), right.is_literal()) {
        (true, _) => !right.is_match(left.pattern()),
        (_, true) => !left.is_match(right.pattern()),
        _ => {
            let (left, right) = (left.literal_prefix(), right.literal_prefix());
            !left.starts_with(right) && !right.starts_with(left)
        }
    }
}

/// Whether everything that `inner` matches is matched by `outer`'s globs too.
pub(super) fn is_within(inner: &Rule, outer: &Rule) -> bool {
    let mut budget = Budget(WORK_PER_RULE / 20);
    let (rules, index) = (std::slice::from_ref(outer), Index::default());
    let mut search = Search { rules, index: &index, budget: &mut budget };
    matches!(search.uncovered(inner, &[0]), Some(Point::Nowhere))
}
