//! `aegis validate`: every problem of every file, at once.

mod fixing;
mod joined;

use std::path::{Path, PathBuf};

use aegis_engine::{Code, Diagnostic, Severity, SourceText, escape_capped, nearest_code};
use aegis_present::UnreadFile;
use aegis_present::ci::{SarifLog, annotate_finding, annotate_unread};
use aegis_present::diagnostics::{explain_code, list_codes, render_diagnostics};
use aegis_present::json::v1::PolicyReportV1;
use aegis_present::quantity::counted;
use aegis_present::style::GOOD;
use clap::{Args, ValueEnum};

use crate::console::Console;
use crate::effective_settings::Settings;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::policy_paths::policies_at;
use crate::unchecked_file::read_unchecked;

/// Report every problem of policy files, each with its place and a remedy
///
/// Errors keep a policy from being used. Warnings are about what is probably not meant, such as a rule that
/// can never decide; a comment silences one: `# aegis: allow(unreachable-rule) — reason`, above the rule or
/// beside it.
///
/// Files that are named stand for themselves. Without any, those of a repeated --policy are looked at as the
/// one policy that they are together.
///
/// Of a directory, every `.yaml` and `.yml` file in it and below is looked at, but for hidden ones and for
/// test files.
///
/// Exits 0 if the files can be used, 1 if one holds an error, 5 if one cannot be read.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  aegis validate policy.yaml\n  aegis validate --deny warnings --format github \
    policies\n  aegis validate --fix policy.yaml\n  aegis validate --explain unreachable-rule\n\nExit status: 0 \
    the files can be used, 1 one holds an error, or a warning that --deny names, 2 wrong usage, 5 one cannot be \
    read."
)]
pub(crate) struct ValidateArgs {
    /// The files, and directories, in which every policy is looked at; `-` is standard input [default: the
    /// policy of --policy]
    #[arg(value_name = "FILE|DIR")]
    files: Vec<PathBuf>,
    /// How to report
    #[arg(long, value_enum, default_value_t = FindingFormat::Text)]
    format: FindingFormat,
    /// Exit 1 on warnings too
    #[arg(long, value_enum, value_name = "WHAT")]
    deny: Option<Deny>,
    /// Mend what has one right answer. What changes is shown, and written once that is confirmed
    #[arg(long, conflicts_with = "format")]
    fix: bool,
    /// With --fix: write without asking
    #[arg(long, short, requires = "fix")]
    yes: bool,
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
enum FindingFormat {
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
    let console = settings.console;
    if args.codes {
        console.answer(list_codes())?;
        return Ok(ExitStatus::Success);
    }
    if let Some(word) = &args.explain {
        console.answer(explain_code(code(word)?))?;
        return Ok(ExitStatus::Success);
    }
    // The files of a repeated `--policy` are one policy.
    let is_one = args.files.is_empty() && settings.policies.len() > 1;
    let named = if args.files.is_empty() { &settings.policies } else { &args.files };
    let paths: Vec<_> = named.iter().flat_map(|path| below(path)).collect();
    let mut status = ExitStatus::Success;
    let mut report = Report::new(args.format, paths.len());
    let mut read = Vec::new();
    for path in paths {
        let found = path.and_then(|path| match text_of(&path, args, settings) {
            Ok(text) => Ok((path.to_string_lossy().into_owned(), text)),
            Err(error) => Err((path, error)),
        });
        match found {
            Ok(file) if is_one => read.push(file),
            Ok(file) => status = status.worse(look_at(&[file], args, &mut report, console)?),
            Err((path, error)) => {
                // The other files are looked at all the same.
                console.error(&error);
                report.unread(console, &error.unread(&path))?;
                status = status.worse(error.status);
            }
        }
    }
    if is_one {
        status = status.worse(look_at(&read, args, &mut report, console)?);
    }
    report.finish(console, status == ExitStatus::Success)?;
    Ok(status)
}

/// The policies that a path stands for, or the path and why it stands for none.
fn below(path: &Path) -> Vec<Result<PathBuf, (PathBuf, CommandError)>> {
    match policies_at(path) {
        Ok(found) => found.into_iter().map(Ok).collect(),
        Err(error) => vec![Err((path.to_owned(), error))],
    }
}

/// The text of a file, with what has one right answer mended where that is wanted.
fn text_of(path: &Path, args: &ValidateArgs, settings: &Settings) -> Result<Vec<u8>, CommandError> {
    let text = read_unchecked(path)?;
    if args.fix {
        return fixing::fixed(path, text, args.yes, &settings.db, settings.console);
    }
    Ok(text)
}

/// Looks at files as the one policy that they are, and reports each.
fn look_at(
    files: &[(String, Vec<u8>)],
    args: &ValidateArgs,
    report: &mut Report,
    console: Console,
) -> Result<ExitStatus, CommandError> {
    let mut status = ExitStatus::Success;
    let texts: Vec<_> =
        files.iter().map(|(name, text)| (SourceText::new(name, text), text.as_slice())).collect();
    for ((source, _), found) in texts.iter().zip(joined::look_at(&texts)) {
        let is_error = |found: &Diagnostic| found.severity == Severity::Error || args.deny.is_some();
        if found.diagnostics.iter().any(is_error) {
            status = status.worse(ExitStatus::No);
        }
        report.file(console, source, &found.diagnostics, found.rules, args.deny)?;
    }
    Ok(status)
}

/// The code that a word names.
fn code(word: &str) -> Result<Code, CommandError> {
    Code::from_word(word).ok_or_else(|| {
        let wrong = CommandError::usage(format!("there is no code `{}`", escape_capped(word, 64)));
        wrong.help(match nearest_code(word) {
            Some(code) => format!("did you mean `{code}`?"),
            None => "`aegis validate --codes` lists them".to_owned(),
        })
    })
}

/// What is reported once every file was looked at; text and commands go out as they come.
enum Report {
    Text,
    Github,
    Json(PolicyReportV1),
    Sarif(Box<SarifLog>),
}

impl Report {
    fn new(format: FindingFormat, files: usize) -> Report {
        match format {
            FindingFormat::Text => Report::Text,
            FindingFormat::Github => Report::Github,
            FindingFormat::Json => Report::Json(PolicyReportV1::new(files)),
            FindingFormat::Sarif => Report::Sarif(Box::new(SarifLog::new())),
        }
    }

    fn file(
        &mut self,
        console: Console,
        source: &SourceText<'_>,
        found: &[Diagnostic],
        rules: Option<usize>,
        deny: Option<Deny>,
    ) -> Result<(), CommandError> {
        match self {
            Report::Text => return show(console, source, found, rules, deny),
            Report::Github => {
                for diagnostic in found {
                    console.answer(annotate_finding(diagnostic, source))?;
                }
            }
            Report::Json(report) => report.add(found, source),
            Report::Sarif(report) => report.add(found, source),
        }
        Ok(())
    }

    /// Tells of a file that was not looked at; a person has read of it.
    fn unread(&mut self, console: Console, file: &UnreadFile) -> Result<(), CommandError> {
        match self {
            Report::Text => {}
            Report::Github => console.answer(annotate_unread(file))?,
            Report::Json(report) => report.add_unread(file),
            Report::Sarif(report) => report.add_unread(file),
        }
        Ok(())
    }

    fn finish(self, console: Console, valid: bool) -> Result<(), CommandError> {
        match self {
            Report::Text | Report::Github => Ok(()),
            Report::Json(report) => console.answer(report.into_line(valid)),
            Report::Sarif(report) => console.answer(report.to_line()),
        }
    }
}

fn show(
    console: Console,
    source: &SourceText<'_>,
    diagnostics: &[Diagnostic],
    rules: Option<usize>,
    deny: Option<Deny>,
) -> Result<(), CommandError> {
    let name = source.name();
    let is_error = |found: &&Diagnostic| found.severity == Severity::Error;
    let errors = diagnostics.iter().filter(is_error).count() as u64;
    let warnings = diagnostics.len() as u64 - errors;
    let rendered = render_diagnostics(diagnostics, std::slice::from_ref(source), console.colors_stdout());
    let rules = rules.filter(|_| errors == 0).map(|rules| rules as u64);
    let summary = match rules {
        Some(rules) if warnings == 0 => format!("{GOOD}ok{GOOD:#}  {name}: {}", counted(rules, "rule")),
        Some(_) if deny.is_some() => format!("{name}: {}, denied", counted(warnings, "warning")),
        Some(rules) => {
            format!("{GOOD}ok{GOOD:#}  {name}: {}, {}", counted(rules, "rule"), counted(warnings, "warning"))
        }
        None => format!("{name}: {}", counted(errors, "error")),
    };
    let is_refused = rules.is_none() || (deny.is_some() && warnings > 0);
    if console.is_quiet() && !is_refused {
        return Ok(());
    }
    console.answer(format!("{rendered}{summary}"))
}
