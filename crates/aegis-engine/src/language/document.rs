//! A policy as its file says it: every value with its place, nothing interpreted yet.
//!
//! The types are also the source of the policy's JSON Schema, so the schema describes what is really read.
//! Its descriptions break their lines where doc comments do; longer ones are strings, which do not break.

mod approvals;

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use crate::decide::action::Action;
use crate::decide::decision::{ApprovalMode, RiskLevel};
use crate::text::span::{Span, Spanned};

pub use crate::decide::approval_terms::WantedEvidence;
pub use crate::decide::operand::OrderOperand;
pub use crate::decide::time::Weekday;
pub use approvals::{ApprovalEntry, ApproverEntry, Approvers, GrantEntry, TermsEntry};

/// The largest policy file, in bytes.
pub const MAX_POLICY_BYTES: usize = 64 << 20;

/// An Aegis policy: rules that say which actions may happen, which need a human, and which must not happen.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(deny_unknown_fields, title = "Aegis policy")]
pub struct Document {
    /// The version of the policy format.
    pub version: Spanned<Version>,
    /// What holds where no rule matches, and the time zone of conditions that name none.
    #[schemars(default)]
    pub defaults: Defaults,
    /// Who can be named as an approver, each by a name of its own.
    #[schemars(with = "Approvers", default)]
    pub approvers: Option<Approvers>,
    #[doc = "Parameters that are never written down, besides those whose names look secret: each entry a \
             glob of names at any\ndepth or, where it starts with `/`, a JSON Pointer (RFC 6901) into \
             `params`."]
    #[schemars(
        with = "Vec<String>",
        default,
        length(min = 1),
        inner(length(min = 1)),
        extend("examples" = [["iban", "customer_*", "/order/notes"]])
    )]
    pub redact: Option<Spanned<Vec<Spanned<String>>>>,
    /// The rules, in order; the first that matches decides.
    pub rules: Vec<RuleEntry>,
    /// Actions and what this policy must say of them.
    #[schemars(default)]
    pub examples: Vec<Example>,
}

impl Document {
    /// A document of which nothing could be read.
    pub(crate) fn default_at(span: Span) -> Document {
        Document {
            version: Spanned::new(Version, span),
            defaults: Defaults::default(),
            approvers: None,
            redact: None,
            rules: Vec::new(),
            examples: Vec::new(),
        }
    }
}

/// The version of the policy format: `"1"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version;

impl JsonSchema for Version {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Version".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "enum": ["1", 1] })
    }
}

/// What holds where no rule matches, and the time zone of conditions that name none.
#[derive(Clone, Debug, Default, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Defaults {
    /// The risk of actions that no rule matches. `medium` if omitted.
    #[schemars(extend("default" = "medium"))]
    pub risk_level: Option<Spanned<RiskLevel>>,
    /// The approval of actions that no rule matches. `approve` if omitted.
    #[schemars(extend("default" = "approve"))]
    pub approval: Option<ApprovalEntry>,
    /// The IANA time zone of conditions that name none, such as `Europe/Berlin`. UTC if omitted.
    #[schemars(extend("default" = "UTC", "examples" = ["UTC", "Europe/Berlin", "America/New_York"]))]
    pub timezone: Option<Spanned<String>>,
}

/// One rule: what it matches, under which conditions, and what then holds.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(rename = "Rule", deny_unknown_fields)]
pub struct RuleEntry {
    /// The whole rule.
    #[schemars(skip)]
    pub span: Span,
    /// How answers and records call the rule. `rule_<index>`, counted from 0, if omitted.
    #[schemars(length(min = 1), extend("examples" = ["bulk_ops_need_approval"]))]
    pub name: Option<Spanned<String>>,
    /// Which actions the rule is about. All, if omitted.
    #[schemars(rename = "match", default)]
    pub matches: MatchEntry,
    /// What must hold besides; all conditions must.
    #[schemars(default)]
    pub conditions: Conditions,
    /// How much harm such an action could do. `medium` if omitted, whatever `defaults` say.
    #[schemars(extend("default" = "medium"))]
    pub risk_level: Option<Spanned<RiskLevel>>,
    /// What must happen before such an action may. `approve` if omitted, whatever `defaults` say.
    #[schemars(extend("default" = "approve"))]
    pub approval: Option<ApprovalEntry>,
    #[doc = "What the author tells whoever asks, approves or is refused, as one line. At most 500 characters."]
    #[schemars(
        length(max = 500),
        regex(pattern = r"\S"),
        extend("examples" = ["over 100 records: ask the CRM owner"])
    )]
    pub reason: Option<Spanned<String>>,
    /// Actions that this rule must decide, and how.
    #[schemars(default)]
    pub examples: Vec<Example>,
}

/// The longest `reason` of a rule, in characters.
pub const MAX_REASON: usize = 500;
impl RuleEntry {
    /// A rule of which nothing is known but its place.
    pub(crate) fn new(span: Span) -> RuleEntry {
        RuleEntry {
            span,
            name: None,
            matches: MatchEntry::default(),
            conditions: Conditions::default(),
            risk_level: None,
            approval: None,
            reason: None,
            examples: Vec::new(),
        }
    }
}

/// Globs over an action's type, target and agent; an omitted one matches everything.
#[derive(Clone, Debug, Default, JsonSchema)]
#[schemars(rename = "Match", deny_unknown_fields)]
pub struct MatchEntry {
    /// Globs of the action's `type`; one must match.
    #[schemars(rename = "type", extend("default" = "*"))]
    pub kind: Option<Globs>,
    /// Globs of the action's `target`; one must match.
    #[schemars(extend("default" = "*"))]
    pub target: Option<Globs>,
    /// Globs of the action's `agent`; one must match. An action without an agent is matched only by `*`.
    #[schemars(extend("default" = "*"))]
    pub agent: Option<Globs>,
    /// Whether these globs match letters of any case (Unicode's simple case folding).
    #[schemars(extend("default" = false))]
    pub ignore_case: Option<Spanned<bool>>,
}

impl MatchEntry {
    /// The globs of all fields, in order.
    pub fn patterns(&self) -> impl Iterator<Item = &Spanned<String>> {
        [&self.kind, &self.target, &self.agent].into_iter().flatten().flat_map(|globs| &globs.patterns)
    }
}

/// A glob, or a list of globs of which one must match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Globs {
    /// The globs; never empty.
    pub patterns: Vec<Spanned<String>>,
}

impl JsonSchema for Globs {
    fn schema_name() -> Cow<'static, str> {
        "Globs".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A glob, or a list of globs of which one must match the whole text, \
                            case-sensitively unless `ignore_case` stands beside them: `*` any run of characters, `?` one character, `[a-z]` and \
                            `[!a-z]` one character of a set, `{a,b}` alternatives.",
            "anyOf": [
                { "type": "string" },
                { "type": "array", "items": { "type": "string" }, "minItems": 1 }
            ],
            "examples": ["bulk_*", ["read", "list"]]
        })
    }
}

/// Conditions on the time and on the action's parameters; all must hold.
#[derive(Clone, Debug, Default, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Conditions {
    #[doc = "Holds from this time of day on, \"HH:MM\". With `time_before` earlier than it, the window \
             passes midnight."]
    #[schemars(regex(pattern = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"), extend("examples" = ["08:00"]))]
    pub time_after: Option<Spanned<String>>,
    /// Holds until just before this time of day, "HH:MM".
    #[schemars(regex(pattern = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"), extend("examples" = ["18:00"]))]
    pub time_before: Option<Spanned<String>>,
    /// Holds on these days of the week: 1 or `mon` is Monday, 7 or `sun` is Sunday.
    #[schemars(length(min = 1), extend("examples" = [[1, 2, 3, 4, 5], ["sat", "sun"]]))]
    pub weekdays: Option<Vec<Spanned<Weekday>>>,
    /// The IANA time zone of the times and days beside it.
    #[schemars(extend("examples" = ["UTC", "Europe/Berlin"]))]
    pub timezone: Option<Spanned<String>>,
    /// Each parameter equals its operand; values of unlike types are not equal.
    pub param_eq: Option<Params<AnyOperand>>,
    /// Each parameter is greater than its operand.
    pub param_gt: Option<Params<OrderOperand>>,
    /// Each parameter is less than its operand.
    pub param_lt: Option<Params<OrderOperand>>,
    /// Each parameter is greater than its operand, or equal to it.
    pub param_gte: Option<Params<OrderOperand>>,
    /// Each parameter is less than its operand, or equal to it.
    pub param_lte: Option<Params<OrderOperand>>,
    #[doc = "Each parameter contains its operand: as a part of a string, an element of a list, or a key \
             of an object."]
    pub param_contains: Option<Params<AnyOperand>>,
    #[doc = "In each parameter, the regular expression is found somewhere; anchor it with `^` and `$` to \
             match the whole."]
    pub param_matches: Option<Params<String>>,
    /// Each parameter is present (`true`), or absent or null (`false`).
    pub param_exists: Option<Params<bool>>,
}

/// A condition's parameters, each with its operand, in the order written.
///
/// A key that starts with `/` is a JSON Pointer (RFC 6901) into `params`; any other is a top-level key.
#[derive(Clone, Debug, PartialEq)]
pub struct Params<T> {
    /// Key and operand.
    pub entries: Vec<(Spanned<String>, Spanned<T>)>,
}

impl<T: JsonSchema> JsonSchema for Params<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("ParamsOf{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let operand = generator.subschema_for::<T>();
        json_schema!({ "type": "object", "minProperties": 1, "additionalProperties": operand })
    }
}

/// An operand of any type but null.
#[derive(Clone, Debug, PartialEq)]
pub struct AnyOperand(pub Value);

impl JsonSchema for AnyOperand {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "AnyOperand".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "number", "boolean", "array", "object"] })
    }
}

/// A file of examples for a policy: `FILE.test.yaml`.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(deny_unknown_fields, title = "Aegis policy tests")]
pub struct TestDocument {
    /// The policy, relative to this file. If omitted, the file of the same name without `.test`.
    pub policy: Option<Spanned<String>>,
    /// Actions and what the policy must say of them.
    pub examples: Vec<Example>,
}

/// An action, and what the policy must say of it.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Example {
    /// The whole example.
    #[schemars(skip)]
    pub span: Span,
    /// The action.
    pub action: Action,
    /// The instant to decide as of (RFC 3339). Needed where the answer depends on the time.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub at: Option<Spanned<DateTime<Utc>>>,
    /// What must come out.
    pub expect: Expectation,
}

/// What an example expects: an approval, or a mapping of approval, risk level and rule, of which any may be
/// omitted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expectation {
    /// The approval.
    pub approval: Option<Spanned<ApprovalMode>>,
    /// The risk level.
    pub risk_level: Option<Spanned<RiskLevel>>,
    /// The name of the rule that decides, or `<default>`.
    pub rule: Option<Spanned<String>>,
}

impl JsonSchema for Expectation {
    fn schema_name() -> Cow<'static, str> {
        "Expectation".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let approval = generator.subschema_for::<ApprovalMode>();
        let risk_level = generator.subschema_for::<RiskLevel>();
        json_schema!({
            "description": "What must come out: an approval, or any of approval, risk level and rule.",
            "anyOf": [
                approval.clone(),
                {
                    "type": "object",
                    "properties": {
                        "approval": approval,
                        "risk_level": risk_level,
                        "rule": { "type": "string", "description": "The deciding rule, or `<default>`." }
                    },
                    "additionalProperties": false,
                    "minProperties": 1
                }
            ]
        })
    }
}
