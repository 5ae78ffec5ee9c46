//! Whose message it is: models make calls, others do not.

use crate::place::Place;
use crate::read_error::ReadError;

/// That a message is a model's, where it says whose it is.
pub(crate) fn of_model(message: &Place<'_>, role: &str) -> Result<(), ReadError> {
    match message.member("role") {
        Some(said) if said.text()? != role => {
            Err(ReadError::NotOfModel { place: said.pointer(), role: said.text()?.to_owned() })
        }
        _ => Ok(()),
    }
}
