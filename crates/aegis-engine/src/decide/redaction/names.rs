//! Which names a policy's `redact` keeps secret: found quickly, however many entries it has.

use std::cell::Cell;
use std::collections::HashSet;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use crate::decide::glob::{Glob, Token};

/// How much may be compared for one action: a comparison, and each piece of so many bytes that it may have to
/// read, are one. That is about a second.
const MOST_EFFORT: usize = 4_000_000;
const PIECE: usize = 32;

/// What is compared for one action is counted. Beyond a bound, every name is a secret one.
#[derive(Debug)]
pub(super) struct Effort(Cell<usize>);

impl Effort {
    pub(super) const fn new() -> Effort {
        Effort(Cell::new(MOST_EFFORT))
    }

    /// Whether there is none left.
    pub(super) fn is_spent(&self) -> bool {
        self.0.get() == 0
    }

    fn spend(&self, text: &str) {
        self.0.set(self.0.get().saturating_sub(1 + text.len() / PIECE));
    }
}

/// The globs of names. Most of them can be told from a name's text alone: they need a text that it does not
/// hold.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    /// Those without a special character.
    words: HashSet<String>,
    /// Those that need a text somewhere in the name, and a search for all these texts at once.
    with_text: Vec<Glob>,
    finder: Option<AhoCorasick>,
    /// Those that need none, such as `{a,b}*`.
    others: Vec<Glob>,
}

impl Names {
    pub(super) fn new(globs: Vec<Glob>) -> Names {
        let mut names = Names::default();
        let mut needed = Vec::new();
        for glob in globs {
            if glob.is_literal() {
                names.words.insert(glob.pattern().to_owned());
            } else if let Some(text) = needed_text(&glob) {
                needed.push(text);
                names.with_text.push(glob);
            } else {
                names.others.push(glob);
            }
        }
        if needed.is_empty() {
            return names;
        }
        match AhoCorasick::builder().kind(Some(AhoCorasickKind::NoncontiguousNFA)).build(&needed) {
            Ok(finder) => names.finder = Some(finder),
            Err(_) => names.others.append(&mut names.with_text),
        }
        names
    }

    /// Whether a name is one of them. Once the effort is spent, every name is.
    pub(super) fn contain(&self, name: &str, effort: &Effort) -> bool {
        let matches = |glob: &Glob| {
            effort.spend(name);
            effort.is_spent() || glob.is_match(name)
        };
        let found = || {
            let texts = self.finder.iter().flat_map(|finder| finder.find_overlapping_iter(name));
            texts.filter_map(|text| self.with_text.get(text.pattern().as_usize()))
        };
        self.words.contains(name) || self.others.iter().any(matches) || found().any(matches)
    }
}

/// The longest text that every name has in it that the glob matches.
fn needed_text(glob: &Glob) -> Option<String> {
    let (mut longest, mut text) = (String::new(), String::new());
    for token in glob.tokens().0.into_iter().chain([Token::Run]) {
        match token {
            Token::Literal(character) => text.push(character),
            _ if text.len() > longest.len() => longest = std::mem::take(&mut text),
            _ => text.clear(),
        }
    }
    (!longest.is_empty()).then_some(longest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn globs(patterns: &[String]) -> Vec<Glob> {
        patterns.iter().map(|pattern| Glob::new(pattern).unwrap()).collect()
    }

    proptest! {
        #[test]
        fn a_name_is_secret_exactly_if_a_glob_matches_it(
            patterns in proptest::collection::vec("[ab]{0,2}(\\*|\\?|\\[ab\\]|\\{a,bb\\}|é)?[ab]{0,3}(\\*|b)", 0..6),
            name in "[abé]{0,6}",
        ) {
            let wanted = globs(&patterns).iter().any(|glob| glob.is_match(&name));
            prop_assert_eq!(Names::new(globs(&patterns)).contain(&name, &Effort::new()), wanted);
        }
    }

    #[test]
    fn many_globs_and_many_names_are_not_compared_one_by_one() {
        let patterns: Vec<String> = (0..10_000).map(|number| format!("*key{number}x*")).collect();
        let (names, effort) = (Names::new(globs(&patterns)), Effort::new());
        for number in 0..10_000 {
            assert!(!names.contain(&format!("a_key{number}"), &effort));
            assert!(names.contain(&format!("a_key{number}x"), &effort));
        }
        assert_eq!(effort.0.get(), MOST_EFFORT - 10_000);
    }

    #[test]
    fn long_names_cost_what_it_takes_to_read_them() {
        let names = Names::new(globs(&["*?".to_owned()]));
        for (length, cost) in [(0, 1), (PIECE - 1, 1), (PIECE, 2), (3 * PIECE, 4)] {
            let effort = Effort::new();
            assert_eq!(names.contain(&"x".repeat(length), &effort), length > 0);
            assert_eq!(effort.0.get(), MOST_EFFORT - cost, "{length}");
        }
    }

    #[test]
    fn beyond_a_bound_everything_is_secret() {
        let patterns: Vec<String> = (0..1000).map(|number| format!("{{a,b}}*{{{number},x}}")).collect();
        let (names, effort) = (Names::new(globs(&patterns)), Effort::new());
        let asked = (0..u32::MAX).take_while(|number| !names.contain(&format!("c{number}"), &effort)).count();
        assert_eq!(asked, MOST_EFFORT / 1000 - 1);
        assert!(effort.is_spent() && names.contain("innocent", &effort));
    }
}
