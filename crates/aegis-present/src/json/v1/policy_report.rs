//! The findings of policy files.

use aegis_engine::{Diagnostic, Position, SourceText, Span, to_json_line};
use serde::Serialize;

use super::unread_file::UnreadFileV1;
use crate::unread_file::UnreadFile;

/// The findings of policy files.
#[derive(Debug, Serialize)]
pub struct PolicyReportV1 {
    valid: bool,
    files: usize,
    diagnostics: Vec<FindingV1>,
    /// The files that were not looked at.
    unreadable: Vec<UnreadFileV1>,
}

impl PolicyReportV1 {
    /// A report on so many files, of which nothing is known yet.
    #[must_use]
    pub const fn new(files: usize) -> PolicyReportV1 {
        PolicyReportV1 { valid: true, files, diagnostics: Vec::new(), unreadable: Vec::new() }
    }

    /// Adds the findings of a file.
    pub fn add(&mut self, found: &[Diagnostic], source: &SourceText<'_>) {
        self.diagnostics.extend(found.iter().map(|found| finding(found, source)));
    }

    /// Says that a file was not looked at.
    pub fn add_unread(&mut self, file: &UnreadFile) {
        self.unreadable.push(UnreadFileV1::of(file));
    }

    /// The report as one object on one line; `valid` says whether all files can be used.
    #[must_use]
    pub fn into_line(self, valid: bool) -> String {
        to_json_line(&PolicyReportV1 { valid, ..self }).unwrap_or_default()
    }
}

#[derive(Debug, Serialize)]
struct FindingV1 {
    code: &'static str,
    severity: &'static str,
    message: String,
    #[serde(flatten)]
    place: PlaceV1,
    label: String,
    related: Vec<RelatedV1>,
    help: Option<String>,
    fix: Option<FixV1>,
}

/// What mends a finding.
#[derive(Debug, Serialize)]
struct FixV1 {
    /// Whether it is the one right answer.
    certain: bool,
    edits: Vec<EditV1>,
}

#[derive(Debug, Serialize)]
struct EditV1 {
    text: String,
    #[serde(flatten)]
    place: PlaceV1,
}

#[derive(Debug, Serialize)]
struct RelatedV1 {
    message: String,
    #[serde(flatten)]
    place: PlaceV1,
}

#[derive(Debug, Serialize)]
struct PlaceV1 {
    file: String,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

fn finding(found: &Diagnostic, source: &SourceText<'_>) -> FindingV1 {
    FindingV1 {
        code: found.code.as_str(),
        severity: found.severity.as_str(),
        message: found.message.clone(),
        place: place(found.primary.span, source),
        label: found.primary.text.clone(),
        related: found
            .secondary
            .iter()
            .map(|label| RelatedV1 { place: place(label.span, source), message: label.text.clone() })
            .collect(),
        help: found.help.clone(),
        fix: found.fix.as_ref().map(|fix| FixV1 {
            certain: fix.certain,
            edits: fix
                .edits
                .iter()
                .map(|edit| EditV1 { place: place(edit.span, source), text: edit.text.clone() })
                .collect(),
        }),
    }
}

fn place(span: Span, source: &SourceText<'_>) -> PlaceV1 {
    let range = span.range();
    let Position { line, column } = source.position(range.start);
    let Position { line: end_line, column: end_column } = source.position(range.end);
    PlaceV1 { file: source.name().to_owned(), line, column, end_line, end_column }
}
