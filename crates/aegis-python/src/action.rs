//! Actions, as Python writes them and the engine reads them.

use aegis_engine::{Action, canonical_json, escape, parse_json};
use pyo3::prelude::*;

use crate::border::outside;
use crate::failure::Failure;

/// Reads an action strictly.
pub(crate) fn read(json: &str) -> Result<Action, Failure> {
    Ok(Action::from_json(json.as_bytes())?)
}

/// The action as it is evaluated: its canonical form, and the SHA-256 of that.
#[pyfunction]
pub(crate) fn canonical_action(py: Python<'_>, json: &str) -> PyResult<(String, String)> {
    outside(py, || {
        let action = read(json)?;
        Ok((action.canonical(), action.digest().to_string()))
    })
}

/// A JSON text, read as strictly as an action is, in its canonical form: no key twice, nothing behind it.
#[pyfunction]
pub(crate) fn strict_json(py: Python<'_>, text: &str) -> PyResult<String> {
    outside(py, || {
        let value = parse_json(text.as_bytes()).map_err(|error| Failure::action(error.to_string()))?;
        Ok(canonical_json(&value))
    })
}

/// What a model is told of a call that could not be read.
#[pyfunction]
pub(crate) fn unread_call_text(problem: &str) -> String {
    aegis_adapters::unread_call_text(&escape(problem))
}
