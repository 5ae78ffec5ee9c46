//! What decides: the action, the policy with its rules, globs and conditions, the decision that comes of
//! both, the trace of how it came about, and the action as it may be written down.
//!
//! A policy is whole and valid here; how one is written is another room's business. This room names
//! [`text`](crate::text) alone.

pub(crate) mod action;
mod agent_source;
pub(crate) mod approval_terms;
mod call_origin;
pub(crate) mod condition;
pub(crate) mod decision;
pub(crate) mod glob;
pub(crate) mod grant_terms;
pub(crate) mod letter_case;
pub(crate) mod operand;
pub(crate) mod param_key;
pub(crate) mod pattern_budget;
pub(crate) mod policy;
pub(crate) mod redaction;
pub(crate) mod time;
mod trace;
pub(crate) mod zone;

pub use action::{Action, ActionError, MAX_ACTION_BYTES, MAX_ACTION_DEPTH, MAX_ACTION_VALUES};
pub use agent_source::AgentSource;
pub use approval_terms::{ApprovalTerms, KnownBy, NamedApprover, WantedEvidence};
pub use call_origin::CallOrigin;
pub use decision::{
    ApprovalMode, DEFAULT_RULE, Decision, OBSERVED_RULE, RESERVED_RULES, RiskLevel, Undecidable,
};
pub use grant_terms::{GrantTerms, LONGEST_GRANT_MS, MOST_USES, SameField, USUAL_USES};
pub use policy::{Policy, Rule};
pub use redaction::{Redacted, Redaction};
pub use trace::{RuleOutcome, RuleTrace};
pub use zone::zone_edition;
