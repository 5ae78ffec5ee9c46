//! What would change in a file, as a unified diff.

use aegis_engine::escape;
use similar::{ChangeTag, TextDiff};

use crate::diagnostics::visible;
use crate::style::{BAD, FAINT, GOOD};

/// How many lines are shown around what changes.
const CONTEXT: usize = 3;

/// The difference between two versions of the file at `path`, without a line break at its end. Characters
/// that would deceive a reader are replaced: it is to be looked at, and no patch.
#[must_use]
pub fn render_diff(path: &str, before: &str, after: &str, color: bool) -> String {
    let diff = TextDiff::from_lines(before, after);
    let name = escape(path);
    let mut lines = vec![format!("{FAINT}--- {name}{FAINT:#}"), format!("{FAINT}+++ {name}{FAINT:#}")];
    for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
        lines.push(format!("{FAINT}{}{FAINT:#}", hunk.header()));
        for change in hunk.iter_changes() {
            let text = change.value();
            let text = visible(text.strip_suffix('\n').unwrap_or(text)).replace('\r', "\\r");
            lines.push(match change.tag() {
                ChangeTag::Delete => format!("{BAD}-{text}{BAD:#}"),
                ChangeTag::Insert => format!("{GOOD}+{text}{GOOD:#}"),
                ChangeTag::Equal => format!(" {text}"),
            });
        }
    }
    let painted = lines.join("\n");
    if color { painted } else { anstream::adapter::strip_str(&painted).to_string() }
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
}
