//! Headings, and a bar for each word below them.

use std::fmt::Write as _;

use anstyle::Style;

use super::columns::Columns;
use super::look::Look;
use super::paint::HEAD;
use crate::quantity::{number, share};
use crate::style::FAINT;

/// A title with what is said beside it.
pub(super) fn heading(text: &mut String, title: &str, aside: &str) {
    let _ = write!(text, "\n{HEAD}{title}{HEAD:#}");
    if !aside.is_empty() {
        let _ = write!(text, ": {FAINT}{aside}{FAINT:#}");
    }
    text.push('\n');
}

/// A bar for each word, with its number and share. Words that stand for nothing are left out.
pub(super) fn bars(title: &str, rows: &[(&str, u64, Style)], look: Look) -> String {
    let whole = rows.iter().map(|(_, count, _)| count).sum();
    let mut text = String::new();
    heading(&mut text, title, "");
    let mut columns = Columns::new(look, &["", "", ""]);
    for (word, count, style) in rows.iter().filter(|(_, count, _)| *count > 0) {
        columns.add(&[(*word).to_owned(), number(*count), share(*count, whole)], *count, *style);
    }
    columns.render(&mut text);
    text
}
