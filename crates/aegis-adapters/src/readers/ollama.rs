//! Ollama.

use crate::answer_form::AnswerForm;
use crate::cut_off::{StopWords, refuse_cut_off};
use crate::draft::Draft;
use crate::format::CallFormat;
use crate::gathered::Gathered;
use crate::place::Place;
use crate::read_error::ReadError;
use crate::speaker::of_model;

/// Why a model stopped.
const STOPS: StopWords = StopWords { whole: &["stop", "tool_calls"], cut: &["length"] };

pub(super) fn read(root: &Place<'_>, gathered: &mut Gathered<'_>) -> Result<(), ReadError> {
    if root.value().is_array() {
        root.items()?.iter().for_each(|item| call(item, gathered));
        return Ok(());
    }
    root.spelt(&["message", "done_reason", "role", "tool_calls", "function"])?;
    for other in ["role", "tool_calls", "function"] {
        root.at_most_one_of(&["message", other])?;
    }
    if let Some(found) = root.member("message") {
        message(&found, gathered)?;
        return Ok(refuse_cut_off(gathered, 0, root.member("done_reason").as_ref(), STOPS)?);
    }
    if root.member("role").is_some() || root.member("tool_calls").is_some() {
        return message(root, gathered);
    }
    if root.member("function").is_some() {
        call(root, gathered);
        return Ok(());
    }
    Err(ReadError::NotOfFormat { format: CallFormat::Ollama })
}

fn message(message: &Place<'_>, gathered: &mut Gathered<'_>) -> Result<(), ReadError> {
    message.object()?;
    message.spelt(&["role", "tool_calls"])?;
    of_model(message, "assistant")?;
    // What is said is a text.
    message.member("content").map_or(Ok(""), |content| content.text())?;
    message.items_of("tool_calls")?.iter().for_each(|item| call(item, gathered));
    Ok(())
}

fn call(call: &Place<'_>, gathered: &mut Gathered<'_>) {
    let mut draft = Draft::new(call, AnswerForm::OllamaTool);
    draft.id_if_any(call.member("id"));
    draft.echo("tool_call_id", call.member("id"));
    draft.spelt(call, &["id", "type", "function"]);
    match (call.kind(), call.required("function")) {
        (Some("function") | None, Ok(function)) => {
            draft.name(function.required("name"));
            draft.object(function.required("arguments"));
            draft.spelt(&function, &["name", "arguments"]);
        }
        (Some("function") | None, Err(problem)) => draft.refuse(problem),
        (Some(_), _) => draft.refuse(call.unknown()),
    }
    gathered.add(draft);
}
