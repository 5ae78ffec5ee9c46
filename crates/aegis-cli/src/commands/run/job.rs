//! A command from its decision to its end, with what verifies it and what undoes it.

use std::time::Duration;

use aegis_audit::{Check, EndStatus, Ending};
use aegis_engine::Action;
use aegis_runtime::command::{Attendance, CommandEnd, ExecuteOptions, HowItEnded, execute};
use aegis_runtime::{Gate, Outcome, Proceed, Running};

use super::wanted::Wanted;
use crate::commands::check::reply::Replier;
use crate::console::Console;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::waiting::Waiting;

/// What it takes to run commands.
pub(super) struct Job<'a> {
    pub(super) gate: Gate,
    pub(super) replier: Replier<'a>,
    pub(super) console: Console,
    pub(super) waiting: Waiting<'a>,
    /// How long the command may run.
    pub(super) limit: Option<Duration>,
}

/// How the command went, all in all.
struct Went {
    status: ExitStatus,
    /// Whether there is something to undo.
    is_to_undo: bool,
}

impl Job<'_> {
    /// Asks, runs, verifies, records; undoes what failed.
    pub(super) fn run(mut self, wanted: &Wanted) -> Result<ExitStatus, CommandError> {
        let Some(leave) = self.leave_for(&wanted.main)? else { return Ok(ExitStatus::Refused) };
        let verification = match &wanted.verification {
            None => None,
            Some(action) => match self.leave_for(action) {
                Ok(Some(leave)) => Some((action, leave)),
                refused => {
                    let _ =
                        self.gate.give_back(leave, "its verification was not allowed, so nothing was run")?;
                    return refused.map(|_| ExitStatus::Refused);
                }
            },
        };
        // From here on, whoever wants to end this process wants to end the command; and its end is recorded.
        let attendance = Attendance::begin().map_err(|error| {
            CommandError::new(ExitStatus::Failed, format!("signals cannot be passed on: {error}"))
        })?;
        let went = self.run_and_verify(&wanted.main, leave, verification, &attendance)?;
        if went.is_to_undo {
            self.undo(wanted, &attendance)?;
        }
        Ok(went.status)
    }

    /// Leave to do an action; a refusal is told.
    pub(super) fn leave_for(&mut self, action: &Action) -> Result<Option<Proceed>, CommandError> {
        match self.waiting.answer(&mut self.gate, action)? {
            Outcome::Allowed(leave) => Ok(Some(leave)),
            Outcome::Refused(refusal) => {
                let reply = self.replier.answered(action, refusal.answered(), None)?;
                self.console.diagnostics(&format!("{}\n", reply.text));
                Ok(None)
            }
        }
    }

    fn run_and_verify(
        &mut self,
        action: &Action,
        leave: Proceed,
        verification: Option<(&Action, Proceed)>,
        attendance: &Attendance,
    ) -> Result<Went, CommandError> {
        let (running, end) = self.execute(action, leave, self.limit, attendance)?;
        self.tell(&end);
        let (failed, unused) = match verification {
            None => (None, None),
            Some((check, leave)) if end.succeeded() => {
                let failed = self.verify(&running, check, leave, attendance)?;
                (failed.map(|why| format!("verification failed: {why}")), None)
            }
            Some((_, leave)) => (None, Some(leave)),
        };
        self.end(&running, &end, failed.as_deref())?;
        if let Some(leave) = unused {
            let why = end.error().unwrap_or_default();
            let _ = self.gate.give_back(leave, &format!("there is nothing to verify: {why}"))?;
        }
        if let Some(why) = &failed {
            self.console.error(&CommandError::new(ExitStatus::No, why.as_str()));
        }
        let status = match &end.how {
            _ if failed.is_some() => ExitStatus::Ran(1),
            _ => ExitStatus::Ran(end.status()),
        };
        let has_failed = failed.is_some() || !end.succeeded() && end.is_known();
        Ok(Went { status, is_to_undo: has_failed && end.was_started() })
    }

    /// Runs what verifies a command that succeeded, and records how that came out. What is given is why it
    /// failed.
    fn verify(
        &mut self,
        running: &Running,
        check: &Action,
        leave: Proceed,
        attendance: &Attendance,
    ) -> Result<Option<String>, CommandError> {
        let (checking, end) = self.execute(check, leave, self.limit, attendance)?;
        self.end(&checking, &end, None)?;
        let error = end.error();
        let duration_ms = end.duration_ms();
        let _ = self
            .gate
            .verified(running, Check { passed: end.succeeded(), error: error.as_deref(), duration_ms })?;
        Ok(error)
    }

    /// Runs what undoes a command, if that is allowed. The status stays that of the failure.
    fn undo(&mut self, wanted: &Wanted, attendance: &Attendance) -> Result<(), CommandError> {
        let Some(action) = wanted.rollback()? else { return Ok(()) };
        let Some(leave) = self.leave_for(&action)? else {
            self.console.caution("nothing was rolled back", "look at what the command has left behind");
            return Ok(());
        };
        let (running, end) = self.execute(&action, leave, self.limit, attendance)?;
        self.tell(&end);
        self.end(&running, &end, None)?;
        if let Some(why) = end.error() {
            let error = CommandError::new(ExitStatus::No, format!("the rollback failed: {why}"));
            self.console.error(&error.help("look at what the command has left behind"));
        }
        Ok(())
    }

    /// Records that a command begins, and runs it to its end.
    fn execute(
        &mut self,
        action: &Action,
        leave: Proceed,
        limit: Option<Duration>,
        attendance: &Attendance,
    ) -> Result<(Running, CommandEnd), CommandError> {
        let running = self.gate.start(&leave)?;
        let options = ExecuteOptions { limit, attendance: Some(attendance), stop: None };
        Ok((running, execute(action, leave, options)))
    }

    /// Records how a command ended; `failed` is why it did although its own status is good.
    fn end(&mut self, running: &Running, end: &CommandEnd, failed: Option<&str>) -> Result<(), CommandError> {
        let error = failed.map(str::to_owned).or_else(|| end.error());
        let status = match &end.how {
            HowItEnded::Unknown(_) => EndStatus::Unknown,
            _ if error.is_none() => EndStatus::Success,
            _ => EndStatus::Failed,
        };
        let ending = Ending { status, error: error.as_deref(), duration_ms: end.duration_ms() };
        let _ = self.gate.end(running, ending)?;
        Ok(())
    }

    /// Says what the command could not say itself.
    fn tell(&self, end: &CommandEnd) {
        let message = end.error().unwrap_or_default();
        match &end.how {
            HowItEnded::NotStarted(error) => {
                let help = error.help().map(str::to_owned);
                self.console.error(&CommandError { status: ExitStatus::Failed, message, help });
            }
            HowItEnded::TimedOut { .. } | HowItEnded::Unknown(_) => {
                self.console.error(&CommandError::new(ExitStatus::Failed, format!("the command {message}")));
            }
            _ if end.changed.is_some() => {
                let error = CommandError::new(ExitStatus::Failed, format!("the command: {message}"));
                self.console.error(&error.help(
                    "`--sealed` runs a script from a copy that nobody can change; a script that rewrites itself \
                     needs that, too",
                ));
            }
            _ => {}
        }
    }
}
