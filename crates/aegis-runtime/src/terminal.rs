//! Asking at the terminal.
//!
//! The controlling terminal is opened by itself, because standard input carries the action and standard
//! output the answer. Whatever goes wrong, the terminal is left as it was found and the answer is not yes.

mod layout;
mod no_answer;
mod prompt;
mod reply;
mod session;
mod signals;

use std::time::{Duration, Instant};

use crate::approval::{Approval, ApprovalRequest, Approver, Unanswered};
use crate::identity::current_user;
use crate::witness::Witness;
use no_answer::NoAnswer;
use prompt::Prompt;
use reply::{Ended, Reply};
use session::Session;
use signals::{Interruption, Signals};

/// How to ask.
#[derive(Clone, Copy, Debug)]
pub struct TerminalOptions {
    /// How long to wait for an answer, and before that for other questions at the same terminal.
    pub timeout: Duration,
    /// Whether to use colour.
    pub color: bool,
}

/// Asks whoever sits at the controlling terminal.
///
/// Yes is only what was typed after the question was there: `y` or `yes` and Enter; for critical risk, the
/// target's name. Enter alone, anything else, the end of input, ^C and ^\ are no. Nobody answered if there is
/// no terminal, the process is in its background, the deadline passes, the terminal goes away, or the process
/// is told to stop.
#[derive(Clone, Debug)]
pub struct TerminalApprover {
    options: TerminalOptions,
}

impl TerminalApprover {
    /// An approver that has not opened the terminal yet.
    #[must_use]
    pub const fn new(options: TerminalOptions) -> TerminalApprover {
        TerminalApprover { options }
    }

    fn reply(&self, request: &ApprovalRequest<'_>) -> Result<Reply, NoAnswer> {
        // A deadline that is too far away to be told is none.
        let deadline = Instant::now().checked_add(self.options.timeout);
        let mut session = Session::open()?;
        session.wait_for_turn(deadline)?;
        let signals = Signals::catch().map_err(|_| NoAnswer::TerminalFailed)?;
        let prompt = Prompt::new(request, self.options.color, session.width());
        let ended = put(&prompt, &mut session, &signals, deadline);
        let reply = match ended {
            Ok(true) => Reply::Yes,
            Ok(false) | Err(Ended::EndOfInput | Ended::Interrupted(Interruption::Keyboard)) => Reply::No,
            Err(Ended::Interrupted(_)) => Reply::Nobody(NoAnswer::HungUp),
            Err(Ended::NoAnswer(why)) => Reply::Nobody(why),
        };
        if matches!(ended, Err(Ended::NoAnswer(NoAnswer::HungUp))) {
            signals.await_hang_up();
        }
        session.restore();
        // A signal that came in after the answer is not lost: it makes the answer a refusal.
        let reply = match signals.release() {
            Some(Interruption::Stop) => Reply::Nobody(NoAnswer::HungUp),
            Some(Interruption::Keyboard) if reply == Reply::Yes => Reply::No,
            _ => reply,
        };
        session.leave(&prompt.conclusion(reply, self.options.timeout));
        Ok(reply)
    }
}

/// Puts the question, and tells whether what was typed is a yes. A process that was stopped and goes on puts
/// it anew.
fn put(
    prompt: &Prompt<'_>,
    session: &mut Session,
    signals: &Signals,
    deadline: Option<Instant>,
) -> Result<bool, Ended> {
    loop {
        match put_once(prompt, session, signals, deadline) {
            Err(Ended::Interrupted(Interruption::Resumed)) => {}
            ended => return ended,
        }
    }
}

fn put_once(
    prompt: &Prompt<'_>,
    session: &mut Session,
    signals: &Signals,
    deadline: Option<Instant>,
) -> Result<bool, Ended> {
    session.prepare()?;
    session.write(&prompt.description(), signals, deadline)?;
    // From here on, what is typed is an answer; what was typed before was meant for something else.
    session.discard_typed_ahead()?;
    session.write(&prompt.question(), signals, deadline)?;
    let yes = prompt.is_yes(&session.read_line(signals, deadline)?);
    // A yes counts only if it was typed at this question, and nothing came in between.
    match if yes { signals.settle() } else { None } {
        Some(interruption) => Err(Ended::Interrupted(interruption)),
        None => Ok(yes),
    }
}

impl Approver for TerminalApprover {
    fn absent(&self) -> Option<Unanswered> {
        Session::terminal().err().filter(|why| *why == NoAnswer::NoTerminal).map(Unanswered::from)
    }

    fn ask(&mut self, request: &ApprovalRequest<'_>) -> Approval {
        match self.reply(request) {
            Ok(Reply::Yes) => request.approve(Witness::terminal(current_user())),
            Ok(Reply::No) => request.deny(Witness::terminal(current_user()), None),
            Ok(Reply::Nobody(why)) | Err(why) => request.nobody(why.into()),
        }
    }
}
