//! `aegis audit redact`.

use clap::Args;

use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::settings::Settings;

/// Remove what may hold secrets from an action's events; the chain still verifies
#[derive(Debug, Args)]
pub(crate) struct RedactArgs {}

pub(crate) fn run(_args: &RedactArgs, _settings: &Settings) -> Result<ExitStatus, CommandError> {
    Err(CommandError::usage("not there yet"))
}
