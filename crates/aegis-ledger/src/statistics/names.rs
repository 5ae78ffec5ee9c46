//! Counting by name, in bounded memory.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hasher as _};

use aegis_engine::{Digest, saves};

/// How many different names are counted one by one. Those that come later are counted together.
pub const MAX_NAMES: usize = 10_000;
/// The longest name, in bytes, that is kept whole.
const LONGEST_NAME: usize = 256;
/// How much of a longer name is kept, beside its digest.
const KEPT_OF_LONG: usize = 128;
/// Up to how many different values are counted exactly.
const SAMPLE: usize = 65_536;

/// How many different values there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Distinct {
    /// How many.
    pub count: u64,
    /// Whether that is an estimate, right to within a few per cent.
    pub estimated: bool,
}

/// A name, and what was counted for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named<T> {
    /// The name; none where there was none. A very long one is cut, and ends in its digest.
    pub name: Option<String>,
    /// What was counted.
    pub value: T,
}

/// What was counted by name, the most frequent first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names<T> {
    /// The names that were counted one by one.
    pub named: Vec<Named<T>>,
    /// What was counted for all other names.
    pub others: T,
    /// How many other names there are.
    pub other_names: Distinct,
}

/// Counts by name.
#[derive(Debug)]
pub(super) struct Counter<T> {
    numbers: HashMap<Box<str>, usize>,
    values: Vec<T>,
    unnamed: Option<T>,
    others: T,
    other_names: Sample,
    capacity: usize,
}

impl<T: Default> Counter<T> {
    pub(super) fn new(capacity: usize) -> Counter<T> {
        Counter {
            numbers: HashMap::new(),
            values: Vec::new(),
            unnamed: None,
            others: T::default(),
            other_names: Sample::default(),
            capacity,
        }
    }

    /// What is counted for a name, and the name's number if it has one of its own.
    pub(super) fn of(&mut self, name: &str) -> (Option<usize>, &mut T) {
        let name = shorten(name);
        let number = match self.numbers.get(name.as_ref()) {
            Some(number) => Some(*number),
            None if self.values.len() < self.capacity => {
                let number = self.values.len();
                self.values.push(T::default());
                self.numbers.insert(name.as_ref().into(), number);
                Some(number)
            }
            None => None,
        };
        match number.and_then(|number| self.values.get_mut(number)) {
            Some(value) => (number, value),
            None => {
                self.other_names.add(&name);
                (None, &mut self.others)
            }
        }
    }

    /// What is counted where there is no name.
    pub(super) fn unnamed(&mut self) -> &mut T {
        self.unnamed.get_or_insert_default()
    }

    /// The names, by their numbers.
    pub(super) fn names(&self) -> Vec<&str> {
        let mut names = vec![""; self.values.len()];
        for (name, number) in &self.numbers {
            if let Some(place) = names.get_mut(*number) {
                *place = name;
            }
        }
        names
    }

    /// What was counted, converted, and ordered by `weight`.
    pub(super) fn finish<V>(self, convert: impl Fn(T) -> V, weight: impl Fn(&V) -> u64) -> Names<V> {
        let mut values: Vec<_> = self.values.into_iter().map(Some).collect();
        let mut named: Vec<_> = self
            .numbers
            .into_iter()
            .filter_map(|(name, number)| {
                let value = values.get_mut(number)?.take()?;
                Some(Named { name: Some(name.into()), value: convert(value) })
            })
            .collect();
        named.extend(self.unnamed.map(|value| Named { name: None, value: convert(value) }));
        named.sort_by(|a, b| weight(&b.value).cmp(&weight(&a.value)).then_with(|| a.name.cmp(&b.name)));
        Names { named, others: convert(self.others), other_names: self.other_names.distinct() }
    }
}

/// A name of bounded length that still differs from others: a long one is cut, and its digest added.
fn shorten(name: &str) -> Cow<'_, str> {
    if name.len() <= LONGEST_NAME {
        return Cow::Borrowed(name);
    }
    let end = name.char_indices().map(|(start, _)| start).take_while(|start| *start <= KEPT_OF_LONG).last();
    let head = name.get(..end.unwrap_or_default()).unwrap_or_default();
    let digest = Digest::of(name.as_bytes()).to_string();
    let digest = digest.get(..16).unwrap_or(&digest);
    let hidden = name.len() - head.len();
    let said = format!("… [{hidden} more bytes, sha256 {digest}…]");
    let rest = name.get(head.len()..).unwrap_or_default();
    if saves(rest, &said) { Cow::Owned(format!("{head}{said}")) } else { Cow::Borrowed(name) }
}

/// Counts different values: exactly up to [`SAMPLE`] of them, and beyond by keeping a known fraction, chosen
/// by hash.
#[derive(Debug, Default)]
pub(super) struct Sample {
    hashes: HashSet<u64>,
    /// Only hashes that end in so many zero bits are kept.
    zeros: u32,
}

impl Sample {
    pub(super) fn add(&mut self, value: &str) {
        let mut hasher = DefaultHasher::new();
        hasher.write(value.as_bytes());
        let hash = hasher.finish();
        if hash.trailing_zeros() < self.zeros || !self.hashes.insert(hash) {
            return;
        }
        while self.hashes.len() > SAMPLE {
            self.zeros += 1;
            let zeros = self.zeros;
            self.hashes.retain(|hash| hash.trailing_zeros() >= zeros);
        }
    }

    pub(super) fn distinct(&self) -> Distinct {
        let kept = self.hashes.len() as u64;
        Distinct { count: kept.checked_shl(self.zeros).unwrap_or(u64::MAX), estimated: self.zeros > 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::tally::Tally;

    #[test]
    fn names_beyond_the_capacity_are_counted_together() {
        let mut counter = Counter::<Tally>::new(2);
        for (name, times) in [("a", 1), ("b", 3), ("c", 2), ("d", 1), ("a", 1), ("c", 1)] {
            for _ in 0..times {
                counter.of(name).1.auto += 1;
            }
        }
        counter.unnamed().auto += 1;
        assert_eq!(counter.names(), ["a", "b"]);
        let names = counter.finish(|tally| tally, Tally::total);
        let shown: Vec<_> =
            names.named.iter().map(|named| (named.name.as_deref(), named.value.auto)).collect();
        assert_eq!(shown, [(Some("b"), 3), (Some("a"), 2), (None, 1)]);
        assert_eq!((names.others.auto, names.other_names), (4, Distinct { count: 2, estimated: false }));
    }

    #[test]
    fn a_long_name_is_cut_and_still_itself() {
        let (long, other) = ("é".repeat(1000), format!("{}x", "é".repeat(999)));
        assert!(shorten(&long).len() < LONGEST_NAME && shorten(&long).starts_with("éé"));
        assert_ne!(shorten(&long), shorten(&other));
        assert_eq!(shorten(&"é".repeat(128)), "é".repeat(128));
    }

    #[test]
    fn few_values_are_counted_exactly_and_many_nearly() {
        let mut sample = Sample::default();
        for index in 0..SAMPLE {
            sample.add(&index.to_string());
            sample.add(&index.to_string());
        }
        assert_eq!(sample.distinct(), Distinct { count: SAMPLE as u64, estimated: false });
        for index in 0..1_000_000 {
            sample.add(&index.to_string());
        }
        let Distinct { count, estimated } = sample.distinct();
        assert!(estimated && (970_000..1_030_000).contains(&count), "{count}");
        assert!(sample.hashes.len() <= SAMPLE);
    }
}
