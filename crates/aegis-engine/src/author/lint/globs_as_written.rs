//! Globs that look like something else: `glob-like-regex`, `foreign-glob`, `comma-in-glob` and
//! `unused-ignore-case`.

use crate::author::lint::subject::Subject;
use crate::decide::glob::{Glob, Token, Tokens};
use crate::decide::letter_case::with_other_cases;
use crate::language::code::Code;
use crate::language::diagnostic::Diagnostic;
use crate::language::document::MatchEntry;
use crate::text::escape::escape_capped;
use crate::text::span::Spanned;

/// What stands for a set in a [`shape`].
const SET: char = '\u{1}';
/// What other globs have in front of parentheses.
const EXTENDED: [&str; 5] = ["!(", "@(", "+(", "*(", "?("];

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    for linted in &subject.rules {
        found.extend(linted.entry.matches.patterns().filter_map(look_at));
        found.extend(unused_ignore_case(&linted.entry.matches));
    }
    // What is meant to be kept secret is written down if its name is not matched.
    let redacted = subject.documents.iter().flat_map(|document| &document.redact);
    let names = redacted.flat_map(|redact| &redact.value).filter(|entry| !entry.value.starts_with('/'));
    found.extend(names.filter_map(look_at));
}

fn unused_ignore_case(matches: &MatchEntry) -> Option<Diagnostic> {
    let flag = matches.ignore_case.filter(|flag| flag.value)?;
    let has_case = |pattern: &Spanned<String>| {
        pattern.value.chars().any(|character| with_other_cases(&[(character, character)]).len() > 1)
    };
    if matches.patterns().any(has_case) {
        return None;
    }
    let message = "`ignore_case` is without effect: no glob beside it has a letter";
    Some(
        Diagnostic::new(Code::UnusedIgnoreCase, flag.span, message)
            .help("remove it, or add the globs that it is for: parameters do not heed it"),
    )
}

fn look_at(pattern: &Spanned<String>) -> Option<Diagnostic> {
    let glob = Glob::new(&pattern.value).ok()?;
    let shape = shape(&glob.tokens());
    let (code, message, help) = foreign(&shape, &pattern.value)
        .or_else(|| regex(&shape, &pattern.value))
        .or_else(|| comma(&shape, &pattern.value))?;
    Some(Diagnostic::new(code, pattern.span, message).help(help))
}

type Look = (Code, String, String);

/// The glob with each set as one character: what stands in it then means what it looks like.
fn shape(tokens: &Tokens) -> String {
    let mut shape = String::new();
    for token in &tokens.0 {
        match token {
            Token::Literal(character) => shape.push(*character),
            Token::One => shape.push('?'),
            Token::Run => shape.push('*'),
            Token::Set { .. } => shape.push(SET),
            Token::Alternatives(branches) => {
                let branches: Vec<_> = branches.iter().map(self::shape).collect();
                shape.push('{');
                shape.push_str(&branches.join(","));
                shape.push('}');
            }
        }
    }
    shape
}

/// What to write instead, if that is a glob which looks like itself.
fn instead(written: &str) -> Option<String> {
    let shape = shape(&Glob::new(written).ok()?.tokens());
    let is_plain = foreign(&shape, "").is_none() && regex(&shape, "").is_none() && !written.is_empty();
    is_plain.then(|| format!("write `{}`", escape_capped(written, 80)))
}

/// Signs of a regular expression.
fn regex(shape: &str, pattern: &str) -> Option<Look> {
    let sign = if shape.len() > 1 && shape.starts_with('^') {
        "^"
    } else if shape.len() > 1 && shape.ends_with('$') {
        "$"
    } else if shape.contains('|') {
        "|"
    } else if shape.contains(".+") {
        ".+"
    } else if shape.contains("\u{1}+") {
        "+"
    } else if is_dot_star(shape) {
        ".*"
    } else {
        return None;
    };
    let message = format!("`{sign}` is no more than itself in a glob, which is no regular expression");
    let plain = pattern.strip_prefix('^').unwrap_or(pattern);
    let plain = plain.strip_suffix('$').unwrap_or(plain).replace(".*", "*").replace(".+", "?*");
    let fixed = if plain.contains('|') {
        let plain = plain.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(&plain);
        format!("{{{}}}", plain.replace('|', ","))
    } else {
        plain
    };
    let help = instead(&fixed).map_or_else(String::new, |help| format!("{help}: "));
    let help = format!("{help}a glob matches the whole text, `*` is any text, and `{{a,b}}` is either");
    Some((Code::GlobLikeRegex, message, help))
}

/// `.*` where a path or a word has none: all there is, on both sides, or behind a slash.
fn is_dot_star(shape: &str) -> bool {
    let inner = shape.strip_suffix(".*").unwrap_or_default();
    let is_behind_a_directory = inner.ends_with('/') && !inner.contains(['*', '?', '{', SET]);
    shape == ".*" || is_behind_a_directory || (inner.len() > 2 && inner.starts_with(".*"))
}

/// Signs of other tools' globs.
fn foreign(shape: &str, pattern: &str) -> Option<Look> {
    let look = |message: &str, help: String| Some((Code::ForeignGlob, message.to_owned(), help));
    let suggest = |fixed: String, or: &str| instead(&fixed).unwrap_or_else(|| or.to_owned());
    if EXTENDED.iter().any(|sign| shape.contains(sign)) && shape.contains(')') {
        return look(
            "parentheses are no more than themselves in a glob",
            "write alternatives as `{a,b}`; what must not match gets a rule of its own before this one"
                .to_owned(),
        );
    }
    if shape.len() > 1 && shape.starts_with('!') {
        return look(
            "`!` in front of a glob negates nothing: it is no more than itself",
            "the first rule that matches decides: write one before this for what it must not match; `[!a]` \
             negates one character"
                .to_owned(),
        );
    }
    if let Some(escaped) = escaped(shape) {
        let fixed = unescaped(pattern);
        let or = "to match a special character, put it in a set: `[*]`".to_owned();
        let help = instead(&fixed).map_or(or, |help| format!("{help}: a special character stands in a set"));
        let escaped = escape_capped(&escaped.to_string(), 8);
        return look(&format!("a backslash escapes nothing in a glob: `\\{escaped}` is both"), help);
    }
    if shape.starts_with("**/") || shape.contains("/**/") {
        let whole = pattern.strip_prefix("**/").map_or(pattern.to_owned(), |rest| format!("{{,*/}}{rest}"));
        return look(
            "`**/` is any text that ends in a slash here, and not also nothing",
            suggest(whole.replace("/**/", "/{,*/}"), "write `{,*/}` for any directories, or none"),
        );
    }
    if let Some(range) = brace_range(shape) {
        return look(
            "`{1..3}` is no range in a glob: it is the text between the braces",
            format!("name each, as `{{1,2,3}}`, or use a set: `[{}-{}]`", range.0, range.1),
        );
    }
    let before_percent = shape.strip_suffix('%').unwrap_or_default();
    if before_percent.ends_with(|c: char| !c.is_ascii_digit() && c != '%') {
        return look(
            "`%` is no more than itself in a glob",
            suggest(pattern.replace('%', "*"), "write `*` for any text"),
        );
    }
    None
}

/// The first character that a backslash stands before as if it escaped it.
fn escaped(shape: &str) -> Option<char> {
    let mut characters = shape.chars().peekable();
    while let Some(character) = characters.next() {
        if character != '\\' {
            continue;
        }
        let next = characters.next()?;
        let after = characters.peek();
        let is_class = "dDwWsSb".contains(next) && matches!(after, None | Some('+' | '*' | '?'));
        if is_class || "*?{}!.$^()|+".contains(next) || next == SET {
            return Some(if next == SET { '[' } else { next });
        }
    }
    None
}

/// The same without backslashes that escape: special characters in sets.
fn unescaped(pattern: &str) -> String {
    let mut plain = String::new();
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        match (character, characters.clone().next()) {
            ('\\', Some(special @ ('*' | '?' | '[' | '{' | '}'))) => {
                characters.next();
                plain.extend(['[', special, ']']);
            }
            ('\\', Some(other)) if other.is_ascii_punctuation() => {
                characters.next();
                plain.push(other);
            }
            _ => plain.push(character),
        }
    }
    plain
}

/// The ends of a range in braces, as shells have them.
fn brace_range(shape: &str) -> Option<(char, char)> {
    let inside = shape.split_once('{')?.1.split_once('}')?.0;
    let (from, to) = inside.split_once("..")?;
    let one = |text: &str| text.chars().next().filter(|c| c.is_ascii_alphanumeric() && text.len() <= 3);
    Some((one(from)?, one(to)?))
}

/// Commas outside braces.
fn comma(shape: &str, pattern: &str) -> Option<Look> {
    let mut depth = 0_usize;
    let has_comma = shape.chars().any(|character| {
        match character {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        character == ',' && depth == 0
    });
    if !has_comma {
        return None;
    }
    let parts: Vec<_> = pattern.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
    let list: Vec<_> = parts.iter().map(|part| format!("\"{}\"", escape_capped(part, 40))).collect();
    let message = "this is one glob with a comma in it, not several".to_owned();
    let help = if parts.len() > 1 && !pattern.contains(['{', '[', '"']) {
        format!("write a list: `[{}]`; a comma that is meant stands in a set: `[,]`", list.join(", "))
    } else {
        "write a list, each glob in quotes of its own; a comma that is meant stands in a set: `[,]`"
            .to_owned()
    };
    Some((Code::CommaInGlob, message, help))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::span::{SourceId, Span};

    fn code_of(pattern: &str) -> Option<(&'static str, String)> {
        let span = Span { source: SourceId(0), start: 0, end: 0 };
        let found = look_at(&Spanned::new(pattern.to_owned(), span))?;
        Some((found.code.as_str(), found.help.unwrap_or_default()))
    }

    #[test]
    fn what_looks_like_something_else_is_told_with_what_to_write() {
        for (pattern, code, help) in [
            ("run|exec", "glob-like-regex", "write `{run,exec}`"),
            ("(run|exec)", "glob-like-regex", "write `{run,exec}`"),
            ("^(run|exec)$", "glob-like-regex", "write `{run,exec}`"),
            ("src/.*", "glob-like-regex", "write `src/*`"),
            (".*", "glob-like-regex", "write `*`"),
            (".*secret.*", "glob-like-regex", "write `*secret*`"),
            ("^x$", "glob-like-regex", "write `x`"),
            ("prod-.+", "glob-like-regex", "write `prod-?*`"),
            ("[a-z]+", "glob-like-regex", "a glob matches the whole"),
            ("!prod*", "foreign-glob", "write one before this"),
            ("!(a|b)", "foreign-glob", "`{a,b}`"),
            ("@(a|b).txt", "foreign-glob", "`{a,b}`"),
            (r"a\*b", "foreign-glob", "write `a[*]b`"),
            (r"\d+", "foreign-glob", "put it in a set"),
            (r"acme\.com", "foreign-glob", "write `acme.com`"),
            ("**/.env", "foreign-glob", "write `{,*/}.env`"),
            ("src/**/x", "foreign-glob", "write `src/{,*/}x`"),
            ("web-{1..5}", "foreign-glob", "`[1-5]`"),
            ("prod%", "foreign-glob", "write `prod*`"),
            ("read, list", "comma-in-glob", "`[\"read\", \"list\"]`"),
            ("read,list*", "comma-in-glob", "`[\"read\", \"list*\"]`"),
        ] {
            let (found, said) = code_of(pattern).unwrap_or_else(|| panic!("{pattern}"));
            assert_eq!(found, code, "{pattern}");
            assert!(said.contains(help), "{pattern}: {said}");
        }
    }

    #[test]
    fn globs_that_are_meant_are_left_alone() {
        for pattern in [
            "*",
            "**",
            "read",
            "*.*",
            "*..*",
            "accounts.*",
            "{,*/}.env{,.*,rc}",
            "prod.raw.*",
            "*/.*",
            ".git*",
            ".github/*",
            "[!a-z]*",
            r"C:\x",
            "[,]",
            "{read,list}",
            "src/**",
            "a+b",
            "c++",
            "100%",
            "user@example.com",
            "[*]",
            "[|]",
            "~*",
            "?:*",
            "$",
            "^",
            "%",
            "(none)",
            "a(b)",
            ".*rc",
        ] {
            assert_eq!(code_of(pattern), None, "{pattern}");
        }
    }
}
