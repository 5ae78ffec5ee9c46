//! What waits, once.

use aegis_audit::sqlite::TrailReader;
use aegis_engine::to_json_line;
use aegis_ledger::question::Standing;
use aegis_present::json::v1::QuestionV1;
use aegis_present::table::render_questions;
use aegis_present::{Asked, Format};
use aegis_runtime::RecordedQuestion;
use chrono::{DateTime, Utc};

use crate::console::stdout_width;
use crate::effective_settings::Settings;
use crate::error::CommandError;
use crate::exit::ExitStatus;

pub(super) fn run(format: Format, settings: &Settings) -> Result<ExitStatus, CommandError> {
    let (console, now) = (settings.console, aegis_audit::now());
    let waiting = waiting(&TrailReader::open(&settings.db)?, now)?;
    if waiting.is_empty() {
        console.note("nothing waits for an answer");
        return Ok(ExitStatus::Success);
    }
    match format {
        Format::Text => console.answer(table(&waiting, now, stdout_width()))?,
        Format::Json => {
            let lines: Vec<_> = waiting.iter().map(|question| json(question, now)).collect();
            console.answer(lines.join("\n"))?;
        }
    }
    Ok(ExitStatus::Success)
}

/// The questions that can be answered at an instant, the oldest first.
fn waiting(reader: &TrailReader, now: DateTime<Utc>) -> Result<Vec<RecordedQuestion>, CommandError> {
    let mut all = RecordedQuestion::all(reader, now)?;
    all.retain(|recorded| is_open(recorded, now));
    Ok(all)
}

/// Whether a question can be answered at an instant.
pub(super) fn is_open(recorded: &RecordedQuestion, now: DateTime<Utc>) -> bool {
    matches!(recorded.question().standing(now.timestamp_millis()), Standing::Open { .. })
}

pub(super) fn table(questions: &[RecordedQuestion], now: DateTime<Utc>, width: Option<usize>) -> String {
    let shown: Vec<_> = questions.iter().map(asked).collect();
    render_questions(&shown, now.timestamp_millis(), width)
}

/// A question as an object on one line.
pub(crate) fn json(question: &RecordedQuestion, now: DateTime<Utc>) -> String {
    to_json_line(&QuestionV1::new(&asked(question), now.timestamp_millis())).unwrap_or_default()
}

/// A question, as it is shown.
pub(super) fn asked(recorded: &RecordedQuestion) -> Asked<'_> {
    Asked {
        question: recorded.question(),
        entry: recorded.entry(),
        payload: recorded.payload(),
        log: recorded.log(),
    }
}
