//! What is probably not meant: findings about policies that are valid. For those who write them, not for deciding.

mod allow;
mod automaton;
mod coverage;
mod implication;
mod names;
mod operands;
mod outcome;
mod reach;
mod redundant;
mod zones;

use crate::decide::policy::{Policy, Rule};
use crate::language::compile::{Loaded, Source};
use crate::language::diagnostic::Diagnostic;
use crate::language::document::{Document, RuleEntry};
use crate::text::escape::escape_capped;
use crate::text::span::Span;

/// Looks over policies that were read without an error, as [`load`](crate::load) gave them back for `sources`.
///
/// What comes out are warnings, those left out that a comment silences (`# aegis: allow(code) — reason`), and errors
/// in such comments. Nothing comes out of a policy that could not be read.
///
/// # Example: a rule that can never decide
/// ```
/// use aegis_engine::{Source, lint, load};
/// let text = b"version: '1'
/// rules:
///   - { name: reads, match: { type: 'read*' }, approval: block }
///   - { name: files, match: { type: [read_file, read_dir] }, approval: approve }
/// ";
/// let sources = [Source { text }];
/// let found = lint(&load(&sources), &sources);
/// assert_eq!(found[0].code.as_str(), "unreachable-rule");
/// ```
#[must_use]
pub fn lint(loaded: &Loaded, sources: &[Source<'_>]) -> Vec<Diagnostic> {
    let Some(policy) = &loaded.policy else { return Vec::new() };
    let documents: Vec<_> = loaded.documents.iter().flatten().collect();
    let subject = Subject::new(policy, &documents, sources);
    let mut found = Vec::new();
    reach::check(&subject, &mut found);
    outcome::check(&subject, &mut found);
    names::check(&subject, &mut found);
    operands::check(&subject, &mut found);
    zones::check(&subject, &mut found);
    redundant::check(&subject, &mut found);
    let mut found = allow::silence(found, policy, sources);
    found.sort_by_key(|found| (found.primary.span, found.code));
    found
}

/// What is looked over.
struct Subject<'a> {
    policy: &'a Policy,
    documents: &'a [&'a Document],
    rules: Vec<Linted<'a>>,
}

/// A rule, compiled and as written.
#[derive(Clone, Copy)]
struct Linted<'a> {
    rule: &'a Rule,
    entry: &'a RuleEntry,
    /// Where to point for the rule as a whole: its name, or its first line.
    head: Span,
}

impl<'a> Subject<'a> {
    fn new(policy: &'a Policy, documents: &'a [&'a Document], sources: &[Source<'_>]) -> Subject<'a> {
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
    fn name(&self) -> String {
        escape_capped(&self.rule.name, 80)
    }
}

/// The text of a source.
fn text_of<'s>(span: Span, sources: &[Source<'s>]) -> &'s [u8] {
    let source = usize::try_from(span.source.0).ok().and_then(|index| sources.get(index));
    source.map(|source| source.text).unwrap_or_default()
}

fn first_line(span: Span, sources: &[Source<'_>]) -> Span {
    let text = text_of(span, sources).get(span.range()).unwrap_or_default();
    let line = text.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
    span.part(0, line.trim_ascii_end().len())
}
