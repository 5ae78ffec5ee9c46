//! Remembers every decision: an append-only, hash-chained log in one `SQLite` file.
//!
//! [`Trail`] appends and gives a [`Receipt`] once an event is synced; [`TrailReader`] gives one [`Record`] for each
//! action. Many processes may do both at once.
//!
//! # What is promised
//! - A receipt means that the row was synced to disk first.
//! - Edits, deletions and reordering within the log break its chain. Cutting off its end does not: that shows only
//!   against receipts kept elsewhere, or to a process that wrote what was cut off and is still running.
//! - Nothing is ever repaired silently, and nothing is appended to a log whose newest row, tables or triggers were
//!   changed, or whose files were exchanged while it was open.
//!
//! # The tables
//! `body` holds what is known of an event, as JSON, and `payload` what may hold secrets: parameters and description. The
//! hashed bytes are the only source of truth; the index over full blocks of events is derived from them.
//!
//! # Secrets
//! Parameters whose names look secret, and those that the policy's `redact` names, are replaced before anything is written:
//! by `redacted:hmac-sha256:` and 64 hexadecimal digits, the HMAC-SHA-256 of `"aegis-secret-v1\0"` and the value's canonical
//! JSON, with the log's key. `redacted` in the body says where. Type, target and agent are names by which actions are found;
//! they are stored as they are. The digest of the action, `action_sha256`, is that of the real action, since it binds what
//! was approved to what is done: whoever knows everything of an action but a secret that is easily guessed, such as a PIN,
//! can try until the digest fits.
//!
//! # The chain
//! Events are numbered from 1. Event *n* has the hash
//! `SHA-256("aegis-event-v1\0" ‖ log id ‖ seq ‖ at ‖ kind ‖ action id ‖ body ‖ commitment ‖ previous hash)`, where
//! numbers are 8 bytes, big-endian, and everything else is preceded by its length in 8 bytes. The commitment is
//! `SHA-256("aegis-payload-v1\0" ‖ salt ‖ payload)`, so that a payload can be removed and the chain still verifies. The
//! first event's previous hash is `SHA-256("aegis-log-v2\0" ‖ log id ‖ created at ‖ SHA-256(key))`.

mod answer;
mod append;
mod chain;
mod checkpoint;
mod copies;
mod ending;
mod error;
mod event;
mod event_lines;
mod export;
mod file;
mod findings;
mod follow;
mod index;
mod life;
mod life_warnings;
mod lock;
mod merkle;
mod note;
mod overview;
mod proof;
mod prune;
mod query;
mod reader;
mod receipt;
mod reconsidered;
mod record;
mod recorder;
mod redact;
mod remedy;
mod rows;
mod schema;
mod sink;
mod sinks;
mod stand_in;
mod statistics;
mod stored;
mod tail;
mod trail;
mod verify;
mod view;
mod watch;

pub use answer::{Answer, ApproverIdentity, ResultStatus, Via};
pub use checkpoint::{Checkpoint, CheckpointNote};
pub use ending::{Ending, EndingError};
pub use error::TrailError;
pub use event::{Entry, Event, Operator, PathSource, Stamped};
pub use event_lines::{
    Compression, EventLinesError, EventRange, EventReader, EventWriter, EventsEnd, EventsHeader, Preceding,
    RangeError,
};
pub use export::{ExportFormat, OCSF_VERSION, RecordWriter, approver_word};
pub use findings::{CheckedProof, Findings, GivenCheckpoint, GivenExports, Signature, anchors};
pub use follow::{Followed, Follower};
pub use life::{Ended, Found, Happened, Life, LifeEntry, LifeEvent, State};
pub use merkle::Frontier;
pub use note::{NoteError, SignerKey, VerifierKey};
pub use overview::Overview;
pub use proof::{InclusionProof, ProofError, ProvenEvent};
pub use prune::{Archive, ArchiveError, DamagedLog, Held, PrunePlan, Space, VerifiedPlan};
pub use query::Filter;
pub use reader::TrailReader;
pub use receipt::Receipt;
pub use reconsidered::{Reconsidered, Verdict};
pub use record::Record;
pub use recorder::{RecordError, Recorded, Recorder};
pub use redact::{RedactError, Removal, Traces};
pub use remedy::Remedy;
pub use sink::{Happening, Sink, SinkError, SinkRecord};
pub use sinks::{JournaldSink, JsonlSink, TracingSink};
pub use statistics::{
    Asked, Distinct, Habit, MAX_NAMES, Named, Names, NewestEvent, Results, Risks, Series, Statistics, Tally,
    WAIT_BOUNDS_MS, Waits, Week,
};
pub use stored::StoredEvent;
pub use trail::Trail;
pub use verify::{
    Anchor, Claim, Damage, DamageKind, ExportVerification, Exports, ExportsError, KeptReport, Places,
    Standing, Start, Verification, Verifier, verify_exports,
};
pub use watch::{Watch, Woken};
