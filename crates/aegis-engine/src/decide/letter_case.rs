//! Which characters are the same letter but for its case: Unicode's simple case folding.

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

/// Whether letters match their own case alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Case {
    /// They do.
    #[default]
    Exact,
    /// They match any case of the same letter.
    Ignored,
}

impl Case {
    /// What a policy's `ignore_case` asks for.
    pub(crate) const fn ignored_if(ignore: bool) -> Case {
        if ignore { Case::Ignored } else { Case::Exact }
    }
}

/// Inclusive ranges of characters, and after them those of all that are the same letters in another case.
/// They may overlap.
pub(crate) fn with_other_cases(ranges: &[(char, char)]) -> Vec<(char, char)> {
    let mut class =
        ClassUnicode::new(ranges.iter().map(|(first, last)| ClassUnicodeRange::new(*first, *last)));
    class.case_fold_simple();
    let folded = class.ranges().iter().map(|range| (range.start(), range.end()));
    // Those that were written come first, so that examples made from them look as they were meant.
    let others = folded.filter(|range| !ranges.contains(range));
    ranges.iter().copied().chain(others).collect()
}

/// A text in which letters that differ in case alone are the same.
pub(crate) fn folded(text: &str) -> String {
    let fold = |character| {
        let same = with_other_cases(&[(character, character)]);
        same.iter().map(|(first, _)| *first).min().unwrap_or(character)
    };
    text.chars().map(fold).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_is_ignored_where_a_policy_asks_for_it() {
        assert_eq!((Case::ignored_if(true), Case::ignored_if(false)), (Case::Ignored, Case::Exact));
    }

    #[test]
    fn letters_of_one_kind_fold_to_one() {
        for (left, right) in [("ReadΣ", "rEADς"), ("\u{212A}é", "kÉ"), ("a1_", "A1_"), ("ẞ", "ß")] {
            assert_eq!(folded(left), folded(right));
        }
        for (left, right) in [("a", "b"), ("ı", "i"), ("ß", "ss"), ("e", "é")] {
            assert_ne!(folded(left), folded(right));
        }
    }
}
