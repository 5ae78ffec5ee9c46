//! `duplicate-name`.

use std::collections::HashMap;

use crate::author::lint::subject::Subject;
use crate::language::code::Code;
use crate::language::diagnostic::Diagnostic;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let mut first_of = HashMap::new();
    for linted in &subject.rules {
        let Some(first) = first_of.get(linted.rule.name.as_str()).copied() else {
            first_of.insert(linted.rule.name.as_str(), linted);
            continue;
        };
        let name = linted.name();
        let text = |named: bool| {
            if named { "first here".to_owned() } else { format!("has no name, and is called `{name}`") }
        };
        let diagnostic =
            Diagnostic::new(Code::DuplicateName, linted.head, format!("two rules are called `{name}`"));
        let diagnostic = if linted.entry.name.is_none() { diagnostic.label(text(false)) } else { diagnostic };
        found.push(
            diagnostic
                .secondary(first.head, text(first.entry.name.is_some()))
                .help("answers and records tell rules apart by their names alone: give each its own"),
        );
    }
}
