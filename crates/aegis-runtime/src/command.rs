//! Commands: a program with its arguments, as an action that can be decided on, and run exactly as it was
//! decided on.
//!
//! A [`CommandSpec`] finds the program as `execvp` would, and puts what decides about a run into the
//! parameters of an action:
//!
//! | parameter | holds |
//! |---|---|
//! | `argv` | the words of the command, the program's name first |
//! | `program`, `program_sha256` | the file that is run, without links on the way to it, and what is in it |
//! | `cwd` | the directory that it runs in |
//! | `env` | the variables that change how programs behave: see [`VARIABLE_GROUPS`] |
//! | `script`, `script_sha256` | the first file that an interpreter is given, and what is in it |
//! | `files` | every other file that an interpreter's arguments name, with the digest of what is in it |
//! | `sealed` | true where scripts are run from a copy that nobody can change |
//!
//! [`execute`] takes the action and the leave to do it, and knows nothing else. It opens the program,
//! compares what it reads with what was approved, and has the kernel run that very file: no path is looked up
//! in between. A script is opened by its path once more, by the kernel and by its interpreter, since it goes
//! by its path itself. Whoever exchanges it in that moment is found out at the end at the latest, and the end
//! is no success. Where the action says `sealed`, a script runs from a copy in memory of what was compared,
//! and nobody can exchange anything; its own path is `/proc/self/fd/N` then.
//!
//! # Example: run what the gate allows
//! ```
//! # use std::sync::Arc;
//! # use std::time::Duration;
//! # use aegis_audit::Journal;
//! # use aegis_engine::{Digest, Source, load};
//! # use aegis_ledger::event::{PathSource, SessionSource};
//! # use aegis_runtime::{Approval, ApprovalRequest, Approver, Context, Gate, Unanswered};
//! # struct Nobody;
//! # impl Approver for Nobody {
//! #     fn ask(&mut self, request: &ApprovalRequest<'_>) -> Approval {
//! #         request.nobody(Unanswered::new("alone".to_owned()))
//! #     }
//! # }
//! use aegis_audit::{EndStatus, Ending};
//! use aegis_runtime::Outcome;
//! use aegis_runtime::command::{CommandSpec, ExecuteOptions, execute};
//!
//! # let directory = tempfile::tempdir()?;
//! # let text = b"version: 1\nrules:\n  - { match: { type: exec, target: 'true' }, approval: auto }\n";
//! # let policy = Arc::new(load(&[Source { text }]).policy.expect("a valid policy"));
//! # let context = Context {
//! #     session_id: "s1".to_owned(), session_source: SessionSource::Argument, host: "host".to_owned(),
//! #     user: "user".to_owned(), login: None, policy_source: PathSource::Argument,
//! #     log_source: PathSource::Argument,
//! # };
//! # let journal = Journal::open(&directory.path().join("log.db"), Duration::from_secs(10))?;
//! # let mut gate = Gate::new(policy, Digest::of(text), journal, Nobody, context);
//! let action = CommandSpec::new(["true"], "/", std::env::vars_os()).action()?;
//! let Outcome::Allowed(leave) = gate.answer(&action)? else { panic!("the policy allows it") };
//! let running = gate.start(&leave)?;
//! let end = execute(&action, leave, ExecuteOptions::default());
//! let status = if end.succeeded() { EndStatus::Success } else { EndStatus::Failed };
//! let error = end.error();
//! gate.end(&running, Ending { status, error: error.as_deref(), duration_ms: end.duration_ms() })?;
//! assert_eq!(end.status(), 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod approved;
mod attendance;
mod descendants;
mod end;
mod environment;
mod executor;
mod given_files;
mod interpreters;
mod launch;
mod opened_file;
mod program_header;
mod resolution;
mod script;
mod sealed_copy;
mod spec;
mod waiting;

pub use approved::NoCommand;
pub use attendance::Attendance;
pub use end::{CommandEnd, HowItEnded};
pub use environment::{VARIABLE_GROUPS, VariableGroup, is_part_of_command};
pub use executor::{CommandExecutor, ExecuteOptions, execute};
pub use launch::LaunchError;
pub use opened_file::FileProblem;
pub use spec::{CommandSpec, RESERVED_PARAMS, SpecError};

#[cfg(test)]
mod tests;
