//! Lines that show what they say.

/// Characters that are no control characters, and yet hide, or change what is seen beside them.
const HIDDEN: [char; 7] =
    ['\u{202e}', '\u{200b}', '\u{e0041}', '\u{3164}', '\u{2028}', '\u{feff}', '\u{2066}'];

/// Whether a line can be shown anywhere: it ends nowhere early, moves no cursor, and hides nothing.
pub fn is_safe_line(line: &str) -> bool {
    !line.contains(|character: char| character.is_control() || HIDDEN.contains(&character))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_hides_or_ends_something_is_not_safe() {
        assert!(is_safe_line("日本語, \"quoted\" and \\u{1b} spelt out"));
        for text in ["a\n", "\r", "\u{1b}[2J", "\u{9b}2J", "\u{202e}", "\u{200b}", "\u{2028}"] {
            assert!(!is_safe_line(text), "{text:?}");
        }
    }
}
