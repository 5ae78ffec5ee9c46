//! The block that answers a call, in the words of its API.

use serde_json::{Value, json};

use crate::answer_form::AnswerForm;
use crate::call::Call;

/// The exit status of a command that may not be run.
const NOT_PERMITTED: i32 = 126;

/// What refuses a call with this text; `None` where the API takes no words in answer, or goes by an id that
/// the call does not have.
pub(crate) fn refusing(call: &Call, text: &str) -> Option<Value> {
    let (id, name) = (call.id(), call.name().unwrap_or_default());
    if id.is_none() && call.frame.form.needs_id() {
        return None;
    }
    let block = match call.frame.form {
        AnswerForm::AnthropicResult => {
            json!({ "type": "tool_result", "tool_use_id": id, "content": text, "is_error": true })
        }
        AnswerForm::ChatTool => json!({ "role": "tool", "tool_call_id": id, "content": text }),
        AnswerForm::ChatFunction => json!({ "role": "function", "name": name, "content": text }),
        AnswerForm::FunctionOutput => {
            json!({ "type": "function_call_output", "call_id": id, "output": text })
        }
        AnswerForm::CustomOutput => {
            json!({ "type": "custom_tool_call_output", "call_id": id, "output": text })
        }
        AnswerForm::ShellOutput => {
            let outcome = json!({ "type": "exit", "exit_code": NOT_PERMITTED });
            let output = json!([{ "stdout": "", "stderr": text, "outcome": outcome }]);
            json!({ "type": "shell_call_output", "call_id": id, "output": output })
        }
        AnswerForm::LocalShellOutput => {
            json!({ "type": "local_shell_call_output", "id": id, "output": text })
        }
        AnswerForm::PatchOutput => {
            json!({ "type": "apply_patch_call_output", "call_id": id, "status": "failed", "output": text })
        }
        // It takes no words: that no tool is found is all that can be said.
        AnswerForm::SearchOutput => {
            json!({ "type": "tool_search_output", "call_id": id, "execution": "client", "status": "completed",
                    "tools": [] })
        }
        AnswerForm::Approval => {
            json!({ "type": "mcp_approval_response", "approval_request_id": id, "approve": false, "reason": text })
        }
        AnswerForm::FunctionResponse => {
            let mut response = json!({ "name": name, "response": { "error": text } });
            if let (Some(id), Some(members)) = (id, response.as_object_mut()) {
                members.insert("id".to_owned(), id.into());
            }
            json!({ "functionResponse": response })
        }
        AnswerForm::BedrockResult => {
            json!({ "toolResult": { "toolUseId": id, "content": [{ "text": text }], "status": "error" } })
        }
        AnswerForm::OllamaTool => json!({ "role": "tool", "tool_name": name, "content": text }),
        AnswerForm::McpResult => {
            let content = json!([{ "type": "text", "text": text }]);
            let result = json!({ "resultType": "complete", "content": content, "isError": true });
            json!({ "jsonrpc": "2.0", "result": result })
        }
        AnswerForm::LangChainMessage => {
            json!({ "type": "tool", "tool_call_id": id, "name": call.name(), "content": text, "status": "error" })
        }
        AnswerForm::Nothing => return None,
    };
    Some(echoing(call, block))
}

/// What allows a call, where the API itself waits for a word: it runs the call then, not the program.
pub(crate) fn allowing(call: &Call) -> Option<Value> {
    let id = call.id().filter(|_| call.frame.form == AnswerForm::Approval)?;
    Some(json!({ "type": "mcp_approval_response", "approval_request_id": id, "approve": true }))
}

fn echoing(call: &Call, mut block: Value) -> Value {
    if let Some(members) = block.as_object_mut() {
        members.extend(call.frame.echoed.iter().map(|(name, value)| (name.clone(), value.clone())));
    }
    block
}
