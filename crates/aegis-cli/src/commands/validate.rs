//! `aegis validate`: every problem of every file, at once.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use aegis_engine::{Diagnostic, Severity, Source, Span, escape, load, to_json_line};
use aegis_engine::{MAX_POLICY_BYTES, Position};
use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output::{GOOD, Output};
use crate::render::diagnostics::{SourceText, render_diagnostics};
use crate::settings::Settings;

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
        match read(path) {
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

fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// Reads a file whoever owns it: a policy is validated before it is put where it is trusted.
fn read(path: &Path) -> Result<Vec<u8>, CommandError> {
    let limit = u64::try_from(MAX_POLICY_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    let mut text = Vec::new();
    let result = if path == Path::new("-") {
        io::stdin().lock().take(limit).read_to_end(&mut text)
    } else {
        open_regular(path).and_then(|file| file.take(limit).read_to_end(&mut text))
    };
    match result {
        Ok(_) => Ok(text),
        Err(error) => {
            let shown = escape(&path.to_string_lossy());
            let help = "`aegis init` writes a starter policy";
            let wrong = CommandError::input(format!("cannot read `{shown}`: {error}"));
            Err(if error.kind() == io::ErrorKind::NotFound { wrong.help(help) } else { wrong })
        }
    }
}

/// Opens without waiting: a FIFO would have no end, a device no meaning.
fn open_regular(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let flags = nix::fcntl::OFlag::O_NONBLOCK | nix::fcntl::OFlag::O_NOCTTY;
    let file = File::options().read(true).custom_flags(flags.bits()).open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a directory"));
    }
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    Ok(file)
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
