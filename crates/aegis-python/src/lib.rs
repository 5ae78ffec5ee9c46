//! The Python package `aegis`: what of it is written in Rust, as the module `aegis._native`.
//!
//! Python has the executors, the frameworks, and whoever is asked; Rust has everything that decides and
//! remembers. Actions come in as JSON and are read by the engine's own reader, answers go out as JSON of the
//! formats that the command prints, and what allows an action is an object that Python can neither make nor
//! copy. Rust never calls into Python while it waits, nor with a lock held: a question to a human is handed
//! out, and its answer handed in.
//!
//! # What Python does with it
//! ```python
//! from aegis._native import Gate, Policy
//!
//! text = b"version: 1\nrules:\n  - { match: { type: read }, approval: auto }\n"
//! policy = Policy.of_texts([("policy", text)])
//! gate = Gate(policy, "aegis_audit.db", approver="callback")
//! leave = gate.ask('{"type": "read", "target": "crm"}', None).wait()
//! action = leave.begin()  # once: the log has it, synced, that the action begins
//! leave.end("success", None, 12)
//! ```
//!
//! How the package is built and tested, `crates/aegis-python/tests/run` and `make wheel` say.

mod action;
mod answer_json;
mod border;
mod callback;
mod current_policy;
mod failure;
mod gate;
mod gates;
mod journal_opening;
mod leave;
mod log;
mod log_filter;
mod policy;
mod policy_json;
mod preview;
mod refusal;
mod ticket;
mod words;

use pyo3::prelude::*;

/// The module `aegis._native`.
#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<gate::Gate>()?;
    module.add_class::<leave::Leave>()?;
    module.add_class::<policy::Policy>()?;
    module.add_class::<preview::Preview>()?;
    module.add_class::<refusal::Refusal>()?;
    module.add_class::<ticket::Question>()?;
    module.add_class::<ticket::Ticket>()?;
    module.add_function(wrap_pyfunction!(action::canonical_action, module)?)?;
    module.add_function(wrap_pyfunction!(action::strict_json, module)?)?;
    module.add_function(wrap_pyfunction!(action::unread_call_text, module)?)?;
    module.add_function(wrap_pyfunction!(log::count_records, module)?)?;
    module.add_function(wrap_pyfunction!(log::records, module)?)?;
    module.add_function(wrap_pyfunction!(log::verify, module)?)?;
    module.add_function(wrap_pyfunction!(words::escape, module)?)?;
    module.add_function(wrap_pyfunction!(words::schema, module)?)?;
    module.add_function(wrap_pyfunction!(words::contain_panic, module)?)?;
    Ok(())
}
