//! `aegis deny`: a no to a question that waits.

use std::time::Duration;

use aegis_runtime::Wish;
use clap::Args;

use super::approve::{answer, parse_reason};
use crate::effective_settings::Settings;
use crate::error::CommandError;
use crate::exit::ExitStatus;

/// Deny what waits for an answer
///
/// Shows the recorded action and asks, at the terminal of whoever runs this: a `y` denies, anything else
/// leaves the question open. A no is final, whoever else has said yes, and answers the same action for as
/// long as a yes could have been used.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  aegis deny 0193a1b2-c3d4 --reason \"not before the audit\"\n\nExit status: \
    0 recorded, 1 too late, unknown, or it does not count, 2 wrong usage, 3 nobody answered, or there is no \
    terminal, 4 the audit log could not be read or written."
)]
pub(crate) struct DenyArgs {
    /// A question's id, or the beginning of one (at least 4 characters): `aegis approvals` lists them
    #[arg(value_name = "ID")]
    id: String,
    /// Why, for the log and for whoever asked; without it, that is asked at the terminal
    #[arg(long, value_name = "TEXT", value_parser = parse_reason)]
    reason: Option<String>,
    /// How long to wait for an answer at the terminal
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = humantime::parse_duration)]
    timeout: Duration,
}

pub(crate) fn run(args: &DenyArgs, settings: &Settings) -> Result<ExitStatus, CommandError> {
    answer(Wish::Deny, (&args.id, args.reason.clone(), args.timeout), settings)
}
