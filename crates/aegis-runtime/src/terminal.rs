//! Asking at the terminal.
//!
//! The controlling terminal is opened by itself, because standard input carries the action and standard
//! output the answer. Whatever goes wrong, the terminal is left as it was found and the answer is not yes.

mod answers;
mod asking;
mod blanks;
mod canvas;
mod challenge;
mod confirmation;
mod glyphs;
mod help;
mod injection;
mod keys;
mod layout;
mod look;
mod no_answer;
mod options;
mod passphrase;
mod prompt;
mod question;
mod reading;
mod reason;
mod reply;
mod scene;
mod screen;
mod session;
mod sheet;
mod shown;
mod signals;

mod waiting;

use std::cell::Cell;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Weak};

use crate::approval::{Approval, ApprovalRequest, Approver, Hold, Unanswered};
use crate::identity::current_user;
use crate::witness::Witness;
use answers::Answer;
use asking::Asking;
pub use confirmation::{Confirmation, Confirmed, confirm};
use look::Look;
use no_answer::NoAnswer;
pub use options::TerminalOptions;
pub(crate) use passphrase::ask_passphrase;
use prompt::Prompt;
pub(crate) use prompt::Subject;
use reply::{Replied, Reply};
use session::Session;
use signals::Signals;
pub use waiting::Wish;
pub(crate) use waiting::{Typed, ask_about};

/// Asks whoever sits at the controlling terminal.
///
/// The terminal is brought into a known state, and has nothing on its screen but the question. Yes is only
/// what was typed after the question stood there for half a second: `y` or `yes` and Enter; for high and
/// critical risk, a short random word that stands on the screen, for which there are three tries. Where not
/// all of the action fits on the screen, a `y` counts once all of its pages were shown. Where the rule
/// offers a grant, `grant` (before the word, where one is wanted) is a yes that gives it. Enter alone,
/// anything else, the end of input, ^C and ^\ are no; whoever typed a no is asked why, and may say nothing.
///
/// Nobody is [there](Approver::absent) if there is no terminal, the process is in its background, or the
/// kernel says that the terminal is gone or is smaller than 40 columns and 10 lines. Nobody answered if the
/// deadline passes, the terminal goes away or gets that small while it is asked at, or the process is told to
/// stop.
#[derive(Clone, Debug)]
pub struct TerminalApprover {
    options: TerminalOptions,
    /// What catches signals, while somebody [holds](Approver::hold) them.
    held: Weak<Signals>,
    /// Set when whoever asks does not want to know any more.
    given_up: Option<Arc<AtomicBool>>,
}

impl TerminalApprover {
    /// An approver that has not opened the terminal yet.
    #[must_use]
    pub const fn new(options: TerminalOptions) -> TerminalApprover {
        TerminalApprover { options, held: Weak::new(), given_up: None }
    }

    /// Asks only as long as this is not set: a question that stands then ends within a tenth of a second,
    /// unanswered, and the terminal is as it was found.
    #[must_use]
    pub fn until(self, given_up: Arc<AtomicBool>) -> TerminalApprover {
        TerminalApprover { given_up: Some(given_up), ..self }
    }

    /// What catches signals: what does already, on behalf of those who wait for the record, or a new one.
    fn signals(&self) -> Result<Arc<Signals>, NoAnswer> {
        match self.held.upgrade() {
            Some(signals) => Ok(signals),
            None => Signals::catch(self.given_up.clone()).map(Arc::new).map_err(|_| NoAnswer::TerminalFailed),
        }
    }

    /// The reply, and whether a neighbour could have typed it.
    fn reply(&self, request: &ApprovalRequest<'_>) -> Result<(Replied, bool), NoAnswer> {
        let signals = self.signals()?;
        // What the last of its screens asked for. Nobody who cannot see it knows the word.
        let injectable = Cell::new(true);
        let lay_out = |look: Look, word| {
            injectable.set(look.injectable && !Prompt::needs_word(request, look));
            Prompt::sheet(request, look, word)
        };
        let (options, why_after) = (self.options, Some(Answer::No));
        let asking = Asking { options, signals: &signals, lay_out: &lay_out, why_after };
        let reply =
            asking.ask(|reply, columns| Some(Prompt::conclusion(request, reply, &self.options, columns)))?;
        Ok((reply, injectable.get()))
    }
}

impl Approver for TerminalApprover {
    fn absent(&self) -> Option<Unanswered> {
        match Session::look_at_terminal() {
            // Whatever else is wrong with the terminal, somebody sits there and finds out what was asked.
            Ok(()) | Err(NoAnswer::TerminalFailed) => None,
            Err(why) => Some(why.into()),
        }
    }

    fn hold(&mut self) -> Hold {
        Hold::caught(self.signals(), &mut self.held)
    }

    fn ask(&mut self, request: &ApprovalRequest<'_>) -> Approval {
        match self.reply(request) {
            Ok((Replied { reply: Reply::Answered(Answer::Yes), .. }, injectable)) => {
                request.approve(Witness::terminal(current_user(), injectable))
            }
            Ok((Replied { reply: Reply::Answered(Answer::Grant), .. }, injectable)) => {
                let by = Witness::terminal(current_user(), injectable);
                // It is among the answers only where there is one to give.
                match request.grantable() {
                    Some(grantable) => grantable.approve(by),
                    None => request.approve(by),
                }
            }
            // A no is typed by whoever types anything.
            Ok((Replied { reply: Reply::Answered(Answer::No), note }, _)) => {
                request.deny(Witness::terminal(current_user(), injection::is_possible()), note)
            }
            Ok((Replied { reply: Reply::Nobody(why), .. }, _)) | Err(why) => request.nobody(why.into()),
        }
    }
}
