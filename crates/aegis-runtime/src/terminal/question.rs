//! The question: drawn, read with a person's eyes, answered.

use std::time::{Duration, Instant};

use super::answers::Answer;
use super::canvas::Canvas;
use super::challenge::Word;
use super::glyphs::Glyphs;
use super::injection;
use super::keys::{Key, Keys};
use super::look::Look;
use super::no_answer::NoAnswer;
use super::options::TerminalOptions;
use super::reading::{Reading, Said};
use super::reply::Ended;
use super::screen::Size;
use super::session::Session;
use super::sheet::Sheet;
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

/// What was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Typed {
    Answer(Answer),
    /// The word was wanted, and typed wrong too often.
    OutOfTries,
}

/// One time that the question is put.
struct Put {
    sheet: Sheet,
    reading: Reading,
    keys: Keys,
    canvas: Canvas,
}

impl Question<'_> {
    /// Puts the question, and tells what was typed. Where the process was stopped and goes on, or the
    /// terminal has got another size, the question is put anew.
    pub(super) fn put(&self, session: &mut Session) -> Result<Typed, Ended> {
        let mut wrong = 0;
        loop {
            match self.put_once(session, &mut wrong) {
                Err(Ended::Interrupted(Interruption::Resumed | Interruption::Resized)) => {}
                ended => return ended,
            }
        }
    }

    fn put_once(&self, session: &mut Session, wrong: &mut u8) -> Result<Typed, Ended> {
        session.prepare()?;
        let word = Word::draw().map_err(|_| NoAnswer::NoRandomness)?;
        let told = session.size();
        let size = told.unwrap_or(Size::ASSUMED).within(self.most());
        let mut put = Put {
            sheet: self.sheet(size, word)?,
            reading: Reading::new(*wrong),
            keys: Keys::default(),
            canvas: Canvas::new(
                self.options.plain,
                told.unwrap_or(Size::ASSUMED).rows.max(Size::ASSUMED.rows),
            ),
        };
        session.enter(self.signals, self.deadline)?;
        self.draw(session, &mut put)?;
        self.first_moment(session, &mut put)?;
        loop {
            let tick = put.canvas.next_tick(self.left()).and_then(|next| Instant::now().checked_add(next));
            let bytes = session.read(self.signals, self.deadline, tick)?;
            if bytes.is_empty() {
                let scene = put.reading.scene(&put.sheet, self.left());
                session.write(&put.canvas.tick(&scene), self.signals, self.deadline)?;
                continue;
            }
            let mut is_drawn = false;
            for byte in bytes {
                is_drawn = false;
                let said = match put.keys.next(byte) {
                    None => continue,
                    Some(Key::End) => return Err(Ended::EndOfInput),
                    Some(Key::Suspend) => return Err(self.suspend(session)),
                    Some(key) => {
                        if key == Key::Enter {
                            // What is answered is what stands there now, whoever wrote over it meanwhile.
                            self.draw(session, &mut put)?;
                        }
                        put.reading.take(key, &put.sheet)
                    }
                };
                *wrong = put.reading.wrong();
                match said {
                    Said::Answer(Answer::No) => return Ok(Typed::Answer(Answer::No)),
                    Said::Answer(_) if session.size() != told => {
                        return Err(Ended::Interrupted(Interruption::Resized));
                    }
                    // A yes counts only if it was typed at this question, and nothing came in between.
                    Said::Answer(answer) => {
                        let settled = self.signals.settle();
                        return settled.map_or(Ok(Typed::Answer(answer)), |it| Err(Ended::Interrupted(it)));
                    }
                    Said::OutOfTries => return Ok(Typed::OutOfTries),
                    Said::Shown => {
                        // What was typed before it is seen was not meant for it.
                        session.discard_typed_ahead()?;
                        self.draw(session, &mut put)?;
                        is_drawn = true;
                        break;
                    }
                    Said::Nothing => {}
                }
            }
            if !is_drawn {
                self.draw(session, &mut put)?;
            }
        }
    }

    /// Lets the first moment pass, in which nothing counts but what the terminal says of its size: then the
    /// question is laid out for that, and the moment begins anew.
    fn first_moment(&self, session: &mut Session, put: &mut Put) -> Result<(), Ended> {
        let mut over = Instant::now() + FIRST_MOMENT;
        let (mut is_measured, mut was_typed) = (false, false);
        loop {
            let bytes = session.read(self.signals, self.deadline, Some(over))?;
            if bytes.is_empty() {
                break;
            }
            for byte in bytes {
                match put.keys.next(byte) {
                    Some(Key::Position(rows, columns)) if !is_measured => {
                        is_measured = true;
                        if self.measure(session, put, Size { columns, rows })? {
                            over = Instant::now() + FIRST_MOMENT;
                        }
                    }
                    None | Some(Key::Position(..)) => {}
                    Some(Key::Suspend) => return Err(self.suspend(session)),
                    Some(_) => was_typed = true,
                }
            }
        }
        session.discard_typed_ahead()?;
        put.reading.begin(was_typed);
        self.draw(session, put)
    }

    /// Takes what the terminal says of its cursor, and tells whether the question was laid out anew.
    fn measure(&self, session: &mut Session, put: &mut Put, at: Size) -> Result<bool, Ended> {
        if let Some(expected) = put.canvas.expected_column() {
            // A line that does not hold together goes on at the left edge, where ours begin.
            return if at.columns == expected { Ok(false) } else { Err(NoAnswer::TooSmall.into()) };
        }
        let size = session.size().map_or(at, |told| told.within(at));
        if size == put.sheet.size() {
            return Ok(false);
        }
        let word = put.sheet.word().clone();
        put.sheet = self.sheet(size, word)?;
        self.draw(session, put)?;
        Ok(true)
    }

    /// The most of a terminal that is used before it has said itself how large it is. In plain lines, no more
    /// is ever used than the narrowest has.
    const fn most(&self) -> Size {
        if self.options.plain {
            Size { columns: Size::SMALLEST.columns, rows: Size::ASSUMED.rows }
        } else {
            Size::ASSUMED
        }
    }

    fn sheet(&self, size: Size, word: Word) -> Result<Sheet, NoAnswer> {
        let TerminalOptions { plain, ascii, color, .. } = self.options;
        let glyphs = Glyphs { plain, ascii };
        let look = Look { size, color: color && !plain, glyphs, injectable: injection::is_possible() };
        (self.lay_out)(look, word)
    }

    /// How much time is left.
    fn left(&self) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    fn draw(&self, session: &mut Session, put: &mut Put) -> Result<(), Ended> {
        let scene = put.reading.scene(&put.sheet, self.left());
        session.write(&put.canvas.draw(&scene), self.signals, self.deadline)
    }

    /// Lets the job be stopped, with the screen as it was, and tells that the question is to be put anew.
    fn suspend(&self, session: &mut Session) -> Ended {
        session.suspend();
        Ended::Interrupted(self.signals.settle().unwrap_or(Interruption::Resumed))
    }
}
