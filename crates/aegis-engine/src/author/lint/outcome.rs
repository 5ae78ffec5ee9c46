//! What rules come to: `same-outcome`, `auto-for-everything`, `auto-high-risk`, `auto-by-agent-word` and
//! `avoidable-block`.

use crate::author::lint::automaton::{Budget, matches_all};
use crate::author::lint::globs::{fields, is_within, surely_apart};
use crate::author::lint::implication::is_implied;
use crate::author::lint::subject::{Linted, Subject};
use crate::decide::condition::{Condition, ParamTest, Test};
use crate::decide::decision::{ApprovalMode, RiskLevel};
use crate::decide::policy::Rule;
use crate::language::code::Code;
use crate::language::diagnostic::{Diagnostic, Remedy};
use crate::language::document::ApprovalEntry;

/// How many rules of another outcome a rule is held against.
const MAX_OTHERS: usize = 64;
/// How many looks at a rule, for all blocks together, the search for what decides where a parameter is left
/// out may take.
const MAX_LOOKED_AT: u64 = 10_000_000;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    same_outcome(subject, found);
    defaults(subject, found);
    for linted in &subject.rules {
        if linted.rule.approval == ApprovalMode::Auto {
            found.extend(auto_for_everything(linted));
            found.extend(auto_high_risk(linted));
            found.extend(auto_by_agent_word(linted));
        }
    }
    let mut budget = Budget(MAX_LOOKED_AT);
    let blocks = subject.rules.iter().enumerate();
    for (place, linted) in blocks.filter(|(_, linted)| linted.rule.approval == ApprovalMode::Block) {
        found.extend(avoidable_block(subject, place, linted, &mut budget));
    }
}

/// A rule whose outcome is that of the defaults, and after which only rules of that outcome, or for other
/// actions, come: whether it matches or cannot be decided, the strictest of it and the rest is the rest.
fn same_outcome(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let policy = subject.policy;
    let mut others: Vec<&Rule> = Vec::new();
    for linted in subject.rules.iter().rev() {
        let rule = linted.rule;
        if others.len() == MAX_OTHERS {
            break;
        }
        if (rule.approval, rule.risk_level, &rule.terms)
            != (policy.approval, policy.risk_level, &policy.terms)
        {
            others.push(rule);
            continue;
        }
        if !others.iter().all(|other| surely_apart(rule, other)) {
            continue;
        }
        let name = linted.name();
        let message = format!("without rule `{name}` every decision would be the same");
        let outcome = format!("{}, {} risk", rule.approval.as_str(), rule.risk_level.as_str());
        found.push(
            Diagnostic::new(Code::SameOutcome, linted.head, message)
                .label(format!("what follows comes to the same: {outcome}"))
                .help(
                    "remove it, unless its name is wanted in records: then say so with \
                     `# aegis: allow(same-outcome) — reason`",
                ),
        );
    }
}

fn defaults(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let Some(defaults) = subject.documents.first().map(|document| &document.defaults) else { return };
    let mode = defaults.approval.as_ref().map(ApprovalEntry::mode);
    let Some(approval) = mode.filter(|word| word.value == ApprovalMode::Auto) else { return };
    found.push(
        Diagnostic::new(
            Code::AutoForEverything,
            approval.span,
            "whatever no rule matches is allowed without a human",
        )
        .help("list what may happen with rules, and leave the rest to `approve` or `block`"),
    );
    if let Some(risk) = defaults.risk_level.filter(|risk| risk.value >= RiskLevel::High) {
        let message = format!("whatever no rule matches is of {} risk and allowed", risk.value.as_str());
        found.push(
            Diagnostic::new(Code::AutoHighRisk, approval.span, message)
                .secondary(risk.span, "the risk")
                .help("write `approval: approve`, or a lower risk"),
        );
    }
}

fn auto_for_everything(linted: &Linted<'_>) -> Option<Diagnostic> {
    let everything = fields(linted.rule).into_iter().all(matches_all);
    if !everything || linted.rule.conditions.iter().any(binds) {
        return None;
    }
    let conditions =
        if linted.rule.conditions.is_empty() { "" } else { ", and its conditions rule nothing out" };
    let message = format!("rule `{}` allows every action{conditions}", linted.name());
    let place = linted.entry.approval.as_ref().map_or(linted.head, |approval| approval.mode().span);
    Some(
        Diagnostic::new(Code::AutoForEverything, place, message)
            .label("without a human")
            .help("name the types and targets that may be acted upon: `match: { type: read, target: crm }`"),
    )
}

/// Whether a condition keeps any action out that its sender could not bring in by leaving something out.
fn binds(condition: &Condition) -> bool {
    match &condition.test {
        Test::Window(window, _) => !window.is_whole_day(),
        Test::Weekdays(days, _) => !days.is_every_day(),
        Test::Param(_, ParamTest::Exists(false)) => false,
        Test::Param(..) => true,
    }
}

fn auto_high_risk(linted: &Linted<'_>) -> Option<Diagnostic> {
    let (risk, approval) = (linted.entry.risk_level?, linted.entry.approval.as_ref()?.mode());
    if risk.value < RiskLevel::High {
        return None;
    }
    let message = format!("rule `{}` allows actions of {} risk", linted.name(), risk.value.as_str());
    Some(
        Diagnostic::new(Code::AutoHighRisk, approval.span, message)
            .label("without a human")
            .secondary(risk.span, "the risk")
            .help("write `approval: approve`, or a lower risk if it is one"),
    )
}

fn auto_by_agent_word(linted: &Linted<'_>) -> Option<Diagnostic> {
    let [_, _, agent] = fields(linted.rule);
    let glob = linted.entry.matches.agent.as_ref()?.patterns.first()?;
    if matches_all(agent) {
        return None;
    }
    let message = format!("rule `{}` allows because of the agent that an action names", linted.name());
    let diagnostic = Diagnostic::new(Code::AutoByAgentWord, glob.span, message)
        .label("any action may name it")
        .help(
            "impose the names of agents where they are started, and say so with \
             `# aegis: allow(auto-by-agent-word) — reason`; or write `approval: approve`",
        )
        .remedied(Some(Remedy::ImposeAgent));
    Some(match linted.entry.approval.as_ref() {
        Some(approval) => diagnostic.secondary(approval.mode().span, "without a human"),
        None => diagnostic,
    })
}

/// A block that goes by a parameter, where an action without that parameter is not blocked. A limit
/// (`param_gt` and its like) that is left out may well mean "no limit", so anything short of a block is
/// laxer; of other conditions, the action without the parameter is often another action, so that only `auto`
/// is.
fn avoidable_block(
    subject: &Subject<'_>,
    place: usize,
    linted: &Linted<'_>,
    budget: &mut Budget,
) -> Option<Diagnostic> {
    linted.rule.conditions.iter().find_map(|condition| {
        let Test::Param(key, test) = &condition.test else { return None };
        let laxer = match test {
            ParamTest::Exists(_) => return None,
            ParamTest::Order(..) => ApprovalMode::Approve,
            ParamTest::Eq(_) | ParamTest::Contains(_) | ParamTest::Matches(_) => ApprovalMode::Auto,
        };
        let instead = decides_without(subject, place, linted, condition, budget)?;
        let approval = match instead {
            Decides::Rule(other) => other.rule.approval,
            Decides::Defaults => subject.policy.approval,
        };
        if approval > laxer {
            return None;
        }
        let says = match approval {
            ApprovalMode::Auto => "allowed",
            _ => "left to a human",
        };
        let message =
            format!("an action without `{key}` is not blocked by rule `{}`, but {says}", linted.name());
        let written = key.to_string();
        let diagnostic = Diagnostic::new(Code::AvoidableBlock, condition.span, message)
            .label("false of an absent parameter")
            .help(format!(
                "add a rule that blocks the action with \
                 `conditions: {{ param_exists: {{ {written}: false }} }}`"
            ));
        Some(match instead {
            Decides::Rule(other) => diagnostic.secondary(other.head, "decides where it is absent"),
            Decides::Defaults => diagnostic,
        })
    })
}

/// What decides an action in place of a rule.
#[derive(Clone, Copy)]
enum Decides<'s> {
    Rule(&'s Linted<'s>),
    Defaults,
}

/// What surely decides an action of `linted` from which the parameter of `condition` is left out. `None` if a
/// block may come first, or that is not known.
fn decides_without<'s>(
    subject: &'s Subject<'s>,
    place: usize,
    linted: &Linted<'_>,
    condition: &Condition,
    budget: &mut Budget,
) -> Option<Decides<'s>> {
    for (other_place, other) in subject.rules.iter().enumerate() {
        budget.spend(1)?;
        let holds = without(other.rule, linted.rule, condition);
        if other_place == place || holds == Holds::Never || surely_apart(other.rule, linted.rule) {
            continue;
        }
        budget.spend(100)?;
        if holds == Holds::Surely && is_within(linted.rule, other.rule) {
            return Some(Decides::Rule(other));
        }
        // It may be the remedy, in parts.
        if other.rule.approval == ApprovalMode::Block && holds == Holds::Surely {
            return None;
        }
    }
    Some(Decides::Defaults)
}

/// Whether a rule's conditions hold of an action that has not the one parameter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holds {
    Never,
    Perhaps,
    Surely,
}

/// For an action of `rule` that lacks what `left_out` is about, and of which the other conditions of `rule`
/// are true.
fn without(other: &Rule, rule: &Rule, left_out: &Condition) -> Holds {
    let Test::Param(absent, _) = &left_out.test else { return Holds::Perhaps };
    let mut holds = Holds::Surely;
    for condition in &other.conditions {
        match &condition.test {
            Test::Param(key, test) if key.path() == absent.path() => {
                if !matches!(test, ParamTest::Exists(false)) {
                    return Holds::Never;
                }
            }
            test => {
                if !rule.conditions.iter().any(|given| is_implied(&given.test, test)) {
                    holds = Holds::Perhaps;
                }
            }
        }
    }
    holds
}
