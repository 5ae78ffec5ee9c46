//! Who is asked: the terminal, or a command that takes its place.

use std::time::Duration;

use aegis_runtime::{Approver, CommandApprover, TerminalApprover};
use clap::Args;

use crate::command_text::{desktop_variables, split_command};
use crate::console::{Console, terminal_options};
use crate::error::CommandError;

/// Who is asked instead of the terminal.
#[derive(Debug, Args)]
pub(crate) struct ApproverArgs {
    /// A command to ask instead of the terminal, without a shell: the question comes as JSON by its standard
    /// input. Exiting with 0 allows, with 1 denies; anything else is no answer. It counts as a terminal of
    /// this account does (evidence 1). Nobody else may be able to write it
    #[arg(long, value_name = "CMD", conflicts_with = "dry_run", value_parser = split_command)]
    approver_cmd: Option<(String, Vec<String>)>,
}

impl ApproverArgs {
    /// Whoever is asked, for an answer within this time.
    ///
    /// # Errors
    /// When the command is none, or cannot be trusted.
    pub(crate) fn approver(
        &self,
        timeout: Duration,
        console: Console,
    ) -> Result<Box<dyn Approver>, CommandError> {
        let Some((program, arguments)) = &self.approver_cmd else {
            return Ok(Box::new(TerminalApprover::new(terminal_options(timeout, console))));
        };
        let command = CommandApprover::new(program, arguments).map_err(|error| {
            let help = error.help();
            let told = CommandError::input(error.to_string());
            match help {
                Some(help) => told.help(help),
                None => told,
            }
        })?;
        let command = command.deadline(timeout);
        Ok(Box::new(desktop_variables().fold(command, |command, (name, value)| command.env(name, value))))
    }
}
