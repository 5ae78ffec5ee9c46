//! How a finding is mended: changes of the text, which programs can make.

use std::collections::BTreeMap;

use crate::text::span::Span;

/// A change of the text that mends a finding. Applied, the finding is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What to write where. The places do not overlap, and are all in one file.
    pub edits: Vec<Edit>,
    /// Whether this is the one right answer. Otherwise somebody has to say whether it is what was meant.
    pub certain: bool,
}

/// A place, and what is to stand there instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The place; empty where something is only put in.
    pub span: Span,
    /// What to write there.
    pub text: String,
}

impl Fix {
    /// The one right answer.
    pub(crate) fn certain(edits: Vec<Edit>) -> Fix {
        Fix { edits, certain: true }
    }

    /// What was probably meant.
    pub(crate) fn suggested(edits: Vec<Edit>) -> Fix {
        Fix { edits, certain: false }
    }

    /// Another text in the place of one.
    pub(crate) fn replace(span: Span, text: impl Into<String>, certain: bool) -> Fix {
        Fix { edits: vec![Edit::new(span, text)], certain }
    }
}

impl Edit {
    pub(crate) fn new(span: Span, text: impl Into<String>) -> Edit {
        Edit { span, text: text.into() }
    }
}

/// The text of a file with every fix made that does not touch what one before it in the list changes, and how
/// many were made.
///
/// A fix is made whole or not at all. Fixes that want the same change count as one.
#[must_use]
pub fn apply_fixes<'f>(text: &str, fixes: impl IntoIterator<Item = &'f Fix>) -> (String, usize) {
    // By where they begin.
    let mut chosen: BTreeMap<u32, &Edit> = BTreeMap::new();
    let mut made = 0;
    for fix in fixes {
        if fix.edits.is_empty() || fix.edits.iter().any(|edit| is_touched(&chosen, edit.span)) {
            continue;
        }
        chosen.extend(fix.edits.iter().map(|edit| (edit.span.start, edit)));
        made += 1;
    }
    let mut mended = String::with_capacity(text.len() + 64);
    let mut done = 0;
    for edit in chosen.into_values() {
        let range = edit.span.range();
        mended.push_str(text.get(done..range.start).unwrap_or_default());
        mended.push_str(&edit.text);
        done = range.end.max(done);
    }
    mended.push_str(text.get(done..).unwrap_or_default());
    (mended, made)
}

/// Whether a place has a byte in common with that of an edit, or begins where one does.
fn is_touched(chosen: &BTreeMap<u32, &Edit>, span: Span) -> bool {
    let before = chosen.range(..=span.start).next_back();
    let within = chosen.range(span.start..span.end.max(span.start.saturating_add(1))).next();
    within.is_some() || before.is_some_and(|(_, edit)| edit.span.end > span.start)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::span::SourceId;

    fn at(start: u32, end: u32) -> Span {
        Span { source: SourceId(0), start, end }
    }

    #[test]
    fn fixes_are_made_whole_and_none_over_another() {
        let first = Fix::certain(vec![Edit::new(at(0, 1), "A"), Edit::new(at(4, 5), "E")]);
        let over = Fix::certain(vec![Edit::new(at(2, 3), "C"), Edit::new(at(4, 6), "X")]);
        let behind = Fix::replace(at(5, 5), "!", true);
        assert_eq!(apply_fixes("abcdef", [&first, &over, &behind]), ("AbcdE!f".to_owned(), 2));
        assert_eq!(apply_fixes("abc", [&first, &first]).1, 1);
    }
}
