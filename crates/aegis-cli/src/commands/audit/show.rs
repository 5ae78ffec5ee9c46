//! `aegis audit show`: one action in full.

use aegis_audit::sqlite::TrailReader;
use aegis_engine::to_json_line;
use aegis_ledger::event::PathSource;
use aegis_ledger::history::History;
use aegis_ledger::reconsidered::Reconsidered;
use aegis_present::Format;
use aegis_present::json::v1::HistoryV1;
use aegis_present::lines::render_history;
use clap::Args;

use super::find::{ID_HELP, find_action};
use crate::console::stdout_width;
use crate::effective_settings::Settings;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::format_option::text_or_json;
use crate::trusted_policy::load_policy;

/// Show one action in full
///
/// Every event of it, in order: what was known, who answered by which way, how it ended, what was removed.
/// Each event is compared with its hash. With --policy, also why that policy decides so, over the recorded
/// parameters and as of the recorded instant.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  aegis audit show 0193a1b2-c3d4\n  aegis audit show seq:17 --format json | jq \
    .warnings\n  aegis audit show 0193a1b2-c3d4 --policy policy.yaml\n\nExit status: 0 shown, 1 there is no \
    such action, or one of its events does not fit its hash, 2 wrong usage, 4 the audit log is missing or \
    unreadable, 5 unreadable policy."
)]
pub(crate) struct ShowArgs {
    #[arg(value_name = "ID", help = ID_HELP)]
    id: String,
    /// How to show it
    #[arg(long, default_value = "text", value_parser = text_or_json(
        "Fields and events for a person",
        "One object on one line, with everything that is recorded",
    ))]
    format: Format,
}

pub(crate) fn run(args: &ShowArgs, settings: &Settings) -> Result<ExitStatus, CommandError> {
    let console = settings.console;
    let reader = TrailReader::open(&settings.db)?;
    let id = find_action(&reader, &args.id)?;
    let Some(history) = reader.history(&id)? else {
        let shown = aegis_engine::escape_capped(&id, 80);
        return Err(CommandError::new(
            ExitStatus::No,
            format!("no action `{shown}` is in the audit log any more"),
        )
        .help("it was pruned just now; look for it in the archive"));
    };
    let reconsidered = reconsidered(&history, settings)?;
    let warnings = history.warnings();
    let saw_to_it = history.unfinished().map(|started| &started.recorder);
    let is_running = saw_to_it.map(|recorder| recorder.as_ref().is_some_and(aegis_runtime::is_running));
    console.answer(match args.format {
        Format::Text => {
            render_history(&history, &warnings, reconsidered.as_ref(), is_running, stdout_width())
        }
        Format::Json => to_json_line(&HistoryV1::new(&history, &warnings, reconsidered.as_ref(), is_running))
            .unwrap_or_default(),
    })?;
    if history.is_intact() {
        return Ok(ExitStatus::Success);
    }
    let rows: Vec<_> = history
        .events
        .iter()
        .filter(|event| event.damage.is_some())
        .map(|event| event.seq.to_string())
        .collect();
    Err(CommandError::new(ExitStatus::No, format!("the audit log is damaged at row {}", rows.join(", ")))
        .help("keep it as evidence; `aegis audit verify` says what else is damaged"))
}

/// Asks the policy that was given on the command line. `None` if none was.
///
/// # Errors
/// When the policy cannot be read.
fn reconsidered(history: &History, settings: &Settings) -> Result<Option<Reconsidered>, CommandError> {
    if settings.policy_source != PathSource::Argument {
        return Ok(None);
    }
    let loaded = load_policy(&settings.policies, &[], settings.console)?;
    Ok(Some(Reconsidered::new(history, &loaded.policy, loaded.sha256)))
}
