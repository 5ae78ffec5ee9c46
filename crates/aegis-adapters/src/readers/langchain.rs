//! `LangChain`: an `AIMessage`, in any of the ways in which it is written out.

use std::collections::HashSet;

use aegis_engine::parse_json;
use serde_json::Value;

use crate::answer_form::AnswerForm;
use crate::call_error::CallError;
use crate::draft::Draft;
use crate::format::CallFormat;
use crate::gathered::Gathered;
use crate::place::Place;
use crate::read_error::ReadError;

/// Where a message says why its model stopped: each API has its own name for that.
const STOPS: [&str; 5] = ["stop_reason", "finish_reason", "done_reason", "stopReason", "finishReason"];
/// Why a model stopped, where it was cut off. What else it can be nobody knows for all models.
const CUT: [&str; 12] = [
    "max_tokens",
    "length",
    "MAX_TOKENS",
    "model_length",
    "model_context_window_exceeded",
    "stop_sequence",
    "content_filter",
    "content_filtered",
    "guardrail_intervened",
    "refusal",
    "SAFETY",
    "incomplete",
];
/// The same, where nothing of the output can be trusted to be whole.
const MALFORMED: [&str; 5] = [
    "MALFORMED_FUNCTION_CALL",
    "UNEXPECTED_TOOL_CALL",
    "MALFORMED_RESPONSE",
    "malformed_tool_use",
    "malformed_model_output",
];
/// Blocks of the content that repeat a call of the message in the words of the API.
const REPEATED: [&str; 7] = [
    "tool_use",
    "tool_call",
    "function_call",
    "custom_tool_call",
    "invalid_tool_call",
    "tool_call_chunk",
    "input_json_delta",
];
/// Blocks of the content that are no calls.
const OTHERS: [&str; 26] = [
    "text",
    "text-plain",
    "reasoning",
    "reasoning_content",
    "thinking",
    "redacted_thinking",
    "image",
    "image_url",
    "input_audio",
    "audio",
    "video",
    "file",
    "document",
    "media",
    "refusal",
    "search_result",
    "server_tool_result",
    "web_search_tool_result",
    "web_fetch_tool_result",
    "code_execution_tool_result",
    "bash_code_execution_tool_result",
    "text_editor_code_execution_tool_result",
    "mcp_tool_result",
    "code_execution_result",
    "compaction",
    "container_upload",
];

pub(super) fn read(root: &Place<'_>, gathered: &mut Gathered<'_>) -> Result<(), ReadError> {
    if root.value().is_array() {
        root.items()?.iter().for_each(|item| call(item, gathered));
        return Ok(());
    }
    root.spelt(&["type", "data", "kwargs", "tool_calls", "invalid_tool_calls", "lc"])?;
    for other in ["tool_calls", "invalid_tool_calls", "content", "args"] {
        root.at_most_one_of(&["data", "kwargs", other])?;
    }
    match root.kind() {
        Some("constructor") if root.member("lc").is_some() => {
            let path = root.required("id")?.items()?;
            let class = path.last().map(Place::text).transpose()?.unwrap_or_default();
            whose(root, class)?;
            message(&root.required("kwargs")?, gathered)
        }
        Some("tool_call" | "invalid_tool_call") => {
            call(root, gathered);
            Ok(())
        }
        Some(kind) => {
            whose(root, kind)?;
            message(&root.member("data").unwrap_or_else(|| root.clone()), gathered)
        }
        None if root.member("tool_calls").is_some() => message(root, gathered),
        None if root.member("args").is_some() => {
            call(root, gathered);
            Ok(())
        }
        None => Err(ReadError::NotOfFormat { format: CallFormat::LangChain }),
    }
}

/// That a message is a model's, and whole: what is made of pieces guesses at arguments that are cut off.
fn whose(root: &Place<'_>, kind: &str) -> Result<(), ReadError> {
    match kind {
        "ai" | "AIMessage" => Ok(()),
        "AIMessageChunk" => Err(ReadError::Piece { kind: kind.to_owned() }),
        other => Err(ReadError::NotOfModel { place: root.pointer(), role: other.to_owned() }),
    }
}

fn message(message: &Place<'_>, gathered: &mut Gathered<'_>) -> Result<(), ReadError> {
    message.object()?;
    message.spelt(&[
        "content",
        "tool_calls",
        "invalid_tool_calls",
        "additional_kwargs",
        "response_metadata",
    ])?;
    message.items_of("tool_calls")?.iter().for_each(|item| call(item, gathered));
    message.items_of("invalid_tool_calls")?.iter().for_each(|item| unparsed(item, gathered));
    let ids = gathered.ids();
    match message.member("content") {
        Some(content) if !content.value().is_string() => {
            content.items()?.iter().for_each(|item| block(item, &ids, gathered));
        }
        _ => {}
    }
    if let Some(raw) = message.member("additional_kwargs") {
        raw.items_of("tool_calls")?.iter().for_each(|item| repeated(item, &ids, gathered));
        // Programs that know no other calls run this one.
        if let Some(function) = raw.member("function_call").filter(|function| !repeats(function, gathered)) {
            let problem = CallError::Hidden { place: function.pointer() };
            gathered.add(Draft::refused(&function, problem));
        }
    }
    let Some(metadata) = message.member("response_metadata") else { return Ok(()) };
    for stop in STOPS.iter().chain(&["status"]).filter_map(|name| metadata.member(name)) {
        let Some(word) = stop.value().as_str() else { continue };
        let problem = CallError::CutOff { place: stop.pointer(), word: word.to_owned() };
        if CUT.contains(&word) {
            // Which one was the last is lost where some could not be read: they have a list of their own.
            gathered.refuse_last_action(problem);
        } else if MALFORMED.contains(&word) {
            gathered.refuse_all(0, &problem);
        }
    }
    Ok(())
}

fn call(call: &Place<'_>, gathered: &mut Gathered<'_>) {
    if call.kind() == Some("invalid_tool_call") {
        return unparsed(call, gathered);
    }
    let mut draft = Draft::new(call, AnswerForm::LangChainMessage);
    draft.id_if_any(call.member("id"));
    draft.name(call.required("name"));
    draft.object(call.required("args"));
    draft.spelt(call, &["id", "name", "args", "type"]);
    if !matches!(call.kind(), Some("tool_call") | None) {
        draft.refuse(call.unknown());
    }
    gathered.add(draft);
}

/// A call that the framework took apart no further than to its id.
fn unparsed(call: &Place<'_>, gathered: &mut Gathered<'_>) {
    let mut draft = Draft::new(call, AnswerForm::LangChainMessage);
    draft.refuse(CallError::Unparsed { place: call.pointer() });
    draft.id_if_any(call.member("id"));
    draft.name(call.required("name"));
    gathered.add(draft);
}

fn block(block: &Place<'_>, ids: &HashSet<String>, gathered: &mut Gathered<'_>) {
    let (name, arguments) = match block.kind() {
        _ if block.value().is_string() => return,
        Some(kind) if OTHERS.contains(&kind) => return,
        Some(kind) if REPEATED.contains(&kind) => return repeated(block, ids, gathered),
        Some("server_tool_call") => (block.required("name"), block.required("args")),
        Some("server_tool_use" | "mcp_tool_use") => (block.required("name"), block.required("input")),
        _ => return gathered.add(Draft::refused(block, block.unknown())),
    };
    let mut draft = Draft::new(block, AnswerForm::Nothing);
    draft.run_by_provider();
    draft.id_if_any(block.member("id"));
    draft.name(name);
    draft.object(arguments);
    gathered.add(draft);
}

/// Refuses a call that repeats none of the message's own: it is in its place alone.
fn repeated(block: &Place<'_>, ids: &HashSet<String>, gathered: &mut Gathered<'_>) {
    let own = ["id", "call_id"].iter().filter_map(|name| block.member(name)?.value().as_str());
    if !own.into_iter().any(|id| ids.contains(id)) {
        gathered.add(Draft::refused(block, CallError::Hidden { place: block.pointer() }));
    }
}

/// Whether a call without an id says what a call of the message says.
fn repeats(function: &Place<'_>, gathered: &Gathered<'_>) -> bool {
    let text = |name| function.member(name).and_then(|member| member.value().as_str());
    let arguments = text("arguments").and_then(|text| parse_json(text.as_bytes()).ok());
    match (text("name"), arguments) {
        (Some(name), Some(Value::Object(arguments))) => gathered.holds(name, &arguments),
        _ => false,
    }
}
