//! Doing what was approved, from the action alone.

use std::env;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use aegis_engine::Action;
use rustix::process::Pid;

use super::approved::ApprovedCommand;
use super::attendance::Attendance;
use super::end::{CommandEnd, HowItEnded};
use super::launch::{LaunchError, launch};
use super::waiting::{Terms, wait_for};
use crate::gate::Proceed;

/// How to run a command.
#[derive(Clone, Copy, Debug, Default)]
pub struct ExecuteOptions<'a> {
    /// For how long it may run. Then it and what it started are asked to end, and after 10 seconds made to.
    pub limit: Option<Duration>,
    /// What this process is to the command: without, its signals are its own.
    pub attendance: Option<&'a Attendance>,
    /// Set to true when the command is not wanted any more: it is ended as if its time were over.
    pub stop: Option<&'a AtomicBool>,
}

/// Runs commands: actions that a [`CommandSpec`](super::spec::CommandSpec) made.
#[derive(Clone, Copy, Debug, Default)]
pub struct CommandExecutor {
    /// For how long a command may run.
    pub limit: Option<Duration>,
}

impl CommandExecutor {
    /// Does one action, and waits for its end. See [`execute`].
    pub fn execute(&self, action: &Action, leave: Proceed, stop: Option<&AtomicBool>) -> CommandEnd {
        execute(action, leave, ExecuteOptions { limit: self.limit, attendance: None, stop })
    }
}

/// Runs the command that an action holds, for which leave was given, and waits for its end.
///
/// It knows nothing but the action: program, script, arguments, directory and the variables that are part of
/// a command. Program and script are looked at once more, and what is not as it was approved is not run. No
/// shell takes part. Standard input, output and error are those of this process, and so is its process group,
/// so that a terminal's keys reach both.
pub fn execute(action: &Action, leave: Proceed, options: ExecuteOptions<'_>) -> CommandEnd {
    if leave.answered().action_sha256() != action.digest() {
        return CommandEnd::not_started(LaunchError::AnotherAction);
    }
    let approved = match ApprovedCommand::of(action) {
        Ok(approved) => approved,
        Err(error) => return CommandEnd::not_started(error),
    };
    let launched = match launch(&approved, env::vars_os()) {
        Ok(launched) => launched,
        Err(error) => return CommandEnd::not_started(error),
    };
    // Used up: what was approved runs, and runs once.
    drop(leave);
    let began = Instant::now();
    let pid = i32::try_from(launched.child.id()).ok().and_then(Pid::from_raw);
    let how = match pid {
        Some(pid) => {
            let ExecuteOptions { limit, attendance, stop } = options;
            wait_for(pid, began, Terms { limit, attendance, stop })
        }
        None => HowItEnded::Unknown("the system gave it no number".to_owned()),
    };
    let duration = began.elapsed();
    CommandEnd { how, duration, changed: launched.changed() }
}
