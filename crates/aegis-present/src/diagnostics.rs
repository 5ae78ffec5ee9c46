//! Diagnostics as rustc shows them: `file:line:column`, the source line, a caret, a help.

mod codes;

use std::borrow::Cow;

use aegis_engine::{Diagnostic, Label, Severity, SourceText, Span, escape};
use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet};

pub use codes::{explain_code, list_codes};

/// The most source text that one snippet shows; places further apart get snippets of their own.
const MAX_SNIPPET_BYTES: usize = 8 * 1024;
/// The longest line that is shown. Each finding on it shows it again.
const MAX_LINE_BYTES: usize = 1024;

/// Renders findings, one after another, with an empty line behind each. Spans lead into `sources` by their
/// places.
#[must_use]
pub fn render_diagnostics(diagnostics: &[Diagnostic], sources: &[SourceText<'_>], color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Ascii).term_width(110);
    let mut report = String::new();
    for diagnostic in diagnostics {
        report.push_str(&renderer.render(&[group(diagnostic, sources)]));
        report.push_str("\n\n");
    }
    report
}

fn group<'a>(diagnostic: &'a Diagnostic, sources: &'a [SourceText<'_>]) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(&diagnostic.message).id(diagnostic.code.as_str()));
    let mut labels = vec![(AnnotationKind::Primary, &diagnostic.primary)];
    labels.extend(diagnostic.secondary.iter().map(|label| (AnnotationKind::Context, label)));
    while !labels.is_empty() {
        let Some(source) = source_of(labels.first().map(|(_, label)| label.span), sources) else { break };
        let (together, apart) = near(&labels, source);
        group = match quote(source, &together) {
            Some(snippet) => group.element(snippet),
            None => group.element(origin(source, diagnostic.primary.span)),
        };
        labels = apart;
    }
    match &diagnostic.help {
        Some(help) => group.element(Level::HELP.message(help)),
        None => group,
    }
}

type Labels<'d> = Vec<(AnnotationKind, &'d Label)>;

/// The first of `labels` with those that fit into one snippet with it, and the rest.
fn near<'d>(labels: &Labels<'d>, source: &SourceText<'_>) -> (Labels<'d>, Labels<'d>) {
    let Some((first, rest)) = labels.split_first() else { return (Vec::new(), Vec::new()) };
    let (mut together, apart): (Labels<'_>, Labels<'_>) = rest.iter().partition(|(_, label)| {
        let range = first.1.span.to(label.span).range();
        label.span.source == first.1.span.source && source.whole_lines(&range).len() <= MAX_SNIPPET_BYTES
    });
    together.insert(0, *first);
    (together, apart)
}

/// The lines around some labels with the labels drawn in; `None` if the lines are too long to look at.
fn quote<'a>(source: &'a SourceText<'_>, labels: &Labels<'a>) -> Option<Snippet<'a, Annotation<'a>>> {
    let span = labels.iter().map(|(_, label)| label.span).reduce(Span::to)?;
    let lines = source.whole_lines(&span.range());
    if lines.len() > MAX_SNIPPET_BYTES * 2 {
        return None;
    }
    let text = source.text().get(lines.clone())?;
    if text.split('\n').any(|line| line.len() > MAX_LINE_BYTES) {
        return None;
    }
    let mut snippet = Snippet::source(visible(text))
        .path(source.name())
        .line_start(source.line_of(lines.start) + 1)
        .fold(true);
    for (kind, label) in labels {
        let range = label.span.range();
        let start = range.start.checked_sub(lines.start)?.min(text.len());
        let end = range.end.checked_sub(lines.start)?.clamp(start, text.len());
        // The renderer wants whole characters.
        if !(text.is_char_boundary(start) && text.is_char_boundary(end)) {
            return None;
        }
        let annotation = kind.span(visible_len(text, start)..visible_len(text, end));
        snippet = snippet.annotation(if label.text.is_empty() {
            annotation
        } else {
            annotation.label(&label.text)
        });
    }
    Some(snippet)
}

/// The text with every character that would deceive a reader replaced, one for one so that columns stay true.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| byte == b'\n' || byte == b'\t' || (0x20..0x7F).contains(&byte)) {
        return text.into();
    }
    text.chars().map(|character| if is_visible(character) { character } else { REPLACEMENT }).collect()
}

/// How long the first `end` bytes of a text are once they are made visible.
fn visible_len(text: &str, end: usize) -> usize {
    visible(text.get(..end).unwrap_or(text)).len()
}

fn is_visible(character: char) -> bool {
    // After a character that belongs to no word, so that it is judged by itself.
    let alone = format!(".{character}");
    matches!(character, '\n' | '\t' | '\r' | '\\') || escape(&alone) == alone
}

/// What stands for a character that cannot be shown.
const REPLACEMENT: char = '\u{FFFD}';

fn origin<'a>(source: &'a SourceText<'_>, span: Span) -> Origin<'a> {
    let position = source.position(span.range().start);
    Origin::path(source.name()).line(position.line).char_column(position.column)
}

fn source_of<'a, 'b>(span: Option<Span>, sources: &'a [SourceText<'b>]) -> Option<&'a SourceText<'b>> {
    sources.get(usize::try_from(span?.source.0).ok()?)
}

#[cfg(test)]
mod tests {
    use aegis_engine::{Source, load};

    use super::*;

    fn render(text: &[u8]) -> String {
        let loaded = load(&[Source { text }]);
        render_diagnostics(&loaded.diagnostics, &[SourceText::new("policy.yaml", text)], false)
    }

    #[test]
    fn a_finding_shows_its_line_its_place_and_a_remedy() {
        let rendered = render(b"version: '1'\nrules:\n  - mtach: {}\n");
        assert_eq!(
            rendered,
            "error[unknown-key]: a rule has no key `mtach`\n --> policy.yaml:3:5\n  |\n3 |   - mtach: {}\n  \
             |     ^^^^^\n  |\n  = help: did you mean `match`?\n\n"
        );
    }

    #[test]
    fn nothing_of_a_policy_reaches_the_terminal_unescaped() {
        let rendered = render("version: '1'\nrules: []\n\"\x1b[2J\u{202e}x\": 1\n".as_bytes());
        assert!(!rendered.contains('\x1b') && !rendered.contains('\u{202e}'), "{rendered:?}");
    }

    #[test]
    fn places_far_apart_are_quoted_apart() {
        let filler = "# a comment\n".repeat(2000);
        let rendered = render(format!("version: '1'\n{filler}rules: []\nversion: '1'\n").as_bytes());
        assert!(rendered.contains("policy.yaml:2003:1") && rendered.contains("first here"), "{rendered}");
        assert!(rendered.lines().count() < 20, "{rendered}");
    }

    #[test]
    fn binary_and_endless_lines_are_named_but_not_quoted() {
        let rendered = render("a".repeat(100_000).as_bytes());
        assert!(rendered.contains("policy.yaml:1:1") && rendered.len() < 1000, "{}", rendered.len());
        assert!(render(b"version: \xff\n").contains("policy.yaml:1:10"));
    }
}
