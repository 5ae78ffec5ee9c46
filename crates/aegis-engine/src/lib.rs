//! Decides whether an AI agent's action may happen.
//!
//! A *policy* (YAML) and an *action* (JSON) go in, a *decision* comes out: a risk level, an approval (`auto`,
//! `approve` or `block`), the rule that decided, and why. Nothing here does I/O, reads a clock or an environment: a
//! decision is a pure function of policy, action and instant.
//!
//! # Example: reading a policy and deciding
//! ```
//! use aegis_engine::{Action, ApprovalMode, Source, load};
//!
//! let text = br#"
//! version: "1"
//! rules:
//!   - name: large_updates_need_approval
//!     match: { type: "bulk_*" }
//!     conditions: { param_gt: { count: 100 } }
//!     risk_level: high
//! "#;
//! let policy = load(&[Source { text }]).policy.expect("the policy is valid");
//! let action = Action::from_json(br#"{"type":"bulk_update","target":"crm","params":{"count":"150"}}"#)?;
//! let decision = policy.decide(&action, "2026-11-23T08:49:00Z".parse().expect("an instant"));
//!
//! // "150" is a string, so the comparison is undecidable, and the outcome is the strictest of both ways.
//! assert_eq!(decision.approval(), ApprovalMode::Approve);
//! assert_eq!(decision.undecidable().len(), 1);
//! # Ok::<(), aegis_engine::ActionError>(())
//! ```
//!
//! # Data flow
//! ```text
//! source text → Document (as written, with spans) → compile → Policy → decide → Decision
//! ```
//! What is wrong with a policy comes as one stream of [`Diagnostic`]s, all of a file at once.

mod action;
mod canonical;
mod compile;
mod condition;
mod coverage;
mod decision;
mod diagnostic;
pub mod document;
mod draft;
mod escape;
mod example;
mod explain;
mod explanation;
mod glob;
mod json;
mod lint;
mod mutation;
mod nearest;
mod policy;
mod probe;
mod redaction;
mod schema;
mod source_text;
mod span;
mod test_run;
mod time;
mod yaml;

pub use action::{Action, ActionError, MAX_ACTION_BYTES, MAX_ACTION_DEPTH, MAX_ACTION_VALUES};
pub use canonical::{Digest, Member, canonical_json, canonical_members, canonical_number};
pub use compile::{Loaded, Source, load};
pub use coverage::{ConditionCoverage, Coverage, RuleCoverage, Share};
pub use decision::{ApprovalMode, DEFAULT_RULE, Decision, RiskLevel, Undecidable};
pub use diagnostic::{Code, Diagnostic, Label, Severity};
pub use document::{Document, MAX_POLICY_BYTES, TestDocument};
pub use draft::{Draft, DraftExample};
pub use escape::{escape, escape_capped, escape_into, escape_json_into, is_printable_ascii, to_json_line};
pub use example::{Difference, EXAMPLE_INSTANT, ExampleField, ExampleResult, Suite};
pub use explain::{RuleOutcome, RuleTrace};
pub use explanation::{Explanation, nearest_code};
pub use json::{JsonError, parse_json};
pub use lint::lint;
pub use mutation::{Change, Mutant, Mutation};
pub use policy::{Policy, Rule};
pub use redaction::{Redacted, Redaction, looks_secret};
pub use schema::{action_schema, policy_schema, schema_of};
pub use source_text::SourceText;
pub use span::{Position, SourceId, Span, Spanned};
pub use test_run::{Place, ReadTestFiles, TestChoice, TestFiles, TestRun};
