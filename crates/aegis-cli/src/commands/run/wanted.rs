//! What the command line wants to be run, as actions.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use aegis_engine::Action;
use aegis_runtime::command::{CommandSpec, SpecError};

use super::arguments::RunArgs;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::given_agent::GivenAgent;
use crate::named_action::members;

/// A command, and those around it.
pub(super) struct Wanted {
    pub(super) main: Action,
    /// What tells whether it did what it should.
    pub(super) verification: Option<Action>,
    /// The words of what undoes it. What they stand for counts when it is needed.
    rollback: Option<Vec<String>>,
    cwd: PathBuf,
    agent: GivenAgent,
    is_sealed: bool,
}

impl Wanted {
    /// Finds the programs, and makes the actions. All of the commands must make sense before the first runs.
    ///
    /// # Errors
    /// When one of them does not, or its program cannot be used.
    pub(super) fn of(args: &RunArgs, agent: GivenAgent) -> Result<Wanted, CommandError> {
        let cwd = env::current_dir().map_err(|error| {
            CommandError::input(format!("the working directory cannot be told: {error}"))
                .help("it may have been removed: change to one that is there")
        })?;
        let mut spec = CommandSpec::new(args.command.clone(), &cwd, env::vars_os())
            .with_params(members(&args.params)?)
            .described(args.description.clone())
            .sealed(args.sealed);
        if let Some(name) = &args.action {
            spec = spec.named(&name.kind, &name.target);
        }
        let main = agent.of(spec.action().map_err(|error| refused(&error, None))?)?;
        let verification = match split(args.verify.as_deref(), "verify")? {
            None => None,
            Some(words) => {
                let spec = command(words, &cwd).verifying(&main).sealed(args.sealed);
                Some(agent.of(spec.action().map_err(|error| refused(&error, Some("verification")))?)?)
            }
        };
        let rollback = split(args.rollback.as_deref(), "rollback")?;
        let wanted = Wanted { main, verification, rollback, cwd, agent, is_sealed: args.sealed };
        // What cannot be undone should not be done.
        wanted.rollback()?;
        Ok(wanted)
    }

    /// What undoes the command, as it is now.
    ///
    /// # Errors
    /// When its program cannot be used.
    pub(super) fn rollback(&self) -> Result<Option<Action>, CommandError> {
        let Some(words) = self.rollback.clone() else { return Ok(None) };
        let spec = command(words, &self.cwd).compensating(&self.main).sealed(self.is_sealed);
        let action = spec.action().map_err(|error| refused(&error, Some("rollback")))?;
        Ok(Some(self.agent.of(action)?))
    }
}

fn command(words: Vec<String>, cwd: &std::path::Path) -> CommandSpec {
    CommandSpec::new(words.into_iter().map(OsString::from), cwd, env::vars_os())
}

/// The words of a command that is given as one text.
fn split(text: Option<&str>, option: &str) -> Result<Option<Vec<String>>, CommandError> {
    let Some(text) = text else { return Ok(None) };
    match shell_words::split(text) {
        Ok(words) if !words.is_empty() => Ok(Some(words)),
        Ok(_) => {
            Err(CommandError::usage(format!("the command of `--{option}` is empty")).help("name a program"))
        }
        Err(_) => {
            Err(CommandError::usage(format!("the command of `--{option}` has a quote without its end"))
                .help("quotes are read as a shell reads them"))
        }
    }
}

/// Why a command cannot be decided on, with the status that tells of what kind that is.
fn refused(error: &SpecError, which: Option<&str>) -> CommandError {
    let status = if error.is_missing() {
        ExitStatus::NotFound
    } else if error.is_unfit() {
        ExitStatus::Refused
    } else {
        ExitStatus::Failed
    };
    let message = match which {
        None => error.to_string(),
        Some(which) => format!("the {which}: {error}"),
    };
    CommandError { status, message, help: error.help() }
}
