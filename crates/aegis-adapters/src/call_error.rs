//! What is wrong with one call.

use aegis_engine::{ActionError, JsonError, escape_capped};
use thiserror::Error;

/// The most characters of a place or a word that an error shows.
const SHOWN: usize = 120;

/// Why a call cannot be decided about. Places are JSON Pointers (RFC 6901) into the input.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallError {
    /// A field holds the wrong type of value.
    #[error("`{}` must be {expected}, not {found}", shown(.place))]
    WrongType {
        /// Where.
        place: String,
        /// What it must be.
        expected: &'static str,
        /// What it is.
        found: &'static str,
    },
    /// A field is not there, or null.
    #[error("`{}` is missing", shown(.place))]
    Missing {
        /// Where it would stand.
        place: String,
    },
    /// A name or an id is the empty string.
    #[error("`{}` is empty", shown(.place))]
    Empty {
        /// Where.
        place: String,
    },
    /// A name or an id holds a NUL character.
    #[error("`{}` contains a NUL character", shown(.place))]
    Nul {
        /// Where.
        place: String,
    },
    /// A key is one of the format's own but for its case.
    #[error("`{}` is spelt like a key of the format in another case", shown(.place))]
    OddCase {
        /// Where.
        place: String,
    },
    /// An id is too long.
    #[error("`{}` is longer than {limit} bytes", shown(.place))]
    TooLong {
        /// Where.
        place: String,
        /// The most that is allowed.
        limit: usize,
    },
    /// The arguments are text, and that text is not strict JSON.
    #[error("the arguments in `{}` cannot be read: {source}", shown(.place))]
    Arguments {
        /// Where the text stands.
        place: String,
        /// What is wrong within it.
        source: JsonError,
    },
    /// An argument has a name that stands for something else.
    #[error("the argument `{name}` in `{}` has a name that is reserved", shown(.place))]
    Reserved {
        /// Where the arguments stand.
        place: String,
        /// The name.
        name: &'static str,
    },
    /// The output was cut off, and with it perhaps this call.
    #[error("the call may be cut off: `{}` is `{}`", shown(.place), shown(.word))]
    CutOff {
        /// Where that is said.
        place: String,
        /// The word for it.
        word: String,
    },
    /// Several calls have this id.
    #[error("the id `{}` is that of several calls", shown(.id))]
    RepeatedId {
        /// The id.
        id: String,
    },
    /// A block is of a type that nobody here knows: it could be a call.
    #[error("`{}` is of an unknown kind: `{}`", shown(.place), shown(.kind))]
    UnknownBlock {
        /// Where.
        place: String,
        /// The type, or the keys where it is told by them.
        kind: String,
    },
    /// The framework itself could not read the call.
    #[error("`{}` is a call that the framework itself could not read", shown(.place))]
    Unparsed {
        /// Where.
        place: String,
    },
    /// A call stands where programs may find it, and where this format keeps none.
    #[error("`{}` is a call in a place of its own, and none of the calls of the message", shown(.place))]
    Hidden {
        /// Where.
        place: String,
    },
    /// The call can be read, and is no action.
    #[error("the call in `{}` makes no action: {source}", shown(.place))]
    Action {
        /// Where.
        place: String,
        /// Why.
        source: ActionError,
    },
}

impl CallError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            CallError::OddCase { .. } => "remove it: some programs would read it, and others would not",
            CallError::WrongType { .. } | CallError::Missing { .. } => {
                "give the message as the API sent it, whole and unchanged"
            }
            CallError::Empty { .. } | CallError::Nul { .. } | CallError::TooLong { .. } => {
                "the result of a call goes by its name and id: ask the model for the call again"
            }
            CallError::Arguments { source, .. } => source
                .help()
                .unwrap_or("ask the model for the call again, with arguments that are one JSON object"),
            CallError::Reserved { .. } => {
                "rename the argument in the definition of the tool: the name stands for who called, or from where"
            }
            CallError::CutOff { .. } => {
                "ask the model to go on or to call again; nothing of this call is to be run"
            }
            CallError::RepeatedId { .. } => {
                "ask the model for the calls again: which of them an answer is for could not be told"
            }
            CallError::UnknownBlock { .. } => {
                "run nothing of it; it may be newer than this program, or belong to another format"
            }
            CallError::Unparsed { .. } => "answer it with its own error, so that the model calls again",
            CallError::Hidden { .. } => {
                "run nothing of it; calls of this format stand in the list of the message"
            }
            CallError::Action { source, .. } => source.help().unwrap_or("ask the model for the call again"),
        }
    }
}

/// A stranger's word as an error shows it.
fn shown(text: &str) -> String {
    escape_capped(text, SHOWN)
}
