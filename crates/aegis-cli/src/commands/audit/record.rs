//! `aegis audit record`.

use clap::Args;

use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::settings::Settings;

/// Record how an allowed action ended
#[derive(Debug, Args)]
pub(crate) struct RecordArgs {}

pub(crate) fn run(_args: &RecordArgs, _settings: &Settings) -> Result<ExitStatus, CommandError> {
    Err(CommandError::usage("not there yet"))
}
