//! Text measured in the columns that a terminal gives it. It is expected to be escaped already.

use unicode_width::UnicodeWidthChar as _;

/// How many columns a character takes. One without width counts as well, in case it does take a column after
/// all.
fn columns(character: char) -> usize {
    character.width().unwrap_or(0).max(1)
}

/// How many columns a text takes.
pub(crate) fn width_of(text: &str) -> usize {
    text.chars().map(columns).sum()
}

/// The beginning and the end of a text that does not fit into `width` columns, with `mark` between them, and
/// how many columns that takes.
pub(crate) fn fit_middle(text: &str, width: usize, mark: &str) -> (String, usize) {
    let room = width.saturating_sub(width_of(mark));
    if width_of(text) <= width || room < 2 {
        return fit(text, width, mark);
    }
    let (mut kept, used) = fit(text, room.div_ceil(2), "");
    let (mut end, mut left) = (text.len(), room - used);
    for (index, character) in text.char_indices().rev() {
        if columns(character) > left {
            break;
        }
        left -= columns(character);
        end = index;
    }
    kept.push_str(mark);
    kept.push_str(text.get(end..).unwrap_or_default());
    (kept, width - left)
}

/// As much of a text as fits into `width` columns, with `mark` at its end where something is left out, and
/// how many columns that takes.
pub(crate) fn fit(text: &str, width: usize, mark: &str) -> (String, usize) {
    let whole = width_of(text);
    if whole <= width {
        return (text.to_owned(), whole);
    }
    let room = width.saturating_sub(width_of(mark));
    let (mut kept, mut used) = (String::new(), 0);
    for character in text.chars() {
        if used + columns(character) > room {
            break;
        }
        used += columns(character);
        kept.push(character);
    }
    kept.push_str(mark);
    (kept, used + width_of(mark))
}

/// Breaks a text into lines: the first of at most `first` columns, the others of at most `others`. A line
/// ends at a space where one is near, and anywhere where none is.
pub(crate) fn wrap(text: &str, first: usize, others: usize) -> Vec<String> {
    let (mut lines, mut line, mut used, mut room) = (Vec::new(), String::new(), 0, first.max(2));
    for character in text.chars() {
        if used + columns(character) > room {
            let near = line.rfind(' ').filter(|space| *space > line.len() / 2);
            // The space stays at the end of its line: nothing of the text is left out.
            let rest = near.map(|space| line.split_off(space + 1)).unwrap_or_default();
            used = width_of(&rest);
            lines.push(std::mem::replace(&mut line, rest));
            room = others.max(2);
        }
        used += columns(character);
        line.push(character);
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_marked() {
        assert_eq!(fit("abc", 3, "…"), ("abc".to_owned(), 3));
        assert_eq!(fit("abcd", 3, "…"), ("ab…".to_owned(), 3));
        assert_eq!(fit("abcd", 3, ""), ("abc".to_owned(), 3));
        assert_eq!(fit("删删删", 4, "…"), ("删…".to_owned(), 3));
    }

    #[test]
    fn what_is_left_of_a_long_text_is_its_beginning_and_its_end() {
        assert_eq!(fit_middle("abcdef", 6, "…"), ("abcdef".to_owned(), 6));
        assert_eq!(fit_middle("abcdefg", 6, "…"), ("abc…fg".to_owned(), 6));
        assert_eq!(fit_middle("abcdefg", 2, "…"), ("a…".to_owned(), 2));
        assert_eq!(fit_middle("删删删删", 6, "…"), ("删…删".to_owned(), 5));
        for text in ["production/customers/invoices", "删除 everything 删除 everything"] {
            for width in 0..40 {
                let (shown, used) = fit_middle(text, width, "…");
                assert_eq!(width_of(&shown), used);
                assert!(used <= width.max(1), "{width}: {shown}");
            }
        }
    }

    #[test]
    fn lines_end_at_spaces_and_lose_nothing() {
        assert_eq!(wrap("one two three", 8, 8), ["one two ", "three"]);
        assert_eq!(wrap("abcdefgh", 3, 2), ["abc", "de", "fg", "h"]);
        assert_eq!(wrap("", 3, 3), [""]);
        for text in ["a b  c   d    e     f", "删除 everything 删除", "                    x"] {
            for width in 1..12 {
                assert_eq!(wrap(text, width, width).concat(), text);
            }
        }
    }
}
