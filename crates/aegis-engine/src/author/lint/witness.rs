//! An action that shows what a finding is about, put into words.

use chrono::SecondsFormat;
use serde_json::Value;

use crate::author::probe::{Probe, probes};
use crate::decide::action::Action;
use crate::decide::decision::ApprovalMode;
use crate::decide::policy::{Policy, Rule};
use crate::text::canonical::canonical_json;
use crate::text::escape::escape_capped;

/// The plainest actions that a rule, or several together, match; few, because each is decided anew.
pub(super) fn witnesses(rules: &[&Rule]) -> impl Iterator<Item = Probe> {
    const MOST: usize = 32;
    probes(rules).into_iter().take(MOST)
}

/// Whether this rule decides the action.
pub(super) fn is_decided_by(policy: &Policy, probe: &Probe, rule: &Rule) -> bool {
    policy.outcome(&probe.action, probe.at).rule.is_some_and(|decider| decider.is(rule))
}

/// The action with other values of these fields; `None` leaves the agent out.
pub(super) fn altered(action: &Action, target: &str, agent: Option<&str>) -> Option<Action> {
    let mut fields = serde_json::Map::new();
    fields.insert("type".to_owned(), action.kind().into());
    fields.insert("target".to_owned(), target.into());
    fields.insert("params".to_owned(), action.params().clone().into());
    fields.extend(agent.map(|agent| ("agent".to_owned(), agent.into())));
    Action::from_value(fields.into()).ok()
}

/// The action for a person, with the instant where that matters.
pub(super) fn in_words(probe: &Probe, timed: bool) -> String {
    let action = &probe.action;
    let mut words =
        format!("`{}` on `{}`", escape_capped(action.kind(), 40), escape_capped(action.target(), 60));
    if !action.params().is_empty() {
        let params = canonical_json(&Value::Object(action.params().clone()));
        words.push_str(&format!(" with `{}`", escape_capped(&params, 80)));
    }
    if timed {
        words.push_str(&format!(" at {}", probe.at.to_rfc3339_opts(SecondsFormat::Secs, true)));
    }
    words
}

/// What comes of an action by an approval.
pub(super) const fn comes_of(approval: ApprovalMode) -> &'static str {
    match approval {
        ApprovalMode::Auto => "allowed",
        ApprovalMode::Approve => "left to a human",
        ApprovalMode::Block => "blocked",
    }
}
