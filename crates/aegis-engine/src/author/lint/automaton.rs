//! Globs as automata over Unicode characters: which strings a rule's globs match that others do, or do not.
//!
//! The globs of several rules run side by side through one subset construction over the characters that any
//! of them tells apart. What comes out is every way in which a string that the first rule matches can be
//! matched by the others, each with the shortest such string.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};

use crate::decide::glob::{Glob, Token, Tokens};

/// How many states one construction may have.
const MAX_STATES: usize = 4096;
/// How many characters the globs of one construction may have together.
const MAX_POSITIONS: usize = 8192;

/// Work that may still be done: a policy made to be expensive is given up on, not waited for.
#[derive(Debug)]
pub(super) struct Budget(pub(super) u64);

impl Budget {
    /// Takes some off; `None` once there is nothing left.
    pub(super) fn spend(&mut self, work: usize) -> Option<()> {
        self.0 = self.0.checked_sub(u64::try_from(work).ok()?)?;
        Some(())
    }
}

/// A set of other rules, by their place among those asked about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Others(Vec<u64>);

impl Others {
    pub(super) fn all(count: usize) -> Others {
        let mut set = Others::default();
        (0..count).for_each(|member| set.insert(member));
        set
    }

    pub(super) fn insert(&mut self, member: usize) {
        let word = member / 64;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        if let Some(bits) = self.0.get_mut(word) {
            *bits |= 1 << (member % 64);
        }
    }

    pub(super) fn is_subset(&self, other: &Others) -> bool {
        self.0.iter().enumerate().all(|(word, bits)| bits & !other.0.get(word).copied().unwrap_or(0) == 0)
    }

    /// Whether some member is in all three.
    pub(super) fn meets(&self, second: &Others, third: &Others) -> bool {
        self.0.iter().zip(&second.0).zip(&third.0).any(|((first, second), third)| first & second & third != 0)
    }
}

/// One way in which a string of the first rule's is matched by others.
#[derive(Clone, Debug)]
pub(super) struct Overlap {
    /// Such a string; `None` stands for an agent that is absent.
    pub(super) witness: Option<String>,
    /// Which others match it.
    pub(super) others: Others,
}

/// What a field is compared over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Universe {
    /// Whether the empty string is one of its values.
    pub(super) empty: bool,
    /// Whether it may be absent, which only `*` matches.
    pub(super) absent: bool,
}

/// The least ways in which values that `own` matches are matched by `others`: a way is left out where another
/// is matched by fewer of them. Empty if `own` matches nothing at all. `None` if it would cost too much to
/// say.
pub(super) fn overlaps(
    own: Option<&[Glob]>,
    others: &[Option<&[Glob]>],
    universe: Universe,
    budget: &mut Budget,
) -> Option<Vec<Overlap>> {
    let mut found = Vec::new();
    if universe.absent && matches_all(own) {
        let mut set = Others::all(0);
        others
            .iter()
            .enumerate()
            .filter(|(_, globs)| matches_all(**globs))
            .for_each(|(index, _)| set.insert(index));
        found.push(Overlap { witness: None, others: set });
    }
    if others.iter().all(|globs| matches_all(*globs))
        && let Some(witness) = sample(own, universe)
    {
        found.push(Overlap { witness: Some(witness), others: Others::all(others.len()) });
    } else {
        found.extend(Machine::new(own, others)?.explore(universe, budget)?);
    }
    let least = |overlap: &Overlap| {
        !found.iter().any(|other| other.others != overlap.others && other.others.is_subset(&overlap.others))
    };
    let mut seen = BTreeSet::new();
    Some(
        found
            .iter()
            .filter(|overlap| least(overlap) && seen.insert(overlap.others.clone()))
            .cloned()
            .collect(),
    )
}

/// Whether `*` is among the globs, or there are none: then every value matches, and an absent one too.
pub(super) fn matches_all(globs: Option<&[Glob]>) -> bool {
    globs.is_none_or(|globs| globs.iter().any(Glob::is_any))
}

/// Some value that the globs match, found without a search; there may be one though none is found.
pub(super) fn sample(globs: Option<&[Glob]>, universe: Universe) -> Option<String> {
    let fits = |text: &String| (universe.empty || !text.is_empty()) && !text.contains('\0');
    let Some(globs) = globs else { return Some("x".to_owned()) };
    globs.iter().find_map(|glob| {
        let mut text = String::new();
        shortest(&glob.tokens(), &mut text);
        if text.is_empty() && glob.is_any() {
            text.push('x');
        }
        Some(text).filter(|text| fits(text) && glob.is_match(text))
    })
}

fn shortest(tokens: &Tokens, text: &mut String) {
    for token in &tokens.0 {
        match token {
            Token::Literal(character) => text.push(*character),
            Token::One => text.push('x'),
            Token::Run => {}
            Token::Set { negated: false, ranges } => text.extend(ranges.first().map(|range| range.0)),
            Token::Set { negated: true, ranges } => {
                let free = |c: &char| !ranges.iter().any(|(first, last)| (*first..=*last).contains(c));
                text.extend(('a'..='z').chain('0'..='9').chain('\u{E000}'..='\u{F8FF}').find(free));
            }
            Token::Alternatives(branches) => {
                if let Some(branch) = branches.first() {
                    shortest(branch, text);
                }
            }
        }
    }
}

/// What a state of the machine waits for.
#[derive(Clone, Debug)]
enum State {
    /// One character that passes, then on to the next state.
    Step { accepts: Characters, next: usize },
    /// Any of these, without a character.
    Split(Vec<usize>),
    /// A whole string was matched, by `own` (0) or by another (from 1).
    Accept(usize),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Characters {
    Any,
    Of(Vec<(char, char)>),
    NotOf(Vec<(char, char)>),
}

impl Characters {
    fn contains(&self, character: char) -> bool {
        let within = |ranges: &[(char, char)]| {
            ranges.iter().any(|(first, last)| (*first..=*last).contains(&character))
        };
        match self {
            Characters::Any => true,
            Characters::Of(ranges) => within(ranges),
            Characters::NotOf(ranges) => !within(ranges),
        }
    }
}

/// A nondeterministic automaton for the globs of several rules at once.
struct Machine {
    states: Vec<State>,
    start: Vec<usize>,
    /// Whether `own` is still in play in a state.
    own: Vec<bool>,
    /// One character for each set of characters that no glob tells apart.
    alphabet: Vec<char>,
}

impl Machine {
    /// `None` if the globs are too long together.
    fn new(own: Option<&[Glob]>, others: &[Option<&[Glob]>]) -> Option<Machine> {
        let mut machine =
            Machine { states: Vec::new(), start: Vec::new(), own: Vec::new(), alphabet: Vec::new() };
        for (index, globs) in std::iter::once(&own).chain(others).enumerate() {
            let accept = machine.push(State::Accept(index));
            let starts: Vec<_> = match globs {
                None => vec![machine.sequence(&Tokens(vec![Token::Run]), accept)],
                Some(globs) => globs.iter().map(|glob| machine.sequence(&glob.tokens(), accept)).collect(),
            };
            machine.start.extend(starts);
            machine.own.resize(machine.states.len(), index == 0);
            if machine.states.len() > MAX_POSITIONS {
                return None;
            }
        }
        machine.alphabet = machine.alphabet();
        Some(machine)
    }

    fn push(&mut self, state: State) -> usize {
        self.states.push(state);
        self.states.len() - 1
    }

    /// Adds states for a sequence that ends in `next`; returns its first state.
    fn sequence(&mut self, tokens: &Tokens, next: usize) -> usize {
        tokens.0.iter().rev().fold(next, |next, token| match token {
            Token::Literal(c) => self.push(State::Step { accepts: Characters::Of(vec![(*c, *c)]), next }),
            Token::One => self.push(State::Step { accepts: Characters::Any, next }),
            Token::Set { negated, ranges } => {
                let ranges = ranges.clone();
                let accepts = if *negated { Characters::NotOf(ranges) } else { Characters::Of(ranges) };
                self.push(State::Step { accepts, next })
            }
            Token::Run => {
                let split = self.push(State::Split(vec![next]));
                let again = self.push(State::Step { accepts: Characters::Any, next: split });
                if let Some(State::Split(ways)) = self.states.get_mut(split) {
                    ways.push(again);
                }
                split
            }
            Token::Alternatives(branches) => {
                let ways = branches.iter().map(|branch| self.sequence(branch, next)).collect();
                self.push(State::Split(ways))
            }
        })
    }

    /// The first character of every range between two that some glob names, without those that behave alike.
    /// NUL is none: no action has it.
    fn alphabet(&self) -> Vec<char> {
        let classes: BTreeSet<_> = self
            .states
            .iter()
            .filter_map(|state| match state {
                State::Step { accepts: Characters::Of(ranges) | Characters::NotOf(ranges), .. } => {
                    Some(ranges)
                }
                _ => None,
            })
            .collect();
        // A few that can be shown come first, so that what stands for "any other" is one of them where it can
        // be.
        let mut bounds: Vec<char> = ('x'..='z').chain('a'..='w').chain('0'..='9').collect();
        bounds.push('\u{1}');
        for (first, last) in classes.iter().flat_map(|ranges| ranges.iter()) {
            bounds.push(*first);
            bounds.extend((*last..=char::MAX).nth(1));
        }
        let mut seen = BTreeSet::new();
        bounds.retain(|c| {
            *c != '\0' && {
                let behaviour: Vec<bool> = classes
                    .iter()
                    .map(|ranges| ranges.iter().any(|(first, last)| (*first..=*last).contains(c)))
                    .collect();
                seen.insert(behaviour)
            }
        });
        bounds
    }

    /// The states that can be reached without a character, in order, each once.
    fn close(&self, from: impl IntoIterator<Item = usize>) -> Vec<usize> {
        let mut reached = BTreeSet::new();
        let mut open: Vec<_> = from.into_iter().collect();
        while let Some(state) = open.pop() {
            if reached.insert(state)
                && let Some(State::Split(ways)) = self.states.get(state)
            {
                open.extend(ways);
            }
        }
        reached.retain(|state| !matches!(self.states.get(*state), Some(State::Split(_))));
        reached.into_iter().collect()
    }

    fn is_own(&self, state: usize) -> bool {
        self.own.get(state).copied().unwrap_or_default()
    }

    fn step(&self, from: &[usize], character: char) -> Vec<usize> {
        self.close(from.iter().filter_map(|state| match self.states.get(*state) {
            Some(State::Step { accepts, next }) => accepts.contains(character).then_some(*next),
            _ => None,
        }))
    }

    /// Which others match here; `None` where `own` does not.
    fn accepted(&self, states: &[usize]) -> Option<Others> {
        let mut others = Others::default();
        let mut own = false;
        for state in states {
            match self.states.get(*state) {
                Some(State::Accept(0)) => own = true,
                Some(State::Accept(other)) => others.insert(other - 1),
                _ => {}
            }
        }
        own.then_some(others)
    }

    /// Every set of others that some string of `own` is matched by.
    fn explore(&self, universe: Universe, budget: &mut Budget) -> Option<Vec<Overlap>> {
        let start = self.close(self.start.iter().copied());
        let mut found: BTreeMap<Others, String> = BTreeMap::new();
        // Each state of the construction with the one it was reached from, and by which character.
        let mut reached: Vec<Option<(usize, char)>> = vec![None];
        // Where the empty string does not count, longer ones that lead back to the start still do.
        let mut known = HashSet::new();
        if universe.empty {
            known.insert(start.clone());
        }
        let mut open = VecDeque::from([(0, start)]);
        while let Some((index, states)) = open.pop_front() {
            if (index > 0 || universe.empty)
                && let Some(others) = self.accepted(&states)
            {
                found.entry(others).or_insert_with(|| spell(&reached, index));
            }
            for character in &self.alphabet {
                budget.spend(states.len() + 1)?;
                let next = self.step(&states, *character);
                // Only strings that `own` may still match matter.
                if !next.iter().any(|state| self.is_own(*state)) || known.contains(&next) {
                    continue;
                }
                if reached.len() >= MAX_STATES {
                    return None;
                }
                known.insert(next.clone());
                open.push_back((reached.len(), next));
                reached.push(Some((index, *character)));
            }
        }
        Some(found.into_iter().map(|(others, text)| Overlap { witness: Some(text), others }).collect())
    }
}

/// The string that leads to a state.
fn spell(reached: &[Option<(usize, char)>], mut index: usize) -> String {
    let mut characters = Vec::new();
    while let Some(Some((from, character))) = reached.get(index) {
        characters.push(*character);
        index = *from;
    }
    characters.into_iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ways(own: &[&str], others: &[&[&str]]) -> Vec<(Option<String>, Others)> {
        let globs =
            |patterns: &[&str]| patterns.iter().map(|glob| Glob::new(glob).unwrap()).collect::<Vec<_>>();
        let own = globs(own);
        let others: Vec<_> = others.iter().map(|patterns| globs(patterns)).collect();
        let others: Vec<_> = others.iter().map(|globs| Some(globs.as_slice())).collect();
        let universe = Universe { empty: true, absent: false };
        let found = overlaps(Some(&own), &others, universe, &mut Budget(1_000_000)).unwrap();
        found.into_iter().map(|overlap| (overlap.witness, overlap.others)).collect()
    }

    fn covered(own: &[&str], others: &[&[&str]]) -> bool {
        ways(own, others).iter().all(|(_, others)| *others != Others::default())
    }

    #[test]
    fn coverage_is_told_exactly() {
        for (own, others, expected) in [
            (&["*"][..], &[&["*x"][..]][..], false),
            (&["read"], &[&["r*"]], true),
            (&["r*"], &[&["read"]], false),
            (&["*"], &[&["?*"]], false),
            (&["*"], &[&["?*"], &[""]], true),
            (&["?"], &[&["[a-m]"], &["[!a-m]"]], true),
            (&["?"], &[&["[a-m]"], &["[!a-n]"]], false),
            (&["{a,b}*"], &[&["a*"], &["b*"]], true),
            (&["*"], &[&["a*"], &["[!a]*"], &[""]], true),
            (&["é*"], &[&["?*"]], true),
            (&["??"], &[&["?*?"]], true),
            (&["*a*"], &[&["*a"], &["*a?*"]], true),
            (&["a*b*c"], &[&["a*c"]], true),
            (&["a*c"], &[&["a*b*c"]], false),
            (&["\0"], &[], true),
        ] {
            assert_eq!(covered(own, others), expected, "{own:?} {others:?}");
        }
    }

    #[test]
    fn a_witness_is_matched_as_it_is_said_to_be() {
        let found = ways(&["*"], &[&["a*"], &["*b"]]);
        assert_eq!(found, [(Some(String::new()), Others::default())]);
        assert_eq!(ways(&["[xy]"], &[&["x"]]), [(Some("y".to_owned()), Others::default())]);
    }

    #[test]
    fn longer_strings_count_where_the_empty_one_does_not() {
        let other = [Glob::new("*x").unwrap()];
        let universe = Universe { empty: false, absent: false };
        let found = overlaps(None, &[Some(&other)], universe, &mut Budget(1_000_000)).unwrap();
        assert_eq!(found.first().unwrap().others, Others::default());
    }

    #[test]
    fn what_costs_too_much_is_given_up() {
        let own = [Glob::new("*").unwrap()];
        let others: Vec<_> = ('a'..='z').map(|c| [Glob::new(&format!("*{c}*")).unwrap()]).collect();
        let others: Vec<_> = others.iter().map(|globs| Some(globs.as_slice())).collect();
        let universe = Universe { empty: true, absent: false };
        assert!(overlaps(Some(&own), &others, universe, &mut Budget(u64::MAX)).is_none());
        assert!(overlaps(Some(&own), &others, universe, &mut Budget(10)).is_none());
    }
}
