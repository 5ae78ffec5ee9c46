//! What a policy says of approvals: who may give one, and on what terms it counts.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::decide::approval_terms::WantedEvidence;
use crate::decide::decision::ApprovalMode;
use crate::decide::grant_terms::{MOST_USES, USUAL_USES};
use crate::text::span::{Span, Spanned};

/// The approvers that rules can name, in the order written.
#[derive(Clone, Debug)]
pub struct Approvers {
    /// Name and approver.
    pub entries: Vec<(Spanned<String>, ApproverEntry)>,
}

impl JsonSchema for Approvers {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Approvers".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let approver = generator.subschema_for::<ApproverEntry>();
        json_schema!({
            "type": "object",
            "minProperties": 1,
            "propertyNames": { "minLength": 1 },
            "additionalProperties": approver,
            "examples": [{ "ana": { "account": "ana" }, "bo": { "ssh_key": "ssh-ed25519 AAAA…" } }]
        })
    }
}

/// Somebody who can be named as an approver.
#[derive(Clone, Debug)]
pub enum ApproverEntry {
    /// Of whom nothing could be read.
    Unreadable,
    /// Known by an account.
    Account(Spanned<String>),
    /// Known by an SSH key.
    SshKey {
        /// The public key, as OpenSSH writes it.
        ssh_key: Spanned<String>,
        /// Whether each signature must prove that somebody touched the key.
        touch: Option<Spanned<bool>>,
    },
}

impl JsonSchema for ApproverEntry {
    fn schema_name() -> Cow<'static, str> {
        "Approver".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Somebody who can be named as an approver: known by an account, or by an SSH key.",
            "anyOf": [
                {
                    "type": "object",
                    "properties": {
                        "account": {
                            "type": "string",
                            "minLength": 1,
                            "description": "The account, as the kernel names it."
                        }
                    },
                    "required": ["account"],
                    "additionalProperties": false
                },
                {
                    "type": "object",
                    "properties": {
                        "ssh_key": {
                            "type": "string",
                            "description": "The public key, as it stands in a `.pub` file."
                        },
                        "touch": {
                            "type": "boolean",
                            "default": false,
                            "description": "Whether each signature must prove that somebody touched the key."
                        }
                    },
                    "required": ["ssh_key"],
                    "additionalProperties": false
                }
            ]
        })
    }
}

/// What must happen before an action may: a word, or a mapping of the terms on which an answer counts.
#[derive(Clone, Debug)]
pub enum ApprovalEntry {
    /// A word.
    Word(Spanned<ApprovalMode>),
    /// A mapping.
    Terms(Box<TermsEntry>),
}

impl ApprovalEntry {
    /// The word, whether it stands alone, in the mapping, or is meant by it.
    #[must_use]
    pub fn mode(&self) -> Spanned<ApprovalMode> {
        match self {
            ApprovalEntry::Word(word) => *word,
            ApprovalEntry::Terms(terms) => {
                terms.mode.unwrap_or(Spanned::new(ApprovalMode::Approve, terms.span))
            }
        }
    }

    /// The mapping, where it is one.
    #[must_use]
    pub fn terms(&self) -> Option<&TermsEntry> {
        match self {
            ApprovalEntry::Word(_) => None,
            ApprovalEntry::Terms(terms) => Some(terms),
        }
    }
}

impl JsonSchema for ApprovalEntry {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Approval".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let word = generator.subschema_for::<ApprovalMode>();
        let terms = generator.subschema_for::<TermsEntry>();
        json_schema!({ "anyOf": [word, terms] })
    }
}

/// On what terms a human's answer counts.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(rename = "ApprovalTerms", deny_unknown_fields)]
pub struct TermsEntry {
    /// The whole mapping.
    #[schemars(skip)]
    pub span: Span,
    /// What must happen. `approve` if omitted; the other keys have no meaning beside `auto` and `block`.
    #[schemars(extend("default" = "approve"))]
    pub mode: Option<Spanned<ApprovalMode>>,
    /// Who may answer, by their names in `approvers`. Whoever may write the log, if omitted.
    #[schemars(
        with = "Vec<String>",
        default,
        length(min = 1),
        extend("examples" = [["ana", "bo"]])
    )]
    pub by: Option<Spanned<Vec<Spanned<String>>>>,
    /// How many different approvers must say yes. 1 if omitted.
    #[schemars(schema_with = "quorum_schema", default)]
    pub quorum: Option<Spanned<u32>>,
    #[doc = "The weakest evidence that counts. Written out, `terminal` is not met by a `y` where other \
             programs can type into the terminal."]
    #[schemars(extend("default" = "terminal"))]
    pub evidence: Option<Spanned<WantedEvidence>>,
    /// Whether whoever asks may also answer. `true` if omitted.
    #[schemars(extend("default" = true))]
    pub self_approval: Option<Spanned<bool>>,
    /// How long a question waits for its answer, at most `7d`. `1h` if omitted.
    #[schemars(regex(pattern = r"^[1-9][0-9]{0,8}[smhd]$"), extend("default" = "1h", "examples" = ["24h"]))]
    pub ttl: Option<Spanned<String>>,
    /// How long an answer can be used, at most `1d`. `15m` if omitted.
    #[schemars(regex(pattern = r"^[1-9][0-9]{0,8}[smhd]$"), extend("default" = "15m", "examples" = ["15m"]))]
    pub use_within: Option<Spanned<String>>,
    #[doc = "What an approver can give together with a yes: leave for further actions like this one, for some \
             time. None if omitted; never at critical risk."]
    #[schemars(default)]
    pub grant: Option<GrantEntry>,
}

impl TermsEntry {
    /// A mapping of which nothing is known but its place.
    pub(crate) const fn new(span: Span) -> TermsEntry {
        TermsEntry {
            span,
            mode: None,
            by: None,
            quorum: None,
            evidence: None,
            self_approval: None,
            ttl: None,
            use_within: None,
            grant: None,
        }
    }

    /// The keys that say on what terms an answer counts, as they are written.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &'static str> {
        [
            ("by", self.by.is_some()),
            ("quorum", self.quorum.is_some()),
            ("evidence", self.evidence.is_some()),
            ("self_approval", self.self_approval.is_some()),
            ("ttl", self.ttl.is_some()),
            ("use_within", self.use_within.is_some()),
            ("grant", self.grant.is_some()),
        ]
        .into_iter()
        .filter_map(|(key, is_written)| is_written.then_some(key))
    }
}

/// What an approver can give together with a yes: leave for further actions like the one that is asked about.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(rename = "GrantTerms", deny_unknown_fields)]
pub struct GrantEntry {
    /// The whole mapping.
    #[schemars(skip)]
    pub span: Span,
    /// For how long, from when it is given, at most `1d`.
    #[schemars(
        rename = "for",
        with = "String",
        required,
        regex(pattern = r"^[1-9][0-9]{0,8}[smhd]$"),
        extend("examples" = ["15m"])
    )]
    pub lasts: Option<Spanned<String>>,
    /// For how many further actions. 10 if omitted.
    #[schemars(schema_with = "uses_schema", default)]
    pub uses: Option<Spanned<u32>>,
    #[doc = "What must be as it was in the action that was asked about: `type`, `target`, or parameters, as in \
             conditions. The whole action, if omitted. Session, agent, rule, policy and account are the same \
             anyway."]
    #[schemars(
        with = "Vec<String>",
        default,
        length(min = 1),
        extend("examples" = [["type", "target", "region"]])
    )]
    pub same: Option<Spanned<Vec<Spanned<String>>>>,
}

fn uses_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "integer", "minimum": 1, "maximum": MOST_USES, "default": USUAL_USES })
}

fn quorum_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "integer", "minimum": 1, "maximum": u32::MAX, "default": 1 })
}
