//! How a question is asked from its first moment to the last: whose turn it is, what came of it, and the
//! terminal as it was found.

use std::time::Instant;

use super::no_answer::NoAnswer;
use super::options::TerminalOptions;
use super::question::{LayOut, Question};
use super::reply::{Ended, Reply};
use super::screen::Size;
use super::session::Session;
use super::signals::{Interruption, Signals, one_question};

/// Somebody is to be asked.
pub(super) struct Asking<'a> {
    pub(super) options: TerminalOptions,
    pub(super) signals: &'a Signals,
    pub(super) lay_out: &'a LayOut<'a>,
}

impl Asking<'_> {
    /// Asks, and leaves the line behind that `conclusion` makes of the reply, for so many columns.
    ///
    /// # Errors
    /// Where the question never came to the screen.
    pub(super) fn ask(
        &self,
        conclusion: impl FnOnce(Reply, usize) -> Option<String>,
    ) -> Result<Reply, NoAnswer> {
        let Asking { options, signals, lay_out } = *self;
        let _one = one_question();
        // A deadline that is too far away to be told is none.
        let deadline = Instant::now().checked_add(options.timeout);
        let mut session = Session::open(options.alternate_screen)?;
        session.wait_for_turn(signals, deadline)?;
        let question = Question { lay_out, options, signals, deadline };
        let ended = question.put(&mut session);
        let reply = match ended {
            Ok(true) => Reply::Yes,
            Ok(false) | Err(Ended::EndOfInput | Ended::Interrupted(Interruption::Keyboard)) => Reply::No,
            Err(Ended::Interrupted(Interruption::Stopped)) => Reply::Nobody(NoAnswer::Stopped),
            Err(Ended::Interrupted(_)) => Reply::Nobody(NoAnswer::HungUp),
            Err(Ended::NoAnswer(why)) => Reply::Nobody(why),
        };
        if matches!(ended, Err(Ended::NoAnswer(NoAnswer::HungUp))) {
            signals.await_hang_up();
        }
        session.restore();
        // A signal that came in after the answer is not lost: it makes the answer a refusal.
        let reply = match signals.received() {
            Some(Interruption::Stopped) => Reply::Nobody(NoAnswer::Stopped),
            Some(Interruption::HungUp) => Reply::Nobody(NoAnswer::HungUp),
            Some(Interruption::Keyboard) if reply == Reply::Yes => Reply::No,
            _ => reply,
        };
        let columns = session.size().unwrap_or(Size::ASSUMED).columns;
        if let Some(line) = conclusion(reply, columns) {
            session.leave(&line);
        }
        Ok(reply)
    }
}
