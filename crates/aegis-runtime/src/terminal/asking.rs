//! How a question is asked from its first moment to the last: whose turn it is, what came of it, and the
//! terminal as it was found.

use std::time::Instant;

use super::answers::Answer;
use super::glyphs::Glyphs;
use super::no_answer::NoAnswer;
use super::options::TerminalOptions;
use super::question::{LayOut, Question, Typed};
use super::reason::WhyNot;
use super::reply::{Ended, Replied, Reply};
use super::screen::Size;
use super::session::Session;
use super::signals::{Interruption, Signals, one_question};

/// What is noted of whoever did not type the word.
const OUT_OF_TRIES: &str = "the word on the screen was typed wrong three times";

/// Somebody is to be asked.
pub(super) struct Asking<'a> {
    pub(super) options: TerminalOptions,
    pub(super) signals: &'a Signals,
    pub(super) lay_out: &'a LayOut<'a>,
    /// After which answer, where it was typed, somebody is asked why.
    pub(super) why_after: Option<Answer>,
}

impl Asking<'_> {
    /// Asks, and leaves the line behind that `conclusion` makes of the reply, for so many columns.
    ///
    /// # Errors
    /// Where the question never came to the screen.
    pub(super) fn ask(
        &self,
        conclusion: impl FnOnce(Reply, usize) -> Option<String>,
    ) -> Result<Replied, NoAnswer> {
        let Asking { options, signals, lay_out, why_after } = *self;
        let _one = one_question();
        // A deadline that is too far away to be told is none.
        let deadline = Instant::now().checked_add(options.timeout);
        let mut session = Session::open(!options.plain)?;
        session.wait_for_turn(signals, deadline)?;
        let question = Question { lay_out, options, signals, deadline };
        let ended = question.put(&mut session);
        let mut note = None;
        let reply = match ended {
            Ok(Typed::Answer(answer)) => Reply::Answered(answer),
            Ok(Typed::OutOfTries) => {
                note = Some(OUT_OF_TRIES.to_owned());
                Reply::Answered(Answer::No)
            }
            Err(Ended::EndOfInput | Ended::Interrupted(Interruption::Keyboard)) => {
                Reply::Answered(Answer::No)
            }
            Err(Ended::Interrupted(Interruption::Stopped)) => Reply::Nobody(signals.why_stopped()),
            Err(Ended::Interrupted(_)) => Reply::Nobody(NoAnswer::HungUp),
            Err(Ended::NoAnswer(why)) => Reply::Nobody(why),
        };
        let is_said = matches!(ended, Ok(Typed::Answer(answer)) if why_after == Some(answer));
        if is_said {
            let (color, glyphs) =
                (options.color && !options.plain, Glyphs { plain: options.plain, ascii: options.ascii });
            note = WhyNot { signals, deadline, color, glyphs }.ask(&mut session);
        }
        if ended.is_err_and(Ended::is_hang_up) {
            signals.await_hang_up();
        }
        session.restore();
        // A signal that came in after a yes is not lost: it makes the answer a refusal. A no stands.
        let reply = match (signals.received(), reply) {
            (_, Reply::Answered(Answer::No)) => reply,
            // So does whatever was typed before somebody was asked why.
            (_, _) if is_said => reply,
            (Some(Interruption::Stopped), _) => Reply::Nobody(signals.why_stopped()),
            (Some(Interruption::HungUp), _) => Reply::Nobody(NoAnswer::HungUp),
            (Some(Interruption::Keyboard), Reply::Answered(_)) => Reply::Answered(Answer::No),
            _ => reply,
        };
        let columns = session.size().unwrap_or(Size::ASSUMED).columns;
        if let Some(line) = conclusion(reply, columns) {
            session.leave(&line);
        }
        Ok(Replied { reply, note })
    }
}

#[cfg(test)]
mod tests;
