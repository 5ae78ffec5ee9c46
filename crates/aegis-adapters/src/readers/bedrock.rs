//! Amazon Bedrock Converse.

use crate::answer_form::AnswerForm;
use crate::cut_off::{StopWords, refuse_cut_off};
use crate::draft::Draft;
use crate::format::CallFormat;
use crate::gathered::Gathered;
use crate::place::Place;
use crate::read_error::ReadError;
use crate::speaker::of_model;

/// Why a model stopped. Where its output is malformed, nothing of it can be trusted to be whole.
const STOPS: StopWords = StopWords {
    whole: &["end_turn", "tool_use"],
    cut: &[
        "max_tokens",
        "stop_sequence",
        "guardrail_intervened",
        "content_filtered",
        "model_context_window_exceeded",
    ],
};
/// Blocks that are no calls.
const OTHERS: [&str; 13] = [
    "text",
    "image",
    "document",
    "video",
    "audio",
    "toolResult",
    "guardContent",
    "cachePoint",
    "reasoningContent",
    "citationsContent",
    "searchResult",
    "toolAddition",
    "toolRemoval",
];

pub(super) fn read(root: &Place<'_>, gathered: &mut Gathered<'_>) -> Result<(), ReadError> {
    if root.value().is_array() {
        root.items()?.iter().for_each(|item| block_or_call(item, gathered));
        return Ok(());
    }
    root.spelt(&["output", "stopReason", "content", "message"])?;
    root.at_most_one_of(&["output", "content", "message", "toolUse", "toolUseId"])?;
    if let Some(output) = root.member("output") {
        output.spelt(&["message"])?;
        message(&output.required("message")?, gathered)?;
        return Ok(refuse_cut_off(gathered, 0, root.member("stopReason").as_ref(), STOPS)?);
    }
    if root.member("content").is_some() {
        return message(root, gathered);
    }
    let known = OTHERS.iter().chain(&["toolUse", "toolUseId"]);
    if known.into_iter().any(|name| root.member(name).is_some()) {
        block_or_call(root, gathered);
        return Ok(());
    }
    Err(ReadError::NotOfFormat { format: CallFormat::Bedrock })
}

fn message(message: &Place<'_>, gathered: &mut Gathered<'_>) -> Result<(), ReadError> {
    message.spelt(&["role", "content"])?;
    of_model(message, "assistant")?;
    message.required("content")?.items()?.iter().for_each(|item| block(item, gathered));
    Ok(())
}

/// An item of a list: a block, or a call by itself.
fn block_or_call(item: &Place<'_>, gathered: &mut Gathered<'_>) {
    if item.member("toolUseId").is_some() && item.member("toolUse").is_none() {
        tool_use(item, gathered);
    } else {
        block(item, gathered);
    }
}

fn block(block: &Place<'_>, gathered: &mut Gathered<'_>) {
    let members = block.value().as_object().into_iter().flatten();
    let names: Vec<&str> =
        members.filter(|(_, value)| !value.is_null()).map(|(name, _)| name.as_str()).collect();
    match (block.member("toolUse"), names.as_slice()) {
        (Some(call), [_]) => tool_use(&call, gathered),
        // A block is one thing: what comes with a call, or is known to nobody, could be another call.
        (None, [_, ..]) if names.iter().all(|name| OTHERS.contains(name)) => {}
        _ => gathered.add(Draft::refused(block, block.unknown())),
    }
}

fn tool_use(call: &Place<'_>, gathered: &mut Gathered<'_>) {
    let mut draft = Draft::new(call, AnswerForm::BedrockResult);
    draft.id(call.required("toolUseId"));
    draft.name(call.required("name"));
    draft.object(call.required("input"));
    draft.spelt(call, &["toolUseId", "name", "input", "type"]);
    match call.member("type").map(|kind| kind.value()) {
        None => {}
        Some(kind) if kind == "server_tool_use" => draft.run_by_provider(),
        Some(_) => draft.refuse(call.unknown()),
    }
    gathered.add(draft);
}
