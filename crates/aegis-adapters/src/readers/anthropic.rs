//! Anthropic Messages.

use crate::answer_form::AnswerForm;
use crate::cut_off::{StopWords, refuse_cut_off};
use crate::draft::Draft;
use crate::format::CallFormat;
use crate::gathered::Gathered;
use crate::place::Place;
use crate::read_error::ReadError;
use crate::speaker::of_model;

/// Why a model stopped. Where a stop sequence did it, the last call was not finished.
const STOPS: StopWords = StopWords {
    whole: &["end_turn", "tool_use", "pause_turn", "compaction"],
    cut: &["max_tokens", "model_context_window_exceeded", "stop_sequence", "refusal"],
};
/// Blocks that are no calls.
const OTHERS: [&str; 20] = [
    "text",
    "thinking",
    "redacted_thinking",
    "image",
    "document",
    "search_result",
    "tool_result",
    "tool_reference",
    "web_search_tool_result",
    "web_fetch_tool_result",
    "code_execution_tool_result",
    "bash_code_execution_tool_result",
    "text_editor_code_execution_tool_result",
    "tool_search_tool_result",
    "mcp_tool_result",
    "mcp_tool_listing",
    "advisor_tool_result",
    "container_upload",
    "compaction",
    "fallback",
];
const KEYS: [&str; 7] = ["type", "id", "name", "input", "caller", "toolset_name", "server_name"];

pub(super) fn read(root: &Place<'_>, gathered: &mut Gathered<'_>) -> Result<(), ReadError> {
    if root.value().is_array() {
        root.items()?.iter().for_each(|item| block(item, gathered));
        return Ok(());
    }
    match (root.kind(), root.member("content")) {
        (Some("message"), _) | (None, Some(_)) => message(root, gathered),
        (Some(_), _) => {
            block(root, gathered);
            Ok(())
        }
        (None, None) => Err(ReadError::NotOfFormat { format: CallFormat::Anthropic }),
    }
}

fn message(message: &Place<'_>, gathered: &mut Gathered<'_>) -> Result<(), ReadError> {
    message.spelt(&["type", "role", "content", "stop_reason"])?;
    message.required("role")?;
    of_model(message, "assistant")?;
    let content = message.required("content")?;
    // What is only said is no call.
    if !content.value().is_string() {
        content.items()?.iter().for_each(|item| block(item, gathered));
    }
    Ok(refuse_cut_off(gathered, 0, message.member("stop_reason").as_ref(), STOPS)?)
}

fn block(block: &Place<'_>, gathered: &mut Gathered<'_>) {
    let mut draft = Draft::new(block, AnswerForm::AnthropicResult);
    match block.kind() {
        Some("tool_use") => {}
        Some("server_tool_use") => draft.run_by_provider(),
        Some("mcp_tool_use") => {
            draft.run_by_provider();
            draft.server(block.required("server_name"));
        }
        Some(kind) if OTHERS.contains(&kind) => return,
        _ => return gathered.add(Draft::refused(block, block.unknown())),
    }
    draft.id(block.required("id"));
    draft.name(block.required("name"));
    draft.object(block.required("input"));
    draft.caller(block.member("caller"));
    draft.namespace(block.member("toolset_name"));
    draft.echo("toolset_name", block.member("toolset_name"));
    draft.spelt(block, &KEYS);
    gathered.add(draft);
}
