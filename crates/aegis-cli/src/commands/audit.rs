//! `aegis audit`: the trail.

mod checkpoint;
mod events;
mod filter;
pub(crate) mod find;
mod follow;
mod json_line;
mod list;
mod overview;
mod prune;
mod record;
mod redact;
mod report;
mod show;
mod stats;
mod verify;
mod verifying;

use clap::{Args, Subcommand};

use crate::effective_settings::Settings;
use crate::error::CommandError;
use crate::exit::ExitStatus;

/// Show the audit trail, verify it, and look after it
///
/// Without a command: one line for each action, oldest first. Filters are joined: a record must pass them
/// all; one that may be given several times lets through any of its values.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  aegis audit --since 2h --decision denied\n  aegis audit --risk high --risk \
    critical --limit 20 --reverse\n  aegis audit --since 2026-11-01 --until 2026-12-01 --format csv -o \
    november.csv\n  aegis audit --since 1h --format ocsf | your-siem-agent\n  aegis audit --follow --risk \
    high\n\n--session and --agent, given here, select records.\n\nExit status: 0 shown, 2 wrong usage, 4 the audit log is missing, unreadable or damaged, 5 the output cannot be written."
)]
pub(crate) struct AuditArgs {
    #[command(subcommand)]
    command: Option<AuditCommand>,
    #[command(flatten)]
    list: list::ListArgs,
}

/// What to do with the trail. What each command is for stands at its arguments: a comment here would hide all
/// but its first line.
#[derive(Debug, Subcommand)]
enum AuditCommand {
    Verify(verify::VerifyArgs),
    Checkpoint(checkpoint::CheckpointArgs),
    Redact(redact::RedactArgs),
    Prune(prune::PruneArgs),
    Show(show::ShowArgs),
    Stats(stats::StatsArgs),
    Report(report::ReportArgs),
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
