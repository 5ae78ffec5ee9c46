//! `aegis audit prune`.

use clap::Args;

use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::settings::Settings;

/// Move the oldest events to an archive
#[derive(Debug, Args)]
pub(crate) struct PruneArgs {}

pub(crate) fn run(_args: &PruneArgs, _settings: &Settings) -> Result<ExitStatus, CommandError> {
    Err(CommandError::usage("not there yet"))
}
