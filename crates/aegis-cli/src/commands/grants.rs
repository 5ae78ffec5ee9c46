//! `aegis grants`: what approvers let happen beyond what they were asked about.

mod revoke;

use aegis_audit::act_as_owner;
use aegis_audit::sqlite::TrailReader;
use aegis_engine::to_json_line;
use aegis_present::json::v1::GrantV1;
use aegis_present::table::render_grants;
use aegis_present::{Format, Granted};
use aegis_runtime::RecordedGrant;
use clap::{Args, Subcommand};

use crate::console::stdout_width;
use crate::effective_settings::Settings;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::format_option::text_or_json;

/// List the grants that hold
///
/// Where a rule lets them, approvers can give a grant together with a yes (`aegis approve ID --grant`):
/// further actions like that one are allowed by it, for some time and so often as it says, and nobody is
/// asked. The oldest comes first.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  aegis grants\n  aegis grants --format json | jq -r .id\n  aegis grants revoke \
    0193a1b2-c3d4\n\nExit status: 0 shown, also where no grant holds, 2 wrong usage, 4 the audit log is missing, \
    unreadable or damaged, 5 the output cannot be written."
)]
pub(crate) struct GrantsArgs {
    #[command(subcommand)]
    command: Option<GrantsCommand>,
    /// How to show it
    #[arg(long, default_value = "text", value_parser = text_or_json(
        "A table for a person",
        "One object a line",
    ))]
    format: Format,
}

/// What to do with a grant.
#[derive(Debug, Subcommand)]
enum GrantsCommand {
    Revoke(revoke::RevokeArgs),
}

pub(crate) fn run(args: &GrantsArgs, settings: &Settings) -> Result<ExitStatus, CommandError> {
    match &args.command {
        Some(GrantsCommand::Revoke(args)) => revoke::run(args, settings),
        None => list(args.format, settings),
    }
}

fn list(format: Format, settings: &Settings) -> Result<ExitStatus, CommandError> {
    act_as_owner(&settings.db)?;
    let (console, now) = (settings.console, aegis_audit::now());
    let grants = RecordedGrant::all(&TrailReader::open(&settings.db)?, now)?;
    if grants.is_empty() {
        console.note("no grant holds");
        return Ok(ExitStatus::Success);
    }
    let (shown, now): (Vec<_>, _) = (grants.iter().map(granted).collect(), now.timestamp_millis());
    match format {
        Format::Text => console.answer(render_grants(&shown, now, stdout_width()))?,
        Format::Json => {
            let line = |granted| to_json_line(&GrantV1::new(granted, now)).unwrap_or_default();
            let lines: Vec<_> = shown.iter().map(line).collect();
            console.answer(lines.join("\n"))?;
        }
    }
    Ok(ExitStatus::Success)
}

/// A grant, as it is shown.
fn granted(recorded: &RecordedGrant) -> Granted<'_> {
    Granted { grant: recorded.grant(), entry: recorded.entry(), log: recorded.log() }
}
