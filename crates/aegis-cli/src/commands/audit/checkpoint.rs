//! `aegis audit checkpoint`.

use clap::Args;

use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::settings::Settings;

/// Print a checkpoint of the log, to be kept elsewhere
#[derive(Debug, Args)]
pub(crate) struct CheckpointArgs {}

pub(crate) fn run(_args: &CheckpointArgs, _settings: &Settings) -> Result<ExitStatus, CommandError> {
    Err(CommandError::usage("not there yet"))
}
