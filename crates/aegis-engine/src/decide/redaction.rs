//! What must not be written down: what of an action is secret, and the action without it.
//!
//! Secret are the parameters whose names look so, at any depth, and those that the policy's `redact` names:
//! the whole value goes. Secret is also what announces itself in any text of the action: what stands behind
//! `PASSWORD=`, in front of a host, in a header, or has the shape of a key; there the secret alone goes, and
//! the rest stays readable. Where a secret shows up again in other text, that goes as well. Something stands
//! for each. There is no way to switch that off: of several policy files, everything that any of them names
//! is secret. Names of parameters are never secret, and a decision always sees the real values.

mod echoes;
mod lists;
mod names;
mod silencer;
mod walk;

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::decide::action::Action;
use crate::decide::glob::Glob;
use crate::decide::param_key::ParamKey;
use crate::decide::redaction::lists::{Told, told};
use crate::decide::redaction::names::{Effort, Names};
use crate::decide::redaction::walk::{Left, Secrecy, Walk, without_values};
use crate::text::announced::{HIDDEN, Kind, is_any_in};
use crate::text::name_like::is_name_like;
use crate::text::secret_names::looks_secret;

/// Which parameters are secret, by a policy and by their names.
///
/// # Example: an action as it may be written down
/// ```
/// use aegis_engine::{Action, Source, load};
/// let text = b"version: '1'\nredact: [iban, /customer/name]\nrules: []\n";
/// let policy = load(&[Source { text }]).policy.expect("the policy is valid");
/// let action = Action::from_json(br#"{"type":"pay","target":"bank","description":"login with hunter22",
///     "params":{"password":"hunter22","iban":"DE02","customer":{"name":"Ana","city":"Rome"}}}"#)?;
/// let redacted = policy.redaction().redact(&action, |_| "***".to_owned()).expect("there are secrets");
/// assert_eq!(redacted.places(), ["/customer/name", "/iban", "/password", "description"]);
/// assert_eq!(redacted.params()["customer"]["city"], "Rome");
/// assert_eq!(redacted.description(), "login with ***");
/// # Ok::<(), aegis_engine::ActionError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Redaction {
    /// Globs of names, at any depth.
    names: Names,
    /// Places within the parameters, and the steps to them.
    pointers: Vec<ParamKey>,
    paths: HashSet<Vec<String>>,
}

/// An action's words without its secrets.
#[derive(Clone, Debug, PartialEq)]
pub struct Redacted(Left);

impl Redacted {
    /// The kind of operation.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.0.kind
    }

    /// The system acted upon.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.0.target
    }

    /// Who acts, if anybody says so.
    #[must_use]
    pub fn agent(&self) -> Option<&str> {
        self.0.agent.as_deref()
    }

    /// The parameters.
    #[must_use]
    pub fn params(&self) -> &Map<String, Value> {
        &self.0.params
    }

    /// The agent's own words.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.0.description
    }

    /// Where something was replaced, wholly or in part: JSON Pointers (RFC 6901) within the parameters, which
    /// begin with `/`; and `agent`, `description`, `target` or `type`, which do not. Where places within the
    /// parameters would be too many to list, it is every parameter.
    #[must_use]
    pub fn places(&self) -> &[String] {
        &self.0.places
    }
}

impl Redaction {
    pub(crate) fn new(names: Vec<Glob>, pointers: Vec<ParamKey>) -> Redaction {
        let paths = pointers.iter().map(|pointer| pointer.path().to_vec()).collect();
        Redaction { names: Names::new(names), pointers, paths }
    }

    /// The action without its secrets, in place of each of which stands what `stand_in` makes of it. `None`
    /// if it has none, which takes about a microsecond to find out.
    #[must_use]
    pub fn redact(&self, action: &Action, mut stand_in: impl FnMut(&Value) -> String) -> Option<Redacted> {
        let effort = Effort::new();
        if !self.concerns(action, &effort) {
            return None;
        }
        let left = Walk::new(self, &mut stand_in, &effort).redact(action);
        // Too many places to be listed are none that need to be told apart, and neither are those that take
        // too long to be found.
        Some(Redacted(left.unwrap_or_else(|| without_values(action, &mut stand_in))))
    }

    /// Whether type and target are written down as they are, whatever else the action holds: they read like
    /// names, and announce nothing. Finding that out takes less than redacting the action.
    #[must_use]
    pub fn keeps_names(&self, action: &Action) -> bool {
        let keeps = |name| is_name_like(name) && !is_any_in(name, Kind::Name);
        keeps(action.kind()) && keeps(action.target())
    }

    /// The action without its secrets where no log is at hand that would say what stands for one: `[secret]`
    /// does.
    #[must_use]
    pub fn hide(&self, action: &Action) -> Option<Redacted> {
        self.redact(action, |_| HIDDEN.to_owned())
    }

    /// Whether anything of an action is secret.
    fn concerns(&self, action: &Action, effort: &Effort) -> bool {
        let params = action.params();
        [action.kind(), action.target(), action.agent().unwrap_or_default()]
            .into_iter()
            .any(|name| is_any_in(name, Kind::Name))
            || is_any_in(action.description(), Kind::Words)
            || self.holds_secret(params, effort)
            || self.pointers.iter().any(|pointer| pointer.find(params).is_some())
    }

    fn holds_secret(&self, members: &Map<String, Value>, effort: &Effort) -> bool {
        self.hides_labelled(members, effort)
            || members
                .iter()
                .any(|(name, value)| self.hides(name, effort) || self.holds_secret_within(value, effort))
    }

    fn holds_secret_within(&self, value: &Value, effort: &Effort) -> bool {
        match value {
            Value::Object(members) => self.holds_secret(members, effort),
            Value::Array(items) => items.iter().enumerate().any(|(index, item)| {
                told(items, index, |name| self.hides(name, effort)) != Told::Nothing
                    || self.holds_secret_within(item, effort)
            }),
            Value::String(text) => is_any_in(text, Kind::Words),
            _ => false,
        }
    }
}

impl Secrecy for Redaction {
    fn hides(&self, name: &str, effort: &Effort) -> bool {
        looks_secret(name) || self.names.contain(name, effort)
    }

    fn hides_at(&self, path: &[String]) -> bool {
        self.paths.contains(path)
    }

    /// Whether an object is a name and a value that stand side by side, as headers and variables often do,
    /// and the name is that of a secret.
    fn hides_labelled(&self, members: &Map<String, Value>, effort: &Effort) -> bool {
        const LABELS: [&str; 7] = ["name", "key", "header", "variable", "field", "Name", "Key"];
        VALUES.iter().any(|value| members.contains_key(*value))
            && LABELS.iter().any(|label| {
                members.get(*label).and_then(Value::as_str).is_some_and(|name| self.hides(name, effort))
            })
    }

    fn is_labelled(&self, name: &str) -> bool {
        VALUES.contains(&name)
    }
}

/// What the value beside a label is called.
const VALUES: [&str; 3] = ["value", "values", "Value"];

#[cfg(test)]
mod announced_tests;
#[cfg(test)]
mod tests;
