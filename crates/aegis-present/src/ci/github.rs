//! Workflow commands of GitHub Actions: an annotation at the place of whatever failed.

use aegis_engine::{Diagnostic, Place, Severity, SourceText, TestRun};

use crate::lines::{render_action, render_decider, render_difference, render_percent, summary};
use crate::unread_file::UnreadFile;

/// The annotation of a finding in a policy: `::error file=…,line=…::message`.
#[must_use]
pub fn annotate_finding(found: &Diagnostic, source: &SourceText<'_>) -> String {
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

/// The annotation of a file that was not looked at.
#[must_use]
pub fn annotate_unread(file: &UnreadFile) -> String {
    format!("::error file={},title=unreadable::{}", property(&file.name), data(&file.problem))
}

/// An annotation for each example that fails, each gap of the coverage and each change that no example
/// notices; then the summary.
#[must_use]
pub fn annotate_runs(runs: &[TestRun<'_>]) -> String {
    let mut lines: Vec<String> = runs.iter().flat_map(annotations).collect();
    let (_, verdict, counts) = summary(runs);
    lines.push(format!("{verdict}  {counts}"));
    lines.join("\n")
}

fn annotations(run: &TestRun<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    for result in run.results.iter().filter(|result| !result.passed()) {
        let mut message: Vec<_> = result.differences.iter().map(render_difference).collect();
        message.push(format!("decided by {}", render_decider(run.files, result)));
        let title = format!("{} does not get the answer it should", render_action(&result.example.action));
        lines.push(annotation("error", &run.files.place(result.example.span), &title, &message.join("\n")));
    }
    if let Some(coverage) = &run.coverage {
        // Too little is an error; what is missing is only worth knowing.
        if !run.is_covered() {
            let message =
                format!("{} is covered, {} % is wanted", render_percent(coverage.share()), run.min_coverage);
            lines.push(format!("::error title=Too little is covered::{}", data(&message)));
        }
        let gaps = coverage.gaps();
        lines.extend(
            gaps.iter()
                .map(|gap| annotation("warning", &run.files.place(gap.span), "Not covered", &gap.value)),
        );
    }
    for found in run.mutation.iter().flat_map(|mutation| &mutation.survivors) {
        let message =
            format!("`{}`: no example fails if {}", aegis_engine::escape(found.rule.name()), found.change);
        lines.push(annotation("error", &run.files.place(found.span), "Unnoticed change", &message));
    }
    lines
}

fn annotation(level: &str, place: &Place<'_>, title: &str, message: &str) -> String {
    let Place { file, line, column, end_line } = place;
    // A column is only understood where the annotation is of one line.
    let columns = if line == end_line { format!(",col={column}") } else { String::new() };
    let (file, title, message) = (property(file), property(title), data(message));
    format!("::{level} file={file},line={line},endLine={end_line}{columns},title={title}::{message}")
}

/// Escapes a message, as the runner's own toolkit does.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes the value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_an_annotation_can_end_it() {
        let place = Place { file: "a,b:c%.yaml", line: 1, column: 2, end_line: 1 };
        assert_eq!(
            annotation("error", &place, "t::x", "m\n::error::x%0A"),
            "::error file=a%2Cb%3Ac%25.yaml,line=1,endLine=1,col=2,title=t%3A%3Ax::m%0A::error::x%250A"
        );
    }
}
