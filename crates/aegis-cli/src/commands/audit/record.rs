//! `aegis audit record`: how an allowed action ended.

use std::time::Duration;

use aegis_audit::sqlite::TrailReader;
use aegis_audit::{EndStatus, Ending};
use aegis_engine::{escape, to_json_line};
use aegis_present::Format;
use aegis_present::json::v1::EndedV1;
use clap::{Args, ValueEnum};

use super::find::{ID_HELP, find_action};
use crate::audit_sinks::{self, SINK_HELP, SinkSpec, sink_parser};
use crate::effective_settings::Settings;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::format_option::text_or_json;
use crate::open_log::{LOG_WAIT, open_log};

/// Record how an allowed action ended
///
/// For whoever does an action after `aegis check` allowed it, and knows how it went. An action ends once: it
/// must have been allowed, and what is recorded of its end stays.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  aegis audit record 0193a1b2-c3d4 --status success --duration 3s\n\n  \
answer=$(aegis check --format json <action.json) || exit\n  id=$(printf '%s' \"$answer\" | jq -r \
.action_id)\n  if do_it; then aegis audit record \"$id\" --status success\n  else\n    status=$?\n    \
aegis audit record \"$id\" --status failed --error \"exit status $status\"\n    exit $status\n  fi\n\nExit status: 0 recorded, 1 the action is unknown, was not \
allowed, or has ended already, 2 wrong usage, 4 the audit log could not be written.")]
pub(crate) struct RecordArgs {
    #[arg(value_name = "ID", help = ID_HELP)]
    id: String,
    /// How it went
    #[arg(long, value_enum)]
    status: Status,
    /// What went wrong; 4 KiB of it are kept
    #[arg(long, value_name = "TEXT")]
    error: Option<String>,
    /// How long it took, such as 3s or 2m 30s
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    duration: Option<Duration>,
    #[arg(long, value_name = "SINK", help = SINK_HELP, value_parser = sink_parser(), hide_possible_values = true)]
    audit: Vec<SinkSpec>,
    /// How to answer
    #[arg(long, default_value = "text", value_parser = text_or_json(
        "One line for a person",
        "One object on one line, with a receipt",
    ))]
    format: Format,
}

/// How an action went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Status {
    /// It was done, and went well
    Success,
    /// It was tried, and failed
    Failed,
}

impl Status {
    const fn as_str(self) -> &'static str {
        match self {
            Status::Success => "success",
            Status::Failed => "failed",
        }
    }
}

pub(crate) fn run(args: &RecordArgs, settings: &Settings) -> Result<ExitStatus, CommandError> {
    if args.error.is_some() && args.status == Status::Success {
        return Err(CommandError::usage("`--error` says what went wrong, and nothing did")
            .help("give it with `--status failed`"));
    }
    // Whatever is wrong with the id is found before the log is opened for writing, which would create it.
    let action_id = find_action(&TrailReader::open(&settings.db)?, &args.id)?;
    let ending = Ending {
        status: match args.status {
            Status::Success => EndStatus::Success,
            Status::Failed => EndStatus::Failed,
        },
        error: args.error.as_deref(),
        duration_ms: args.duration.map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX)),
    };
    let sinks = audit_sinks::open(&args.audit, LOG_WAIT, &settings.db, settings.console)?;
    let mut journal = open_log(settings, LOG_WAIT)?.with_sinks(sinks);
    let receipt = journal.end_action(&action_id, ending)?;
    let status = args.status.as_str();
    let answer = match args.format {
        Format::Text => format!("recorded  {}  {status}  row {}", escape(&action_id), receipt.seq()),
        Format::Json => to_json_line(&EndedV1::new(&action_id, status, &receipt)).unwrap_or_default(),
    };
    // It is recorded, whether or not anyone hears of it.
    let told = match args.format {
        Format::Text => settings.console.tell(answer),
        Format::Json => settings.console.answer(answer),
    };
    if let Err(error) = told {
        settings.console.error(&error);
    }
    Ok(ExitStatus::Success)
}
