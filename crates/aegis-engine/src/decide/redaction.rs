//! What must not be written down: which parameters of an action are secret, and the action without them.
//!
//! Secret are the parameters whose names look so, at any depth, and those that the policy's `redact` names.
//! There is no way to switch that off: of several policy files, everything that any of them names is secret.
//! The whole value goes, and something stands for it; where the secret shows up again in the description or
//! in another parameter, that goes as well. Names are never secret, and a decision always sees the real
//! values.

mod echoes;
mod names;

use std::collections::{BTreeSet, HashSet};

use serde_json::{Map, Value};

use crate::decide::action::Action;
use crate::decide::glob::Glob;
use crate::decide::param_key::ParamKey;
use crate::decide::redaction::echoes::{Echoes, Secrets};
use crate::decide::redaction::names::{Effort, Names};
use crate::text::canonical::canonical_number;
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
/// assert_eq!(redacted.pointers(), ["/customer/name", "/iban", "/password"]);
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
pub struct Redacted {
    params: Map<String, Value>,
    description: String,
    pointers: Vec<String>,
}

impl Redacted {
    /// The parameters.
    #[must_use]
    pub fn params(&self) -> &Map<String, Value> {
        &self.params
    }

    /// The agent's own words.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }

    /// Where in the parameters something was replaced, wholly or, where a secret showed up again, in part:
    /// JSON Pointers (RFC 6901). Where these would be too many to list, it is every parameter.
    #[must_use]
    pub fn pointers(&self) -> &[String] {
        &self.pointers
    }
}

impl Redaction {
    pub(crate) fn new(names: Vec<Glob>, pointers: Vec<ParamKey>) -> Redaction {
        let paths = pointers.iter().map(|pointer| pointer.path().to_vec()).collect();
        Redaction { names: Names::new(names), pointers, paths }
    }

    /// The action without its secrets, in place of each of which stands what `stand_in` makes of it. `None`
    /// if it has none, which takes far less than a microsecond to find out.
    #[must_use]
    pub fn redact(&self, action: &Action, mut stand_in: impl FnMut(&Value) -> String) -> Option<Redacted> {
        let params = action.params();
        let effort = Effort::new();
        if !self.holds_secret(params, &effort)
            && self.pointers.iter().all(|pointer| pointer.find(params).is_none())
        {
            return None;
        }
        let (stand_in, description) = (&mut stand_in, action.description());
        let redacted = Walk::new(self, stand_in, &effort).redact(params, description);
        // Too many places to be listed are none that need to be told apart, and neither are those that take
        // too long to be found.
        Some(redacted.unwrap_or_else(|| without_values(params, description, stand_in)))
    }

    /// Whether a parameter of this name is secret, wherever it stands.
    fn hides(&self, name: &str, effort: &Effort) -> bool {
        looks_secret(name) || self.names.contain(name, effort)
    }

    fn holds_secret(&self, members: &Map<String, Value>, effort: &Effort) -> bool {
        self.labels_secret(members, effort)
            || members
                .iter()
                .any(|(name, value)| self.hides(name, effort) || self.holds_secret_within(value, effort))
    }

    fn holds_secret_within(&self, value: &Value, effort: &Effort) -> bool {
        match value {
            Value::Object(members) => self.holds_secret(members, effort),
            Value::Array(items) => items.iter().any(|item| self.holds_secret_within(item, effort)),
            _ => false,
        }
    }

    /// Whether an object is a name and a value that stand side by side, as headers and variables often do,
    /// and the name is that of a secret.
    fn labels_secret(&self, members: &Map<String, Value>, effort: &Effort) -> bool {
        const LABELS: [&str; 7] = ["name", "key", "header", "variable", "field", "Name", "Key"];
        VALUES.iter().any(|value| members.contains_key(*value))
            && LABELS.iter().any(|label| {
                members.get(*label).and_then(Value::as_str).is_some_and(|name| self.hides(name, effort))
            })
    }
}

/// What the value beside a label is called.
const VALUES: [&str; 3] = ["value", "values", "Value"];

/// How many bytes of places are listed. Deep names can make long places of a short action.
const MOST_LISTED: usize = 1 << 16;

/// A way through an action's parameters that leaves a copy without secrets.
struct Walk<'w, F> {
    redaction: &'w Redaction,
    stand_in: &'w mut F,
    effort: &'w Effort,
    path: Vec<String>,
    /// Where something was replaced, as long as that is not too much.
    places: BTreeSet<String>,
    listed: usize,
    secrets: Secrets,
}

impl<'w, F: FnMut(&Value) -> String> Walk<'w, F> {
    fn new(redaction: &'w Redaction, stand_in: &'w mut F, effort: &'w Effort) -> Walk<'w, F> {
        let (path, places, secrets) = (Vec::new(), BTreeSet::new(), Secrets::default());
        Walk { redaction, stand_in, effort, path, places, listed: 0, secrets }
    }

    /// `None` where there are too many places to list, or to look at.
    fn redact(mut self, params: &Map<String, Value>, description: &str) -> Option<Redacted> {
        let mut params = self.object(params);
        if self.effort.is_spent() {
            return None;
        }
        let echoes = Echoes::of(std::mem::take(&mut self.secrets));
        self.silence_members(&mut params, &echoes);
        if self.listed > MOST_LISTED {
            return None;
        }
        let description = echoes.silence(description).unwrap_or_else(|| description.to_owned());
        Some(Redacted { params, description, pointers: self.places.into_iter().collect() })
    }

    fn object(&mut self, members: &Map<String, Value>) -> Map<String, Value> {
        let labels_secret = self.redaction.labels_secret(members, self.effort);
        let copy = members.iter().map(|(name, value)| {
            let secret =
                self.redaction.hides(name, self.effort) || (labels_secret && VALUES.contains(&name.as_str()));
            (name.clone(), self.step(name.clone(), value, secret))
        });
        copy.collect()
    }

    fn value(&mut self, value: &Value) -> Value {
        match value {
            Value::Object(members) => Value::Object(self.object(members)),
            Value::Array(items) => {
                let items = items.iter().zip(0_usize..);
                Value::Array(items.map(|(item, index)| self.step(index.to_string(), item, false)).collect())
            }
            other => other.clone(),
        }
    }

    fn step(&mut self, token: String, value: &Value, secret: bool) -> Value {
        self.path.push(token);
        let secret = secret || self.redaction.paths.contains(&self.path);
        let kept = if secret { self.hide(value) } else { self.value(value) };
        self.path.pop();
        kept
    }

    fn hide(&mut self, value: &Value) -> Value {
        self.secrets.add(value, self.stand_in);
        self.list();
        Value::String((self.stand_in)(value))
    }

    /// Notes the place. Tells whether it is a new one.
    fn list(&mut self) -> bool {
        if self.listed > MOST_LISTED {
            return false;
        }
        let place = pointer(&self.path);
        self.listed += place.len();
        self.places.insert(place)
    }

    /// Replaces secrets that show up in parameters of other names.
    fn silence_members(&mut self, members: &mut Map<String, Value>, echoes: &Echoes) {
        for (name, value) in members {
            self.path.push(name.clone());
            self.silence(value, echoes);
            self.path.pop();
        }
    }

    fn silence(&mut self, value: &mut Value, echoes: &Echoes) {
        let silenced = match value {
            Value::Object(members) => return self.silence_members(members, echoes),
            Value::Array(items) => {
                for (item, index) in items.iter_mut().zip(0_usize..) {
                    self.path.push(index.to_string());
                    self.silence(item, echoes);
                    self.path.pop();
                }
                return;
            }
            Value::String(text) => echoes.silence(text),
            // A number that is a secret elsewhere is the same secret here.
            Value::Number(number) => echoes.whole(&canonical_number(number)).map(str::to_owned),
            Value::Null | Value::Bool(_) => None,
        };
        // What stands for a secret already could hold another one only by chance.
        if let Some(silenced) = silenced
            && self.list()
        {
            *value = Value::String(silenced);
        }
    }
}

/// An action's words with nothing but the names of its parameters.
fn without_values(
    params: &Map<String, Value>,
    description: &str,
    stand_in: &mut impl FnMut(&Value) -> String,
) -> Redacted {
    let kept = params.iter().map(|(name, value)| (name.clone(), Value::String(stand_in(value))));
    Redacted {
        params: kept.collect(),
        description: if description.is_empty() { String::new() } else { stand_in(&description.into()) },
        pointers: params.keys().map(|name| pointer(std::slice::from_ref(name))).collect(),
    }
}

/// A JSON Pointer to the place that these steps lead to.
fn pointer(path: &[String]) -> String {
    path.iter().flat_map(|token| ["/".to_owned(), token.replace('~', "~0").replace('/', "~1")]).collect()
}

#[cfg(test)]
mod tests;
