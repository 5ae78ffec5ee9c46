//! The question: drawn, read with a person's eyes, answered.

use std::time::{Duration, Instant};

use super::challenge::Word;
use super::injection;
use super::keys::{Key, Keys};
use super::no_answer::NoAnswer;
use super::options::TerminalOptions;
use super::reading::{Reading, Said};
use super::reply::Ended;
use super::screen::{self, Size};
use super::session::Session;
use super::sheet::{Look, Sheet};
use super::signals::{Interruption, Signals};

/// How long a question stands before an answer can be one: what is typed within it was on its way to
/// something else.
const FIRST_MOMENT: Duration = Duration::from_millis(500);

/// What lays a question out for a screen, with the word that may be asked for.
pub(super) type LayOut<'a> = dyn Fn(Look, Word) -> Result<Sheet, NoAnswer> + 'a;

/// A question at a terminal.
pub(super) struct Question<'a> {
    pub(super) lay_out: &'a LayOut<'a>,
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
        let sheet = self.sheet(size, word)?;
        session.enter(self.signals, self.deadline)?;
        let mut reading = Reading::new();
        self.draw(session, &sheet, &reading)?;
        session.write(screen::ASK_SIZE, self.signals, self.deadline)?;
        let mut keys = Keys::default();
        let sheet = self.first_moment(session, sheet, &mut reading, &mut keys)?;
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
                            self.draw(session, &sheet, &reading)?;
                        }
                        reading.take(key, &sheet)
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
                        self.draw(session, &sheet, &reading)?;
                        is_drawn = true;
                    }
                    Said::Nothing => {}
                }
            }
            if !is_drawn {
                self.draw(session, &sheet, &reading)?;
            }
        }
    }

    /// Lets the first moment pass, in which nothing counts but what the terminal says of its size: then the
    /// question is laid out for that, and the moment begins anew.
    fn first_moment(
        &self,
        session: &mut Session,
        mut sheet: Sheet,
        reading: &mut Reading,
        keys: &mut Keys,
    ) -> Result<Sheet, Ended> {
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
                        if size != sheet.size() {
                            let word = sheet.word().clone();
                            sheet = self.sheet(size, word)?;
                            self.draw(session, &sheet, reading)?;
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
        self.draw(session, &sheet, reading)?;
        Ok(sheet)
    }

    fn sheet(&self, size: Size, word: Word) -> Result<Sheet, NoAnswer> {
        let look = Look { size, color: self.options.color, injectable: injection::is_possible() };
        (self.lay_out)(look, word)
    }

    fn draw(&self, session: &mut Session, sheet: &Sheet, reading: &Reading) -> Result<(), Ended> {
        session.write(&screen::drawn(&reading.lines(sheet)), self.signals, self.deadline)
    }

    /// Lets the job be stopped, with the screen as it was, and tells that the question is to be put anew.
    fn suspend(&self, session: &mut Session) -> Ended {
        session.suspend();
        Ended::Interrupted(self.signals.settle().unwrap_or(Interruption::Resumed))
    }
}
