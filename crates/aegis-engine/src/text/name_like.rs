//! Text that reads like the name of something, not like a key to it.

/// How long a word is at most, and how many digits a number has.
const LONGEST_WORD: usize = 24;
const MOST_DIGITS: usize = 8;
/// How many digits may follow a word: `db2`, `backup2026`.
const MOST_DIGITS_BEHIND: usize = 4;
/// How often a word may go on with a capital: `prodDbEu`.
const MOST_CAPITALS: usize = 4;

/// Whether a text is made of words and short numbers alone, as `prod-db2.example` is and `x7Kq92LmPz` is not.
pub(crate) fn is_name_like(text: &str) -> bool {
    text.split(|character: char| character.is_ascii() && !character.is_ascii_alphanumeric()).all(is_word)
}

fn is_word(part: &str) -> bool {
    let letters = part.trim_end_matches(|character: char| character.is_ascii_digit());
    let digits = part.len() - letters.len();
    if letters.is_empty() {
        return digits <= MOST_DIGITS;
    }
    let (mut capitals, mut before) = (0, 'A');
    for character in letters.chars() {
        if character.is_ascii_digit() {
            return false;
        }
        capitals += usize::from(character.is_uppercase() && before.is_lowercase());
        before = character;
    }
    digits <= MOST_DIGITS_BEHIND && letters.chars().count() <= LONGEST_WORD && capitals <= MOST_CAPITALS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_words_and_numbers_and_keys_are_not() {
        for name in [
            "",
            "prod-db",
            "read_secret",
            "db2.example",
            "hunter22",
            "us-east-1",
            "Ana",
            "删除",
            "a/b:80",
            "2026",
        ] {
            assert!(is_name_like(name), "{name}");
        }
        for key in ["x7Kq92LmPz", "4111111111111111", "a1b2c3", "aBcDeFgHiJkLm", "tr0ub4dor", &"x".repeat(30)]
        {
            assert!(!is_name_like(key), "{key}");
        }
    }
}
