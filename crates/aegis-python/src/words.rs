//! Text for people: escaped, and schemas.

use aegis_engine::policy_schema;
use pyo3::prelude::*;

use crate::border::outside;
use crate::failure::Failure;

/// A text that may be shown: nothing in it moves a cursor, changes a colour or turns the direction of text.
#[pyfunction]
pub(crate) fn escape(text: &str) -> String {
    aegis_engine::escape(text)
}

/// The JSON Schema of policies.
#[pyfunction]
pub(crate) fn schema(py: Python<'_>) -> PyResult<String> {
    outside(py, || Ok(serde_json::to_string(&policy_schema())?))
}

/// Shows that a panic does not leave this module: for the test of that.
#[pyfunction]
pub(crate) fn contain_panic(py: Python<'_>) -> PyResult<()> {
    outside(py, || -> Result<(), Failure> { std::panic::resume_unwind(Box::new("a panic on purpose")) })
}
