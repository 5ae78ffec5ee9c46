//! Findings as workflow commands of GitHub Actions.

use aegis_engine::{Diagnostic, Severity, SourceText};

use crate::output::github::{data, property};

/// `::error file=…,line=…::message`.
pub(super) fn command(found: &Diagnostic, source: &SourceText<'_>) -> String {
    let level = match found.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let range = found.primary.span.range();
    let (start, end) = (source.position(range.start), source.position(range.end));
    let mut message = found.message.clone();
    if let Some(help) = &found.help {
        message.push_str("\nhelp: ");
        message.push_str(help);
    }
    // Columns are for places on one line alone.
    let columns = if start.line == end.line {
        format!(",col={},endColumn={}", start.column, end.column)
    } else {
        String::new()
    };
    format!(
        "::{level} file={},line={},endLine={}{columns},title={}::{}",
        property(source.name()),
        start.line,
        end.line,
        property(found.code.as_str()),
        data(&message)
    )
}
