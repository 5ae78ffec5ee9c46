//! `aegis audit stats`.

use clap::Args;

use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::settings::Settings;

/// Count: by rule, agent, action and hour; what was asked, and how long answers took
#[derive(Debug, Args)]
pub(crate) struct StatsArgs {}

pub(crate) fn run(_args: &StatsArgs, _settings: &Settings) -> Result<ExitStatus, CommandError> {
    Err(CommandError::usage("not there yet"))
}
