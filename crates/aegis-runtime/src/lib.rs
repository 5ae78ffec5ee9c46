//! Governs an action from policy to record: evaluate, approve, do, verify, record.
//!
//! A [`Runtime`] takes a plan of actions, has each decided, and has what is allowed done by an [`Executor`];
//! the log has every step before the next one is taken. Whoever does it all by themselves takes the gate
//! alone.
//!
//! A [`Gate`] answers actions by one policy and over one journal. Where the policy wants a human, it asks an
//! [`Approver`]: the [`TerminalApprover`], or one of the embedding program's own. Leave to do an action is a
//! [`Proceed`], which only the gate makes, and only from an answer that the journal committed.
//!
//! # Example: a gate with an approver of one's own
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use aegis_audit::Journal;
//! use aegis_engine::{Action, Digest, Source, load};
//! use aegis_ledger::event::{PathSource, SessionSource};
//! use aegis_runtime::{Approval, ApprovalRequest, Approver, Context, Gate, Outcome, Witness};
//! use aegis_runtime::{current_login, current_user};
//!
//! /// Asks the person in front of this program's own window.
//! struct Window;
//!
//! impl Approver for Window {
//!     fn ask(&mut self, request: &ApprovalRequest<'_>) -> Approval {
//!         // Show the parsed action and its digest, and wait for an answer. Here, somebody says no.
//!         let by = Witness::callback("window", Some(current_user())).expect("a word of our own");
//!         request.deny(by, Some("not on a Friday".to_owned()))
//!     }
//! }
//!
//! # let directory = tempfile::tempdir()?;
//! # let log = directory.path().join("log.db");
//! let text = b"version: 1\nrules:\n  - { match: { type: read }, approval: auto }\n";
//! let policy = Arc::new(load(&[Source { text }]).policy.expect("a valid policy"));
//! let context = Context {
//!     session_id: "s1".to_owned(),
//!     session_source: SessionSource::Argument,
//!     host: "host".to_owned(),
//!     user: current_user(),
//!     login: current_login(),
//!     policy_source: PathSource::Argument,
//!     log_source: PathSource::Argument,
//! };
//! let journal = Journal::open(&log, Duration::from_secs(10))?;
//! let mut gate = Gate::new(policy, Digest::of(text), journal, Window, context);
//!
//! let read = Action::from_json(br#"{"type":"read","target":"crm"}"#)?;
//! assert!(matches!(gate.answer(&read)?, Outcome::Allowed(_)));
//! let deploy = Action::from_json(br#"{"type":"deploy","target":"shop"}"#)?;
//! let Outcome::Refused(refusal) = gate.answer(&deploy)? else { panic!("it was denied") };
//! assert!(refusal.answered().reason().ends_with("denied it: not on a Friday"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod action_result;
mod approval;
mod approvers;
mod caught_signals;
pub mod command;
mod contained;
mod execution;
mod executor;
mod failure_text;
mod foreseen;
mod gate;
mod gate_handle;
mod gate_policy;
mod gate_questions;
mod granted_actions;
mod hooks;
#[cfg(feature = "http")]
mod http;
mod identity;
mod plan;
mod policies;
mod policy_file;
mod policy_files;
mod policy_watch;
mod precedent_words;
mod recorded_grant;
mod recorded_question;
mod recorder;
mod remedy;
mod reply_wait;
mod report;
mod runtime;
mod signed_answer;
mod signing_key;
mod ssh_agent;
mod terminal;
mod terminal_reply;
mod waiting_question;
mod witness;

pub use action_result::{ActionResult, ActionStatus, Failure};
pub use aegis_audit::{Check, EndStatus, Ending, LifeError, Precedent, Precedents};
pub use approval::{Approval, ApprovalRequest, Approver, Grantable, Hold, Unanswered};
pub use approvers::{
    ApprovalRequestV1, ApproverCommandError, CallbackAnswer, CallbackApprover, ChainApprover,
    CommandApprover, QuestionSnapshot, QueueApprover,
};
pub use caught_signals::ENDING as ENDING_SIGNALS;
pub use execution::{Observation, Running};
pub use executor::{BoxFuture, Executed, Executor, ExecutorError, FunctionExecutor, executor_fn};
pub use failure_text::failure_text;
pub use gate::{Answered, Context, Gate, GateError, GroupError, Outcome, Proceed, Refusal};
pub use gate_handle::{GateHandle, HandleError, Reply};
pub use hooks::{Hooks, PolicyChange};
#[cfg(feature = "http")]
pub use http::{HttpExecutor, HttpExecutorBuilder, HttpSetUpError, RequestError, TargetError};
pub use identity::{current_host, current_login, current_party, current_user, new_session_id};
pub use plan::{Plan, PlanSummary, PlanV1, PlannedAction};
pub use policy_file::{PolicyFile, PolicyFileError, policy_sha256};
pub use policy_files::PolicyLoadError;
pub use recorded_grant::RecordedGrant;
pub use recorded_question::{QuestionError, RecordedQuestion};
pub use recorder::{current_recorder, is_running};
pub use remedy::Remedy;
pub use reply_wait::{ReplyWait, ReplyWaitError, wait_for_reply};
pub use report::Report;
pub use runtime::{Blocking, Runtime, RuntimeBuilder, RuntimeError};
pub use signed_answer::SignedAnswer;
pub use signing_key::{SigningError, SigningKey, SigningKeyError};
pub use ssh_agent::{AgentError, SshAgent};
pub use terminal::{Confirmation, Confirmed, TerminalApprover, TerminalOptions, Wish, confirm};
pub use terminal_reply::{Answerer, NotGiven, TerminalReply};
pub use waiting_question::WaitingQuestion;
pub use witness::{Witness, WitnessError};

/// What only tests have a use for: nothing in it asks anybody.
pub mod for_tests {
    pub use crate::approvers::FixedApprover;
}

#[cfg(doctest)]
#[doc = include_str!("../../../docs/how-to/embed-the-runtime.md")]
struct EmbedTheRuntime;
