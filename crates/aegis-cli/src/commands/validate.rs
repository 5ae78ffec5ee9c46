//! `aegis validate`: every problem of every file, at once.

mod codes;
mod github;
mod json;
mod sarif;

use std::path::PathBuf;

use aegis_engine::{Diagnostic, Severity, Source, SourceText, lint, load, to_json_line};
use clap::{Args, ValueEnum};

use self::json::ReportV1;
use self::sarif::ResultV210;

use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output::{GOOD, Output, count};
use crate::render::diagnostics::render_diagnostics;
use crate::settings::Settings;
use crate::source::read_source;

/// Report every problem of policy files, each with its place and a remedy
///
/// Errors keep a policy from being used. Warnings are about what is probably not meant, such as a rule that can never
/// decide; a comment silences one: `# aegis: allow(unreachable-rule) — reason`, above the rule or beside it.
///
/// Exits 0 if the files can be used, 1 if one holds an error, 5 if one cannot be read.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  aegis validate policy.yaml\n  aegis validate --deny warnings --format github policies/*.yaml\n  aegis validate --explain unreachable-rule"
)]
pub(crate) struct ValidateArgs {
    /// The files; `-` is standard input [default: the policy of --policy]
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// How to report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Exit 1 on warnings too
    #[arg(long, value_enum, value_name = "WHAT")]
    deny: Option<Deny>,
    /// List every code with its level and meaning
    #[arg(long, exclusive = true)]
    codes: bool,
    /// Explain a code, with an example that is wrong and one that is right
    #[arg(long, value_name = "CODE", conflicts_with = "files")]
    explain: Option<String>,
}

/// What is not tolerated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Deny {
    /// Warnings count as errors
    Warnings,
}

/// How to report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// As a compiler does, for a person
    Text,
    /// One object on one line
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Workflow commands of GitHub Actions, which annotate the lines of a pull request
    Github,
}

pub(crate) fn run(args: &ValidateArgs, settings: &Settings) -> Result<ExitStatus, CommandError> {
    let output = settings.output;
    if args.codes {
        output.answer(codes::list())?;
        return Ok(ExitStatus::Success);
    }
    if let Some(word) = &args.explain {
        output.answer(codes::explain(word)?)?;
        return Ok(ExitStatus::Success);
    }
    let paths = if args.files.is_empty() { &settings.policies } else { &args.files };
    let mut status = ExitStatus::Success;
    let mut report = Report::new(args.format, paths.len());
    for path in paths {
        match read_source(path) {
            Ok(text) => {
                let sources = [Source { text: &text }];
                let loaded = load(&sources);
                let mut found = lint(&loaded, &sources);
                found.extend(loaded.diagnostics);
                found.sort_by_key(|found| found.primary.span);
                if found.iter().any(|found| found.severity == Severity::Error || args.deny.is_some()) {
                    status = status.worse(ExitStatus::No);
                }
                let rules = loaded.policy.map(|policy| policy.rules().len());
                report.file(
                    output,
                    &SourceText::new(&path.to_string_lossy(), &text),
                    &found,
                    rules,
                    args.deny,
                )?;
            }
            Err(error) => {
                // The other files are looked at all the same.
                output.error(&error);
                status = status.worse(error.status);
            }
        }
    }
    report.finish(output, status == ExitStatus::Success)?;
    Ok(status)
}

/// What is reported once every file was looked at; text and commands go out as they come.
enum Report {
    Text,
    Github,
    Json(ReportV1),
    Sarif(Vec<ResultV210>),
}

impl Report {
    fn new(format: Format, files: usize) -> Report {
        match format {
            Format::Text => Report::Text,
            Format::Github => Report::Github,
            Format::Json => Report::Json(ReportV1 { valid: true, files, diagnostics: Vec::new() }),
            Format::Sarif => Report::Sarif(Vec::new()),
        }
    }

    fn file(
        &mut self,
        output: Output,
        source: &SourceText<'_>,
        found: &[Diagnostic],
        rules: Option<usize>,
        deny: Option<Deny>,
    ) -> Result<(), CommandError> {
        match self {
            Report::Text => return show(output, source, found, rules, deny),
            Report::Github => {
                for diagnostic in found {
                    output.answer(github::command(diagnostic, source))?;
                }
            }
            Report::Json(report) => {
                report.diagnostics.extend(found.iter().map(|found| json::finding(found, source)));
            }
            Report::Sarif(results) => results.extend(found.iter().map(|found| sarif::result(found, source))),
        }
        Ok(())
    }

    fn finish(self, output: Output, valid: bool) -> Result<(), CommandError> {
        match self {
            Report::Text | Report::Github => Ok(()),
            Report::Json(report) => {
                output.answer(to_json_line(&ReportV1 { valid, ..report }).unwrap_or_default())
            }
            Report::Sarif(results) => output.answer(to_json_line(&sarif::log(results)).unwrap_or_default()),
        }
    }
}

fn show(
    output: Output,
    source: &SourceText<'_>,
    diagnostics: &[Diagnostic],
    rules: Option<usize>,
    deny: Option<Deny>,
) -> Result<(), CommandError> {
    let name = source.name();
    let errors = diagnostics.iter().filter(|found| found.severity == Severity::Error).count();
    let warnings = diagnostics.len() - errors;
    let rendered = render_diagnostics(diagnostics, std::slice::from_ref(source), output.colors_stdout());
    let rules = rules.filter(|_| errors == 0);
    let summary = match rules {
        Some(rules) if warnings == 0 => format!("{GOOD}ok{GOOD:#}  {name}: {}", count(rules, "rule")),
        Some(_) if deny.is_some() => format!("{name}: {}, denied", count(warnings, "warning")),
        Some(rules) => {
            format!("{GOOD}ok{GOOD:#}  {name}: {}, {}", count(rules, "rule"), count(warnings, "warning"))
        }
        None => format!("{name}: {}", count(errors, "error")),
    };
    output.answer(format!("{rendered}{summary}"))
}
