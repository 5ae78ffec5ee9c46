//! `aegis completions`: what a shell needs to complete commands and flags.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::args::Cli;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::settings::Settings;

/// Print shell completions
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  aegis completions bash > ~/.local/share/bash-completion/completions/aegis"
)]
pub(crate) struct CompletionsArgs {
    /// The shell to complete in
    shell: Shell,
}

pub(crate) fn run(args: &CompletionsArgs, settings: &Settings) -> Result<ExitStatus, CommandError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "aegis", &mut script);
    settings.output.answer(String::from_utf8_lossy(&script).trim_end())?;
    Ok(ExitStatus::Success)
}
