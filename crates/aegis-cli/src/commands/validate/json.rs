//! Findings as one JSON object. Version 1.

use aegis_engine::{Diagnostic, Position, SourceText, Span};
use serde::Serialize;

/// The report, version 1.
#[derive(Debug, Serialize)]
pub(crate) struct ReportV1 {
    pub(crate) valid: bool,
    pub(crate) files: usize,
    pub(crate) diagnostics: Vec<FindingV1>,
}

#[derive(Debug, Serialize)]
pub(crate) struct FindingV1 {
    code: &'static str,
    severity: &'static str,
    message: String,
    #[serde(flatten)]
    place: PlaceV1,
    label: String,
    related: Vec<RelatedV1>,
    help: Option<String>,
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

pub(crate) fn finding(found: &Diagnostic, source: &SourceText<'_>) -> FindingV1 {
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
    }
}

fn place(span: Span, source: &SourceText<'_>) -> PlaceV1 {
    let range = span.range();
    let Position { line, column } = source.position(range.start);
    let Position { line: end_line, column: end_column } = source.position(range.end);
    PlaceV1 { file: source.name().to_owned(), line, column, end_line, end_column }
}
