//! Several files that are one policy: looked at together, and each finding told of the file that it is in.

use aegis_engine::{Diagnostic, Label, Severity, Source, SourceId, SourceText, Span, lint, load};

use crate::remedies;

/// What was found in one of the files.
pub(super) struct Found {
    pub(super) diagnostics: Vec<Diagnostic>,
    /// How many rules it has, if nothing in it is an error.
    pub(super) rules: Option<usize>,
}

/// Looks at the files as the one policy that they are, in this order.
pub(super) fn look_at(texts: &[(SourceText<'_>, &[u8])]) -> Vec<Found> {
    let sources: Vec<_> = texts.iter().map(|(_, text)| Source { text }).collect();
    let loaded = load(&sources);
    let mut found = lint(&loaded, &sources);
    found.extend(loaded.diagnostics);
    let mut found = remedies::of_policy(found);
    found.sort_by_key(|found| found.primary.span);
    let in_file = |id: u32| -> Vec<_> {
        let own = found.iter().filter(|found| found.primary.span.source == SourceId(id));
        own.map(|found| by_itself(found.clone(), texts)).collect()
    };
    let documents = loaded.documents.iter().zip(0..);
    documents
        .map(|(document, id)| {
            let diagnostics = in_file(id);
            let is_sound = diagnostics.iter().all(|found| found.severity != Severity::Error);
            let rules = document.as_ref().filter(|_| is_sound).map(|document| document.rules.len());
            Found { diagnostics, rules }
        })
        .collect()
}

/// The same finding as one of a single file: what it points at elsewhere is named in its help.
fn by_itself(mut found: Diagnostic, texts: &[(SourceText<'_>, &[u8])]) -> Diagnostic {
    let own = found.primary.span.source;
    let (here, elsewhere): (Vec<_>, Vec<_>) =
        found.secondary.into_iter().partition(|label| label.span.source == own);
    let alone = |span: Span| Span { source: SourceId(0), ..span };
    found.secondary = here.into_iter().map(|label| Label { span: alone(label.span), ..label }).collect();
    found.primary.span = alone(found.primary.span);
    for label in elsewhere {
        let place = usize::try_from(label.span.source.0).ok().and_then(|place| texts.get(place));
        let Some((source, _)) = place else { continue };
        let place = source.position(label.span.range().start);
        let text = format!("{}:{place}: {}", source.name(), label.text);
        found.help = Some(match found.help.take() {
            Some(help) => format!("{help} ({text})"),
            None => text,
        });
    }
    found
}
