//! One reader for each format.

mod anthropic;
mod bedrock;
mod gemini;
mod langchain;
mod mcp;
mod ollama;
mod openai;
mod responses;

use aegis_engine::parse_message_json;

use crate::call::Call;
use crate::format::CallFormat;
use crate::gathered::Gathered;
use crate::place::Place;
use crate::read_error::ReadError;

/// Reads every call of an input, in order: one call, a list of calls, a message, or a whole response.
///
/// `target` is what a call acts upon where it does not name the server whose tool it calls; without it, that
/// is the name of the format. All of the input is read as strictly as an action is, arguments that are JSON
/// in a text included. No call at all is an empty list.
///
/// # Errors
/// When calls cannot be looked for. What is wrong with one call is [its own](crate::Reading::Refused).
pub fn read_calls(format: CallFormat, input: &[u8], target: Option<&str>) -> Result<Vec<Call>, ReadError> {
    let value = parse_message_json(input)?;
    let root = Place::root(&value);
    let mut gathered = Gathered::new(format, target);
    let read = match format {
        CallFormat::Anthropic => anthropic::read,
        CallFormat::OpenAi => openai::read,
        CallFormat::OpenAiResponses => responses::read,
        CallFormat::Gemini => gemini::read,
        CallFormat::Bedrock => bedrock::read,
        CallFormat::Ollama => ollama::read,
        CallFormat::Mcp => mcp::read,
        CallFormat::LangChain => langchain::read,
    };
    if !value.is_object() && !value.is_array() {
        return Err(ReadError::NotOfFormat { format });
    }
    read(&root, &mut gathered)?;
    Ok(gathered.finish())
}
