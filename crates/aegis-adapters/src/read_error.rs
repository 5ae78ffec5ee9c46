//! What is wrong with the input as a whole.

use aegis_engine::{JsonError, escape_capped};
use thiserror::Error;

use crate::call_error::CallError;
use crate::format::CallFormat;

/// Why calls cannot be looked for in an input at all.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadError {
    /// It is not strict JSON.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// It is neither a call, nor a message, nor a response of this format.
    #[error("this is no call, message or response of the format `{format}`")]
    NotOfFormat {
        /// The format.
        format: CallFormat,
    },
    /// It is a message, and its frame is not what it must be.
    #[error(transparent)]
    Frame(#[from] CallError),
    /// It is somebody else's message: models make calls, others do not.
    #[error("the message at `{}` is not a model's: it is of `{}`", escape_capped(.place, 120), escape_capped(.role, 64))]
    NotOfModel {
        /// Where.
        place: String,
        /// Whose it is.
        role: String,
    },
    /// It is a piece of a message.
    #[error("this is a piece of a message, of the type `{}`", escape_capped(.kind, 64))]
    Piece {
        /// Its type.
        kind: String,
    },
    /// It is a request that calls no tool.
    #[error("the request calls no tool: its method is `{}`", escape_capped(.method, 64))]
    OtherMethod {
        /// The method.
        method: String,
    },
}

impl ReadError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            ReadError::Json(error) => {
                error.help().unwrap_or("give the message as the API sent it: one JSON document")
            }
            ReadError::NotOfFormat { .. } => {
                "give one call, a list of calls, a message or a whole response; or name the format that it is in"
            }
            ReadError::Frame(error) => error.help(),
            ReadError::NotOfModel { .. } => "give the model's own message: others make no calls",
            ReadError::Piece { .. } => {
                "put the pieces together first: what is not whole is not decided about"
            }
            ReadError::OtherMethod { .. } => "give a request `tools/call`",
        }
    }
}
