//! What becomes of a question that nobody answers here and now: somebody is told of it, and its answer may be
//! waited for.

use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use aegis_audit::sqlite::TrailReader;
use aegis_engine::{Action, escape};
use aegis_ledger::event::PathSource;
use aegis_runtime::{
    Answered, ENDING_SIGNALS, Gate, Outcome, RecordedQuestion, ReplyWait, ReplyWaitError, WaitingQuestion,
    wait_for_reply,
};
use chrono::SecondsFormat;
use clap::Args;
use signal_hook::flag;

use crate::commands::approvals::question_json;
use crate::console::stdout;
use crate::effective_settings::Settings;
use crate::error::CommandError;
use crate::notification::{Notification, Notified, parse_notification};

/// What to do with a question that nobody answers here and now.
#[derive(Debug, Args)]
pub(crate) struct WaitArgs {
    /// Where nobody can be asked here and now: wait so long for an answer by `aegis approve` or `aegis deny`,
    /// and go on as if it had been given at the prompt
    #[arg(long, value_name = "DURATION", conflicts_with = "dry_run", value_parser = humantime::parse_duration)]
    wait: Option<Duration>,
    /// A command to run when a question is left to wait, without a shell: the question comes as JSON by its
    /// standard input, and whatever it does is no answer
    #[arg(long, value_name = "CMD", conflicts_with = "dry_run", value_parser = parse_notification)]
    notify: Option<Notification>,
}

impl WaitArgs {
    /// Whether an answer is waited for.
    pub(crate) const fn waits(&self) -> bool {
        self.wait.is_some()
    }
}

/// How questions that wait are dealt with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waiting<'a> {
    pub(crate) args: &'a WaitArgs,
    /// Whether a person is told of the question; to a program, the answer tells it.
    pub(crate) is_told: bool,
    pub(crate) settings: &'a Settings,
}

/// What came of waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waited {
    /// The question does not wait any more, so that asking again is of use.
    Answered,
    /// It is over: the time, the question, or this process.
    InVain,
}

impl Waiting<'_> {
    /// Asks the gate, and asks it again once a question that waited is answered: whatever the answer was, it
    /// is the gate that uses it.
    ///
    /// # Errors
    /// When the log cannot be read or written.
    pub(crate) fn answer(&self, gate: &mut Gate, action: &Action) -> Result<Outcome, CommandError> {
        let begun = Instant::now();
        let mut outcome = gate.answer(action)?;
        let mut told_of = None;
        loop {
            let Some(question) = outcome.answered().waiting().cloned() else { return Ok(outcome) };
            let notified = self.notify(outcome.answered());
            if told_of.as_ref() != Some(&question.id) {
                self.tell(&question);
                told_of = Some(question.id.clone());
            }
            let waited = match self.args.wait {
                Some(wait) => self.wait_for(&question, begun, wait)?,
                None => Waited::InVain,
            };
            if let Some(notified) = notified {
                notified.see_out();
            }
            if waited == Waited::InVain {
                self.tell_in_vain(begun);
                return Ok(outcome);
            }
            outcome = gate.answer(action)?;
        }
    }

    /// Tells of the question about one of several actions, if one waits.
    pub(crate) fn announce(&self, answered: &Answered) {
        if let Some(question) = answered.waiting() {
            let notified = self.notify(answered);
            self.tell(question);
            if let Some(notified) = notified {
                notified.see_out();
            }
        }
    }

    /// Starts the command that is told of a question, where that is a new one.
    fn notify(&self, answered: &Answered) -> Option<Notified> {
        let question = answered.waiting().filter(|question| question.id == answered.action_id())?;
        let notification = self.args.notify.as_ref()?;
        Some(notification.send(self.json(question).unwrap_or_default()))
    }

    /// Tells a person which question waits, and how to answer it: whoever does not hear of it cannot answer.
    fn tell(&self, question: &WaitingQuestion) {
        if !self.is_told && self.args.wait.is_none() {
            return;
        }
        let id = escape(&question.id);
        let until = question.expires_at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let log = self.log();
        self.settings.console.notice(format!("the question waits until {until}: aegis approve {id}{log}"));
    }

    /// Tells that the time to wait is over, where it is: what is recorded says why nobody was asked at once.
    fn tell_in_vain(&self, begun: Instant) {
        if let Some(wait) = self.args.wait.filter(|wait| begun.elapsed() >= *wait) {
            let wait = humantime::format_duration(wait);
            self.settings.console.notice(format!("nobody answered within {wait}"));
        }
    }

    /// How an approver names the log on the command line.
    fn log(&self) -> String {
        if self.settings.db_source == PathSource::Default {
            return String::new();
        }
        let path = self.settings.db.to_string_lossy();
        let quoted = shell_words::quote(&path);
        // What would not be typed as it is shown is left to whoever knows it.
        if escape(&quoted) == quoted { format!(" --db {quoted}") } else { String::new() }
    }

    fn json(&self, question: &WaitingQuestion) -> Option<String> {
        let reader = TrailReader::open(&self.settings.db).ok()?;
        let recorded = RecordedQuestion::read(&reader, &question.id).ok()?;
        Some(question_json(&recorded, aegis_audit::now()))
    }

    /// Waits until a question is answered, or nothing can come of it any more.
    fn wait_for(
        &self,
        question: &WaitingQuestion,
        begun: Instant,
        wait: Duration,
    ) -> Result<Waited, CommandError> {
        let (stop, output) = (Stop::begin(), stdout());
        let wait = ReplyWait {
            since: begun,
            longest: wait,
            output: Some(output.as_fd()),
            is_stopped: &|| stop.was_told(),
        };
        match wait_for_reply(&self.settings.db, &question.id, wait) {
            Ok(true) => Ok(Waited::Answered),
            Ok(false) => Ok(Waited::InVain),
            Err(ReplyWaitError::Trail(error)) => Err(error.into()),
            Err(error) => Err(CommandError::input(error.to_string())),
        }
    }
}

/// While this lives, being told to stop ends the wait and not the process, as where nobody answers.
/// Afterwards it ends the process, as it did before.
struct Stop {
    told: Arc<AtomicBool>,
    over: Arc<AtomicBool>,
}

impl Stop {
    fn begin() -> Stop {
        let stop = Stop { told: Arc::default(), over: Arc::default() };
        for signal in ENDING_SIGNALS {
            // One that cannot be caught ends the process, and the question stays as well.
            let _ = flag::register_conditional_default(signal, Arc::clone(&stop.over));
            let _ = flag::register(signal, Arc::clone(&stop.told));
        }
        stop
    }

    fn was_told(&self) -> bool {
        self.told.load(Ordering::SeqCst)
    }
}

impl Drop for Stop {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
    }
}
