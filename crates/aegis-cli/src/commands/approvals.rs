//! `aegis approvals`: what waits for a human.

pub(crate) mod find;
mod list;
mod show;
mod watch;

use aegis_audit::act_as_owner;
use aegis_present::Format;
use clap::{Args, Subcommand};
pub(crate) use list::json as question_json;

use crate::effective_settings::Settings;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::format_option::text_or_json;

/// List what waits for a human's answer
///
/// Where `aegis check` finds nobody to ask, the question waits in the audit log until somebody answers it
/// with
/// `aegis approve` or `aegis deny`, or it expires. The oldest comes first.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  aegis approvals\n  aegis approvals --watch\n  aegis approvals show \
    0193a1b2-c3d4\n  aegis approvals --format json | jq -r .id\n\nExit status: 0 shown, also where nothing waits, \
    1 there is no such question, 2 wrong usage, 4 the audit log is missing, unreadable or damaged, 5 the output \
    cannot be written.")]
pub(crate) struct ApprovalsArgs {
    #[command(subcommand)]
    command: Option<ApprovalsCommand>,
    /// Go on, and show what changes, until ^C: a table that is drawn anew on a terminal, a line for each
    /// change elsewhere
    #[arg(long, short)]
    watch: bool,
    /// How to show it
    #[arg(long, default_value = "text", value_parser = text_or_json(
        "A table for a person",
        "One object a line",
    ))]
    format: Format,
}

/// What to do with what waits.
#[derive(Debug, Subcommand)]
enum ApprovalsCommand {
    Show(show::ShowArgs),
}

pub(crate) fn run(args: &ApprovalsArgs, settings: &Settings) -> Result<ExitStatus, CommandError> {
    if args.command.is_some() && (args.watch || args.format != Format::Text) {
        return Err(CommandError::usage("options that list what waits stand before no command")
            .help("put `--format` behind `show`"));
    }
    act_as_owner(&settings.db)?;
    match &args.command {
        Some(ApprovalsCommand::Show(args)) => show::run(args, settings),
        None if args.watch => watch::run(args.format, settings),
        None => list::run(args.format, settings),
    }
}
