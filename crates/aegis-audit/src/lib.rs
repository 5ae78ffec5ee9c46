//! Remembers every decision: an append-only, hash-chained log that is written through one door.
//!
//! A [`Journal`] is that door: it records what was decided and how it ended, hands out checkpoints, removes
//! secrets and prunes, and gives every sink behind it the same records. It stands over a
//! [`Store`](store::Store), of which the first is one `SQLite` file ([`sqlite`]); a
//! [`TrailReader`](sqlite::TrailReader) reads beside it. What events are, and what a chain of them proves, is
//! the business of `aegis-ledger`.
//!
//! # Example: recording and reading back
//! ```
//! use std::ops::ControlFlow;
//! use std::time::Duration;
//!
//! use aegis_audit::sqlite::TrailReader;
//! use aegis_audit::{Journal, TrailError};
//! use aegis_ledger::answer::Answer;
//! use aegis_ledger::event::{Decided, Entry, Event, PathSource, SessionSource, Stamped};
//! use aegis_ledger::filter::Filter;
//! # use aegis_engine::{Action, Digest, Source, load};
//!
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join("log.db");
//! # let text = b"version: 1\ndefaults: { approval: block }\nrules: []\n";
//! # let policy = load(&[Source { text }]).policy.unwrap();
//! # let action = Action::from_json(br#"{"type":"read","target":"crm"}"#)?;
//! # let at = "2026-11-23T08:49:00Z".parse()?;
//! # let decision = policy.decide(&action, at);
//! # let (digest, source) = (action.digest(), PathSource::Argument);
//! # let entry = Entry {
//! #     action_id: "a",
//! #     session_id: "s",
//! #     session_source: SessionSource::Argument,
//! #     action: &action,
//! #     action_sha256: digest,
//! #     decision: &decision,
//! #     redaction: policy.redaction(),
//! #     policy_sha256: Digest::of(b""),
//! #     host: "h",
//! #     user: "u",
//! #     login: None,
//! #     policy_source: source,
//! #     log_source: source,
//! # };
//! let mut journal = Journal::open(&path, Duration::from_secs(10))?;
//! let (approver, grant, reason) = (None, None, "it is blocked");
//! let decided = Decided { entry, answer: Answer::Block, approver, reason, grant };
//! let committed = journal.record(vec![Stamped { at, event: Event::Decided(decided) }])?;
//! assert_eq!(committed[0].receipt().seq(), 1);
//!
//! TrailReader::open(&path)?.records(&Filter::default(), |record| {
//!     assert_eq!(record.decision, Some(Answer::Block));
//!     Ok::<_, TrailError>(ControlFlow::Continue(()))
//! })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is promised
//! - A committed account means that its rows were synced to disk first, and that every sink took them.
//! - Edits, deletions and reordering within the log break its chain. Cutting off its end does not: that shows
//!   only against receipts kept elsewhere, or to a process that wrote what was cut off and is still running.
//! - Nothing is ever repaired silently, and nothing is appended to a log whose newest rows, beginning or
//!   schema was changed, or whose files were exchanged while it was open.

mod archive;
mod clock;
mod error;
mod file;
mod file_mode;
mod file_system;
mod journal;
mod left_out;
mod lock;
mod log_names;
mod log_owner;
mod precedents;
mod sink;
mod sinks;
pub mod sqlite;
pub mod store;
pub mod trust;
mod verified_plan;
mod volatility;
mod watch;

pub use aegis_ledger::remedy::Remedy;
pub use archive::{Archive, ArchiveError};
pub use clock::now;
pub use error::TrailError;
pub use file_mode::{PRIVATE, set_mode};
pub use journal::{
    A_WAIT, Account, Check, Committed, EndStatus, Ending, Flood, Journal, LifeError, NewReply, QuestionBook,
    RecordError, RedactError, Removal, Replied, ReplyError, Revocation, RevokeError, offered_grant_of,
    open_grants, open_questions, question_of,
};
pub use left_out::LeftOut;
pub use log_names::is_part_of_log;
pub use log_owner::act_as_owner;
pub use precedents::{Precedent, Precedents, precedents_of};
pub use sink::{Sink, SinkError, SinkRecord};
pub use sinks::{JournaldSink, JsonlSink, TracingSink};
pub use verified_plan::{DamagedLog, VerifiedPlan};
pub use volatility::Volatility;
pub use watch::{Watch, Woken};
