//! The text of a source file, in which places are found by line and column.

use std::borrow::Cow;
use std::ops::Range;

use crate::text::escape::escape;
use crate::text::span::Position;

/// A source file, ready to be quoted from.
///
/// # Example: where something is
/// ```
/// use aegis_engine::{Position, SourceText};
///
/// let source = SourceText::new("policy.yaml", b"version: '1'\nrules: []\n");
/// assert_eq!(source.position(13), Position { line: 2, column: 1 });
/// ```
#[derive(Clone, Debug)]
pub struct SourceText<'a> {
    /// The path, escaped.
    name: String,
    text: Cow<'a, str>,
    /// Where each line begins.
    lines: Vec<usize>,
    /// How many characters begin before each block of [`BLOCK`] bytes: no finding has to count them again.
    characters: Vec<usize>,
}

/// How many bytes are counted for the column of a place.
const BLOCK: usize = 1024;

impl<'a> SourceText<'a> {
    /// The text of the file at `path`, which is escaped here.
    #[must_use]
    pub fn new(path: &str, text: &'a [u8]) -> SourceText<'a> {
        // What stands before the first invalid byte keeps its offsets, and nothing after it is quoted.
        let text = String::from_utf8_lossy(text);
        let newlines =
            text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(offset, _)| offset + 1);
        let lines = std::iter::once(0).chain(newlines).collect();
        let mut characters = vec![0];
        let mut before = 0;
        for block in text.as_bytes().chunks(BLOCK) {
            before += beginnings(block);
            characters.push(before);
        }
        SourceText { name: escape(path), text, lines, characters }
    }

    /// The same with a text of its own.
    #[must_use]
    pub fn into_owned(self) -> SourceText<'static> {
        SourceText { text: Cow::Owned(self.text.into_owned()), ..self }
    }

    /// The path, escaped.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text. Bytes that are not UTF-8 are replaced in it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The line of an offset in bytes, from 0.
    #[must_use]
    pub fn line_of(&self, offset: usize) -> usize {
        self.lines.partition_point(|start| *start <= offset).saturating_sub(1)
    }

    /// The line and the column of an offset in bytes, both from 1.
    #[must_use]
    pub fn position(&self, offset: usize) -> Position {
        let line = self.line_of(offset);
        let start = self.lines.get(line).copied().unwrap_or_default();
        let before = self.characters_before(offset).saturating_sub(self.characters_before(start));
        Position { line: line + 1, column: before + 1 }
    }

    /// How many characters begin before an offset.
    fn characters_before(&self, offset: usize) -> usize {
        let offset = offset.min(self.text.len());
        let block = offset / BLOCK;
        let counted = self.characters.get(block).copied().unwrap_or_default();
        counted + self.text.as_bytes().get(block * BLOCK..offset).map_or(0, beginnings)
    }

    /// The bytes of the whole lines that a range of bytes touches.
    #[must_use]
    pub fn whole_lines(&self, range: &Range<usize>) -> Range<usize> {
        let start = self.lines.get(self.line_of(range.start)).copied().unwrap_or_default();
        let last = range.end.saturating_sub(usize::from(range.end > range.start));
        let end = self.lines.get(self.line_of(last) + 1).copied().unwrap_or(self.text.len());
        start..end
    }
}

/// How many characters begin in some bytes of a text: all but continuation bytes of UTF-8 begin one.
fn beginnings(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xC0 != 0x80).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_those_that_counting_from_the_beginning_gives() {
        let text = format!("a\n{}\n\n{}é\n", "é🙂b".repeat(700), "x".repeat(1021));
        let source = SourceText::new("policy.yaml", text.as_bytes());
        for offset in (0..text.len() + 3).filter(|offset| text.is_char_boundary((*offset).min(text.len()))) {
            assert_eq!(source.position(offset), Position::of(&text, offset), "{offset}");
        }
    }
}
