//! What is probably not meant: findings about policies that are valid. For those who write them, not for
//! deciding.

mod allow;
mod approvers;
mod automaton;
mod bounds;
mod dead_rules;
mod globs;
mod globs_as_written;
mod grants;
mod implication;
mod names;
mod operands;
mod order;
mod outcome;
mod reach;
mod redundant;
mod regexes;
mod spelling;
mod subject;
mod texts_as_written;
mod witness;
mod zones;

use crate::author::lint::subject::Subject;
use crate::language::compile::Loaded;
use crate::language::diagnostic::Diagnostic;
use crate::language::policy_bytes::Source;

/// Looks over policies that were read without an error, as [`load`](crate::load) gave them back for
/// `sources`.
///
/// What comes out are warnings, those left out that a comment silences (`# aegis: allow(code) — reason`), and
/// errors in such comments. Nothing comes out of a policy that could not be read.
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
    approvers::check(&subject, &mut found);
    grants::check(&subject, &mut found);
    operands::check(&subject, &mut found);
    zones::check(&subject, &mut found);
    redundant::check(&subject, &mut found);
    globs_as_written::check(&subject, &mut found);
    texts_as_written::check(&subject, sources, &mut found);
    spelling::check(&subject, sources, &mut found);
    bounds::check(&subject, &mut found);
    order::check(&subject, &mut found);
    let mut found = allow::silence(found, policy, sources);
    found.sort_by_key(|found| (found.primary.span, found.code));
    found
}
