//! What would change in a file, as a unified diff.

use std::ops::Range;

use aegis_engine::escape;
use imara_diff::{Algorithm, Diff, Hunk, InternedInput, Token};

use crate::diagnostics::visible;
use crate::style::{BAD, FAINT, GOOD};

/// How many lines are shown around what changes.
const CONTEXT: u32 = 3;

/// The difference between two versions of the file at `path`, without a line break at its end. Characters
/// that would deceive a reader are replaced: it is to be looked at, and no patch.
#[must_use]
pub fn render_diff(path: &str, before: &str, after: &str, color: bool) -> String {
    let input = InternedInput::new(before, after);
    let mut diff = Diff::compute(Algorithm::Histogram, &input);
    diff.postprocess_lines(&input);
    let name = escape(path);
    let mut lines = vec![format!("{FAINT}--- {name}{FAINT:#}"), format!("{FAINT}+++ {name}{FAINT:#}")];
    for group in groups(diff.hunks()) {
        show(&group, &input, &mut lines);
    }
    let painted = lines.join("\n");
    if color { painted } else { anstream::adapter::strip_str(&painted).to_string() }
}

/// Changes with so few lines between them that these are shown once.
fn groups(hunks: impl Iterator<Item = Hunk>) -> Vec<Vec<Hunk>> {
    let mut groups: Vec<Vec<Hunk>> = Vec::new();
    for hunk in hunks {
        let last = groups.last_mut().filter(|group| {
            group.last().is_some_and(|last| hunk.before.start.saturating_sub(last.before.end) <= 2 * CONTEXT)
        });
        match last {
            Some(group) => group.push(hunk),
            None => groups.push(vec![hunk]),
        }
    }
    groups
}

/// Some changes, and what stays around them.
fn show(group: &[Hunk], input: &InternedInput<&str>, lines: &mut Vec<String>) {
    let (Some(first), Some(last)) = (group.first(), group.last()) else { return };
    let ahead = first.before.start.min(first.after.start).min(CONTEXT);
    let length = u32::try_from(input.before.len()).unwrap_or(u32::MAX);
    let behind = length.saturating_sub(last.before.end).min(CONTEXT);
    let before = first.before.start - ahead..last.before.end + behind;
    let after = first.after.start - ahead..last.after.end + behind;
    lines.push(format!("{FAINT}@@ -{} +{} @@{FAINT:#}", place(&before), place(&after)));
    let stays = |from: u32, to: u32| {
        let stays = tokens(&input.before, from..to).iter();
        stays.map(|token| format!(" {}", line(input, *token))).collect::<Vec<_>>()
    };
    let mut shown = before.start;
    for hunk in group {
        lines.extend(stays(shown, hunk.before.start));
        for token in tokens(&input.before, hunk.before.clone()) {
            lines.push(format!("{BAD}-{}{BAD:#}", line(input, *token)));
        }
        for token in tokens(&input.after, hunk.after.clone()) {
            lines.push(format!("{GOOD}+{}{GOOD:#}", line(input, *token)));
        }
        shown = hunk.before.end;
    }
    lines.extend(stays(shown, before.end));
}

fn tokens(all: &[Token], range: Range<u32>) -> &[Token] {
    all.get(range.start as usize..range.end as usize).unwrap_or_default()
}

/// A line as it may be shown.
fn line(input: &InternedInput<&str>, token: Token) -> String {
    let text = input.interner[token];
    visible(text.strip_suffix('\n').unwrap_or(text)).replace('\r', "\\r")
}

/// Some lines, as a unified diff writes where they are.
fn place(lines: &Range<u32>) -> String {
    match lines.len() {
        0 => format!("{},0", lines.start),
        1 => (lines.start + 1).to_string(),
        more => format!("{},{more}", lines.start + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_shown_with_the_lines_around_them_and_nothing_unescaped() {
        let shown = render_diff("a\u{1b}.yaml", "a\nb\x1b\nc\n", "a\nB\nc\n", false);
        assert_eq!(shown, "--- a\\u{1b}.yaml\n+++ a\\u{1b}.yaml\n@@ -1,3 +1,3 @@\n a\n-b\u{FFFD}\n+B\n c");
        assert!(render_diff("x", "a\n", "b\n", true).contains("\u{1b}["));
    }

    #[test]
    fn three_lines_are_shown_around_changes_and_what_lies_between_is_left_out() {
        let before: Vec<String> = (1..=20).map(|number| format!("{number}\n")).collect();
        let mut after = before.clone();
        after[4] = "five\n".to_owned();
        after.remove(19);
        let shown = render_diff("f", &before.concat(), &after.concat(), false);
        let expected = "--- f\n+++ f\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n\
                        @@ -17,4 +17,3 @@\n 17\n 18\n 19\n-20";
        assert_eq!(shown, expected);
        assert_eq!(render_diff("f", "", "a\n", false), "--- f\n+++ f\n@@ -0,0 +1 @@\n+a");
        // Changes with six lines between them are one, and with seven two.
        let mut near = before.clone();
        (near[2], near[9]) = ("x\n".to_owned(), "y\n".to_owned());
        let shown = render_diff("f", &before.concat(), &near.concat(), false);
        assert_eq!(shown.matches("@@ -").count(), 1, "{shown}");
        (near[9], near[10]) = (before[9].clone(), "y\n".to_owned());
        let shown = render_diff("f", &before.concat(), &near.concat(), false);
        assert_eq!(shown.matches("@@ -").count(), 2, "{shown}");
    }
}
