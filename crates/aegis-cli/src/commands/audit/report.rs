//! `aegis audit report`.

use clap::Args;

use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::settings::Settings;

/// Write a page with charts for a browser or a printer
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {}

pub(crate) fn run(_args: &ReportArgs, _settings: &Settings) -> Result<ExitStatus, CommandError> {
    Err(CommandError::usage("not there yet"))
}
