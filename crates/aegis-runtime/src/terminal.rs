//! Asking at the terminal.
//!
//! The controlling terminal is opened by itself, because standard input carries the action and standard
//! output the answer. Whatever goes wrong, the terminal is left as it was found and the answer is not yes.

mod blanks;
mod challenge;
mod injection;
mod keys;
mod layout;
mod no_answer;
mod options;
mod prompt;
mod question;
mod reading;
mod reply;
mod screen;
mod session;
mod signals;

use std::time::Instant;

use crate::approval::{Approval, ApprovalRequest, Approver, Unanswered};
use crate::identity::current_user;
use crate::witness::Witness;
use no_answer::NoAnswer;
pub use options::TerminalOptions;
use prompt::Prompt;
use question::Question;
use reply::{Ended, Reply};
use screen::Size;
use session::Session;
use signals::{Interruption, Signals};

/// Asks whoever sits at the controlling terminal.
///
/// The terminal is brought into a known state, and has nothing on its screen but the question. Yes is only
/// what was typed after the question stood there for half a second: `y` or `yes` and Enter; for high and
/// critical risk, a short random word that stands on the screen. Where not all of the action fits on the
/// screen, a `y` counts once all of its pages were shown. Enter alone, anything else, the end of input, ^C
/// and ^\ are no. Nobody answered if there is no terminal, the process is in its background, the deadline
/// passes, the terminal goes away or is smaller than 40 columns and 10 lines, or the process is told to stop.
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
        let mut session = Session::open(self.options.alternate_screen)?;
        session.wait_for_turn(deadline)?;
        let signals = Signals::catch().map_err(|_| NoAnswer::TerminalFailed)?;
        let question = Question { request, options: self.options, signals: &signals, deadline };
        let ended = question.put(&mut session);
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
        let columns = session.size().unwrap_or(Size::ASSUMED).columns;
        session.leave(&Prompt::conclusion(request, reply, &self.options, columns));
        Ok(reply)
    }
}

impl Approver for TerminalApprover {
    fn absent(&self) -> Option<Unanswered> {
        Session::terminal().err().filter(|why| *why == NoAnswer::NoTerminal).map(Unanswered::from)
    }

    fn ask(&mut self, request: &ApprovalRequest<'_>) -> Approval {
        match self.reply(request) {
            Ok(Reply::Yes) => request.approve(Witness::terminal(current_user(), injection::is_possible())),
            Ok(Reply::No) => request.deny(Witness::terminal(current_user(), injection::is_possible()), None),
            Ok(Reply::Nobody(why)) | Err(why) => request.nobody(why.into()),
        }
    }
}
