//! `time-without-zone` and `unused-timezone`.

use crate::author::lint::subject::{Linted, Subject};
use crate::decide::condition::{Condition, Test};
use crate::language::code::Code;
use crate::language::diagnostic::Diagnostic;
use crate::text::escape::escape_capped;
use crate::text::span::Spanned;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let default = subject.documents.first().and_then(|document| document.defaults.timezone.as_ref());
    let mut default_used = false;
    for linted in &subject.rules {
        let zone = linted.entry.conditions.timezone.as_ref();
        match (time_condition(linted), zone) {
            (None, Some(zone)) => found.push(unused(zone, "no condition of this rule is about the time")),
            (Some(_), None) => default_used = true,
            _ => {}
        }
        if let (Some(condition), None, None) = (time_condition(linted), zone, default) {
            let message = format!("`{condition}` names no time zone, so UTC holds");
            found.push(Diagnostic::new(Code::TimeWithoutZone, condition.span, message).help(
                "add `timezone: Europe/Berlin` or another beside it or to `defaults`; `timezone: UTC` \
                 says that UTC is meant",
            ));
        }
    }
    if let (Some(zone), false) = (default, default_used) {
        found.push(unused(zone, "no condition on the time goes by it"));
    }
}

fn time_condition<'a>(linted: &Linted<'a>) -> Option<&'a Condition> {
    linted.rule.conditions.iter().find(|condition| !matches!(condition.test, Test::Param(..)))
}

fn unused(zone: &Spanned<String>, why: &str) -> Diagnostic {
    let message = format!("the time zone `{}` is without effect: {why}", escape_capped(&zone.value, 64));
    Diagnostic::new(Code::UnusedTimezone, zone.span, message)
        .help("remove it, or add the condition that it is for")
}
