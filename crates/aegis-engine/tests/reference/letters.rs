//! Letters that differ in case alone, told by the standard library's own tables: two are the same if the
//! small letters of their capitals are.

use std::collections::BTreeMap;
use std::sync::OnceLock;

/// The small letter of the capital of a character, where each is one character.
fn small(c: char) -> char {
    fn alone(mut mapped: impl Iterator<Item = char>, c: char) -> char {
        match (mapped.next(), mapped.next()) {
            (Some(one), None) => one,
            _ => c,
        }
    }
    // Its capital is that of `i`, which only Turkish takes for another letter: it folds to itself.
    if c == '\u{131}' {
        return c;
    }
    let capital = alone(c.to_uppercase(), c);
    alone(capital.to_lowercase(), capital)
}

/// All characters that are the same letter as this one, itself included.
pub(crate) fn same_but_for_case(c: char) -> Vec<char> {
    static LETTERS: OnceLock<BTreeMap<char, Vec<char>>> = OnceLock::new();
    let letters = LETTERS.get_or_init(|| {
        let mut letters: BTreeMap<char, Vec<char>> = BTreeMap::new();
        // Beyond, there is no case that a policy of these tests would meet.
        for c in '\0'..='\u{FFFF}' {
            letters.entry(small(c)).or_default().push(c);
        }
        letters
    });
    letters.get(&small(c)).cloned().unwrap_or_else(|| vec![c])
}
