//! Which question a person means.

use aegis_audit::open_questions;
use aegis_audit::sqlite::TrailReader;
use aegis_ledger::question::{Question, Standing};
use aegis_runtime::RecordedQuestion;

use crate::commands::audit::find::{find_action, only_one};
use crate::error::CommandError;

/// The question that `text` stands for: by its id, or the beginning of one. Where several actions have an id
/// that begins so, the one that waits is meant, if only one does.
///
/// # Errors
/// When it stands for none, or for several.
pub(crate) fn find_question(reader: &TrailReader, text: &str) -> Result<RecordedQuestion, CommandError> {
    let now = aegis_audit::now();
    let asked = open_questions(reader, now)?;
    let is_open =
        |question: &&Question| matches!(question.standing(now.timestamp_millis()), Standing::Open { .. });
    let waiting = asked.iter().filter(is_open).map(Question::id);
    let id = only_one(waiting, text).map_or_else(|| find_action(reader, text), Ok)?;
    Ok(RecordedQuestion::read(reader, &id)?)
}
