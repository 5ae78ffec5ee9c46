//! What the tests and benches of Aegis share: private places with logs in them, cases to record there, the
//! built program in an environment of its own, terminals, and a check of logs that knows nothing of the
//! crates that write them.
//!
//! Nothing that is shipped may depend on this crate: it is named in `[dev-dependencies]` alone, and a test of
//! the workspace's architecture says so. What goes wrong here panics, as it would in the test that called it.
//!
//! # Example: a log with a decision in it
//! ```
//! use aegis_ledger::answer::Answer;
//! use aegis_ledger::filter::Filter;
//! use aegis_testkit::{Append as _, Case, Log, Place};
//!
//! let place = Place::new();
//! let asked = Case::new(r#"{"type":"update","target":"crm"}"#).id("a").answered_by(Answer::Approved, "ana");
//! let receipts = place.open().append(&[asked.requested(), asked.answered(), asked.decided()]).unwrap();
//! assert_eq!(receipts[2].seq(), 3);
//! assert_eq!(place.records(&Filter::default())[0].id, "a");
//! // Read again from the file, by somebody who knows nothing but the format.
//! assert_eq!(Log::verified(&place.log).unwrap().rows.len(), 3);
//! ```
//!
//! # Stores
//! Whatever passes [`store_suite`] can stand behind the journal: `SqliteStore`, and the [`MemoryStore`] of
//! this crate.
//!
//! # Example: a program, hermetically
//! Where the built `aegis` is, only cargo knows, and it tells nobody but the program's own integration tests.
//! They name it once, as a [`Program`]:
//! ```
//! struct Echo;
//!
//! impl aegis_testkit::Program for Echo {
//!     const PATH: &'static str = "/bin/echo"; // In a test: env!("CARGO_BIN_EXE_aegis").
//! }
//!
//! type TestEnvironment = aegis_testkit::TestEnvironment<Echo>;
//!
//! let run = TestEnvironment::new().aegis(&["{}"]);
//! assert_eq!((run.code, run.json()), (0, serde_json::json!({})));
//! ```

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "what goes wrong here is a test that fails, whose output is read by people"
)]
#![expect(
    clippy::must_use_candidate,
    clippy::return_self_not_must_use,
    reason = "a test that does not look at what it asked for harms nobody"
)]
#![expect(clippy::new_without_default, reason = "what is new makes a directory, which no default should do")]

mod access_list;
mod account;
mod append;
mod case;
mod chain;
mod chance;
mod directory;
mod environment;
mod file_limit;
mod memory_store;
mod modules;
mod permissions;
mod place;
mod process;
mod run;
mod safe_line;
mod scale;
mod store_suite;
mod terminal;
mod triggers;

use std::time::Duration;

pub use access_list::{Named, share_by_access_list};
pub use account::{NOBODY, as_nobody, is_root};
pub use append::{Append, append_cases, append_one};
pub use case::{Case, at_a_terminal};
pub use chain::{Log, Row, commitment, identity, rehash, relink};
pub use chance::Chance;
pub use directory::{file_names, files_with, paths_ending, private_directory};
pub use environment::{AWAY, BULK, DELETE, POLICY, Program, READ, TestEnvironment};
pub use file_limit::limited;
pub use memory_store::MemoryStore;
pub use modules::unlisted_modules;
pub use permissions::{mode, set_mode};
pub use place::{Place, records};
pub use process::Process;
pub use run::{Run, run_with_input};
pub use safe_line::is_safe_line;
pub use scale::{figures, is_long, scaled, skipped};
pub use store_suite::{StorePlace, store_suite};
pub use terminal::{Size, Terminal, USUAL};
pub use triggers::without_triggers;

/// How long anything may take before a test fails instead of waiting on: long enough for any queue.
pub const PATIENCE: Duration = Duration::from_secs(60);
