//! The question: drawn, read with a person's eyes, answered.

use std::time::{Duration, Instant};

use super::challenge::Word;
use super::injection;
use super::keys::{Key, Keys};
use super::no_answer::NoAnswer;
use super::options::TerminalOptions;
use super::prompt::{Look, Prompt};
use super::reading::{Reading, Said};
use super::reply::Ended;
use super::screen::{self, Size};
use super::session::Session;
use super::signals::{Interruption, Signals};
use crate::approval::ApprovalRequest;

/// How long a question stands before an answer can be one: what is typed within it was on its way to
/// something else.
const FIRST_MOMENT: Duration = Duration::from_millis(500);

/// A question at a terminal.
pub(super) struct Question<'a> {
    pub(super) request: &'a ApprovalRequest<'a>,
    pub(super) options: TerminalOptions,
    pub(super) signals: &'a Signals,
    pub(super) deadline: Option<Instant>,
}

impl Question<'_> {
    /// Puts the question, and tells whether what was typed is a yes. Where the process was stopped and goes
    /// on, or the terminal has got another size, the question is put anew.
    pub(super) fn put(&self, session: &mut Session) -> Result<bool, Ended> {
        loop {
            match self.put_once(session) {
                Err(Ended::Interrupted(Interruption::Resumed | Interruption::Resized)) => {}
                ended => return ended,
            }
        }
    }

    fn put_once(&self, session: &mut Session) -> Result<bool, Ended> {
        session.prepare()?;
        let word = Word::draw().map_err(|_| NoAnswer::NoRandomness)?;
        let told = session.size();
        let size = told.unwrap_or(Size::ASSUMED).within(Size::ASSUMED);
        let prompt = self.prompt(size, &word)?;
        session.enter(self.signals, self.deadline)?;
        let mut reading = Reading::new();
        self.draw(session, &prompt, &reading)?;
        session.write(screen::ASK_SIZE, self.signals, self.deadline)?;
        let mut keys = Keys::default();
        let prompt = self.first_moment(session, prompt, &mut reading, &mut keys)?;
        loop {
            let mut is_drawn = false;
            for byte in session.read(self.signals, self.deadline, None)? {
                is_drawn = false;
                let said = match keys.next(byte) {
                    None => continue,
                    Some(Key::End) => return Err(Ended::EndOfInput),
                    Some(Key::Suspend) => return Err(self.suspend(session)),
                    Some(key) => {
                        if key == Key::Enter {
                            // What is answered is what stands there now, whoever wrote over it meanwhile.
                            self.draw(session, &prompt, &reading)?;
                        }
                        reading.take(key, &prompt)
                    }
                };
                match said {
                    Said::Yes if session.size() != told => {
                        return Err(Ended::Interrupted(Interruption::Resized));
                    }
                    // A yes counts only if it was typed at this question, and nothing came in between.
                    Said::Yes => {
                        return self.signals.settle().map_or(Ok(true), |it| Err(Ended::Interrupted(it)));
                    }
                    Said::No => return Ok(false),
                    Said::Shown => {
                        self.draw(session, &prompt, &reading)?;
                        is_drawn = true;
                    }
                    Said::Nothing => {}
                }
            }
            if !is_drawn {
                self.draw(session, &prompt, &reading)?;
            }
        }
    }

    /// Lets the first moment pass, in which nothing counts but what the terminal says of its size: then the
    /// prompt is laid out for that, and the moment begins anew.
    fn first_moment<'p>(
        &'p self,
        session: &mut Session,
        mut prompt: Prompt<'p>,
        reading: &mut Reading,
        keys: &mut Keys,
    ) -> Result<Prompt<'p>, Ended> {
        let mut over = Instant::now() + FIRST_MOMENT;
        let (mut is_measured, mut was_typed) = (false, false);
        loop {
            let bytes = session.read(self.signals, self.deadline, Some(over))?;
            if bytes.is_empty() {
                break;
            }
            for key in bytes.into_iter().filter_map(|byte| keys.next(byte)) {
                match key {
                    Key::Position(rows, columns) if !is_measured => {
                        is_measured = true;
                        let measured = Size { columns, rows };
                        let size = session.size().map_or(measured, |told| told.within(measured));
                        if size != prompt.size() {
                            let word = prompt.word().clone();
                            prompt = self.prompt(size, &word)?;
                            self.draw(session, &prompt, reading)?;
                            over = Instant::now() + FIRST_MOMENT;
                        }
                    }
                    Key::Position(..) => {}
                    Key::Suspend => return Err(self.suspend(session)),
                    _ => was_typed = true,
                }
            }
        }
        session.discard_typed_ahead()?;
        reading.begin(was_typed);
        self.draw(session, &prompt, reading)?;
        Ok(prompt)
    }

    fn prompt(&self, size: Size, word: &Word) -> Result<Prompt<'_>, NoAnswer> {
        let look = Look { size, color: self.options.color, injectable: injection::is_possible() };
        Prompt::new(self.request, look, word.clone())
    }

    fn draw(&self, session: &mut Session, prompt: &Prompt<'_>, reading: &Reading) -> Result<(), Ended> {
        session.write(&screen::drawn(&reading.lines(prompt)), self.signals, self.deadline)
    }

    /// Lets the job be stopped, with the screen as it was, and tells that the question is to be put anew.
    fn suspend(&self, session: &mut Session) -> Ended {
        session.suspend();
        Ended::Interrupted(self.signals.settle().unwrap_or(Interruption::Resumed))
    }
}
