//! In which form a call is answered.

use serde_json::{Map, Value};

/// The form of the block that answers a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AnswerForm {
    /// Anthropic: `tool_result`.
    AnthropicResult,
    /// Chat Completions: a message of the role `tool`.
    ChatTool,
    /// Chat Completions before there were tools: a message of the role `function`.
    ChatFunction,
    /// Responses: `function_call_output`.
    FunctionOutput,
    /// Responses: `custom_tool_call_output`.
    CustomOutput,
    /// Responses: `shell_call_output`.
    ShellOutput,
    /// Responses: `local_shell_call_output`.
    LocalShellOutput,
    /// Responses: `apply_patch_call_output`.
    PatchOutput,
    /// Responses: `tool_search_output`.
    SearchOutput,
    /// Responses: `mcp_approval_response`, which a yes takes, too.
    Approval,
    /// Gemini: a part with a `functionResponse`.
    FunctionResponse,
    /// Bedrock: a block with a `toolResult`.
    BedrockResult,
    /// Ollama: a message of the role `tool`.
    OllamaTool,
    /// MCP: a response with a result.
    McpResult,
    /// `LangChain`: a `ToolMessage`.
    LangChainMessage,
    /// None: this API takes no words in answer, or nobody waits for one.
    Nothing,
}

impl AnswerForm {
    /// Whether the answer goes by the call's id, so that there is none without it.
    pub(crate) const fn needs_id(self) -> bool {
        !matches!(
            self,
            AnswerForm::ChatFunction
                | AnswerForm::FunctionResponse
                | AnswerForm::OllamaTool
                | AnswerForm::Nothing
        )
    }
}

/// How a call is answered: the form, and what of the call goes into the answer unchanged.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AnswerFrame {
    pub(crate) form: AnswerForm,
    pub(crate) echoed: Map<String, Value>,
}
