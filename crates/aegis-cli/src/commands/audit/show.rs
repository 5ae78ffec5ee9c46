//! `aegis audit show`.

use clap::Args;

use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::settings::Settings;

/// Show one action in full
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {}

pub(crate) fn run(_args: &ShowArgs, _settings: &Settings) -> Result<ExitStatus, CommandError> {
    Err(CommandError::usage("not there yet"))
}
