//! Answers as one line of JSON.

use crate::error::CommandError;

/// A value as one line, safe to look at.
///
/// # Errors
/// When it cannot be put into JSON.
pub(super) fn json_line(value: &impl serde::Serialize) -> Result<String, CommandError> {
    aegis_engine::to_json_line(value)
        .map_err(|error| CommandError::input(format!("the answer cannot be written: {error}")))
}
