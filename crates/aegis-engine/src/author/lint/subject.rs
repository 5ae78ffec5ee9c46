//! What the lints look over: the policy, and each rule both compiled and as written.

use crate::decide::policy::{Policy, Rule};
use crate::language::document::{Document, RuleEntry};
use crate::language::policy_bytes::{Source, text_of};
use crate::text::escape::escape_capped;
use crate::text::span::Span;

/// What is looked over.
pub(super) struct Subject<'a> {
    pub(super) policy: &'a Policy,
    pub(super) documents: &'a [&'a Document],
    pub(super) rules: Vec<Linted<'a>>,
}

/// A rule, compiled and as written.
#[derive(Clone, Copy)]
pub(super) struct Linted<'a> {
    pub(super) rule: &'a Rule,
    pub(super) entry: &'a RuleEntry,
    /// Where to point for the rule as a whole: its name, or its first line.
    pub(super) head: Span,
}

impl<'a> Subject<'a> {
    pub(super) fn new(
        policy: &'a Policy,
        documents: &'a [&'a Document],
        sources: &[Source<'_>],
    ) -> Subject<'a> {
        let entries = documents.iter().flat_map(|document| &document.rules);
        let rules = policy.rules.iter().zip(entries).map(|(rule, entry)| {
            let head = entry.name.as_ref().map_or_else(|| first_line(entry.span, sources), |name| name.span);
            Linted { rule, entry, head }
        });
        Subject { policy, documents, rules: rules.collect() }
    }
}

impl Linted<'_> {
    /// The name, to be quoted.
    pub(super) fn name(&self) -> String {
        escape_capped(&self.rule.name, 80)
    }
}

fn first_line(span: Span, sources: &[Source<'_>]) -> Span {
    let text = text_of(span, sources).get(span.range()).unwrap_or_default();
    let line = text.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
    span.part(0, line.trim_ascii_end().len())
}
