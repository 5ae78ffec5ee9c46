//! Where a secret shows up again: in other text than its own.

use std::collections::BTreeMap;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use serde_json::Value;

use crate::text::canonical::canonical_number;

/// How many characters a secret must have to be looked for elsewhere. A shorter one would be found in
/// innocent words.
const SHORTEST: usize = 6;
/// Longer secrets, of which an action can hold few, are looked for one by one. The others take memory for
/// each byte.
pub(super) const LONGEST: usize = 4096;

/// Secrets, and what stands for each of them.
#[derive(Default)]
pub(super) struct Secrets(BTreeMap<String, String>);

impl Secrets {
    /// Adds a value: text, or a number as text, at any depth.
    pub(super) fn add(&mut self, value: &Value, stand_in: &mut impl FnMut(&Value) -> String) {
        match value {
            Value::Null | Value::Bool(_) => {}
            Value::Number(number) => self.add_text(&canonical_number(number), value, stand_in),
            Value::String(text) => {
                self.add_text(text, value, stand_in);
                // As it is written where JSON stands within a string.
                let quoted = serde_json::to_string(text).unwrap_or_default();
                let escaped = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
                if escaped != text {
                    self.add_text(escaped, value, stand_in);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.add(item, stand_in)),
            Value::Object(members) => members.values().for_each(|member| self.add(member, stand_in)),
        }
    }

    fn add_text(&mut self, text: &str, value: &Value, stand_in: &mut impl FnMut(&Value) -> String) {
        if text.chars().nth(SHORTEST - 1).is_some() && !self.0.contains_key(text) {
            self.0.insert(text.to_owned(), stand_in(value));
        }
    }
}

/// Finds secrets in text.
pub(super) struct Echoes {
    together: Option<AhoCorasick>,
    /// What stands for the secrets that are looked for together.
    stand_ins: Vec<String>,
    /// The others, and what stands for them.
    alone: Vec<(String, String)>,
}

impl Echoes {
    pub(super) fn of(secrets: Secrets) -> Echoes {
        let (short, alone): (Vec<_>, Vec<_>) =
            secrets.0.into_iter().partition(|(secret, _)| secret.len() <= LONGEST);
        if short.is_empty() {
            return Echoes { together: None, stand_ins: Vec::new(), alone };
        }
        let finder = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::NoncontiguousNFA))
            .match_kind(MatchKind::LeftmostLongest)
            .build(short.iter().map(|(secret, _)| secret));
        match finder {
            Ok(finder) => {
                let stand_ins = short.into_iter().map(|(_, stand_in)| stand_in).collect();
                Echoes { together: Some(finder), stand_ins, alone }
            }
            Err(_) => Echoes { together: None, stand_ins: Vec::new(), alone: [short, alone].concat() },
        }
    }

    /// What stands for the whole of a text that is a secret.
    pub(super) fn whole(&self, text: &str) -> Option<&str> {
        let found = self.find(text);
        found.iter().find(|(start, end, _)| (*start, *end) == (0, text.len())).map(|(.., stand_in)| *stand_in)
    }

    /// Where secrets are in a text, and what stands for each.
    pub(super) fn find(&self, text: &str) -> Vec<(usize, usize, &str)> {
        let mut found = Vec::new();
        for place in self.together.iter().flat_map(|finder| finder.find_iter(text)) {
            let stand_in = self.stand_ins.get(place.pattern().as_usize()).map_or("", String::as_str);
            found.push((place.start(), place.end(), stand_in));
        }
        for (secret, stand_in) in &self.alone {
            let places = text.match_indices(secret.as_str());
            found.extend(places.map(|(start, _)| (start, start + secret.len(), stand_in.as_str())));
        }
        found.sort_by_key(|(start, end, _)| (*start, std::cmp::Reverse(*end)));
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_longest_are_looked_for_one_by_one() {
        let [short, longest, longer] = [SHORTEST, LONGEST, LONGEST + 1].map(|length| "x".repeat(length));
        let mut secrets = Secrets::default();
        for secret in [&short, &longest, &longer] {
            secrets.add(&secret.as_str().into(), &mut |_| "*".to_owned());
        }
        let echoes = Echoes::of(secrets);
        assert_eq!(echoes.alone, [(longer.clone(), "*".to_owned())]);
        assert_eq!(echoes.stand_ins.len(), 2);
        for secret in [&short, &longest, &longer] {
            assert_eq!(echoes.whole(secret), Some("*"), "{}", secret.len());
        }
        assert_eq!(echoes.whole(&"x".repeat(SHORTEST - 1)), None);
    }
}
