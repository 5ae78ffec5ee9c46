//! Rules that can never decide: `unreachable-rule` and `impossible-rule`.

use crate::author::lint::dead_rules::{Dead, dead_rules};
use crate::author::lint::implication::contradiction;
use crate::author::lint::subject::{Linted, Subject};
use crate::decide::condition::Condition;
use crate::language::code::Code;
use crate::language::diagnostic::Diagnostic;

/// How many covering rules are pointed at.
const MAX_LABELS: usize = 8;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let dead = dead_rules(&subject.policy.rules);
    for (linted, dead) in subject.rules.iter().zip(dead) {
        if let Some((first, second)) = contradiction(&linted.rule.conditions) {
            found.push(impossible(linted, first, second));
            continue;
        }
        match dead {
            None => {}
            Some(Dead::MatchesNothing) => found.push(matches_nothing(linted)),
            Some(Dead::Covered(covering)) => found.push(unreachable(subject, linted, &covering)),
        }
    }
}

fn impossible(linted: &Linted<'_>, first: &Condition, second: &Condition) -> Diagnostic {
    let name = linted.name();
    if first.span == second.span {
        let message = format!("`{second}` never holds, so rule `{name}` can never match");
        return Diagnostic::new(Code::ImpossibleRule, second.span, message)
            .label("no value does this")
            .help("correct the condition, or remove the rule");
    }
    let message = format!("`{first}` and `{second}` never hold together, so rule `{name}` can never match");
    Diagnostic::new(Code::ImpossibleRule, second.span, message)
        .label("contradicts the other")
        .secondary(first.span, "the other condition")
        .help("all conditions of a rule must hold; for \"either … or …\" write two rules")
}

fn matches_nothing(linted: &Linted<'_>) -> Diagnostic {
    let message = format!("no action fits the globs of rule `{}`, so it can never match", linted.name());
    Diagnostic::new(Code::ImpossibleRule, linted.head, message)
        .help("a `type` is never empty, and no text of an action has a NUL character")
}

fn unreachable(subject: &Subject<'_>, linted: &Linted<'_>, covering: &[usize]) -> Diagnostic {
    let what = if covering.len() == 1 { "an earlier rule matches" } else { "earlier rules together match" };
    let message = format!("rule `{}` can never decide: {what} everything that it does", linted.name());
    let mut diagnostic = Diagnostic::new(Code::UnreachableRule, linted.head, message).label("never decides");
    for earlier in covering.iter().take(MAX_LABELS).filter_map(|place| subject.rules.get(*place)) {
        let text = if covering.len() == 1 { "covered by this rule" } else { "covered in part by this rule" };
        diagnostic = diagnostic.secondary(earlier.head, text);
    }
    let place = if covering.len() == 1 { "that rule" } else { "those rules" };
    diagnostic.help(format!("the first rule that matches decides: move it before {place}, or remove it"))
}
