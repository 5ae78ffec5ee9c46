//! A validated policy, and how it decides.

use std::cmp::Ordering;
use std::fmt::Write as _;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::decide::action::Action;
use crate::decide::approval_terms::ApprovalTerms;
use crate::decide::condition::{Condition, Truth};
use crate::decide::decision::{ApprovalMode, DEFAULT_RULE, Decision, RiskLevel, Undecidable, of_both};
use crate::decide::glob::Glob;
use crate::decide::letter_case::Case;
use crate::decide::redaction::Redaction;
use crate::text::escape::escape;
use crate::text::span::{Span, Spanned};

/// A policy that was validated whole: immutable, and made only by [`load`](crate::load).
///
/// # Example: deciding
/// ```
/// use aegis_engine::{Action, ApprovalMode, Source, load};
/// let text = b"version: '1'\nrules:\n  - { match: { type: read }, approval: auto, risk_level: low }\n";
/// let policy = load(&[Source { text }]).policy.expect("the policy is valid");
/// let action = Action::from_json(br#"{"type":"read","target":"crm"}"#)?;
/// let at = "2026-11-23T08:49:00Z".parse().expect("an instant");
/// assert_eq!(policy.decide(&action, at).approval(), ApprovalMode::Auto);
/// # Ok::<(), aegis_engine::ActionError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Policy {
    pub(crate) rules: Vec<Rule>,
    pub(crate) risk_level: RiskLevel,
    pub(crate) approval: ApprovalMode,
    /// On what terms a human's answer counts where no rule matches; none where the usual ones hold.
    pub(crate) terms: Option<Arc<ApprovalTerms>>,
    pub(crate) redaction: Redaction,
}

/// A rule, ready to be applied.
#[derive(Clone, Debug)]
pub struct Rule {
    pub(crate) name: String,
    pub(crate) span: Span,
    pub(crate) matches: Matches,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) risk_level: RiskLevel,
    pub(crate) approval: ApprovalMode,
    /// On what terms a human's answer counts; none where the usual ones hold.
    pub(crate) terms: Option<Arc<ApprovalTerms>>,
    pub(crate) reason: Option<String>,
}

/// The globs of a rule, all of one case; `None` matches everything.
#[derive(Clone, Debug)]
pub(crate) struct Matches {
    pub(crate) case: Case,
    pub(crate) kind: Option<Vec<Glob>>,
    pub(crate) target: Option<Vec<Glob>>,
    pub(crate) agent: Option<Vec<Glob>>,
}

/// What a policy says of an action, and which rule does.
#[derive(Debug)]
pub(crate) struct Outcome<'p> {
    /// `None` where no rule matches.
    pub(crate) rule: Option<&'p Rule>,
    pub(crate) approval: ApprovalMode,
    pub(crate) risk_level: RiskLevel,
    /// On what terms a human's answer counts; none where the usual ones hold.
    pub(crate) terms: Option<Arc<ApprovalTerms>>,
    pub(crate) undecidable: Vec<Undecidable>,
}

impl Outcome<'_> {
    /// The same in words.
    pub(crate) fn into_decision(self) -> Decision {
        let Outcome { rule, approval, risk_level, terms, undecidable } = self;
        let rule_reason = rule.and_then(|rule| rule.reason.clone());
        let says = reason(rule, approval, &undecidable);
        let reason = match &rule_reason {
            Some(author) => format!("{} ({says})", escape(author)),
            None => says,
        };
        Decision {
            approval,
            risk_level,
            matched_rule: rule.map(|rule| rule.name.clone()),
            terms,
            rule_reason,
            reason,
            undecidable,
        }
    }

    /// The name of the rule that decides, or [`DEFAULT_RULE`].
    pub(crate) fn rule_name(&self) -> &str {
        self.rule.map_or(DEFAULT_RULE, |rule| &rule.name)
    }

    /// Whether the same must happen before the action may, at the same risk, whichever rule says so.
    pub(crate) fn has_effect_of(&self, other: &Outcome<'_>) -> bool {
        (self.approval, self.risk_level) == (other.approval, other.risk_level)
    }
}

/// What a rule says of an action.
#[derive(Debug)]
pub(crate) enum Judgement<'p> {
    /// No glob of this field matches.
    Field(Field, &'p [Glob]),
    /// This condition is false.
    Condition(&'p Condition),
    /// It would match but for these conditions.
    Undecidable(Vec<(&'p Condition, String)>),
    /// It matches.
    Matches,
}

/// A field that globs are matched against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Kind,
    Target,
    Agent,
}

impl Field {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Field::Kind => "type",
            Field::Target => "target",
            Field::Agent => "agent",
        }
    }

    pub(crate) fn of(self, action: &Action) -> Option<&str> {
        match self {
            Field::Kind => Some(action.kind()),
            Field::Target => Some(action.target()),
            Field::Agent => action.matched_agent(),
        }
    }
}

impl Rule {
    /// The name in answers and records.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where the rule stands.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span
    }

    /// How much harm the actions it matches could do.
    #[must_use]
    pub fn risk_level(&self) -> RiskLevel {
        self.risk_level
    }

    /// What must happen before the actions it matches may.
    #[must_use]
    pub fn approval(&self) -> ApprovalMode {
        self.approval
    }

    /// On what terms a human's answer counts, where the rule asks for one.
    #[must_use]
    pub fn terms(&self) -> ApprovalTerms {
        self.terms.as_deref().cloned().unwrap_or_default()
    }

    /// What its author tells whoever asks, approves or is refused.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// The conditions by keyword and parameter, each with its place; all must hold.
    pub fn conditions(&self) -> impl Iterator<Item = Spanned<String>> + '_ {
        self.conditions.iter().map(|condition| Spanned::new(condition.to_string(), condition.span))
    }

    pub(crate) fn judge(&self, action: &Action, at: DateTime<Utc>) -> Judgement<'_> {
        if let Some((field, globs)) = self.matches.failing(action) {
            return Judgement::Field(field, globs);
        }
        let mut undecidable = Vec::new();
        for condition in &self.conditions {
            match condition.judge(action, at) {
                Truth::True => {}
                // One false condition outweighs any undecidable one.
                Truth::False => return Judgement::Condition(condition),
                Truth::Undecidable(why) => undecidable.push((condition, why)),
            }
        }
        if undecidable.is_empty() { Judgement::Matches } else { Judgement::Undecidable(undecidable) }
    }

    /// How many fields, and how many conditions, keep the rule from matching.
    pub(crate) fn misses(&self, action: &Action, at: DateTime<Utc>) -> (usize, usize) {
        let conditions =
            self.conditions.iter().filter(|condition| condition.judge(action, at) == Truth::False);
        (self.matches.all_failing(action).count(), conditions.count())
    }

    /// Whether the rule has a part in the decision, once it is reached: it matches, or might.
    pub(crate) fn concerns(&self, action: &Action, at: DateTime<Utc>) -> bool {
        matches!(self.judge(action, at), Judgement::Matches | Judgement::Undecidable(_))
    }

    /// Whether this is that rule, perhaps in a changed copy of its policy. Names need not be unique; places
    /// are.
    pub(crate) fn is(&self, other: &Rule) -> bool {
        self.span == other.span && self.name == other.name
    }
}

impl Matches {
    /// The globs of a field; `None` matches everything.
    pub(crate) fn of(&self, field: Field) -> Option<&[Glob]> {
        match field {
            Field::Kind => self.kind.as_deref(),
            Field::Target => self.target.as_deref(),
            Field::Agent => self.agent.as_deref(),
        }
    }

    /// The first field that none of its globs matches.
    pub(crate) fn failing(&self, action: &Action) -> Option<(Field, &[Glob])> {
        self.all_failing(action).next()
    }

    /// Every field that none of its globs matches.
    fn all_failing(&self, action: &Action) -> impl Iterator<Item = (Field, &[Glob])> {
        [Field::Kind, Field::Target, Field::Agent].into_iter().filter_map(move |field| {
            let globs = self.of(field)?;
            let holds =
                globs.iter().any(|glob| field.of(action).map_or(glob.is_any(), |text| glob.is_match(text)));
            (!holds).then_some((field, globs))
        })
    }
}

impl Policy {
    /// The rules, in the order in which they are tried.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The approval where no rule matches.
    #[must_use]
    pub fn default_approval(&self) -> ApprovalMode {
        self.approval
    }

    /// The risk where no rule matches.
    #[must_use]
    pub fn default_risk_level(&self) -> RiskLevel {
        self.risk_level
    }

    /// Which parameters must not be written down.
    #[must_use]
    pub fn redaction(&self) -> &Redaction {
        &self.redaction
    }

    /// Decides one action as of one instant: a pure function of the three.
    ///
    /// The first rule that matches decides. A rule that would match but for a condition that cannot be
    /// decided makes the outcome the strictest of that rule's and of what the rest of the policy says.
    pub fn decide(&self, action: &Action, at: DateTime<Utc>) -> Decision {
        self.outcome(action, at).into_decision()
    }

    /// The decision before it is put into words.
    pub(crate) fn outcome(&self, action: &Action, at: DateTime<Utc>) -> Outcome<'_> {
        let mut candidates: Vec<&Rule> = Vec::new();
        let mut undecidable = Vec::new();
        let mut matched = None;
        for rule in &self.rules {
            match rule.judge(action, at) {
                Judgement::Field(..) | Judgement::Condition(_) => {}
                Judgement::Matches => {
                    matched = Some(rule);
                    break;
                }
                Judgement::Undecidable(conditions) => {
                    candidates.push(rule);
                    undecidable.extend(conditions.into_iter().map(|(condition, why)| Undecidable {
                        rule: rule.name.clone(),
                        condition: condition.to_string(),
                        why,
                    }));
                }
            }
        }
        let (mut rule, mut approval, mut risk_level, mut terms) = matched
            .map_or((None, self.approval, self.risk_level, self.terms.clone()), |rule| {
                (Some(rule), rule.approval, rule.risk_level, rule.terms.clone())
            });
        // From the last to the first, so that on a tie the earlier rule is the one that is named.
        for candidate in candidates.into_iter().rev() {
            match candidate.approval.cmp(&approval) {
                Ordering::Greater => terms.clone_from(&candidate.terms),
                // Nobody knows which of them was meant to ask: an answer must do for each.
                Ordering::Equal => terms = of_both(candidate.terms.as_ref(), terms.as_ref()),
                Ordering::Less => {}
            }
            if candidate.approval >= approval {
                (rule, approval) = (Some(candidate), candidate.approval);
            }
            risk_level = risk_level.max(candidate.risk_level);
        }
        Outcome { rule, approval, risk_level, terms, undecidable }
    }
}

fn reason(rule: Option<&Rule>, approval: ApprovalMode, undecidable: &[Undecidable]) -> String {
    let says = match approval {
        ApprovalMode::Auto => "allows it",
        ApprovalMode::Approve => "asks for a human's approval",
        ApprovalMode::Block => "blocks it",
    };
    let mut reason = match rule {
        Some(rule) => format!("rule `{}` {says}", escape(&rule.name)),
        None => format!("no rule matches, and the default {says}"),
    };
    if let Some(first) = undecidable.first() {
        let more = match undecidable.len() - 1 {
            0 => String::new(),
            more => format!(" (and {more} more)"),
        };
        let (name, condition) = (escape(&first.rule), &first.condition);
        let _ = write!(reason, "; `{condition}` of rule `{name}` cannot be decided: {}{more}", first.why);
    }
    reason
}

#[cfg(test)]
mod tests;
