//! Operands that are read as something else than they look like: `lost-spelling`, `word-for-boolean` and
//! `glob-in-operand`.

use crate::author::lint::subject::Subject;
use crate::language::code::Code;
use crate::language::diagnostic::Diagnostic;
use crate::language::document::AnyOperand;
use crate::language::policy_bytes::{Source, text_of};
use crate::text::escape::escape_capped;
use crate::text::span::{Span, Spanned};

/// Words that were booleans before YAML 1.2.
const BOOLEANS: [(&str, &str); 4] = [("yes", "true"), ("no", "false"), ("on", "true"), ("off", "false")];

pub(super) fn check(subject: &Subject<'_>, sources: &[Source<'_>], found: &mut Vec<Diagnostic>) {
    for linted in &subject.rules {
        let conditions = &linted.entry.conditions;
        let equal = [&conditions.param_eq, &conditions.param_contains].into_iter().flatten();
        let equal = equal.flat_map(|params| &params.entries).map(|(_, operand)| operand.span);
        for word in equal.flat_map(|span| plain_words(span, sources)) {
            found.extend(lost_spelling(&word, true).or_else(|| word_for_boolean(&word)));
        }
        for (key, operand) in conditions.param_eq.iter().flat_map(|params| &params.entries) {
            found.extend(glob_in_equality(key, operand));
        }
        for (_, operand) in conditions.param_contains.iter().flat_map(|params| &params.entries) {
            found.extend(glob_in_part(operand));
        }
        let orders =
            [&conditions.param_gt, &conditions.param_lt, &conditions.param_gte, &conditions.param_lte];
        let orders = orders.into_iter().flatten().flat_map(|params| &params.entries);
        for word in orders.flat_map(|(_, operand)| plain_words(operand.span, sources)) {
            found.extend(lost_spelling(&word, false));
        }
    }
}

/// A word that stands in no quotes.
struct Word<'a> {
    text: &'a str,
    span: Span,
}

/// The plain words of an operand: itself, or those of a list or of the values of a mapping.
fn plain_words<'a>(span: Span, sources: &[Source<'a>]) -> Vec<Word<'a>> {
    let written = text_of(span, sources).get(span.range()).unwrap_or_default();
    let Ok(written) = std::str::from_utf8(written) else { return Vec::new() };
    let mut words = Vec::new();
    let (mut start, mut quote) = (0, None);
    let ends = written.char_indices().map(|(offset, character)| (offset, Some(character)));
    for (offset, character) in ends.chain([(written.len(), None)]) {
        let is_end = character.is_none_or(|c| c.is_whitespace() || matches!(c, ',' | '[' | ']' | '{' | '}'));
        match (quote, character) {
            (Some(open), Some(character)) if open == character => (quote, start) = (None, offset + 1),
            (Some(_), _) => {}
            (None, Some(open @ ('"' | '\''))) if offset == start => quote = Some(open),
            _ if is_end => {
                let text = written.get(start..offset).unwrap_or_default();
                // A key is always its text; so is what is left of quotes.
                if !text.is_empty() && !text.ends_with(':') {
                    words.push(Word { text, span: span.part(start, text.len()) });
                }
                start = offset + character.map_or(0, char::len_utf8);
            }
            _ => {}
        }
    }
    // Words with blanks between them are one text, unless they are a list's or a mapping's.
    if words.len() > 1 && !written.contains(['[', '{', '\n']) {
        words.clear();
    }
    words
}

/// A number whose digits, as they are written, could be meant as text.
fn lost_spelling(word: &Word<'_>, is_equality: bool) -> Option<Diagnostic> {
    let unsigned = word.text.strip_prefix(['+', '-']).unwrap_or(word.text);
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = unsigned.split_once('.').map_or((unsigned, None), |(w, f)| (w, Some(f)));
    let is_decimal = is_digits(whole) && fraction.is_none_or(is_digits);
    let is_radix = |mark: &str, radix| {
        unsigned.strip_prefix(mark).is_some_and(|rest| u64::from_str_radix(rest, radix).is_ok())
    };
    let is_scientific = || {
        let parts = unsigned.split_once(['e', 'E']);
        parts.is_some_and(|(mantissa, exponent)| {
            let mantissa = mantissa.replacen('.', "", 1);
            is_digits(&mantissa) && is_digits(exponent.trim_start_matches(['+', '-']))
        })
    };
    let why = if is_decimal && whole.len() > 1 && whole.starts_with('0') {
        "the zeros in front are lost"
    } else if is_radix("0x", 16) || is_radix("0o", 8) {
        "it is the number that these digits stand for"
    } else if is_equality && is_decimal && word.text.starts_with('+') {
        "the sign is lost"
    } else if is_equality
        && fraction.is_some_and(|fraction| fraction.len() > 1 && fraction.ends_with('0'))
        && is_decimal
    {
        "the zeros behind are lost"
    } else if is_equality && is_scientific() {
        "it is read with its exponent"
    } else {
        return None;
    };
    let shown = escape_capped(word.text, 40);
    let message = format!("`{shown}` is a number, and {why}");
    Some(Diagnostic::new(Code::LostSpelling, word.span, message).help(format!(
        "write `\"{shown}\"` if the parameter is text; if it is a number, write it as decimal digits"
    )))
}

/// A star beside a word, where texts are compared as they are.
fn glob_in_equality(key: &Spanned<String>, operand: &Spanned<AnyOperand>) -> Option<Diagnostic> {
    let text = operand.value.0.as_str()?;
    let is_glob = text.contains('*') && text.len() > 1 && !text.contains(char::is_whitespace);
    if !is_glob || text.chars().all(|character| character == '*') {
        return None;
    }
    let parts: Vec<_> = text.split('*').map(regex_syntax::escape).collect();
    let expression = format!("^{}$", parts.join(".*")).replace(".*.*", ".*");
    let help = format!(
        "write `param_matches: {{ {}: '{}' }}`",
        escape_capped(&key.value, 60),
        escape_capped(&expression, 80)
    );
    let message = "`*` is no more than itself in an operand: `param_eq` compares the whole text";
    Some(Diagnostic::new(Code::GlobInOperand, operand.span, message).help(help))
}

/// Stars around what is looked for anywhere as it is.
fn glob_in_part(operand: &Spanned<AnyOperand>) -> Option<Diagnostic> {
    let text = operand.value.0.as_str()?;
    let part = text.trim_matches('*');
    if part.len() == text.len() || part.is_empty() || text.contains(char::is_whitespace) {
        return None;
    }
    let message = "`*` is no more than itself in an operand: `param_contains` looks for it anywhere";
    Some(
        Diagnostic::new(Code::GlobInOperand, operand.span, message)
            .help(format!("write `\"{}\"`", escape_capped(part, 80))),
    )
}

/// A string that was a boolean once.
fn word_for_boolean(word: &Word<'_>) -> Option<Diagnostic> {
    let (_, boolean) = BOOLEANS.iter().find(|(other, _)| word.text.eq_ignore_ascii_case(other))?;
    let shown = escape_capped(word.text, 8);
    let message = format!("`{shown}` is a string, which is never equal to `{boolean}`");
    Some(
        Diagnostic::new(Code::WordForBoolean, word.span, message)
            .help(format!("write `{boolean}`, or `\"{shown}\"` if the parameter is text")),
    )
}
