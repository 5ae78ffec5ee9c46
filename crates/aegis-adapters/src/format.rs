//! The formats that calls are written in.

use std::fmt;

/// A format in which a model's API or a framework writes tool calls.
///
/// ```
/// use aegis_adapters::CallFormat;
/// assert_eq!(CallFormat::of_name("openai-responses"), Some(CallFormat::OpenAiResponses));
/// assert_eq!(CallFormat::LangChain.as_str(), "langchain");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallFormat {
    /// Anthropic Messages: blocks of type `tool_use`.
    Anthropic,
    /// `OpenAI` Chat Completions: `tool_calls` of a message.
    OpenAi,
    /// `OpenAI` Responses: items such as `function_call`.
    OpenAiResponses,
    /// Gemini `generateContent`: parts with a `functionCall`.
    Gemini,
    /// Amazon Bedrock Converse: blocks with a `toolUse`.
    Bedrock,
    /// Ollama: `tool_calls` of a message.
    Ollama,
    /// The Model Context Protocol: a request `tools/call`.
    Mcp,
    /// `LangChain`: `tool_calls` of an `AIMessage`.
    LangChain,
}

impl CallFormat {
    /// All of them.
    pub const ALL: [CallFormat; 8] = [
        CallFormat::Anthropic,
        CallFormat::OpenAi,
        CallFormat::OpenAiResponses,
        CallFormat::Gemini,
        CallFormat::Bedrock,
        CallFormat::Ollama,
        CallFormat::Mcp,
        CallFormat::LangChain,
    ];

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            CallFormat::Anthropic => "anthropic",
            CallFormat::OpenAi => "openai",
            CallFormat::OpenAiResponses => "openai-responses",
            CallFormat::Gemini => "gemini",
            CallFormat::Bedrock => "bedrock",
            CallFormat::Ollama => "ollama",
            CallFormat::Mcp => "mcp",
            CallFormat::LangChain => "langchain",
        }
    }

    /// The format of this name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<CallFormat> {
        CallFormat::ALL.into_iter().find(|format| format.as_str() == name)
    }
}

impl fmt::Display for CallFormat {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
