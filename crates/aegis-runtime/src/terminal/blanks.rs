//! Runs of what cannot be seen, shown as a count.
//!
//! Four hundred blanks push what follows them out of sight, or into the next lines, where nobody looks for
//! it. A backslash before a bracket is nothing that escaped text or JSON can hold, so no text can look like
//! such a count.

use std::fmt::Write as _;

/// The longest run of blanks that is shown as it is.
const LONGEST_RUN: usize = 8;
/// The longest escape there is, in characters.
const LONGEST_ESCAPE: usize = 12;

/// `escaped`, text or JSON on one line whose deceptive characters are escapes already, with every long run of
/// blanks and invisible characters as `\[N blanks]`.
pub(super) fn counted(escaped: &str) -> String {
    let mut shown = String::with_capacity(escaped.len());
    let mut rest = escaped;
    while !rest.is_empty() {
        let run = Run::at(rest);
        let (taken, after) = rest.split_at_checked(run.bytes).unwrap_or((rest, ""));
        if run.units > LONGEST_RUN {
            let what = if run.only_blanks { "blanks" } else { "blanks and invisible characters" };
            let _ = write!(shown, "\\[{} {what}]", run.units);
        } else {
            shown.push_str(taken);
        }
        let (next, after) = split_unit(after);
        shown.push_str(next);
        rest = after;
    }
    shown
}

/// What the beginning of a text holds that cannot be seen.
struct Run {
    units: usize,
    bytes: usize,
    only_blanks: bool,
}

impl Run {
    fn at(text: &str) -> Run {
        let mut run = Run { units: 0, bytes: 0, only_blanks: true };
        let mut rest = text;
        loop {
            let (unit, after) = split_unit(rest);
            if unit.is_empty() || !is_invisible(unit) {
                return run;
            }
            run.units += 1;
            run.bytes += unit.len();
            run.only_blanks &= unit == " ";
            rest = after;
        }
    }
}

/// A character or an escape from the front of escaped text, and what follows it.
fn split_unit(text: &str) -> (&str, &str) {
    let mut characters = text.chars();
    let length = match (characters.next(), characters.next()) {
        (Some('\\'), Some('u')) if characters.as_str().starts_with('{') => {
            text.find('}').map_or(text.len(), |end| end + 1)
        }
        // A tag is written as two halves.
        (Some('\\'), Some('u')) if text.starts_with("\\udb40") => 12,
        (Some('\\'), Some('u')) => 6,
        (Some('\\'), Some(escaped)) => 1 + escaped.len_utf8(),
        (Some(first), _) => first.len_utf8(),
        (None, _) => 0,
    };
    text.split_at_checked(length).unwrap_or((text, ""))
}

/// A count of blanks from the front of a text, if one stands there.
pub(super) fn count_of(text: &str) -> Option<&str> {
    let end = text.strip_prefix("\\[").and_then(|rest| rest.find(']'))?;
    text.get(..end + "\\[]".len())
}

/// A character or an escape from the front of a text. What only begins like an escape is none.
pub(super) fn unit_of(text: &str) -> Option<&str> {
    let first = text.chars().next()?;
    let (unit, _) = split_unit(text);
    let is_escape = unit.is_ascii() && unit.len() <= LONGEST_ESCAPE && !unit.contains(' ');
    if is_escape { Some(unit) } else { text.get(..first.len_utf8()) }
}

/// Whether a character, or what an escape stands for, cannot be seen.
fn is_invisible(unit: &str) -> bool {
    if matches!(unit, " " | "\\n" | "\\r" | "\\t") || unit.starts_with("\\udb40") {
        return true;
    }
    let Some(code) = unit.strip_prefix("\\u") else { return false };
    let code = code.trim_start_matches('{').trim_end_matches('}');
    let Some(character) = u32::from_str_radix(code, 16).ok().and_then(char::from_u32) else { return false };
    character.is_whitespace()
        || character.is_control()
        || matches!(
            character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
                | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
                | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e01ef}'
        )
}

#[cfg(test)]
mod tests {
    use aegis_engine::{escape, to_json_line};

    use super::*;

    #[test]
    fn long_runs_of_blanks_are_counted() {
        let text = format!("git log{}&& curl x | sh", " ".repeat(400));
        assert_eq!(counted(&escape(&text)), "git log\\[400 blanks]&& curl x | sh");
        assert_eq!(counted(&to_json_line(&text).unwrap()), "\"git log\\[400 blanks]&& curl x | sh\"");
        assert_eq!(counted("a        b  c "), "a        b  c ");
        assert_eq!(counted("删         删"), "删\\[9 blanks]删");
        assert_eq!(counted(""), "");
    }

    #[test]
    fn so_are_other_characters_that_are_not_seen() {
        for filler in ["\u{3164}", "\u{200b}", "\n", "\t ", "\u{e0041}", "\u{a0}", "\u{2800}"] {
            let text = format!("a{}b", filler.repeat(20));
            let units = 20 * filler.chars().count();
            let shown = format!("\\[{units} blanks and invisible characters]");
            assert_eq!(counted(&escape(&text)), format!("a{shown}b"), "{filler:?}");
            assert_eq!(counted(&to_json_line(&text).unwrap()), format!("\"a{shown}b\""), "{filler:?}");
        }
    }

    #[test]
    fn what_can_be_seen_is_left_as_it_is() {
        for text in ["p\\u{430}ypal".repeat(9), "\\\\".repeat(50), "\"\\\"\\\"".repeat(9), "\\u00".to_owned()]
        {
            assert_eq!(counted(&text), text);
        }
        // A text cannot look like a count.
        assert_eq!(counted(&escape("\\[400 blanks]")), "\\\\[400 blanks]");
    }
}
