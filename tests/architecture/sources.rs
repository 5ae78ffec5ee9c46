//! The sources, read as text.

use std::fs;
use std::path::{Path, PathBuf};

use super::at;

/// Every source file below a folder of the workspace, but for unit tests in files of their own.
pub(super) fn files_below(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    gather(&at(folder), &mut found);
    found.retain(|path| !path.ends_with("tests.rs"));
    assert!(!found.is_empty(), "{folder}");
    found.sort();
    found
}

fn gather(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The text of a file without its unit tests and comments. Strings are in it.
pub(super) fn code(path: &Path) -> String {
    parts(path).into_iter().map(|part| if part.is_comment { " " } else { part.text }.to_owned()).collect()
}

/// The string literals of a file, without its unit tests.
pub(super) fn strings(path: &Path) -> Vec<String> {
    parts(path).into_iter().filter(|part| part.is_string).map(|part| part.text.to_owned()).collect()
}

/// The text of a file without its unit tests, comments and strings.
pub(super) fn bare_code(path: &Path) -> String {
    let bare = |part: Part| if part.is_comment || part.is_string { " " } else { part.text }.to_owned();
    parts(path).into_iter().map(bare).collect()
}

/// A stretch of a source file.
struct Part {
    text: &'static str,
    is_comment: bool,
    is_string: bool,
}

/// A file in stretches of code, comments and strings.
fn parts(path: &Path) -> Vec<Part> {
    let text = fs::read_to_string(path).unwrap();
    let end = text.find("#[cfg(test)]\nmod tests").unwrap_or(text.len());
    let text: &'static str = text[..end].to_owned().leak();
    let mut parts = Vec::new();
    let (mut from, mut at) = (0, 0);
    while at < text.len() {
        let rest = &text[at..];
        let (length, is_comment) = if rest.starts_with("//") {
            (rest.find('\n').unwrap_or(rest.len()), true)
        } else if let Some(length) = string_length(text, at) {
            (length, false)
        } else {
            at += rest.chars().next().unwrap().len_utf8();
            continue;
        };
        parts.push(Part { text: &text[from..at], is_comment: false, is_string: false });
        parts.push(Part { text: &text[at..at + length], is_comment, is_string: !is_comment });
        at += length;
        from = at;
    }
    parts.push(Part { text: &text[from..], is_comment: false, is_string: false });
    parts
}

/// How long the string literal is that begins here, if one does. Characters are passed over as strings.
fn string_length(text: &str, at: usize) -> Option<usize> {
    let rest = &text[at..];
    let after_word =
        text[..at].chars().next_back().is_some_and(|before| before.is_alphanumeric() || before == '_');
    if let Some(raw) = rest.strip_prefix('r').filter(|raw| !after_word && raw.starts_with(['"', '#'])) {
        let hashes = raw.bytes().take_while(|byte| *byte == b'#').count();
        let end = format!("\"{}", "#".repeat(hashes));
        let body = raw[hashes..].strip_prefix('"')?;
        return Some(1 + hashes + 1 + body.find(&end)? + end.len());
    }
    if rest.starts_with('"') {
        return Some(closed(rest, '"'));
    }
    // A lifetime is no character.
    let is_char = rest.starts_with("'\\") || rest.chars().nth(2) == Some('\'') && rest.starts_with('\'');
    is_char.then(|| closed(rest, '\''))
}

/// How long a literal is, both quotes included.
fn closed(literal: &str, quote: char) -> usize {
    let mut escaped = false;
    for (offset, character) in literal.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if character == quote => return offset + quote.len_utf8(),
            _ => {}
        }
    }
    literal.len()
}

#[test]
#[expect(clippy::needless_raw_string_hashes, reason = "the end of another raw string is in it")]
fn comments_strings_and_code_are_told_apart() {
    let path = std::env::temp_dir().join(format!("aegis-parts-{}.rs", std::process::id()));
    let source = r##"let a = "x // y\"z"; // "no string"
let b = r#"raw "quoted""#; let c = '"'; let d = b"bytes"; fn e<'a>(f: &'a str) {}
#[cfg(test)]
mod tests { const G: &str = "test"; }
"##;
    fs::write(&path, source).unwrap();
    assert_eq!(strings(&path), ["\"x // y\\\"z\"", "r#\"raw \"quoted\"\"#", "'\"'", "\"bytes\""]);
    let bare: String = bare_code(&path).split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(bare, "let a = ; let b = ; let c = ; let d = b ; fn e<'a>(f: &'a str) {}");
    assert!(code(&path).contains("raw") && !code(&path).contains("no string"));
    fs::remove_file(path).unwrap();
}
