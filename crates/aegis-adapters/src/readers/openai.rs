//! `OpenAI` Chat Completions.

use crate::answer_form::AnswerForm;
use crate::cut_off::{StopWords, refuse_cut_off};
use crate::draft::Draft;
use crate::format::CallFormat;
use crate::gathered::Gathered;
use crate::place::Place;
use crate::read_error::ReadError;
use crate::speaker::of_model;

/// Why a model stopped.
const STOPS: StopWords =
    StopWords { whole: &["stop", "tool_calls", "function_call"], cut: &["length", "content_filter"] };

pub(super) fn read(root: &Place<'_>, gathered: &mut Gathered<'_>) -> Result<(), ReadError> {
    if root.value().is_array() {
        root.items()?.iter().for_each(|item| call(item, gathered));
        return Ok(());
    }
    root.spelt(&["choices", "role", "tool_calls", "function_call"])?;
    for other in ["role", "tool_calls", "function_call", "function", "custom"] {
        root.at_most_one_of(&["choices", other])?;
    }
    if let Some(choices) = root.member("choices") {
        // Which of them a program goes on with is its own affair.
        return choices.items()?.iter().try_for_each(|item| choice(item, gathered));
    }
    if ["role", "tool_calls", "function_call"].iter().any(|name| root.member(name).is_some()) {
        return message(root, gathered);
    }
    if root.kind().is_some() || root.member("function").is_some() {
        call(root, gathered);
        return Ok(());
    }
    Err(ReadError::NotOfFormat { format: CallFormat::OpenAi })
}

fn choice(choice: &Place<'_>, gathered: &mut Gathered<'_>) -> Result<(), ReadError> {
    choice.spelt(&["message", "finish_reason"])?;
    if choice.member("message").is_none() && choice.member("delta").is_some() {
        return Err(ReadError::Piece { kind: "chat.completion.chunk".to_owned() });
    }
    let since = gathered.len();
    message(&choice.required("message")?, gathered)?;
    Ok(refuse_cut_off(gathered, since, choice.member("finish_reason").as_ref(), STOPS)?)
}

fn message(message: &Place<'_>, gathered: &mut Gathered<'_>) -> Result<(), ReadError> {
    message.spelt(&["role", "content", "tool_calls", "function_call"])?;
    message.object()?;
    of_model(message, "assistant")?;
    // What is said is a text, or parts of one: anything else could be a call of another format.
    if let Some(content) = message.member("content").filter(|content| !content.value().is_string()) {
        let others =
            content.items()?.into_iter().filter(|part| !matches!(part.kind(), Some("text" | "refusal")));
        others.for_each(|part| gathered.add(Draft::refused(&part, part.unknown())));
    }
    message.items_of("tool_calls")?.iter().for_each(|item| call(item, gathered));
    // How calls were written before there were tools. Programs may still run it.
    if let Some(function) = message.member("function_call") {
        let mut draft = Draft::new(&function, AnswerForm::ChatFunction);
        named(&mut draft, &function);
        gathered.add(draft);
    }
    Ok(())
}

fn call(call: &Place<'_>, gathered: &mut Gathered<'_>) {
    let mut draft = Draft::new(call, AnswerForm::ChatTool);
    draft.id(call.required("id"));
    draft.spelt(call, &["id", "type", "function", "custom"]);
    match (call.kind(), call.member("function"), call.member("custom")) {
        (Some("function") | None, Some(function), None) => named(&mut draft, &function),
        (Some("custom"), None, Some(custom)) => {
            draft.name(custom.required("name"));
            draft.free_text(custom.required("input"));
            draft.spelt(&custom, &["name", "input"]);
        }
        _ => draft.refuse(call.unknown()),
    }
    gathered.add(draft);
}

fn named(draft: &mut Draft, function: &Place<'_>) {
    draft.name(function.required("name"));
    draft.json_text(function.required("arguments"));
    draft.spelt(function, &["name", "arguments"]);
}
