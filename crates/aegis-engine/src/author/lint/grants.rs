//! `loose-grant` and `grant-after-touch`.

use crate::author::lint::subject::Subject;
use crate::decide::approval_terms::{ApprovalTerms, WantedEvidence};
use crate::decide::condition::{Condition, ParamTest, Test};
use crate::decide::grant_terms::SameField;
use crate::language::code::Code;
use crate::language::diagnostic::Diagnostic;
use crate::language::document::{ApprovalEntry, GrantEntry};
use crate::text::escape::escape_capped;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let defaults = subject.documents.first().and_then(|document| document.defaults.approval.as_ref());
    let of_defaults =
        defaults.zip(subject.policy.terms.as_deref()).map(|(entry, terms)| (entry, terms, None));
    let of_rules = subject.rules.iter().filter_map(|it| {
        let (entry, terms) = it.entry.approval.as_ref().zip(it.rule.terms.as_deref())?;
        Some((entry, terms, Some(it.rule.conditions.as_slice())))
    });
    for (entry, terms, conditions) in of_defaults.into_iter().chain(of_rules) {
        let Some(grant) = entry.terms().and_then(|entry| entry.grant.as_ref()) else { continue };
        loose(grant, conditions, found);
        found.extend(after_touch(entry, grant, terms));
    }
}

/// A parameter that no condition wants: where it is absent from the action that is asked about, the grant
/// holds for all others without it, and a misspelt name is absent from all.
fn loose(grant: &GrantEntry, conditions: Option<&[Condition]>, found: &mut Vec<Diagnostic>) {
    for word in grant.same.iter().flat_map(|same| &same.value) {
        let Some(field) = SameField::new(&word.value) else { continue };
        let is_wanted = |path| conditions.is_some_and(|conditions| is_wanted(path, conditions));
        if field.param().is_none_or(is_wanted) {
            continue;
        }
        let shown = escape_capped(&word.value, 64);
        let (what, help) = match conditions {
            Some(_) => (
                "the rule matches",
                format!(
                    "let the rule match only where it is there: `conditions: {{ param_exists: {{ {shown}: true }} }}`"
                ),
            ),
            None => (
                "the defaults hold for",
                "let a rule with a condition on it give the grant instead".to_owned(),
            ),
        };
        let message = format!("{what} actions without `{shown}`, and they are all the same here");
        found.push(Diagnostic::new(Code::LooseGrant, word.span, message).help(help));
    }
}

/// Whether a rule with these conditions matches only where something stands at this place.
fn is_wanted(path: &[String], conditions: &[Condition]) -> bool {
    conditions.iter().any(|condition| match &condition.test {
        Test::Param(key, test) => !matches!(test, ParamTest::Exists(false)) && key.path().starts_with(path),
        Test::Window(..) | Test::Weekdays(..) => false,
    })
}

fn after_touch(entry: &ApprovalEntry, grant: &GrantEntry, terms: &ApprovalTerms) -> Option<Diagnostic> {
    let uses = terms.grant.as_ref()?.uses;
    if terms.evidence < WantedEvidence::Touch.level() {
        return None;
    }
    let evidence = entry.terms().and_then(|entry| entry.evidence)?;
    let message = format!("one touch would stand for {uses} further actions");
    Some(
        Diagnostic::new(Code::GrantAfterTouch, grant.span, message)
            .secondary(evidence.span, "a touch is wanted")
            .help("remove `grant` to have the key touched for each action"),
    )
}
