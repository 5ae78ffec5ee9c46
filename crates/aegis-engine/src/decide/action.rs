//! An action: what an agent wants to do, as it says so.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};
use thiserror::Error;

use crate::decide::agent_source::AgentSource;
use crate::decide::call_origin::CallOrigin;
use crate::text::announced::hide_secrets;
use crate::text::canonical::{Member, canonical_members};
use crate::text::digest::Digest;
use crate::text::escape::escape_capped;
use crate::text::json::limits::JsonLimits;
use crate::text::json::{JsonError, parse_json, type_name};
use crate::text::nearest::nearest;
use crate::text::span::Position;

/// The largest action document, in bytes.
pub const MAX_ACTION_BYTES: usize = JsonLimits::OF_ACTIONS.bytes;
/// How deep objects and arrays may nest in an action document, itself included.
pub const MAX_ACTION_DEPTH: usize = JsonLimits::OF_ACTIONS.depth;
/// How many values an action document may hold, itself included.
pub const MAX_ACTION_VALUES: usize = JsonLimits::OF_ACTIONS.values;

/// The fields of an action document.
const FIELDS: [&str; 5] = ["type", "target", "params", "description", "agent"];

/// What an agent wants to do, read strictly and immutable from then on.
///
/// # Example: reading one and taking its digest
/// ```
/// use aegis_engine::Action;
/// let action = Action::from_json(br#"{"target":"crm","type":"read"}"#)?;
/// assert_eq!(action.kind(), "read");
/// assert_eq!(action.canonical(), r#"{"target":"crm","type":"read"}"#);
/// # Ok::<(), aegis_engine::ActionError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, title = "Aegis action")]
pub struct Action {
    /// The kind of operation, such as `read` or `bulk_update`.
    #[serde(rename = "type")]
    #[schemars(length(min = 1), extend("examples" = ["read", "bulk_update"]))]
    kind: String,
    /// The system acted upon, such as `salesforce`.
    #[schemars(extend("examples" = ["crm", "prod/orders"]))]
    target: String,
    /// What the operation is given.
    #[schemars(default)]
    params: Map<String, Value>,
    /// The agent's own words. Shown to people, never matched.
    #[schemars(default)]
    description: String,
    /// Who acts. An absent agent is matched only by `*`.
    #[schemars(with = "String", default)]
    agent: Option<String>,
    /// Who says so; nobody where there is none.
    #[serde(skip)]
    agent_source: Option<AgentSource>,
    /// The call that it was read from, if it was.
    #[serde(skip)]
    call: Option<CallOrigin>,
}

/// Why an action document was refused.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ActionError {
    /// It is not strict JSON.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// It is JSON, but not an object.
    #[error("an action is a JSON object, not {found}")]
    NotAnObject {
        /// What it is.
        found: &'static str,
    },
    /// It has a field that actions do not have.
    #[error("unknown field `{}`{}", escape_capped(.field, 64), suggestion(*.nearest))]
    UnknownField {
        /// The field.
        field: String,
        /// The known field that is spelt most like it.
        nearest: Option<&'static str>,
    },
    /// It lacks a field that every action has.
    #[error("missing field `{field}`")]
    MissingField {
        /// The field.
        field: &'static str,
    },
    /// A field holds the wrong type of value.
    #[error("`{field}` must be {expected}, not {found}")]
    WrongType {
        /// The field.
        field: &'static str,
        /// What it must be.
        expected: &'static str,
        /// What it is.
        found: &'static str,
    },
    /// `type` is the empty string.
    #[error("`type` is empty")]
    EmptyType,
    /// It names another agent than the one that is imposed.
    #[error(
        "the action names the agent `{}`, but it is asked for as `{}`",
        escape_capped(&hide_secrets(.named), 64),
        escape_capped(&hide_secrets(.imposed), 64)
    )]
    OtherAgent {
        /// The agent that it names.
        named: String,
        /// The agent that is imposed.
        imposed: String,
    },
    /// A field that is matched or shown holds a NUL character.
    #[error("`{field}` contains a NUL character")]
    Nul {
        /// The field.
        field: &'static str,
    },
}

impl ActionError {
    /// Where in the document; `None` where it is about all of it.
    #[must_use]
    pub const fn position(&self) -> Option<Position> {
        match self {
            ActionError::Json(error) => error.position(),
            _ => None,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<&'static str> {
        Some(match self {
            ActionError::Json(error) => return error.help(),
            ActionError::NotAnObject { .. } => {
                "write an object, such as {\"type\":\"read\",\"target\":\"crm\"}"
            }
            ActionError::UnknownField { .. } => {
                "an action has `type`, `target`, `params`, `description` and `agent`; all else belongs into `params`"
            }
            ActionError::MissingField { .. } => {
                "an action has at least a `type` and a `target`: {\"type\":\"read\",\"target\":\"crm\"}"
            }
            ActionError::WrongType { expected: "an object", .. } => "write it as an object: {\"count\":1}",
            ActionError::WrongType { .. } => "write it in double quotes, or leave it out if there is none",
            ActionError::EmptyType => "name the kind of operation, such as `read`",
            ActionError::Nul { .. } => "remove the character U+0000",
            ActionError::OtherAgent { .. } => return None,
        })
    }
}

/// What follows on an unknown field where one of the known fields was probably meant.
fn suggestion(nearest: Option<&str>) -> String {
    nearest.map(|word| format!(" (did you mean `{word}`?)")).unwrap_or_default()
}

impl Action {
    /// Reads an action from one JSON document.
    ///
    /// # Errors
    /// Whatever two programs could read differently is refused: see [`ActionError`] and [`JsonError`].
    pub fn from_json(bytes: &[u8]) -> Result<Action, ActionError> {
        Action::from_value(parse_json(bytes)?)
    }

    /// Makes an action from a JSON value that was read strictly before, such as an example in a policy.
    ///
    /// # Errors
    /// When it is not an object of the right fields.
    pub fn from_value(value: Value) -> Result<Action, ActionError> {
        let mut fields = match value {
            Value::Object(fields) => fields,
            other => return Err(ActionError::NotAnObject { found: type_name(&other) }),
        };
        if let Some(field) = fields.keys().find(|field| !FIELDS.contains(&field.as_str())) {
            return Err(ActionError::UnknownField { field: field.clone(), nearest: nearest(field, &FIELDS) });
        }
        let kind = string(&mut fields, "type")?.ok_or(ActionError::MissingField { field: "type" })?;
        let target = string(&mut fields, "target")?.ok_or(ActionError::MissingField { field: "target" })?;
        let params = match fields.remove("params") {
            None => Map::new(),
            Some(Value::Object(params)) => params,
            Some(other) => {
                return Err(ActionError::WrongType {
                    field: "params",
                    expected: "an object",
                    found: type_name(&other),
                });
            }
        };
        let description = string(&mut fields, "description")?.unwrap_or_default();
        let agent = string(&mut fields, "agent")?;
        let agent_source = agent.as_ref().map(|_| AgentSource::Action);
        Action { kind, target, params, description, agent, agent_source, call: None }.checked()
    }

    /// The same action, done by `agent`, as whoever asks for the decision says.
    ///
    /// # Errors
    /// When the action names another agent, or `agent` contains a NUL character.
    pub fn imposed(self, agent: &str) -> Result<Action, ActionError> {
        match self.agent {
            Some(named) if named != agent => {
                Err(ActionError::OtherAgent { named, imposed: agent.to_owned() })
            }
            _ => {
                let agent_source = Some(AgentSource::Argument);
                Action { agent: Some(agent.to_owned()), agent_source, ..self }.checked()
            }
        }
    }

    /// The same action, with a label for those who read of it where it does not say who acts. Rules do not go
    /// by a label, and it is no part of what the digest is over.
    ///
    /// # Errors
    /// When `agent` contains a NUL character.
    pub fn labelled(self, agent: &str) -> Result<Action, ActionError> {
        if self.agent.is_some() {
            return Ok(self);
        }
        let agent_source = Some(AgentSource::Environment);
        Action { agent: Some(agent.to_owned()), agent_source, ..self }.checked()
    }

    /// The same action, read from this call: to be recorded, and no part of what the digest is over.
    #[must_use]
    pub fn of_call(self, call: CallOrigin) -> Action {
        Action { call: Some(call), ..self }
    }

    fn checked(self) -> Result<Action, ActionError> {
        if self.kind.is_empty() {
            return Err(ActionError::EmptyType);
        }
        let matched =
            [("type", Some(&self.kind)), ("target", Some(&self.target)), ("agent", self.agent.as_ref())];
        for (field, text) in matched {
            if text.is_some_and(|text| text.contains('\0')) {
                return Err(ActionError::Nul { field });
            }
        }
        Ok(self)
    }

    /// The same action with other parameters.
    pub(crate) fn with_params(&self, params: Map<String, Value>) -> Action {
        Action { params, ..self.clone() }
    }

    /// The kind of operation: the field `type`.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The system acted upon.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// What the operation is given.
    #[must_use]
    pub fn params(&self) -> &Map<String, Value> {
        &self.params
    }

    /// The agent's own words: shown to people, never matched.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }

    /// Who acts, if anybody says so: to be shown and recorded.
    #[must_use]
    pub fn agent(&self) -> Option<&str> {
        self.agent.as_deref()
    }

    /// Who says so; nobody where there is no agent.
    #[must_use]
    pub const fn agent_source(&self) -> Option<AgentSource> {
        self.agent_source
    }

    /// The call that it was read from, if it was read from one.
    #[must_use]
    pub const fn call(&self) -> Option<&CallOrigin> {
        self.call.as_ref()
    }

    /// Who acts, for rules to go by: a label is none.
    pub(crate) fn matched_agent(&self) -> Option<&str> {
        self.agent().filter(|_| self.agent_source != Some(AgentSource::Environment))
    }

    /// The canonical document: RFC 8785, integers exact, fields that hold their default left out, so that
    /// writing a default or omitting it is the same action.
    #[must_use]
    pub fn canonical(&self) -> String {
        let members = [
            self.matched_agent().map(|agent| ("agent", Member::Text(agent))),
            (!self.description.is_empty()).then_some(("description", Member::Text(&self.description))),
            (!self.params.is_empty()).then_some(("params", Member::Object(&self.params))),
            Some(("target", Member::Text(&self.target))),
            Some(("type", Member::Text(&self.kind))),
        ];
        canonical_members(members.into_iter().flatten())
    }

    /// The SHA-256 of the canonical document: it binds what was evaluated to what is shown, approved and
    /// recorded.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(self.canonical().as_bytes())
    }
}

fn string(fields: &mut Map<String, Value>, field: &'static str) -> Result<Option<String>, ActionError> {
    match fields.remove(field) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(ActionError::WrongType { field, expected: "a string", found: type_name(&other) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Action, String> {
        Action::from_json(text.as_bytes()).map_err(|error| error.to_string())
    }

    fn refusal(text: &str) -> String {
        read(text).expect_err("it must be refused")
    }

    #[test]
    fn a_minimal_action_is_read() {
        let action = read(r#"{"type":"read","target":""}"#).unwrap();
        assert_eq!((action.kind(), action.target(), action.agent()), ("read", "", None));
    }

    #[test]
    fn duplicate_keys_are_refused_at_any_depth_after_unescaping() {
        assert_eq!(refusal(r#"{"type":"a","target":"b","\u0074ype":"c"}"#), "1:26: duplicate key `type`");
        assert_eq!(
            refusal("{\"type\":\"a\",\"target\":\"b\",\n \"params\":{\"x\":[{\"k\":1,\"k\":2}]}}"),
            "2:24: duplicate key `k`"
        );
    }

    #[test]
    fn unknown_fields_name_the_nearest_known_one() {
        assert_eq!(
            refusal(r#"{"type":"a","target":"b","parms":{}}"#),
            "unknown field `parms` (did you mean `params`?)"
        );
    }

    #[test]
    fn wrong_types_and_missing_fields_are_refused() {
        assert_eq!(refusal(r#"{"target":"b"}"#), "missing field `type`");
        assert_eq!(refusal(r#"{"type":"a"}"#), "missing field `target`");
        assert_eq!(refusal(r#"{"type":1,"target":"b"}"#), "`type` must be a string, not a number");
        assert_eq!(
            refusal(r#"{"type":"a","target":"b","params":[]}"#),
            "`params` must be an object, not a list"
        );
        assert_eq!(
            refusal(r#"{"type":"a","target":"b","agent":null}"#),
            "`agent` must be a string, not null"
        );
        assert_eq!(refusal(r#"{"type":"","target":"b"}"#), "`type` is empty");
        assert_eq!(refusal("[1]"), "an action is a JSON object, not a list");
    }

    #[test]
    fn integers_are_exact_or_refused() {
        let action =
            read(r#"{"type":"a","target":"b","params":{"n":18446744073709551615,"m":9007199254740993}}"#);
        assert_eq!(
            action.unwrap().canonical(),
            r#"{"params":{"m":9007199254740993,"n":18446744073709551615},"target":"b","type":"a"}"#
        );
        for number in ["18446744073709551616", "-9223372036854775809", "1e999", "-1e999"] {
            let error = refusal(&format!(r#"{{"type":"a","target":"b","params":{{"n":{number}}}}}"#));
            assert!(error.contains(number), "{error}");
        }
    }

    #[test]
    fn a_number_that_may_be_a_secret_is_not_quoted() {
        let error =
            refusal(r#"{"type":"a","target":"b","params":{"card_number":{"x":[41111111111111111111]}}}"#);
        assert_eq!(error, "1:56: the number `…` is an integer outside the 64-bit range");
    }

    #[test]
    fn size_depth_and_count_are_limited() {
        let nested = |depth: usize| {
            format!(
                r#"{{"type":"a","target":"b","params":{{"x":{}{}}}}}"#,
                "[".repeat(depth),
                "]".repeat(depth)
            )
        };
        assert!(read(&nested(MAX_ACTION_DEPTH - 2)).is_ok());
        assert!(refusal(&nested(MAX_ACTION_DEPTH - 1)).contains("nested more than 64"));
        assert!(refusal(&nested(400_000)).contains("nested more than 64"));
        let values = |count: usize| {
            format!(r#"{{"type":"a","target":"b","params":{{"x":[{}]}}}}"#, vec!["0"; count].join(","))
        };
        assert!(read(&values(MAX_ACTION_VALUES - 5)).is_ok());
        assert!(refusal(&values(MAX_ACTION_VALUES - 4)).contains("more than 10000 values"));
        let padded = format!("{}{}", " ".repeat(MAX_ACTION_BYTES), r#"{"type":"a","target":"b"}"#);
        assert!(refusal(&padded).contains("more than 1048576 bytes"));
    }

    #[test]
    fn what_is_not_one_utf8_document_is_refused() {
        assert!(refusal("").contains("EOF"));
        assert!(refusal(r#"{"type":"a","target":"b"} x"#).contains("trailing characters"));
        assert_eq!(refusal("\u{FEFF}{}"), "the document starts with a byte-order mark");
        assert!(Action::from_json(b"{\"type\":\"\xff\"}").unwrap_err().to_string().contains("byte 9"));
        assert!(refusal(r#"{"type":"a","target":"\ud800"}"#).contains("hex escape"));
        assert_eq!(refusal(r#"{"type":"a\u0000","target":"b"}"#), "`type` contains a NUL character");
    }

    #[test]
    fn an_agent_is_imposed_or_the_actions_own_word_or_a_label_that_is_no_part_of_it() {
        let unnamed = || read(r#"{"type":"a","target":"b"}"#).unwrap();
        let named = || read(r#"{"type":"a","target":"b","agent":"bot"}"#).unwrap();
        let said = |action: &Action| (action.agent().map(str::to_owned), action.agent_source());
        let bot = || Some("bot".to_owned());
        assert_eq!(said(&unnamed()), (None, None));
        assert_eq!(said(&named()), (bot(), Some(AgentSource::Action)));
        for action in [unnamed(), named()] {
            let imposed = action.imposed("bot").unwrap();
            assert_eq!(said(&imposed), (bot(), Some(AgentSource::Argument)));
            assert_eq!((imposed.digest(), imposed.matched_agent()), (named().digest(), Some("bot")));
        }
        assert_eq!(
            named().imposed("other").unwrap_err().to_string(),
            "the action names the agent `bot`, but it is asked for as `other`"
        );
        let labelled = unnamed().labelled("bot").unwrap();
        assert_eq!(said(&labelled), (bot(), Some(AgentSource::Environment)));
        assert_eq!((labelled.digest(), labelled.matched_agent()), (unnamed().digest(), None));
        assert_eq!(said(&named().labelled("other").unwrap()), (bot(), Some(AgentSource::Action)));
        assert_eq!(said(&labelled.with_params(Map::new())).1, Some(AgentSource::Environment));
        for refused in [unnamed().imposed("a\0"), unnamed().labelled("a\0")] {
            assert_eq!(refused.unwrap_err(), ActionError::Nul { field: "agent" });
        }
    }

    #[test]
    fn a_default_that_is_written_is_the_same_action() {
        let long = read(r#"{ "description":"", "params":{}, "type":"a", "target":"b" }"#).unwrap();
        assert_eq!(long.digest(), read(r#"{"target":"b","type":"a"}"#).unwrap().digest());
    }

    #[test]
    fn what_an_error_is_about_and_what_helps_is_told() {
        let error = |text: &str| Action::from_json(text.as_bytes()).unwrap_err();
        let position = |text: &str| error(text).position().map(|place| place.to_string());
        assert_eq!(position(r#"{"type":"a","type":"b"}"#).as_deref(), Some("1:13"));
        assert_eq!(position(r#"{"type":"a"}"#), None);
        for (text, help) in [
            ("[1]", "write an object"),
            (r#"{"type":"a","target":"b","x":1}"#, "an action has `type`, `target`, `params`"),
            (r#"{"type":"a"}"#, "an action has at least a `type`"),
            (r#"{"type":"a","target":"b","params":[]}"#, "write it as an object: "),
            (r#"{"type":1,"target":"b"}"#, "write it in double quotes"),
            (r#"{"type":"","target":"b"}"#, "name the kind of operation"),
            (r#"{"type":"a\u0000","target":"b"}"#, "remove the character U+0000"),
        ] {
            assert!(error(text).help().unwrap().starts_with(help), "{text} {:?}", error(text).help());
        }
        let named = Action::from_json(br#"{"type":"a","target":"b","agent":"bot"}"#).unwrap();
        assert_eq!(named.imposed("other").unwrap_err().help(), None);
        assert!(error(r#"{"type":"a","target":"b","params":{"n":1e999}}"#).help().is_some());
    }
}
