//! What an action must have in common with the one that a grant was given for.
//!
//! It is made of what the log holds of the action, so that whoever verifies a log makes it again.

use aegis_engine::{ApprovalTerms, Digest, RiskLevel, SameField, canonical_json};
use serde_json::{Map, Value, json};

use super::entry::{Entry, EntryBody};
use super::payload::Payload;

/// What an action has in common with those that one grant holds for: 64 hexadecimal digits, the SHA-256 of
/// the canonical JSON of session, agent and who named it, rule, risk, policy, asking accounts, the terms on
/// which answers count, and what the terms want to be the same. `params` are those that the log holds;
/// absent where they were removed from it.
///
/// `None` where the terms let no grant be given, at critical risk, and where what must be compared was
/// removed.
#[must_use]
pub fn grant_key<S: AsRef<str>>(
    entry: &EntryBody<S>,
    params: Option<&Map<String, Value>>,
    terms: &ApprovalTerms,
) -> Option<String> {
    let grant = terms.grant.as_ref()?;
    if entry.risk_level == RiskLevel::Critical {
        return None;
    }
    let same = match &grant.same {
        None => json!(entry.action_sha256.as_ref()),
        Some(fields) => {
            let values = fields.iter().map(|field| same_value(entry, params, field));
            Value::Array(values.collect::<Option<_>>()?)
        }
    };
    // An agent could call itself what stands for the secret name of another one.
    let is_hidden = entry.redacted.iter().any(|place| place.as_ref() == "agent");
    let all = json!([
        "aegis-grant-v1",
        entry.session_id.as_ref(),
        entry.agent.as_ref().map(AsRef::as_ref),
        is_hidden,
        entry.agent_source,
        entry.matched_rule.as_ref(),
        entry.risk_level,
        entry.policy_sha256.as_ref(),
        entry.user.as_ref(),
        entry.login.as_ref().map(AsRef::as_ref),
        terms,
        same
    ]);
    Some(Digest::of(canonical_json(&all).as_bytes()).to_string())
}

impl Entry<'_> {
    /// The [key](grant_key) of the action in the log with this key of its own; `None` where its rule lets no
    /// grant be given.
    #[must_use]
    pub fn grant_key(&self, key: &[u8; 32]) -> Option<String> {
        let terms = self.decision.terms();
        terms.grant.as_ref()?;
        let (body, payload) = self.stored(None, key);
        let params = Payload::read(&payload).ok()?.params;
        grant_key(&body, Some(&params), &terms)
    }
}

/// One field as the log holds it, and what of it stands for secrets. `None` if it was removed.
fn same_value<S: AsRef<str>>(
    entry: &EntryBody<S>,
    params: Option<&Map<String, Value>>,
    field: &SameField,
) -> Option<Value> {
    let nothing = Map::new();
    let params = match field.param() {
        Some(_) => params?,
        None => &nothing,
    };
    let places: Vec<&str> =
        entry.redacted.iter().map(AsRef::as_ref).filter(|place| is_about(place, field)).collect();
    // Where something around the field was replaced, that stands for it.
    let around = places.iter().filter_map(|place| SameField::new(place));
    let around = around.filter(|place| place.param().is_some_and(|path| path.len() <= depth(field)));
    let shown = around.min_by_key(depth);
    let shown = shown.as_ref().unwrap_or(field);
    let value = shown.of(entry.action_type.as_ref(), entry.action_target.as_ref(), params);
    Some(json!([field.as_str(), value.map_or_else(Vec::new, |value| vec![value]), places]))
}

fn depth(field: &SameField) -> usize {
    field.param().map_or(0, <[String]>::len)
}

/// Whether something that was replaced at this place is the field, a part of it, or has it as a part.
fn is_about(place: &str, field: &SameField) -> bool {
    let Some(path) = field.param() else { return place == field.as_str() };
    // Parameters are told by pointers, and the rest by words.
    let at = if place.starts_with('/') { SameField::new(place) } else { None };
    at.as_ref().and_then(SameField::param).is_some_and(|at| at.starts_with(path) || path.starts_with(at))
}
