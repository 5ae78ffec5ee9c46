//! Actions that show what a finding is about: tried on the policy, and put into words.

use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::Value;

use crate::author::lint::automaton::Budget;
use crate::author::probe::{Probe, probes};
use crate::decide::action::Action;
use crate::decide::decision::ApprovalMode;
use crate::decide::policy::{Field, Policy, Rule};
use crate::text::canonical::canonical_json;
use crate::text::escape::escape_capped;

/// How much all trials of one kind may take together, in rules that are judged.
const WORK: u64 = 2_000_000;
/// How many of the actions that were made are tried.
const MOST: usize = 32;

/// Actions tried on a policy, as long as that does not take too long: a policy made to be expensive is given
/// up on.
pub(super) struct Trials<'p> {
    policy: &'p Policy,
    budget: Budget,
}

impl<'p> Trials<'p> {
    pub(super) const fn of(policy: &'p Policy) -> Trials<'p> {
        Trials { policy, budget: Budget(WORK) }
    }

    /// Takes some work off; `None` once there is nothing left.
    pub(super) fn spend(&mut self, work: usize) -> Option<()> {
        self.budget.spend(work)
    }

    /// The plainest action that all of `rules` match; `None` if none was found.
    pub(super) fn made_of(&mut self, rules: &[&Rule]) -> Option<Probe> {
        self.spend(making(rules))?;
        probes(rules).into_iter().next()
    }

    /// The plainest action that all of `rules` match and that the first of them decides.
    pub(super) fn decided_by_first(&mut self, rules: &[&Rule]) -> Option<Probe> {
        self.spend(making(rules))?;
        let rule = rules.first()?;
        probes(rules).into_iter().take(MOST).find(|probe| self.decides(probe, rule))
    }

    /// Whether this rule decides the action.
    pub(super) fn decides(&mut self, probe: &Probe, rule: &Rule) -> bool {
        if self.spend(self.policy.rules.len()).is_none() {
            return false;
        }
        self.policy.outcome(&probe.action, probe.at).rule.is_some_and(|decider| decider.is(rule))
    }

    /// What the policy asks for.
    pub(super) fn approval(&mut self, action: &Action, at: DateTime<Utc>) -> Option<ApprovalMode> {
        self.spend(self.policy.rules.len())?;
        Some(self.policy.outcome(action, at).approval)
    }
}

/// What it costs to make actions of rules: they are made of all combinations of what their globs match.
fn making(rules: &[&Rule]) -> usize {
    let globs = |field| rules.iter().filter_map(|rule| rule.matches.of(field)).map(<[_]>::len).sum::<usize>();
    let texts = [Field::Kind, Field::Target, Field::Agent].map(|field| (2 * globs(field)).clamp(1, 8));
    1_000 + 20 * texts.iter().product::<usize>()
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
        let _ = write!(words, " with `{}`", escape_capped(&params, 80));
    }
    if timed {
        let _ = write!(words, " at {}", probe.at.to_rfc3339_opts(SecondsFormat::Secs, true));
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
