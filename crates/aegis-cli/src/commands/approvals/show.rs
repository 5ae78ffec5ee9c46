//! `aegis approvals show`: one question in full.

use aegis_audit::sqlite::TrailReader;
use aegis_present::Format;
use aegis_present::lines::render_question;
use clap::Args;

use super::find::find_question;
use super::list::{asked, json};
use crate::console::stdout_width;
use crate::effective_settings::Settings;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::format_option::text_or_json;

/// Show one question in full
///
/// How it stands, what it is about, on what terms it is answered, and what was said to it so far. Questions
/// that were answered, used, or never answered in time are shown as well.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  aegis approvals show 0193a1b2-c3d4\n  aegis approvals show 0193a1b2-c3d4 \
    --format json | jq .replies\n\nExit status: 0 shown, 1 there is no such question, 2 wrong usage, 4 the audit \
    log is missing, unreadable or damaged."
)]
pub(crate) struct ShowArgs {
    /// A question's id, or the beginning of one (at least 4 characters)
    #[arg(value_name = "ID")]
    id: String,
    /// How to show it
    #[arg(long, default_value = "text", value_parser = text_or_json(
        "Fields for a person",
        "One object on one line",
    ))]
    format: Format,
}

pub(super) fn run(args: &ShowArgs, settings: &Settings) -> Result<ExitStatus, CommandError> {
    let question = find_question(&TrailReader::open(&settings.db)?, &args.id)?;
    let now = aegis_audit::now();
    settings.console.answer(match args.format {
        Format::Text => render_question(&asked(&question), now.timestamp_millis(), stdout_width()),
        Format::Json => json(&question, now),
    })?;
    Ok(ExitStatus::Success)
}
