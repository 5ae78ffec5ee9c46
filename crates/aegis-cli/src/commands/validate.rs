//! `aegis validate`: every problem of every file, at once.

use std::path::PathBuf;

use aegis_engine::{Diagnostic, Position, Severity, Source, Span, load, to_json_line};
use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output::{GOOD, Output, count};
use crate::render::diagnostics::{SourceText, render_diagnostics};
use crate::settings::Settings;
use crate::source::read_source;

/// Report every problem of policy files, each with its place and a remedy
///
/// Exits 0 if the files can be used, 1 if one holds an error, 5 if one cannot be read.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  aegis validate policy.yaml")]
pub(crate) struct ValidateArgs {
    /// The files; `-` is standard input [default: the policy of --policy]
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// How to report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// How to report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// As a compiler does, for a person
    Text,
    /// One object on one line
    Json,
}

/// The report, version 1.
#[derive(Debug, Serialize)]
struct ReportV1 {
    valid: bool,
    files: usize,
    diagnostics: Vec<FindingV1>,
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

pub(crate) fn run(args: &ValidateArgs, settings: &Settings) -> Result<ExitStatus, CommandError> {
    let output = settings.output;
    let paths = if args.files.is_empty() { &settings.policies } else { &args.files };
    let mut status = ExitStatus::Success;
    let mut report = ReportV1 { valid: true, files: paths.len(), diagnostics: Vec::new() };
    for path in paths {
        match read_source(path) {
            Ok(text) => {
                let loaded = load(&[Source { text: &text }]);
                let source = SourceText::new(path, &text);
                if loaded.policy.is_none() {
                    status = status.worse(ExitStatus::No);
                }
                match args.format {
                    Format::Text => {
                        let rules = loaded.policy.as_ref().map(|policy| policy.rules().len());
                        show(output, &source, &loaded.diagnostics, rules)?;
                    }
                    Format::Json => {
                        report
                            .diagnostics
                            .extend(loaded.diagnostics.into_iter().map(|found| finding(found, &source)));
                    }
                }
            }
            Err(error) => {
                // The other files are looked at all the same.
                output.error(&error);
                status = status.worse(error.status);
            }
        }
    }
    if args.format == Format::Json {
        report.valid = status == ExitStatus::Success;
        output.answer(to_json_line(&report).unwrap_or_default())?;
    }
    Ok(status)
}

fn show(
    output: Output,
    source: &SourceText<'_>,
    diagnostics: &[Diagnostic],
    rules: Option<usize>,
) -> Result<(), CommandError> {
    let name = source.name();
    let errors = diagnostics.iter().filter(|found| found.severity == Severity::Error).count();
    let warnings = diagnostics.len() - errors;
    let rendered = render_diagnostics(diagnostics, std::slice::from_ref(source), output.colors_stdout());
    let summary = match rules {
        Some(rules) if warnings == 0 => format!("{GOOD}ok{GOOD:#}  {name}: {}", count(rules, "rule")),
        Some(rules) => {
            format!("{GOOD}ok{GOOD:#}  {name}: {}, {}", count(rules, "rule"), count(warnings, "warning"))
        }
        None => format!("{name}: {}", count(errors, "error")),
    };
    output.answer(format!("{rendered}{summary}"))
}

fn finding(found: Diagnostic, source: &SourceText<'_>) -> FindingV1 {
    FindingV1 {
        code: found.code.as_str(),
        severity: found.severity.as_str(),
        message: found.message,
        place: place(found.primary.span, source),
        label: found.primary.text,
        related: found
            .secondary
            .into_iter()
            .map(|label| RelatedV1 { place: place(label.span, source), message: label.text })
            .collect(),
        help: found.help,
    }
}

fn place(span: Span, source: &SourceText<'_>) -> PlaceV1 {
    let range = span.range();
    let Position { line, column } = source.position(range.start);
    let Position { line: end_line, column: end_column } = source.position(range.end);
    PlaceV1 { file: source.name().to_owned(), line, column, end_line, end_column }
}
