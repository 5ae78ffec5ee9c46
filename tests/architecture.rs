//! Rules about the sources that no lint can express.

#![expect(clippy::string_slice, reason = "at places that were found in the same text")]

mod calls;
mod circles;
mod floors;
mod gate;
mod layout;
mod new_event;
mod sources;
mod words;

use std::path::Path;

/// The root of the workspace.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// The crates that are shipped, and what each may name of the others.
const FLOORS: [(&str, &[&str]); 8] = [
    ("aegis-engine", &[]),
    ("aegis-ledger", &["aegis-engine"]),
    ("aegis-audit", &["aegis-engine", "aegis-ledger"]),
    ("aegis-runtime", &["aegis-audit", "aegis-engine", "aegis-ledger"]),
    ("aegis-adapters", &["aegis-engine"]),
    ("aegis-present", &["aegis-engine", "aegis-ledger"]),
    (
        "aegis-cli",
        &["aegis-adapters", "aegis-audit", "aegis-engine", "aegis-ledger", "aegis-present", "aegis-runtime"],
    ),
    (
        "aegis-python",
        &["aegis-adapters", "aegis-audit", "aegis-engine", "aegis-ledger", "aegis-present", "aegis-runtime"],
    ),
];

/// What is there for tests and benches only.
const KIT: &str = "aegis-testkit";

/// A file or folder of the workspace.
fn at(path: &str) -> std::path::PathBuf {
    Path::new(ROOT).join(path)
}
