//! `aegis completions`: what a shell needs to complete commands and flags.

use clap::{Args, Command};
use clap_complete::Shell;

use crate::effective_settings::Settings;
use crate::error::CommandError;
use crate::exit::ExitStatus;

/// Print shell completions
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  aegis completions bash > ~/.local/share/bash-completion/completions/aegis\n\nExit status: 0 printed, 2 wrong usage."
)]
pub(crate) struct CompletionsArgs {
    /// The shell to complete in
    shell: Shell,
}

/// Prints what a shell needs to complete `command`.
pub(crate) fn run(
    args: &CompletionsArgs,
    mut command: Command,
    settings: &Settings,
) -> Result<ExitStatus, CommandError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "aegis", &mut script);
    settings.console.answer(String::from_utf8_lossy(&script).trim_end())?;
    Ok(ExitStatus::Success)
}
