//! A key that stands twice in a mapping, and what its two values would be as one.

use crate::language::code::Code;
use crate::language::diagnostic::Diagnostic;
use crate::language::fix::{Edit, Fix};
use crate::language::yaml::lines::{line_end, line_start};
use crate::language::yaml::node::{Entry, Kind};
use crate::text::escape::escape_capped;
use crate::text::span::Span;

/// The finding about the second of two entries with one key.
pub(super) fn duplicate(text: &str, first: Option<&Entry>, second: &Entry) -> Diagnostic {
    let message = format!("the key `{}` stands here twice", escape_capped(&second.key, 64));
    let found = Diagnostic::error(Code::DuplicateKey, second.key_span, message);
    let Some(first) = first else { return found.help(REMOVE) };
    let found = found.secondary(first.key_span, "first here");
    match joined(text, first, second) {
        Some((help, fix)) => found.help(help).fix(fix),
        None => found.help(REMOVE),
    }
}

/// How much is looked at, in bytes or entries: there may be many duplicates of one long value.
const LONGEST: usize = 4096;

const REMOVE: &str = "remove one of the two; no reader agrees with another on which of them counts";

/// How the values of two entries are joined, where they can be.
fn joined(text: &str, first: &Entry, second: &Entry) -> Option<(String, Option<Fix>)> {
    let key = escape_capped(&second.key, 64);
    match (&first.value.kind, &second.value.kind) {
        (Kind::Map(before), Kind::Map(after)) => {
            if before.len().saturating_mul(after.len()) > LONGEST {
                return None;
            }
            if after.iter().any(|entry| before.iter().any(|known| known.key == entry.key)) {
                return None;
            }
            let help = format!("join the two into one `{key}`, with the entries of both");
            Some((help, join(text, first, second)))
        }
        (Kind::List(_), Kind::List(_)) => {
            let help = format!("join the two into one `{key}`, with the entries of both");
            Some((help, join(text, first, second)))
        }
        (Kind::String(_), Kind::String(_)) if GLOBS.contains(&second.key.as_str()) => {
            let written = |entry: &Entry| text.get(entry.value.span.range());
            let both = format!("[{}, {}]", written(first)?, written(second)?);
            let help = format!("write both as a list: `{key}: {}`", escape_capped(&both, 64));
            let gone = removed(text, second)?;
            let list = Edit::new(first.value.span, both);
            Some((help, Some(Fix::suggested(vec![list, gone]))))
        }
        _ => None,
    }
}

/// Keys whose values may be lists of what they are.
const GLOBS: [&str; 3] = ["type", "target", "agent"];

/// An entry taken away, with the line that it leaves empty, or with the comma before it.
fn removed(text: &str, entry: &Entry) -> Option<Edit> {
    let whole = entry.key_span.to(entry.value.span).range();
    let line = line_start(text, whole.start)?;
    let lead = text.get(line..whole.start)?;
    let gone = if lead.trim().is_empty() {
        line..(line_end(text, whole.end)? + 1).min(text.len())
    } else {
        let comma = lead.trim_end();
        line + comma.strip_suffix(',').map_or(lead.len(), str::len)..whole.end
    };
    Some(Edit::new(narrowed(entry.key_span, gone.start, gone.end), ""))
}

/// The change that joins two mappings or two lists that are written in the same style.
fn join(text: &str, first: &Entry, second: &Entry) -> Option<Fix> {
    let (left, right) = (first.value.span, second.value.span);
    let written = |span: Span| text.get(span.range());
    let is_flow = |text: &str| text.starts_with(['{', '[']);
    let (before, after) = (written(left)?, written(right)?);
    if is_flow(before) != is_flow(after)
        || left.start < first.key_span.start
        || right.start < second.key_span.start
    {
        return None;
    }
    if !is_flow(before) {
        // Only where the entries of the second would stand right below those of the first, and in line.
        let start = second.key_span.range().start;
        let line = line_start(text, start)?;
        let alone = text.get(line..start)?.trim().is_empty();
        let column = |span: Span| Some(span.range().start - line_start(text, span.range().start)?);
        let between = text.get(left.range().end..start).filter(|between| between.len() <= LONGEST)?;
        if !alone || column(left)? != column(right)? || !between.trim().is_empty() {
            return None;
        }
        let value_line = line_start(text, right.range().start).filter(|value_line| *value_line > line)?;
        return Some(Fix::suggested(vec![Edit::new(narrowed(second.key_span, line, value_line), "")]));
    }
    if before.len() + after.len() > LONGEST {
        return None;
    }
    let inner = |text: &str| text.get(1..text.len().saturating_sub(1)).map(|inner| inner.trim().to_owned());
    let (mine, theirs) = (inner(before)?, inner(after)?);
    let (open, close) = if before.starts_with('{') { ("{ ", " }") } else { ("[", "]") };
    let both = [mine, theirs].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
    let gone = removed(text, second)?;
    Some(Fix::suggested(vec![Edit::new(left, format!("{open}{both}{close}")), gone]))
}

fn narrowed(like: Span, start: usize, end: usize) -> Span {
    let narrow = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
    Span { source: like.source, start: narrow(start), end: narrow(end) }
}
