//! `aegis audit stats`.

use aegis_audit::sqlite::TrailReader;
use aegis_engine::to_json_line;
use aegis_present::Format;
use aegis_present::json::v1::StatisticsV1;
use aegis_present::lines::{Look, render_statistics};
use clap::Args;

use super::overview::OverviewArgs;
use crate::console::{locale_charset, stdout_width};
use crate::effective_settings::Settings;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::format_option::text_or_json;

/// How many names of each kind are shown where nobody says.
const TOP: usize = 10;
/// How wide the answer is where it does not go to a terminal.
const PLAIN_WIDTH: usize = 80;

/// Count: by rule, agent, action and hour; what was asked, and how long answers took
///
/// Refused is what was blocked, denied or not answered. Asked is what needed a human. Times are UTC. With
/// `--policy`, the rules that decided nothing are listed too.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  aegis audit stats --since 7d\n  aegis audit stats --agent support-bot --top \
    20\n  aegis audit stats --policy policy.yaml --since 90d\n  aegis audit stats --format json | jq \
    '.always_approved'\n\nExit status: 0 shown, 2 wrong usage, 4 the audit log is missing, unreadable or damaged, 5 unreadable policy."
)]
pub(crate) struct StatsArgs {
    #[command(flatten)]
    overview: OverviewArgs,
    /// How many names of each kind to show [default: 10; all as JSON]
    #[arg(long, value_name = "N")]
    top: Option<usize>,
    /// How to show them
    #[arg(long, default_value = "text", value_parser = text_or_json(
        "Tables and bars for a person",
        "One object",
    ))]
    format: Format,
}

pub(crate) fn run(args: &StatsArgs, settings: &Settings) -> Result<ExitStatus, CommandError> {
    let reader = TrailReader::open(&settings.db)?;
    let filter = args.overview.filter(settings)?;
    let overview = args.overview.overview(&reader, &filter, settings)?;
    let text = match args.format {
        Format::Json => to_json_line(&StatisticsV1::new(&overview, args.top.unwrap_or(usize::MAX)))
            .map_err(|error| CommandError::input(format!("cannot write the statistics: {error}")))?,
        Format::Text if overview.statistics.total.total() == 0 => {
            reader.check_left_out()?;
            settings.console.note("no record matches");
            return Ok(ExitStatus::Success);
        }
        Format::Text => {
            let look = Look {
                width: stdout_width().unwrap_or(PLAIN_WIDTH),
                charset: locale_charset(),
                top: args.top.unwrap_or(TOP),
            };
            render_statistics(&overview, look)
        }
    };
    settings.console.answer(text.trim_end())?;
    reader.check_left_out()?;
    Ok(ExitStatus::Success)
}
