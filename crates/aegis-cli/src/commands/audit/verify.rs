//! `aegis audit verify`.

use clap::Args;

use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::settings::Settings;

/// Check the whole chain, and what others kept of it
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {}

pub(crate) fn run(_args: &VerifyArgs, _settings: &Settings) -> Result<ExitStatus, CommandError> {
    Err(CommandError::usage("not there yet"))
}
