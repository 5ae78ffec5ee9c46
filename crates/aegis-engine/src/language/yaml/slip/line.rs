//! A line of YAML in block style, taken apart: `indent`, dashes, a key, its value.

use std::ops::Range;

/// A line, in offsets into the whole text.
#[derive(Clone, Debug)]
pub(super) struct Line<'t> {
    text: &'t str,
    /// Without its newline.
    pub(super) range: Range<usize>,
    /// Where what is not blank begins.
    pub(super) begin: usize,
    /// Where what follows on dashes begins.
    pub(super) content: usize,
    /// The key, without the colon.
    pub(super) key: Option<Range<usize>>,
    /// What follows on the key and its colon, or on the dashes, up to a comment.
    pub(super) value: Range<usize>,
}

impl<'t> Line<'t> {
    /// The line that an offset is in.
    pub(super) fn at(text: &'t str, offset: usize) -> Line<'t> {
        let offset = offset.min(text.len());
        let before = text.get(..offset).unwrap_or_default();
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let rest = text.get(start..).unwrap_or_default();
        let end = start + rest.find('\n').unwrap_or(rest.len());
        let line = text.get(start..end).unwrap_or_default();
        let end = start + line.trim_end_matches('\r').len();
        Line::new(text, start..end)
    }

    fn new(text: &'t str, range: Range<usize>) -> Line<'t> {
        let line = text.get(range.clone()).unwrap_or_default();
        let begin = range.start + (line.len() - line.trim_start_matches([' ', '\t']).len());
        let mut content = begin;
        loop {
            let rest = text.get(content..range.end).unwrap_or_default();
            let Some(after) = rest.strip_prefix("- ") else { break };
            content += 2 + (after.len() - after.trim_start_matches(' ').len());
        }
        let rest = text.get(content..range.end).unwrap_or_default();
        let colon = key_end(rest);
        let key = colon.map(|colon| content..content + colon);
        let after = colon.map_or(content, |colon| content + colon + 1);
        let value = text.get(after..range.end).unwrap_or_default();
        let start = after + (value.len() - value.trim_start_matches(' ').len());
        let value = text.get(start..range.end).unwrap_or_default();
        let end =
            start + comment(value).map_or(value, |at| value.get(..at).unwrap_or_default()).trim_end().len();
        Line { text, range, begin, content, key, value: start..end }
    }

    /// The line before it that is neither blank nor a comment.
    pub(super) fn before(&self) -> Option<Line<'t>> {
        let mut start = self.range.start;
        while start > 0 {
            let line = Line::at(self.text, start - 1);
            if !line.is_empty() {
                return Some(line);
            }
            start = line.range.start;
        }
        None
    }

    /// Whether there is nothing on it but blanks and a comment.
    pub(super) fn is_empty(&self) -> bool {
        let rest = self.rest();
        rest.is_empty() || rest.starts_with('#')
    }

    /// What is on it behind its indentation.
    pub(super) fn rest(&self) -> &'t str {
        self.text.get(self.begin..self.range.end).unwrap_or_default()
    }

    pub(super) fn indent(&self) -> usize {
        self.begin - self.range.start
    }

    /// The column at which its keys stand.
    pub(super) fn key_column(&self) -> usize {
        self.content - self.range.start
    }

    pub(super) fn has_dash(&self) -> bool {
        self.content > self.begin || self.rest() == "-"
    }

    pub(super) fn value_text(&self) -> &'t str {
        self.text.get(self.value.clone()).unwrap_or_default()
    }
}

/// Where the colon behind the key is, if the text begins with `word:` and a blank, or ends with that.
fn key_end(text: &str) -> Option<usize> {
    let colon = text.char_indices().find(|(_, character)| !is_key_character(*character))?;
    let after = text.get(colon.0 + 1..).unwrap_or_default();
    (colon.1 == ':' && colon.0 > 0 && (after.is_empty() || after.starts_with([' ', '\t']))).then_some(colon.0)
}

/// Whether a character may stand in the keys that policies have.
pub(super) fn is_key_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

/// Where a comment begins.
fn comment(value: &str) -> Option<usize> {
    let quote = value.chars().next().filter(|first| matches!(first, '"' | '\''));
    let mut searched = 0;
    if let Some(quote) = quote {
        searched = value.rfind(quote).filter(|last| *last > 0).map_or(value.len(), |last| last + 1);
    }
    if searched == 0 && value.starts_with('#') {
        return Some(0);
    }
    value.get(searched..)?.find(" #").map(|at| searched + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_apart() {
        let text = "rules:\n  - name: it: works # why\n\n    x:y\n";
        let line = Line::at(text, 12);
        assert_eq!((line.indent(), line.key_column(), line.has_dash()), (2, 4, true));
        assert_eq!(text.get(line.key.clone().unwrap()), Some("name"));
        assert_eq!(line.value_text(), "it: works");
        let last = Line::at(text, text.len() - 2);
        assert_eq!((last.key.is_none(), last.value_text()), (true, "x:y"));
        assert_eq!(last.before().unwrap().range, line.range);
        assert_eq!(Line::at("a: \"b # c\" # d", 0).value_text(), "\"b # c\"");
        assert!(Line::at("a: #b", 0).value_text().is_empty());
    }
}
