//! Which question a person means.

use aegis_audit::open_questions;
use aegis_audit::sqlite::TrailReader;
use aegis_ledger::question::Standing;
use aegis_runtime::RecordedQuestion;

use crate::commands::audit::find::find_action;
use crate::error::CommandError;

/// The question that `text` stands for: by its id, or the beginning of one. Where several actions have an id
/// that begins so, the one that waits is meant, if only one does.
///
/// # Errors
/// When it stands for none, or for several.
pub(crate) fn find_question(reader: &TrailReader, text: &str) -> Result<RecordedQuestion, CommandError> {
    let now = aegis_audit::now();
    let begins = |id: &str| text.len() >= SHORTEST && id.starts_with(text);
    let mut waiting: Vec<_> = open_questions(reader, now)?
        .into_iter()
        .filter(|question| matches!(question.standing(now.timestamp_millis()), Standing::Open { .. }))
        .filter(|question| begins(question.id()))
        .collect();
    let id = match (waiting.pop(), waiting.is_empty()) {
        (Some(question), true) => question.id().to_owned(),
        _ => find_action(reader, text)?,
    };
    Ok(RecordedQuestion::read(reader, &id)?)
}

/// How many characters of an id must be given at least.
const SHORTEST: usize = 4;
