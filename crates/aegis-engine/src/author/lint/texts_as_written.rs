//! Texts that say one thing to whoever wrote them and another to the reader: `blank-at-end`, `block-scalar`,
//! `hidden-character` and `look-alike-character`.

use crate::author::lint::subject::{Linted, Subject};
use crate::language::code::Code;
use crate::language::diagnostic::Diagnostic;
use crate::language::document::{OrderOperand, Params};
use crate::language::policy_bytes::{Source, text_of};
use crate::text::escape::escape;
use crate::text::span::{Span, Spanned};

/// A text of a rule, and where it stands.
struct Text<'a> {
    what: &'static str,
    value: &'a str,
    span: Span,
    /// Whether a blank at its end is part of what it is compared with, and likely to be wrong.
    is_whole: bool,
}

pub(super) fn check(subject: &Subject<'_>, sources: &[Source<'_>], found: &mut Vec<Diagnostic>) {
    let redacted = subject.documents.iter().flat_map(|document| &document.redact);
    let redacted = redacted.flat_map(|redact| &redact.value).map(|entry| Text {
        what: "the entry of `redact`",
        value: &entry.value,
        span: entry.span,
        is_whole: true,
    });
    for text in redacted.chain(subject.rules.iter().flat_map(texts)) {
        let written = text_of(text.span, sources).get(text.span.range()).unwrap_or_default();
        let Ok(written) = std::str::from_utf8(written) else { continue };
        found.extend(
            hidden(&text, written)
                .or_else(|| look_alike(&text, written))
                .or_else(|| block_scalar(&text, written))
                .or_else(|| blank(&text)),
        );
    }
}

/// Everything of a rule that is compared with something of an action, and its name.
fn texts<'a>(linted: &Linted<'a>) -> Vec<Text<'a>> {
    let text = |what, spanned: &'a Spanned<String>, is_whole| Text {
        what,
        value: &spanned.value,
        span: spanned.span,
        is_whole,
    };
    let (entry, conditions) = (linted.entry, &linted.entry.conditions);
    let mut texts: Vec<_> = entry.name.iter().map(|name| text("the name", name, true)).collect();
    texts.extend(entry.matches.patterns().map(|pattern| text("the glob", pattern, true)));
    let any = [(&conditions.param_eq, true), (&conditions.param_contains, false)];
    for (params, is_whole) in any {
        keys(params.as_ref(), &mut texts);
        for (_, operand) in params.iter().flat_map(|params| &params.entries) {
            let value = operand.value.0.as_str().unwrap_or_default();
            texts.push(Text { what: "the operand", value, span: operand.span, is_whole });
        }
    }
    for params in [&conditions.param_gt, &conditions.param_lt, &conditions.param_gte, &conditions.param_lte] {
        keys(params.as_ref(), &mut texts);
        for (_, operand) in params.iter().flat_map(|params| &params.entries) {
            let OrderOperand::String(value) = &operand.value else { continue };
            texts.push(Text { what: "the operand", value, span: operand.span, is_whole: true });
        }
    }
    keys(conditions.param_matches.as_ref(), &mut texts);
    keys(conditions.param_exists.as_ref(), &mut texts);
    let expressions = conditions.param_matches.iter().flat_map(|params| &params.entries);
    texts.extend(expressions.map(|(_, expression)| text("the regular expression", expression, false)));
    texts
}

fn keys<'a, T>(params: Option<&'a Params<T>>, texts: &mut Vec<Text<'a>>) {
    let keys = params.into_iter().flat_map(|params| &params.entries).map(|(key, _)| Text {
        what: "the name of the parameter",
        value: &key.value,
        span: key.span,
        is_whole: true,
    });
    texts.extend(keys);
}

/// A character that does not show, as it stands in the file.
fn hidden(text: &Text<'_>, written: &str) -> Option<Diagnostic> {
    let place = written.char_indices().find(|(_, character)| !character.is_ascii() && is_hidden(*character));
    let (offset, character) = place?;
    let point = u32::from(character);
    let message = format!("{} holds a character that does not show: U+{point:04X}", text.what);
    Some(
        Diagnostic::new(Code::HiddenCharacter, text.span.part(offset, character.len_utf8()), message)
            .label("here")
            .help(format!(
                "remove it; if it is meant, write `{}` within double quotes",
                yaml_escape(character)
            )),
    )
}

fn is_hidden(character: char) -> bool {
    // After a character that belongs to no word, so that it is judged by itself.
    let alone = format!(".{character}");
    escape(&alone) != alone
}

/// How a character is written so that everybody sees it.
fn yaml_escape(character: char) -> String {
    let point = u32::from(character);
    if point > 0xFFFF { format!("\\U{point:08X}") } else { format!("\\u{point:04X}") }
}

/// A character that looks like one of ASCII, or a word of letters from several scripts.
fn look_alike(text: &Text<'_>, written: &str) -> Option<Diagnostic> {
    let single = written.char_indices().find_map(|(offset, character)| {
        Some((offset, character, format!("looks like `{}`", ascii_double(character)?)))
    });
    let mixed = || {
        let word = written
            .split(|character: char| !character.is_alphanumeric())
            .find(|word| !word.is_ascii() && escape(word) != *word)?;
        let (place, character) = word.char_indices().find(|(_, character)| !character.is_ascii())?;
        // Both are parts of one text.
        let offset = (word.as_ptr() as usize).checked_sub(written.as_ptr() as usize)? + place;
        Some((offset, character, "is of another script than the rest of its word".to_owned()))
    };
    let (offset, character, why) = single.or_else(mixed)?;
    let message = format!("{} holds U+{:04X}, which {why}", text.what, u32::from(character));
    Some(
        Diagnostic::new(Code::LookAlikeCharacter, text.span.part(offset, character.len_utf8()), message)
            .label("here")
            .help(format!(
                "write the character that is meant; if it is this one, write `{}` within double quotes",
                yaml_escape(character)
            )),
    )
}

/// The character of ASCII that another one looks like, of those that word processors and full-width
/// keyboards put in its place.
fn ascii_double(character: char) -> Option<char> {
    let point = u32::from(character);
    Some(match character {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(point - 0xFEE0)?,
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        '\u{2217}' | '\u{22C6}' | '\u{204E}' => '*',
        '\u{2024}' => '.',
        '\u{2044}' | '\u{2215}' => '/',
        '\u{2018}' | '\u{2019}' => '\'',
        '\u{201C}' | '\u{201D}' => '"',
        '\u{201A}' => ',',
        '\u{2223}' => '|',
        '\u{A789}' | '\u{2236}' => ':',
        _ => return None,
    })
}

/// A text on several lines of the file, whose line breaks are or become part of it.
fn block_scalar(text: &Text<'_>, written: &str) -> Option<Diagnostic> {
    let is_quoted = written.starts_with(['"', '\'']);
    let ends = !is_quoted && text.value.ends_with('\n');
    let lines = written.lines().filter(|line| !line.trim().is_empty());
    let lines = lines.skip_while(|line| line.trim_start().starts_with(['|', '>']));
    let runs_on = !text.value.is_empty() && lines.count() > 1;
    if !(ends || runs_on) {
        return None;
    }
    let message = if ends {
        format!("{} ends with a line break, which belongs to it", text.what)
    } else {
        format!("{} stands on several lines, and the breaks between them belong to it", text.what)
    };
    Some(
        Diagnostic::new(Code::BlockScalar, text.span, message)
            .help("write it on one line, in single quotes; `|` and `>` are for text that people read"),
    )
}

/// A blank at an end.
fn blank(text: &Text<'_>) -> Option<Diagnostic> {
    let trimmed = text.value.trim();
    if !text.is_whole || trimmed.len() == text.value.len() || trimmed.is_empty() {
        return None;
    }
    let end = if text.value.starts_with(char::is_whitespace) { "begins" } else { "ends" };
    let message = format!("{} {end} with a blank, which belongs to it", text.what);
    Some(
        Diagnostic::new(Code::BlankAtEnd, text.span, message)
            .help("remove it; if it is meant, say so with `# aegis: allow(blank-at-end) — reason`"),
    )
}
