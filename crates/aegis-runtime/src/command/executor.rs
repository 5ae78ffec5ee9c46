//! Doing what was approved, from the action alone.

use std::env;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use aegis_engine::Action;
use async_channel::bounded;
use rustix::process::Pid;
use serde_json::json;

use super::approved::ApprovedCommand;
use super::attendance::Attendance;
use super::end::{CommandEnd, HowItEnded};
use super::launch::{LaunchError, launch};
use super::waiting::{Terms, wait_for};
use crate::executor::{BoxFuture, Executed, Executor, ExecutorError};
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

/// Runs commands: actions that a [`CommandSpec`](super::spec::CommandSpec) made. Each has a thread of its
/// own that waits for it. What comes of one is its exit status, as `{"status": 0}`; any other than 0 is a
/// failure. A command whose caller has given up waiting is ended, as if its time were over.
///
/// # Example
/// ```
/// # use std::sync::Arc;
/// # use aegis_engine::{Digest, Source, load};
/// use aegis_runtime::Runtime;
/// use aegis_runtime::command::{CommandExecutor, CommandSpec};
///
/// # let directory = tempfile::tempdir()?;
/// # let log = directory.path().join("log.db");
/// # let text = b"version: 1\nrules:\n  - { match: { type: exec, target: 'true' }, approval: auto }\n";
/// # let policy = Arc::new(load(&[Source { text }]).policy.expect("a valid policy"));
/// let runtime = Runtime::builder()
///     .policy(policy, Digest::of(text))
///     .log(&log)
///     .executor(CommandExecutor::default())
///     .build()?;
/// let command = CommandSpec::new(["true"], "/", std::env::vars_os()).action()?;
/// let result = runtime.blocking().run_one(command);
/// assert_eq!(result.status().to_string(), "success");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct CommandExecutor {
    /// For how long a command may run.
    pub limit: Option<Duration>,
}

impl Executor for CommandExecutor {
    fn execute<'a>(
        &'a self,
        action: &'a Action,
        leave: Proceed,
    ) -> BoxFuture<'a, Result<Executed, ExecutorError>> {
        Box::pin(async move {
            let given_up = GivenUp(Arc::new(AtomicBool::new(false)));
            let (stop, limit, action) = (Arc::clone(&given_up.0), self.limit, action.clone());
            let (reply, ended) = bounded(1);
            let work = move || {
                let options = ExecuteOptions { limit, attendance: None, stop: Some(&stop) };
                // Whoever does not wait any more has been recorded as gone.
                let _ = reply.try_send(execute(&action, leave, options));
            };
            let thread = thread::Builder::new().name("aegis-command".to_owned());
            thread.spawn(work).map_err(|error| {
                ExecutorError::new(format!("the system has no thread to wait on for the command: {error}"))
                    .with_help("try again when fewer commands are running")
            })?;
            match ended.recv().await {
                Ok(end) => executed(&end),
                Err(_) => Err(ExecutorError::new("the thread that waited for the command is gone")),
            }
        })
    }
}

/// Tells the thread that waits for a command when nobody waits for that thread any more.
struct GivenUp(Arc<AtomicBool>);

impl Drop for GivenUp {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// What came of a command, for whoever asked for it.
fn executed(end: &CommandEnd) -> Result<Executed, ExecutorError> {
    let output = json!({ "status": end.status() });
    let Some(error) = end.error() else { return Ok(Executed::with_output(output)) };
    let error = ExecutorError::new(error).with_output(output);
    match &end.how {
        HowItEnded::NotStarted(why) => Err(match why.help() {
            Some(help) => error.with_help(help),
            None => error,
        }),
        _ => Err(error),
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
