//! A way through an action that leaves a copy without secrets.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::decide::action::Action;
use crate::decide::redaction::echoes::{Echoes, Secrets};
use crate::decide::redaction::lists::{Told, told};
use crate::decide::redaction::names::Effort;
use crate::decide::redaction::silencer::Silencer;
use crate::text::announced::{Kind, all_in};
use crate::text::canonical::canonical_number;
use crate::text::name_like::is_name_like;

/// How many bytes of places are listed. Deep names can make long places of a short action.
const MOST_LISTED: usize = 1 << 16;

/// What is asked on the way.
pub(super) trait Secrecy {
    /// Whether a parameter of this name is secret, wherever it stands.
    fn hides(&self, name: &str, effort: &Effort) -> bool;
    /// Whether the parameter at this place is secret.
    fn hides_at(&self, path: &[String]) -> bool;
    /// Whether this member of an object is secret because of another one, which names it.
    fn hides_labelled(&self, members: &Map<String, Value>, effort: &Effort) -> bool;
    /// Whether this is what the value beside such a name is called.
    fn is_labelled(&self, name: &str) -> bool;
}

/// An action's words without its secrets.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Left {
    pub(super) kind: String,
    pub(super) target: String,
    pub(super) agent: Option<String>,
    pub(super) params: Map<String, Value>,
    pub(super) description: String,
    pub(super) places: Vec<String>,
}

/// The way through an action.
pub(super) struct Walk<'w, S, F> {
    secrecy: &'w S,
    stand_in: &'w mut F,
    effort: &'w Effort,
    path: Vec<String>,
    /// Where something was replaced, as long as that is not too much.
    places: BTreeSet<String>,
    listed: usize,
    secrets: Secrets,
}

impl<'w, S: Secrecy, F: FnMut(&Value) -> String> Walk<'w, S, F> {
    pub(super) fn new(secrecy: &'w S, stand_in: &'w mut F, effort: &'w Effort) -> Walk<'w, S, F> {
        let (path, places, secrets) = (Vec::new(), BTreeSet::new(), Secrets::default());
        Walk { secrecy, stand_in, effort, path, places, listed: 0, secrets }
    }

    /// `None` where there are too many places to list, or to look at.
    pub(super) fn redact(mut self, action: &Action) -> Option<Left> {
        let mut params = self.object(action.params());
        if self.effort.is_spent() {
            return None;
        }
        for (text, kind) in [
            (action.description(), Kind::Words),
            (action.kind(), Kind::Name),
            (action.target(), Kind::Name),
            (action.agent().unwrap_or_default(), Kind::Name),
        ] {
            self.note_announced(text, kind);
        }
        let echoes = Echoes::of(std::mem::take(&mut self.secrets));
        let mut silencer = Silencer::new(&echoes);
        self.silence_members(&mut params, &mut silencer);
        if self.listed > MOST_LISTED {
            return None;
        }
        let mut field = |name: &str, text: &str, kind: Kind| {
            let silenced = silencer.silence(text, kind, self.stand_in);
            if silenced.is_some() {
                self.places.insert(name.to_owned());
            }
            silenced.unwrap_or_else(|| text.to_owned())
        };
        let description = field("description", action.description(), Kind::Words);
        let kind = field("type", action.kind(), Kind::Name);
        let target = field("target", action.target(), Kind::Name);
        let agent = action.agent().map(|agent| field("agent", agent, Kind::Name));
        let places = self.places.into_iter().collect();
        Some(Left { kind, target, agent, params, description, places })
    }

    fn object(&mut self, members: &Map<String, Value>) -> Map<String, Value> {
        let labels_secret = self.secrecy.hides_labelled(members, self.effort);
        let copy = members.iter().map(|(name, value)| {
            let secret =
                self.secrecy.hides(name, self.effort) || (labels_secret && self.secrecy.is_labelled(name));
            (name.clone(), self.step(name.clone(), value, secret))
        });
        copy.collect()
    }

    fn value(&mut self, value: &Value) -> Value {
        match value {
            Value::Object(members) => Value::Object(self.object(members)),
            Value::Array(items) => {
                let copy = items.iter().enumerate().map(|(index, item)| self.item(items, index, item));
                Value::Array(copy.collect())
            }
            Value::String(text) => {
                self.note_announced(text, Kind::Words);
                value.clone()
            }
            other => other.clone(),
        }
    }

    fn item(&mut self, items: &[Value], index: usize, item: &Value) -> Value {
        match (told(items, index, |name| self.secrecy.hides(name, self.effort)), item) {
            (Told::Behind(start), Value::String(text)) => {
                self.path.push(index.to_string());
                let secret = text.get(start..).unwrap_or_default().into();
                let shown = text.get(..start).unwrap_or_default();
                let Value::String(hidden) = self.hide(&secret) else { return secret };
                self.path.pop();
                Value::String(format!("{shown}{hidden}"))
            }
            (told, _) => self.step(index.to_string(), item, told != Told::Nothing),
        }
    }

    fn step(&mut self, token: String, value: &Value, secret: bool) -> Value {
        self.path.push(token);
        let secret = secret || self.secrecy.hides_at(&self.path);
        let kept = if secret { self.hide(value) } else { self.value(value) };
        self.path.pop();
        kept
    }

    fn hide(&mut self, value: &Value) -> Value {
        self.secrets.add(value, self.stand_in);
        self.list();
        Value::String((self.stand_in)(value))
    }

    /// Notes the secrets that announce themselves in a text, so that they are found elsewhere, too.
    fn note_announced(&mut self, text: &str, kind: Kind) {
        for secret in all_in(text, kind) {
            let secret = text.get(secret).unwrap_or_default();
            self.secrets.add(&secret.into(), self.stand_in);
            // In marks, what comes behind it may have been taken for a part of it.
            if let Some((word, _)) = secret.split_once(' ').filter(|(word, _)| is_key_like(word)) {
                self.secrets.add(&word.into(), self.stand_in);
            }
        }
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
    fn silence_members(&mut self, members: &mut Map<String, Value>, silencer: &mut Silencer<'_>) {
        for (name, value) in members {
            self.path.push(name.clone());
            self.silence(value, silencer);
            self.path.pop();
        }
    }

    fn silence(&mut self, value: &mut Value, silencer: &mut Silencer<'_>) {
        let silenced = match value {
            Value::Object(members) => return self.silence_members(members, silencer),
            Value::Array(items) => {
                for (item, index) in items.iter_mut().zip(0_usize..) {
                    self.path.push(index.to_string());
                    self.silence(item, silencer);
                    self.path.pop();
                }
                return;
            }
            Value::String(text) => silencer.silence(text, Kind::Words, self.stand_in),
            // A number that is a secret elsewhere is the same secret here.
            Value::Number(number) => silencer.whole(&canonical_number(number)),
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

/// Whether a word of a longer secret is one by itself, and no word of a sentence.
fn is_key_like(word: &str) -> bool {
    word.starts_with(|first: char| first.is_ascii_alphanumeric())
        && word.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"'{}[]:;,".contains(&byte))
        && !word.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// An action's words with nothing but the names of its parameters, and names that read like some.
pub(super) fn without_values(action: &Action, stand_in: &mut impl FnMut(&Value) -> String) -> Left {
    let params = action.params();
    let mut places: Vec<_> = params.keys().map(|name| pointer(std::slice::from_ref(name))).collect();
    let mut field = |name: &str, text: &str, is_kept: bool| {
        if text.is_empty() || is_kept {
            return text.to_owned();
        }
        places.push(name.to_owned());
        stand_in(&text.into())
    };
    let is_kept = |text: &str| is_name_like(text) && all_in(text, Kind::Name).is_empty();
    let agent = action.agent().map(|agent| field("agent", agent, is_kept(agent)));
    let description = field("description", action.description(), false);
    let target = field("target", action.target(), is_kept(action.target()));
    let kind = field("type", action.kind(), is_kept(action.kind()));
    let kept = params.iter().map(|(name, value)| (name.clone(), Value::String(stand_in(value))));
    let params = kept.collect();
    Left { kind, target, agent, params, description, places }
}

/// A JSON Pointer to the place that these steps lead to.
fn pointer(path: &[String]) -> String {
    path.iter().flat_map(|token| ["/".to_owned(), token.replace('~', "~0").replace('/', "~1")]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_a_longer_secret_is_a_key_where_it_is_no_word_of_a_sentence() {
        for key in ["x7Kq92LmPz", "hunter22", "1234", "a/b+c==", "x-1"] {
            assert!(is_key_like(key), "{key}");
        }
        for other in
            ["", "correct", "-x7Kq", "+1234", "x7\"Kq", "x7:Kq", "{x7", "x7,", "x7é", "é7Kq92", "x 7"]
        {
            assert!(!is_key_like(other), "{other}");
        }
    }
}
