//! Reads tool calls as model APIs and frameworks write them, and answers in their words.
//!
//! A call becomes an action: the name of the tool is its type, the server whose tool it is its target, the
//! input its parameters. What cannot be decided about is refused by itself, by its own id: a call that may be
//! cut off, arguments that two programs could read differently, an id that several calls have, a block that
//! nobody here knows. What the provider ran before anybody could be asked is told apart, and never allowed.
//!
//! Text in, values and text out: nothing here reads a file, a clock, an environment or a terminal, and
//! nothing here decides.
//!
//! # Example: the calls of a message
//! ```
//! use aegis_adapters::{CallFormat, read_calls};
//!
//! let message = br#"{"role":"assistant","content":[
//!     {"type":"text","text":"I look that up."},
//!     {"type":"tool_use","id":"toolu_01","name":"read","input":{"id":7}}]}"#;
//! let calls = read_calls(CallFormat::Anthropic, message, Some("crm"))?;
//! let action = calls[0].action().expect("it can be decided about");
//! assert_eq!(action.canonical(), r#"{"params":{"id":7},"target":"crm","type":"read"}"#);
//! assert_eq!((calls[0].id(), calls[0].place()), (Some("toolu_01"), "/content/1"));
//! # Ok::<(), aegis_adapters::ReadError>(())
//! ```
//!
//! # Reserved parameters
//! | parameter | what it holds, where the call says so |
//! |---|---|
//! | `_caller` | who called, where that was not the model itself: code in a sandbox of the provider |
//! | `_namespace` | the group of tools that the name belongs to |
//! | `_input_responses` | what an MCP server was answered when it asked for more |
//!
//! An argument of such a name is a refusal, so that a rule that goes by one is told nothing by the model.

mod answer_form;
mod call;
mod call_error;
mod cut_off;
mod draft;
mod format;
mod gathered;
mod native_answers;
mod native_block;
mod place;
mod read_error;
mod readers;
mod speaker;
mod verdict;

pub use call::{Call, Reading};
pub use call_error::CallError;
pub use format::CallFormat;
pub use native_answers::NativeAnswers;
pub use read_error::ReadError;
pub use readers::read_calls;
pub use verdict::{Refusal, Refused, Verdict, unread_call_text};
