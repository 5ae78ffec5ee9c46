//! Why not: asked for once somebody has said no. Whatever comes of it, the no stands.

use std::time::{Duration, Instant};

use super::canvas::Canvas;
use super::glyphs::Glyphs;
use super::keys::{Key, Keys, Line};
use super::layout::Lines;
use super::look::{BOLD, PLAIN};
use super::reply::Ended;
use super::scene::Scene;
use super::screen::Size;
use super::session::Session;
use super::signals::{Interruption, Signals};

/// The longest reason, in bytes.
const LONGEST_REASON: usize = 240;
/// How long somebody may take for it. Whoever asked waits for an answer that is given already.
const TIME: Duration = Duration::from_secs(60);

/// Somebody has said no, and may say why.
pub(super) struct WhyNot<'a> {
    pub(super) signals: &'a Signals,
    pub(super) deadline: Option<Instant>,
    pub(super) color: bool,
    pub(super) glyphs: Glyphs,
}

impl WhyNot<'_> {
    /// Asks why. `None` where nothing is said, or the question ends in another way.
    pub(super) fn ask(&self, session: &mut Session) -> Option<String> {
        let deadline = [self.deadline, Instant::now().checked_add(TIME)].into_iter().flatten().min();
        // What was typed ahead is no reason.
        session.discard_typed_ahead().ok()?;
        let mut line = Line::of(LONGEST_REASON);
        loop {
            match self.read(session, &mut line, deadline) {
                Ok(reason) => return reason,
                Err(Ended::Interrupted(Interruption::Resumed | Interruption::Resized)) => {
                    session.prepare().ok()?;
                }
                Err(ended) => {
                    if ended.is_hang_up() {
                        self.signals.await_hang_up();
                    }
                    return None;
                }
            }
        }
    }

    fn read(
        &self,
        session: &mut Session,
        line: &mut Line,
        deadline: Option<Instant>,
    ) -> Result<Option<String>, Ended> {
        let size = session.size().unwrap_or(Size::ASSUMED).within(Size::ASSUMED);
        let mut canvas = Canvas::below(self.glyphs.plain);
        let mut keys = Keys::default();
        loop {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            session.write(&canvas.draw(&self.scene(line, size, left)), self.signals, deadline)?;
            let until = canvas.next_tick(left).and_then(|next| Instant::now().checked_add(next));
            for byte in session.read(self.signals, deadline, until)? {
                match keys.next(byte) {
                    Some(Key::Enter) => return Ok(line.full_text()),
                    Some(Key::End) => return Err(Ended::EndOfInput),
                    Some(Key::Byte(byte)) => line.push_text(byte),
                    Some(Key::Erase) => line.erase(),
                    Some(Key::Kill) => line.clear(),
                    // The no was said: stopping here would leave it waiting.
                    Some(Key::Suspend | Key::Position(..)) | None => {}
                }
            }
        }
    }

    fn scene(&self, line: &Line, size: Size, left: Option<Duration>) -> Scene {
        let mut lines = Lines::new(size.columns, self.color, self.glyphs);
        lines.plain("  Aegis: denied", BOLD);
        lines.own("why", PLAIN, "say why in a line, for the agent and for the log; Enter alone says nothing");
        Scene {
            body: lines.into_lines(),
            foot: Vec::new(),
            status: None,
            left,
            question: "Why not?".to_owned(),
            is_open: true,
            has_help: false,
            typed: line.shown(),
            columns: size.columns,
            color: self.color,
        }
    }
}
