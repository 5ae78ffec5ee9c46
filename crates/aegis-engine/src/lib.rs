//! Decides whether an AI agent's action may happen.
//!
//! A *policy* (YAML) and an *action* (JSON) go in, a *decision* comes out: a risk level, an approval (`auto`,
//! `approve` or `block`), the rule that decided, and why. Nothing here does I/O, reads a clock or an
//! environment: a decision is a pure function of policy, action and instant.
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
//!
//! # Rooms
//! The crate has four rooms, and each uses only those above it:
//!
//! | room | what is in it | which rooms it uses |
//! |---|---|---|
//! | [`text`] | places, escaping, strict JSON, canonical form, digests | none |
//! | [`decide`] | actions, rules, globs, conditions, decisions, traces, redaction | `text` |
//! | [`language`] | YAML, the document, compiling it, schemas, codes and diagnostics | `text`, `decide` |
//! | [`author`] | lints, examples, coverage, mutation, drafts | the three others |
//!
//! Everything that they make public is public here as well, by the same name.

pub mod author;
pub mod decide;
pub mod language;
pub mod text;

pub use author::{
    Change, ConditionCoverage, Coverage, Difference, Draft, DraftExample, EXAMPLE_INSTANT, ExampleField,
    ExampleResult, Mutant, Mutation, Place, ReadTestFiles, RuleCoverage, Share, Suite, TestChoice, TestFiles,
    TestRun, lint,
};
pub use decide::{
    Action, ActionError, AgentSource, ApprovalMode, ApprovalTerms, CallOrigin, DEFAULT_RULE, Decision,
    GrantTerms, KnownBy, LONGEST_GRANT_MS, MAX_ACTION_BYTES, MAX_ACTION_DEPTH, MAX_ACTION_VALUES, MOST_USES,
    NamedApprover, OBSERVED_RULE, Policy, Redacted, Redaction, RiskLevel, Rule, RuleOutcome, RuleTrace,
    SameField, USUAL_USES, Undecidable, WantedEvidence, zone_edition,
};
pub use language::{
    Code, Diagnostic, Document, Edit, Explanation, Fix, Label, Loaded, MAX_POLICY_BYTES, Remedy, Severity,
    Source, SourceText, TestDocument, Unformatted, action_schema, apply_fixes, document, format_policy, load,
    nearest_code, policy_schema, schema_of, test_schema,
};
pub use text::{
    Digest, JsonError, JsonSlip, MAX_MESSAGE_BYTES, Member, Position, SourceId, Span, Spanned,
    canonical_json, canonical_members, canonical_number, escape, escape_capped, escape_into,
    escape_json_into, hide_secrets, is_printable_ascii, looks_secret, parse_json, parse_message_json,
    parse_recorded_json, saves, to_json_line, type_name,
};
