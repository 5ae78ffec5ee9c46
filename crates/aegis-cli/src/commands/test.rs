//! `aegis test`: the examples of policies, what they cover, and which changes they would notice.

mod draft;
mod files;

use std::path::PathBuf;

use aegis_engine::{TestChoice, TestRun, escape_capped};
use aegis_present::UnreadFile;
use aegis_present::ci::{annotate_runs, annotate_unread, render_junit};
use aegis_present::json::v1::TestReportV1;
use aegis_present::lines::{render_run, render_summary};
use clap::{Args, ValueEnum};

use crate::effective_settings::Settings;
use crate::error::CommandError;
use crate::exit::ExitStatus;

/// Run the examples of policies: does each action get the answer that it should?
///
/// Examples stand in a policy, under its rules or at its end, and in files of their own: FILE.test.yaml
/// beside FILE.yaml is picked up by itself. An example without `at` is decided as of Monday, 5 January 2026,
/// 12:00 UTC, and fails where another instant would make a difference. Nothing is asked and nothing is
/// recorded.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  aegis test policy.yaml --coverage\n  aegis test policies/*.yaml --mutate\n  \
    aegis test policy.yaml --init -o policy.test.yaml\n\nExit status: 0 every example holds, 1 one does not, \
    or there is none, coverage is too low or a change survives, 2 wrong usage, 5 unreadable policy or test file."
)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct TestArgs {
    /// The policies, each by itself, and test files, each with its policy [default: the policies of --policy,
    /// joined]
    #[arg(value_name = "POLICY")]
    files: Vec<PathBuf>,
    /// How to report
    #[arg(long, value_enum, default_value_t = TestFormat::Text)]
    format: TestFormat,
    /// Run only the examples with this text in their place (file, colon, line), in their action or in what
    /// they expect
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["coverage", "min_coverage", "mutate"])]
    filter: Option<String>,
    /// Succeed where there is no example to run: the policy has none, or --filter matches none
    #[arg(long)]
    allow_none: bool,
    /// Say which rules decide no example, and which conditions never hold or always do
    #[arg(long)]
    coverage: bool,
    /// Fail if less than this share of rules and of both outcomes of conditions is covered
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    min_coverage: Option<u8>,
    /// Change each policy in many ways, one at a time, and fail if no example notices
    #[arg(long)]
    mutate: bool,
    /// Write a first set of examples: what the policy says now of actions made from its words
    #[arg(long, conflicts_with_all = ["format", "filter", "coverage", "min_coverage", "mutate", "allow_none"])]
    init: bool,
    /// Where --init writes them [default: standard output]
    #[arg(short, long, value_name = "FILE", requires = "init")]
    output: Option<PathBuf>,
}

/// How to report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum TestFormat {
    /// A line for each example, for a person
    Text,
    /// One object on one line
    Json,
    /// JUnit XML, as CI services read it
    Junit,
    /// Annotations of GitHub Actions
    Github,
}

pub(crate) fn run(args: &TestArgs, settings: &Settings) -> Result<ExitStatus, CommandError> {
    let console = settings.console;
    let files::Read { tested: groups, unread, mut status } = files::read(&args.files, settings);
    if groups.is_empty() && (args.init || args.format == TestFormat::Text) {
        return Err(CommandError::shown(ExitStatus::Input));
    }
    if args.init {
        let drafted = draft::run(&groups, args.output.as_deref(), settings)?;
        return Ok(status.worse(drafted));
    }
    let choice = TestChoice {
        filter: args.filter.as_deref(),
        coverage: args.coverage,
        min_coverage: args.min_coverage,
        mutation: args.mutate,
        allow_none: args.allow_none,
    };
    let runs: Vec<_> = groups.iter().map(|group| TestRun::new(&group.files, &choice)).collect();
    for run in &runs {
        if !run.has_examples {
            console.note(format!(
                "{} has no examples; `aegis test --init` writes a first set",
                run.files.name()
            ));
        }
        if !run.passed() {
            status = status.worse(ExitStatus::No);
        }
    }
    if TestRun::tested_nothing(&runs) {
        status = status.worse(ExitStatus::No);
        if let Some(filter) = &args.filter {
            let shown = escape_capped(filter, 64);
            console.error(&CommandError::new(ExitStatus::No, format!("no example mentions `{shown}`")).help(
                "the filter is a part of a place, of an action or of what is expected; `--allow-none` lets it \
                 match nothing",
            ));
        }
    }
    match args.format {
        TestFormat::Text => {
            let mut text: String = runs.iter().map(render_run).collect();
            text.push_str(&render_summary(&runs));
            let passed = runs.iter().all(TestRun::passed);
            if passed { console.tell(text) } else { console.answer(text) }?;
        }
        TestFormat::Json => {
            console.answer(TestReportV1::new(&runs, &unread, status == ExitStatus::Success).to_line())?;
        }
        TestFormat::Junit => console.answer(junit(&runs, &unread)?)?,
        TestFormat::Github => {
            for file in &unread {
                console.answer(annotate_unread(file))?;
            }
            console.answer(annotate_runs(&runs))?;
        }
    }
    Ok(status)
}

fn junit(runs: &[TestRun<'_>], unread: &[UnreadFile]) -> Result<String, CommandError> {
    render_junit("aegis test", runs, unread)
        .map_err(|error| CommandError::input(format!("cannot write the report: {error}")))
}
