//! What would change in a file, as a unified diff.

use std::fmt::{self, Write};

use aegis_engine::escape;
use imara_diff::{Algorithm, Diff, InternedInput, Interner, Token, UnifiedDiffConfig, UnifiedDiffPrinter};

use crate::diagnostics::visible;
use crate::style::{BAD, FAINT, GOOD};

/// The difference between two versions of the file at `path`, without a line break at its end. Characters
/// that would deceive a reader are replaced: it is to be looked at, and no patch.
#[must_use]
pub fn render_diff(path: &str, before: &str, after: &str, color: bool) -> String {
    let input = InternedInput::new(before, after);
    let mut diff = Diff::compute(Algorithm::Histogram, &input);
    diff.postprocess_lines(&input);
    let name = escape(path);
    let painter = Painter(&input.interner);
    // Three lines are shown around what changes, as everywhere.
    let hunks = diff.unified_diff(&painter, UnifiedDiffConfig::default(), &input).to_string();
    let painted = format!("{FAINT}--- {name}{FAINT:#}\n{FAINT}+++ {name}{FAINT:#}\n{hunks}");
    let painted = painted.trim_end_matches('\n');
    if color { painted.to_owned() } else { anstream::adapter::strip_str(painted).to_string() }
}

/// Paints lines that stay, go and come.
struct Painter<'a>(&'a Interner<&'a str>);

impl Painter<'_> {
    /// A line as it may be shown.
    fn line(&self, token: Token) -> String {
        let text = self.0[token];
        visible(text.strip_suffix('\n').unwrap_or(text)).replace('\r', "\\r")
    }
}

/// So many lines from a place on, as a unified diff writes it.
fn range(start: u32, length: u32) -> String {
    match length {
        0 => format!("{start},0"),
        1 => (start + 1).to_string(),
        more => format!("{},{more}", start + 1),
    }
}

impl UnifiedDiffPrinter for Painter<'_> {
    fn display_header(
        &self,
        mut shown: impl Write,
        start_before: u32,
        start_after: u32,
        len_before: u32,
        len_after: u32,
    ) -> fmt::Result {
        let (before, after) = (range(start_before, len_before), range(start_after, len_after));
        writeln!(shown, "{FAINT}@@ -{before} +{after} @@{FAINT:#}")
    }

    fn display_context_token(&self, mut shown: impl Write, token: Token) -> fmt::Result {
        writeln!(shown, " {}", self.line(token))
    }

    fn display_hunk(&self, mut shown: impl Write, before: &[Token], after: &[Token]) -> fmt::Result {
        for token in before {
            writeln!(shown, "{BAD}-{}{BAD:#}", self.line(*token))?;
        }
        for token in after {
            writeln!(shown, "{GOOD}+{}{GOOD:#}", self.line(*token))?;
        }
        Ok(())
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
}
