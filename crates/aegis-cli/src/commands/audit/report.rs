//! `aegis audit report`.

use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::PathBuf;

use aegis_audit::TrailError;
use aegis_audit::sqlite::TrailReader;
use aegis_engine::{RiskLevel, escape};
use aegis_ledger::answer::Answer;
use aegis_ledger::filter::Filter;
use aegis_ledger::record::Record;
use aegis_present::html::{Chain, Commands, Report, render_report};
use aegis_present::quantity::grouped;
use clap::Args;

use super::overview::OverviewArgs;
use super::verifying::verify;
use crate::console::{Console, FileError, write_whole};
use crate::effective_settings::Settings;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::standard_stream::output_file;

/// How many events are verified where nobody says: as many as nobody has to wait for.
const VERIFIED_UNASKED: u64 = 200_000;

/// Write a page with charts for a browser or a printer
///
/// One HTML file that loads nothing: what `stats` counts, as charts with their numbers, and the newest
/// refusals and riskiest allowed actions. Parameters and descriptions, which may hold secrets, are not in it.
/// With `--policy`, the rules that decided nothing are listed too.
///
/// The page says whether the log's chain holds. Where it does not, the page is written all the same, and the
/// exit status is 1.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  aegis audit report -o report.html\n  \
    aegis audit report --since 2026-11-01 --until 2026-12-01 -o november.html\n  \
    aegis audit report --agent support-bot --policy policy.yaml -o support-bot.html\n\nExit status: 0 written, 1 written, and the log is damaged, 2 wrong usage, 4 the audit log is missing, unreadable or damaged, 5 unreadable policy, or the output cannot be written.")]
pub(crate) struct ReportArgs {
    #[command(flatten)]
    overview: OverviewArgs,
    /// How many names of each kind, and how many single actions, to show
    #[arg(long, value_name = "N", default_value_t = 15)]
    top: usize,
    /// Write to this file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Verify the log's chain, however long it is, and say on the page whether it holds [default: up to
    /// 200,000 events]
    #[arg(long)]
    verify: bool,
    /// Do not verify it
    #[arg(long, conflicts_with = "verify")]
    no_verify: bool,
}

pub(crate) fn run(args: &ReportArgs, settings: &Settings) -> Result<ExitStatus, CommandError> {
    let reader = TrailReader::open(&settings.db)?;
    let filter = args.overview.filter(settings)?;
    let report = reader.at_one_moment(|reader| {
        let overview = args.overview.overview(reader, &filter, settings)?;
        let filter = within_limit(reader, &filter)?;
        Ok::<_, CommandError>(Report {
            overview,
            refused: refused(reader, &filter, args.top)?,
            risky: risky(reader, &filter, args.top)?,
            generated: aegis_audit::now(),
            top: args.top,
            chain: chain(reader, args, settings.console)?,
            commands: Commands { show: "aegis audit show ID", verify: "aegis audit verify" },
        })
    })?;
    let page = render_report(&report);
    match output_file(args.output.as_deref()) {
        None => settings.console.page(&page)?,
        Some(path) => {
            write_whole(path, &settings.db, |file| {
                Ok::<_, FileError<CommandError>>(file.write_all(page.as_bytes())?)
            })?;
            let shown = escape(&path.to_string_lossy());
            let covered = grouped(report.overview.statistics.total.total(), "action");
            settings.console.note(format!("a report on {covered} written to `{shown}`"));
        }
    }
    // What could not be shown at all outweighs what was shown and cannot be relied on.
    reader.check_left_out()?;
    if let Chain::Damaged { first, .. } = &report.chain {
        return Err(CommandError::new(ExitStatus::No, format!("the log is damaged: {}", escape(first)))
            .help("the report says so; `aegis audit verify` names everything that is wrong"));
    }
    Ok(ExitStatus::Success)
}

/// Whether the log's chain holds, where that is to be said.
fn chain(reader: &TrailReader, args: &ReportArgs, console: Console) -> Result<Chain, CommandError> {
    if args.no_verify {
        return Ok(Chain::NotVerified);
    }
    // Where it cannot even be told how long it is, verifying says why.
    let events = reader.event_range(None, None).map_or(0, |range| range.events());
    if events > VERIFIED_UNASKED && !args.verify {
        return Ok(Chain::TooLong(events));
    }
    let verification = verify(reader, console)?;
    let problems = (verification.damage.len() as u64).saturating_add(verification.more_damage);
    Ok(match verification.damage.first() {
        Some(first) => Chain::Damaged { problems, first: first.to_string() },
        None => Chain::Holds(verification.rows),
    })
}

/// A filter for what is among the records of this one, however many of them it asks for.
fn within_limit(reader: &TrailReader, filter: &Filter) -> Result<Filter, TrailError> {
    let mut within = Filter { limit: None, reverse: true, ..filter.clone() };
    if filter.limit.is_some() {
        let oldest = Filter { reverse: false, ..filter.clone() };
        reader.records(&oldest, |record| {
            within.after_seq = within.after_seq.max(record.seq.checked_sub(1));
            Ok::<_, TrailError>(ControlFlow::Break(()))
        })?;
    }
    Ok(within)
}

/// The newest actions that were not allowed.
fn refused(reader: &TrailReader, filter: &Filter, top: usize) -> Result<Vec<Record>, TrailError> {
    let decision = common(&filter.decision, &[Answer::Denied, Answer::Block, Answer::Unanswered]);
    newest(reader, decision.map(|decision| Filter { decision, ..filter.clone() }), top)
}

/// The newest allowed actions of critical risk, and then those of high risk.
fn risky(reader: &TrailReader, filter: &Filter, top: usize) -> Result<Vec<Record>, TrailError> {
    let mut found = Vec::new();
    let Some(decision) = common(&filter.decision, &[Answer::Auto, Answer::Approved]) else {
        return Ok(found);
    };
    for risk in [RiskLevel::Critical, RiskLevel::High] {
        let of_risk = common(&filter.risk, &[risk]).map(|risk| Filter {
            risk,
            decision: decision.clone(),
            ..filter.clone()
        });
        found.extend(newest(reader, of_risk, top.saturating_sub(found.len()))?);
    }
    Ok(found)
}

/// What two lists of words have in common, of which an empty first one stands for all words. None, if that is
/// nothing.
fn common<T: Copy + PartialEq>(wanted: &[T], words: &[T]) -> Option<Vec<T>> {
    let common: Vec<_> =
        words.iter().copied().filter(|word| wanted.is_empty() || wanted.contains(word)).collect();
    (!common.is_empty()).then_some(common)
}

fn newest(reader: &TrailReader, filter: Option<Filter>, top: usize) -> Result<Vec<Record>, TrailError> {
    let mut found = Vec::new();
    let Some(filter) = filter else { return Ok(found) };
    let filter = Filter { limit: Some(top as u64), reverse: true, ..filter };
    reader.records(&filter, |record| {
        // What may be long, and is not shown, is not kept.
        found.push(Record { action_params: None, action_desc: None, result_error: None, ..record });
        Ok::<_, TrailError>(ControlFlow::Continue(()))
    })?;
    Ok(found)
}
