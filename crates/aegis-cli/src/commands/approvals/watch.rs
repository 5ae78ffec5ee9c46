//! What waits, as it changes.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::ops::ControlFlow;
use std::os::fd::AsFd as _;
use std::time::Duration;

use aegis_audit::sqlite::TrailReader;
use aegis_audit::{TrailError, Watch, Woken};
use aegis_engine::escape;
use aegis_ledger::question::Standing;
use aegis_present::Format;
use aegis_runtime::{QuestionError, RecordedQuestion};
use chrono::{DateTime, Utc};

use super::list::{is_open, json, table};
use crate::console::{Console, has_alternate_screen, stdout, stdout_width};
use crate::effective_settings::Settings;
use crate::error::CommandError;
use crate::exit::ExitStatus;

/// How long to wait at most before looking anew: times go on while nothing is written.
const ON_A_TERMINAL: Duration = Duration::from_secs(1);
/// The same where only what changes is told, and questions expire.
const ELSEWHERE: Duration = Duration::from_secs(2);
/// What puts the cursor at the top of a terminal and clears what is below it.
const HOME_AND_CLEAR: &str = "\u{1b}[H\u{1b}[J";

/// Shows what waits until nobody reads it any more.
pub(super) fn run(format: Format, settings: &Settings) -> Result<ExitStatus, CommandError> {
    let (watch, console) = (Watch::new(&settings.db)?, settings.console);
    let redraws = format == Format::Text && io::stdout().is_terminal() && has_alternate_screen();
    let mut told = Told { format, known: BTreeMap::new() };
    let longest = if redraws { ON_A_TERMINAL } else { ELSEWHERE };
    let mut is_missing = false;
    loop {
        let now = aegis_audit::now();
        match look(settings, now) {
            Ok(found) => {
                is_missing = false;
                let (before, text) = if redraws {
                    (HOME_AND_CLEAR, drawn(found, now))
                } else {
                    ("", told.changes(&found, now))
                };
                if write(before, &text, console)?.is_break() {
                    return Ok(ExitStatus::Success);
                }
            }
            Err(Look::Absent) if !is_missing => {
                is_missing = true;
                let path = escape(&settings.db.to_string_lossy());
                console.note(format!("there is no audit log at `{path}`; waiting for one"));
            }
            // Others hold it, or wrote to it while it was read without a lock: there is another try.
            Err(Look::Absent | Look::Busy) => {}
            Err(Look::Failed(error)) => return Err(error),
        }
        let woken = watch
            .wait(longest, stdout().as_fd())
            .map_err(|error| CommandError::input(format!("cannot wait for the audit log: {error}")))?;
        if woken == Woken::OutputClosed {
            return Ok(ExitStatus::Success);
        }
    }
}

/// Why there was nothing to be seen.
enum Look {
    Absent,
    Busy,
    Failed(CommandError),
}

/// The questions that matter at an instant.
fn look(settings: &Settings, now: DateTime<Utc>) -> Result<Vec<RecordedQuestion>, Look> {
    let of_trail = |error: TrailError| match error {
        TrailError::NotFound { .. } | TrailError::NotALog { .. } => Look::Absent,
        TrailError::Locked { .. } | TrailError::Changed { .. } => Look::Busy,
        error => Look::Failed(error.into()),
    };
    let reader = TrailReader::open(&settings.db).map_err(of_trail)?;
    RecordedQuestion::all(&reader, now).map_err(|error| match error {
        QuestionError::Trail(error) => of_trail(error),
        error => Look::Failed(error.into()),
    })
}

/// What stands on a screen.
fn drawn(mut found: Vec<RecordedQuestion>, now: DateTime<Utc>) -> String {
    found.retain(|question| is_open(question, now));
    let table = if found.is_empty() {
        "nothing waits for an answer".to_owned()
    } else {
        table(&found, now, stdout_width())
    };
    format!("{table}\n\nas of {}; ^C ends this\n", now.format("%H:%M:%SZ"))
}

/// What was told so far, where nothing can be drawn anew.
struct Told {
    format: Format,
    /// How questions stood, by their ids, and how many replies each had.
    known: BTreeMap<String, (Standing, usize)>,
}

impl Told {
    /// What has changed: questions that have come, have got a reply, or do not wait any more. Of those that
    /// were over before anybody looked, nothing is told.
    fn changes(&mut self, found: &[RecordedQuestion], now: DateTime<Utc>) -> String {
        let (mut lines, mut came) = (String::new(), Vec::new());
        for recorded in found {
            let question = recorded.question();
            let state = (question.standing(now.timestamp_millis()), question.replies().len());
            let before = self.known.insert(question.id().to_owned(), state);
            let is_news = before.map_or_else(|| is_open(recorded, now), |before| before != state);
            match self.format {
                _ if !is_news => {}
                Format::Json => lines.push_str(&(json(recorded, now) + "\n")),
                Format::Text if is_open(recorded, now) => came.push(recorded.clone()),
                Format::Text => {
                    let _ = writeln!(lines, "{}  {}", escape(question.id()), state.0.as_str());
                }
            }
        }
        // What does not matter any more is forgotten.
        self.known.retain(|id, _| found.iter().any(|recorded| recorded.question().id() == id));
        if !came.is_empty() {
            lines.push_str(&(table(&came, now, stdout_width()) + "\n"));
        }
        lines
    }
}

/// Writes it, and tells whether anybody still reads. `before` goes to a terminal as it is.
fn write(before: &str, text: &str, console: Console) -> Result<ControlFlow<()>, CommandError> {
    let written = stdout().write_all(before.as_bytes()).and_then(|()| {
        let mut painted = console.stdout();
        painted.write_all(text.as_bytes())?;
        painted.flush()
    });
    match written {
        Ok(()) => Ok(ControlFlow::Continue(())),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ControlFlow::Break(())),
        Err(error) => Err(CommandError::input(format!("cannot write to standard output: {error}"))),
    }
}
