//! `aegis audit`: the trail.

mod checkpoint;
mod filter;
mod find;
mod follow;
mod list;
mod prune;
mod record;
mod redact;
mod report;
pub(crate) mod show;
mod stats;
pub(crate) mod survey;
pub(crate) mod verify;

use clap::{Args, Subcommand};

use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::settings::Settings;

/// Show the audit trail, verify it, and look after it
///
/// Without a command: one line for each action, oldest first. Filters are joined: a record must pass them all; one that
/// may be given several times lets through any of its values.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  aegis audit --since 2h --decision denied\n  aegis audit --risk high --risk critical \
    --limit 20 --reverse\n  aegis audit --since 2026-11-01 --until 2026-12-01 --format csv -o november.csv\n  \
    aegis audit --since 1h --format ocsf | your-siem-agent\n  aegis audit --follow --risk high\n\n\
    --session and --agent, given here, select records."
)]
pub(crate) struct AuditArgs {
    #[command(subcommand)]
    command: Option<AuditCommand>,
    #[command(flatten)]
    list: list::ListArgs,
}

/// What to do with the trail.
#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// Check the whole chain, and what others kept of it
    Verify(verify::VerifyArgs),
    /// Print a checkpoint of the log, to be kept elsewhere
    Checkpoint(checkpoint::CheckpointArgs),
    /// Remove what may hold secrets from an action's events; the chain still verifies
    Redact(redact::RedactArgs),
    /// Move the oldest events to an archive
    Prune(prune::PruneArgs),
    /// Show one action in full
    Show(show::ShowArgs),
    /// Count: by rule, agent, action and hour; what was asked, and how long answers took
    Stats(stats::StatsArgs),
    /// Write a page with charts for a browser or a printer
    Report(report::ReportArgs),
    /// Record how an allowed action ended
    Record(record::RecordArgs),
}

pub(crate) fn run(args: &AuditArgs, settings: &Settings) -> Result<ExitStatus, CommandError> {
    if args.command.is_some() && args.list != list::ListArgs::default() {
        return Err(CommandError::usage("options that select or show records stand before the command")
            .help("put them behind it, where it has them: aegis audit stats --since 7d"));
    }
    match &args.command {
        None => list::run(&args.list, settings),
        Some(AuditCommand::Verify(args)) => verify::run(args, settings),
        Some(AuditCommand::Checkpoint(args)) => checkpoint::run(args, settings),
        Some(AuditCommand::Redact(args)) => redact::run(args, settings),
        Some(AuditCommand::Prune(args)) => prune::run(args, settings),
        Some(AuditCommand::Show(args)) => show::run(args, settings),
        Some(AuditCommand::Stats(args)) => stats::run(args, settings),
        Some(AuditCommand::Report(args)) => report::run(args, settings),
        Some(AuditCommand::Record(args)) => record::run(args, settings),
    }
}
