//! What an audit log holds, what it proves, and how it is exported.
//!
//! A log is a chain of *events*: an action was asked for, answered, ended; a checkpoint was handed out. This
//! crate knows how an event is written, hashed and read back, how a chain of them is verified, and what the
//! events of an action make together. It knows neither a database nor files nor a clock: where a log is kept,
//! another crate decides, and an archive can be verified by a program that links none of that.
//!
//! # Example: verifying exported events
//! ```
//! use std::io::Read;
//!
//! use aegis_ledger::verify::{Exports, verify_exports};
//!
//! # fn verify(archive: &'static [u8]) -> Result<bool, aegis_ledger::verify::ExportsError> {
//! let names = ["2026.jsonl".to_owned()];
//! let mut open = |_| Ok(Box::new(archive) as Box<dyn Read>);
//! let mut exports = Exports { names: &names, open: &mut open, until: None };
//! let found = verify_exports(&mut exports, Vec::new(), None, |_rows| ())?;
//! for damage in &found.verification.damage {
//!     println!("{damage}");
//! }
//! # Ok(found.verification.is_sound())
//! # }
//! # assert!(verify(b"no archive").is_err());
//! ```
//!
//! # Rooms
//! | room | what is in it |
//! |---|---|
//! | [`event`] | what is written down: one file for each kind of event |
//! | [`answer`] | the words for answers, results and approvers |
//! | [`chain`] | the hash chain: identity of a log, links, commitments |
//! | [`stored_event`] | one row of the log, and whether it fits its hash |
//! | [`record`] | one line for each action, as it is exported; [`filter`]: which of them |
//! | [`history`] | every event of one action, and how it stands |
//! | [`action_life`] | which events of an action can follow each other |
//! | [`question`], [`grant`] | what waits for an answer, and what a yes lets happen beyond it |
//! | [`receipt`] | where in a log an event is: what callers keep |
//! | [`merkle`], [`note`], [`checkpoint`], [`proof`] | what others can hold a log to |
//! | [`origin`] | where a log begins, if its oldest events were pruned |
//! | [`verify`] | verifying a chain, and what others kept of it |
//! | [`event_lines`] | whole events as lines: exports that verify, archives |
//! | [`export`] | records as JSON, CSV, OCSF and CEF |
//! | [`block_index`] | which events of a block have which words |
//! | [`statistics`] | counting actions in bounded memory; [`overview`]: a trail as a whole |
//! | [`findings`] | what verifying came to, held against what was kept elsewhere |
//! | [`reconsidered`] | what a policy says of an action that was recorded |
//! | [`signed_reply`], [`ssh_signature`] | answers that are signed |
//! | [`remedy`] | what would help against an error, for those who have a command for it |
//!
//! # The hashed bytes
//! Events are numbered from 1. Event *n* has the hash `SHA-256("aegis-event-v1\0" ‖ log id ‖ seq ‖ at ‖ kind
//! ‖ action id ‖ body ‖ commitment ‖ previous hash)`, where numbers are 8 bytes, big-endian, and everything
//! else is preceded by its length in 8 bytes. The commitment is `SHA-256("aegis-payload-v1\0" ‖ salt ‖
//! payload)`, so that a payload can be removed and the chain still verifies. The first event's previous hash
//! is `SHA-256("aegis-log-v2\0" ‖ log id ‖ created at ‖ SHA-256(key))`.
//!
//! # Secrets
//! Parameters whose names look secret, those that the policy's `redact` names, and secrets that announce
//! themselves in any text of an action, type, target and agent included, are replaced before anything is
//! written: by `redacted:hmac-sha256:` and 64 hexadecimal digits, the HMAC-SHA-256 of
//! `"aegis-secret-v1\0"` and the value's canonical JSON, with the log's key. `redacted` in the body says
//! where: by JSON Pointers within the parameters, and by the words `agent`, `description`, `target` and
//! `type`. The body, in which type, target and agent stand, is covered by the hash and cannot be removed
//! later. The digest of the action, `action_sha256`, is that of the real action, since it binds what was
//! approved to what is done: whoever knows everything of an action but a secret that is easily guessed, such
//! as a PIN, can try until the digest fits.

pub mod action_life;
pub mod answer;
pub mod block_index;
pub mod chain;
pub mod checkpoint;
pub mod event;
pub mod event_lines;
pub mod export;
pub mod filter;
pub mod findings;
pub mod grant;
pub mod history;
mod history_warnings;
pub mod merkle;
pub mod note;
pub mod origin;
pub mod overview;
pub mod proof;
pub mod question;
pub mod receipt;
pub mod reconsidered;
pub mod record;
pub mod remedy;
mod secret_digest;
pub mod signed_reply;
pub mod ssh_signature;
pub mod statistics;
pub mod stored_event;
pub mod verify;
