//! What an `auto` rule leaves open at one end: `no-lower-bound` and `open-ended-command`.

use serde_json::{Number, Value};

use crate::author::lint::subject::{Linted, Subject};
use crate::author::lint::witness::{Trials, altered, in_words};
use crate::author::probe::Probe;
use crate::decide::condition::{Condition, Order, ParamTest, Test, Truth};
use crate::decide::decision::ApprovalMode;
use crate::decide::operand::OrderOperand;
use crate::decide::param_key::ParamKey;
use crate::language::code::Code;
use crate::language::diagnostic::Diagnostic;
use crate::text::span::Spanned;

/// A number that nobody thought of.
const FAR_BELOW: i64 = -1_000_000;
/// Types by which commands are usually called.
const COMMANDS: [&str; 12] = [
    "shell",
    "sh",
    "bash",
    "exec",
    "execute",
    "command",
    "cmd",
    "run",
    "run_command",
    "terminal",
    "powershell",
    "process",
];
/// What an agent could put behind a command that is allowed.
const APPENDED: &str = "; rm -rf /";

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let autos = subject.rules.iter().filter(|linted| linted.rule.approval == ApprovalMode::Auto);
    let mut trials = Trials::of(subject.policy);
    for linted in autos {
        found.extend(no_lower_bound(linted, &mut trials));
        found.extend(open_ended_command(linted, &mut trials));
    }
}

/// A rule that allows what is small, and has not said how small.
fn no_lower_bound(linted: &Linted<'_>, trials: &mut Trials<'_>) -> Option<Diagnostic> {
    linted.rule.conditions.iter().find_map(|condition| {
        let (key, bound) = upper_bound(condition)?;
        let below =
            Value::from(bound.as_i64().map_or(FAR_BELOW, |bound| bound.min(0).saturating_add(FAR_BELOW)));
        if !tests_of(linted, key).all(|test| test.judge(&below) == Truth::True) {
            return None;
        }
        let witness = trials.made_of(&[linted.rule])?;
        let mut params = witness.action.params().clone();
        key.put(&mut params, below);
        let witness = Probe { action: witness.action.with_params(params), at: witness.at };
        if !trials.decides(&witness, linted.rule) {
            return None;
        }
        let message =
            format!("rule `{}` allows any `{key}` that is small, however far below zero", linted.name());
        Some(
            Diagnostic::new(Code::NoLowerBound, condition.span, message)
                .label("has no lower bound beside it")
                .help(format!(
                    "{} is allowed: add `param_gte: {{ {key}: 0 }}`, or 1",
                    in_words(&witness, false)
                )),
        )
    })
}

fn upper_bound(condition: &Condition) -> Option<(&ParamKey, &Number)> {
    match &condition.test {
        Test::Param(key, ParamTest::Order(Order::Less | Order::LessOrEqual, OrderOperand::Number(bound))) => {
            Some((key, bound))
        }
        _ => None,
    }
}

fn tests_of<'a>(linted: &Linted<'a>, wanted: &'a ParamKey) -> impl Iterator<Item = &'a ParamTest> {
    linted.rule.conditions.iter().filter_map(move |condition| match &condition.test {
        Test::Param(key, test) if key.path() == wanted.path() => Some(test),
        _ => None,
    })
}

/// A command whose end is anything: another command may follow it.
fn open_ended_command(linted: &Linted<'_>, trials: &mut Trials<'_>) -> Option<Diagnostic> {
    let kinds = linted.rule.matches.kind.as_deref();
    let is_command = kinds.is_some_and(|globs| {
        globs.iter().any(|glob| !glob.is_any() && COMMANDS.iter().any(|word| glob.is_match(word)))
    });
    let patterns = linted.entry.matches.target.iter().flat_map(|globs| &globs.patterns);
    patterns.filter(|pattern| is_open_ended(pattern, is_command)).find_map(|pattern| {
        let witness = trials.made_of(&[linted.rule])?;
        let target = format!("{}{APPENDED}", pattern.value.trim_end_matches('*'));
        let action = altered(&witness.action, &target, witness.action.agent())?;
        let witness = Probe { action, at: witness.at };
        if !trials.decides(&witness, linted.rule) {
            return None;
        }
        let message = format!("rule `{}` allows whatever stands behind this", linted.name());
        Some(
            Diagnostic::new(Code::OpenEndedCommand, pattern.span, message)
                .label("`*` is any text, another command too")
                .help(format!(
                    "{} is allowed: name each command as it is, or block `*[;&|<>$()]*` and line breaks before",
                    in_words(&witness, false)
                )),
        )
    })
}

/// A beginning, and then anything.
fn is_open_ended(pattern: &Spanned<String>, is_command: bool) -> bool {
    let beginning = pattern.value.trim_end_matches('*');
    let ends_in_star = beginning.len() < pattern.value.len() && !beginning.is_empty();
    ends_in_star && !beginning.contains(['*', '?', '[', '{']) && (is_command || beginning.contains(' '))
}
