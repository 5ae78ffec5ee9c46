//! Policies in one style: two blanks for each level, dashes below their key, at most one empty line.
//!
//! Lines stay lines, so that comments stay where they are. What comes out is read again, and is taken only if
//! it says what the text said.

use serde_json::Value;
use thiserror::Error;

use crate::language::yaml::read_yaml;
use crate::text::span::SourceId;

/// How many blanks a level is indented by.
const STEP: usize = 2;

/// Why a text was not written anew.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unformatted {
    /// It is no valid YAML.
    #[error("the text is no valid YAML")]
    Unreadable,
    /// It would say something else.
    #[error("in one style, the text would say something else")]
    Different,
}

/// The text of a policy, or of examples for one, in one style.
///
/// # Example: indentation and blanks are put right, and comments stay
/// ```
/// let text = b"version: '1'\nrules:\n- name:  a   # why\n  match: {type: read}\n\n\n";
/// let formatted = aegis_engine::format_policy(text)?;
/// assert_eq!(formatted, "version: '1'\nrules:\n  - name: a   # why\n    match: { type: read }\n");
/// # Ok::<(), aegis_engine::Unformatted>(())
/// ```
///
/// # Errors
/// When the text is no valid YAML, or cannot be put into this style without saying something else.
pub fn format_policy(text: &[u8]) -> Result<String, Unformatted> {
    let text = std::str::from_utf8(text).map_err(|_| Unformatted::Unreadable)?;
    let said = meaning(text).ok_or(Unformatted::Unreadable)?;
    let formatted = Formatter::default().format(text);
    if meaning(&formatted).is_some_and(|now| now == said) {
        Ok(formatted)
    } else {
        Err(Unformatted::Different)
    }
}

/// What a text says; `None` if that cannot be read.
fn meaning(text: &str) -> Option<Value> {
    let mut found = Vec::new();
    let node = read_yaml(SourceId(0), text, &mut found)?;
    if found.is_empty() { node.to_json() } else { None }
}

/// A level of lists or mappings: at which column it stood, and at which it stands.
#[derive(Clone, Copy, Debug)]
struct Level {
    old: usize,
    new: usize,
    is_list: bool,
}

/// What a line goes on with.
#[derive(Clone, Copy, Debug)]
enum Within {
    /// A text on lines of its own, below a key at this column.
    BlockScalar { column: usize },
    /// Brackets or quotes that are still open.
    Open(Brackets),
}

#[derive(Default)]
struct Formatter {
    written: String,
    levels: Vec<Level>,
    within: Option<Within>,
    /// How far the lines that belong to the last one move.
    moved: isize,
    /// Comments that belong to the next line.
    comments: Vec<(usize, String)>,
    /// Whether an empty line stands before what comes next.
    is_parted: bool,
}

impl Formatter {
    fn format(mut self, text: &str) -> String {
        let (mark, text) = text.strip_prefix('\u{FEFF}').map_or(("", text), |text| ("\u{FEFF}", text));
        for line in text.lines() {
            self.line(line);
        }
        self.flush_comments(0);
        format!("{mark}{}", self.written)
    }

    fn line(&mut self, line: &str) {
        let content = line.trim_start_matches(' ');
        let column = line.len() - content.len();
        match self.within {
            Some(Within::BlockScalar { column: key }) if content.is_empty() || column > key => {
                return self.belonging(column, content);
            }
            Some(Within::Open(brackets)) => {
                self.belonging(column, content);
                let after = brackets.after(content);
                self.within = after.is_open().then_some(Within::Open(after));
                return;
            }
            _ => self.within = None,
        }
        let content = content.trim_end();
        if content.is_empty() {
            return self.empty_line();
        }
        if content.starts_with('#') {
            if std::mem::take(&mut self.is_parted) {
                self.comments.push((0, String::new()));
            }
            self.comments.push((column, content.to_owned()));
            return;
        }
        if matches!(content, "---" | "...") || content.starts_with("--- ") || content.starts_with('%') {
            self.flush_comments(0);
            self.levels.clear();
            return self.push(0, content);
        }
        self.entry(column, content);
    }

    /// An empty line, which stays where it is among the lines and comments; several are one.
    fn empty_line(&mut self) {
        match self.comments.last() {
            Some((_, last)) if !last.is_empty() => self.comments.push((0, String::new())),
            Some(_) => {}
            None => self.is_parted = !self.written.is_empty(),
        }
    }

    /// A line that belongs to the one before it, and moves with that.
    fn belonging(&mut self, column: usize, content: &str) {
        let column = column.saturating_add_signed(self.moved);
        if content.is_empty() {
            self.written.push('\n');
        } else {
            self.written.push_str(&" ".repeat(column));
            self.written.push_str(content);
            self.written.push('\n');
        }
    }

    /// A line with an entry of a list or mapping.
    fn entry(&mut self, column: usize, content: &str) {
        let mut rest = content;
        let mut at = column;
        let mut head = String::new();
        let mut new = None;
        while rest == "-" || rest.starts_with("- ") {
            let level = self.level(at, true);
            new.get_or_insert(level.new);
            head.push('-');
            let after = rest.get(1..).unwrap_or_default();
            let inner = after.trim_start_matches(' ');
            at += 1 + after.len() - inner.len();
            rest = inner;
            if rest.is_empty() {
                break;
            }
            head.push(' ');
        }
        if !rest.is_empty() {
            let level = self.level(at, false);
            new.get_or_insert(level.new);
            self.moved =
                isize::try_from(level.new).unwrap_or_default() - isize::try_from(at).unwrap_or_default();
        }
        let new = new.unwrap_or_default();
        self.flush_comments_before(column, new);
        let brackets = Brackets::default().after(value_of(rest));
        if brackets.is_open() {
            self.within = Some(Within::Open(brackets));
            self.push(new, &format!("{head}{rest}"));
            return;
        }
        if is_block_scalar(value_of(rest)) {
            self.within = Some(Within::BlockScalar { column: at });
        }
        self.push(new, &format!("{head}{}", spaced(rest)));
    }

    /// The level of an entry at a column, and those above it.
    fn level(&mut self, column: usize, is_list: bool) -> Level {
        while self
            .levels
            .last()
            .is_some_and(|level| level.old > column || (level.old == column && level.is_list && !is_list))
        {
            self.levels.pop();
        }
        if let Some(level) =
            self.levels.last().filter(|level| level.old == column && level.is_list == is_list)
        {
            return *level;
        }
        let new = self.levels.last().map_or(0, |above| above.new + STEP);
        let level = Level { old: column, new, is_list };
        self.levels.push(level);
        level
    }

    /// Writes the comments before a line: in line with it, or with the level that they stood at.
    fn flush_comments_before(&mut self, column: usize, new: usize) {
        for (old, comment) in std::mem::take(&mut self.comments) {
            let level = self.levels.iter().find(|level| level.old == old && old != column);
            let at = level.map_or(new, |level| level.new);
            self.push_comment(at, &comment);
        }
    }

    /// Writes the comments at the end of a document.
    fn flush_comments(&mut self, new: usize) {
        while self.comments.last().is_some_and(|(_, comment)| comment.is_empty()) {
            self.comments.pop();
        }
        for (old, comment) in std::mem::take(&mut self.comments) {
            let level = self.levels.iter().rev().find(|level| level.old == old);
            let at = if old == 0 { 0 } else { level.map_or(new, |level| level.new) };
            self.push_comment(at, &comment);
        }
    }

    fn push_comment(&mut self, column: usize, comment: &str) {
        if comment.is_empty() {
            self.is_parted = true;
        } else {
            self.push(column, comment);
        }
    }

    fn push(&mut self, column: usize, content: &str) {
        if std::mem::take(&mut self.is_parted) && !self.written.is_empty() {
            self.written.push('\n');
        }
        self.written.push_str(&" ".repeat(column));
        self.written.push_str(content);
        self.written.push('\n');
    }
}

/// What stands behind the key of an entry, or all of it.
fn value_of(entry: &str) -> &str {
    split_key(entry).map_or(entry, |(_, value)| value)
}

/// An entry's key with its colon, and its value.
fn split_key(entry: &str) -> Option<(&str, &str)> {
    let quote = entry.chars().next().filter(|first| matches!(first, '"' | '\''));
    let from = match quote {
        Some(quote) => 1 + entry.get(1..)?.find(quote)? + 1,
        None => 0,
    };
    if quote.is_none() && entry.starts_with(['{', '[']) {
        return None;
    }
    let rest = entry.get(from..)?;
    let colon = rest
        .match_indices(':')
        .find(|(at, _)| rest.get(at + 1..).is_some_and(|after| after.is_empty() || after.starts_with(' ')))?;
    let end = from + colon.0 + 1;
    if entry.get(..end)?.contains(" #") {
        return None;
    }
    Some((entry.get(..end)?, entry.get(end..)?.trim_start_matches(' ')))
}

/// Whether a value is the header of a text on the lines below.
fn is_block_scalar(value: &str) -> bool {
    let header = value.split(" #").next().unwrap_or_default().trim_end();
    let Some(rest) = header.strip_prefix(['|', '>']) else { return false };
    rest.chars().all(|character| matches!(character, '+' | '-') || character.is_ascii_digit())
}

/// One blank between key and value, and blanks inside of braces, as in `{ a: b }`.
fn spaced(entry: &str) -> String {
    let Some((key, value)) = split_key(entry) else { return spaced_flow(entry) };
    if value.is_empty() { key.to_owned() } else { format!("{key} {}", spaced_flow(value)) }
}

/// A list or mapping in brackets on one line; anything else as it is.
fn spaced_flow(value: &str) -> String {
    if !value.starts_with(['{', '[']) {
        return value.to_owned();
    }
    let mut written = String::with_capacity(value.len() + 8);
    let mut state = Brackets::default();
    for (at, character) in value.char_indices() {
        let before = state;
        state = state.step(character, written.chars().next_back());
        if before.quote.is_some() || state.quote.is_some() {
            written.push(character);
            continue;
        }
        match character {
            '{' => written.push_str("{ "),
            '}' => {
                let trimmed = written.trim_end().len();
                written.truncate(trimmed);
                written.push_str(if written.ends_with('{') { "}" } else { " }" });
            }
            ']' => {
                let trimmed = written.trim_end().len();
                written.truncate(trimmed);
                written.push(']');
            }
            ',' => {
                let trimmed = written.trim_end().len();
                written.truncate(trimmed);
                written.push_str(", ");
            }
            ' ' if written.ends_with(['[', ' ']) => {}
            other => written.push(other),
        }
        if state.depth == 0 && !state.is_open() {
            // What is behind the brackets is a comment, or nothing.
            written.push_str(value.get(at + character.len_utf8()..).unwrap_or_default());
            break;
        }
    }
    written
}

/// Which brackets and quotes are open.
#[derive(Clone, Copy, Debug, Default)]
struct Brackets {
    depth: usize,
    quote: Option<char>,
    /// Whether the next character is escaped.
    is_escaped: bool,
}

impl Brackets {
    const fn is_open(self) -> bool {
        self.depth > 0 || self.quote.is_some()
    }

    /// What is open behind a text. Brackets and quotes count where a value begins with them, or inside them.
    fn after(self, text: &str) -> Brackets {
        let text = text.trim_start();
        if !self.is_open() && !text.starts_with(['{', '[', '"', '\'']) {
            return self;
        }
        let mut state = self;
        let mut before = None;
        for character in text.chars() {
            if character == '#' && state.quote.is_none() && before.is_none_or(|before| before == ' ') {
                break;
            }
            state = state.step(character, before);
            if !state.is_open() {
                break;
            }
            before = Some(character);
        }
        state
    }

    /// The state behind one more character.
    fn step(self, character: char, before: Option<char>) -> Brackets {
        if let Some(quote) = self.quote {
            if self.is_escaped {
                return Brackets { is_escaped: false, ..self };
            }
            return match character {
                '\\' if quote == '"' => Brackets { is_escaped: true, ..self },
                _ if character == quote => Brackets { quote: None, ..self },
                _ => self,
            };
        }
        let begins = before.is_none_or(|before| matches!(before, ' ' | '{' | '[' | ',' | ':' | '\''));
        match character {
            '"' | '\'' if begins => Brackets { quote: Some(character), ..self },
            '{' | '[' => Brackets { depth: self.depth + 1, ..self },
            '}' | ']' => Brackets { depth: self.depth.saturating_sub(1), ..self },
            _ => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn formatted(text: &str) -> String {
        let once = format_policy(text.as_bytes()).unwrap();
        assert_eq!(format_policy(once.as_bytes()).as_deref(), Ok(once.as_str()), "not the same again");
        once
    }

    #[test]
    fn lines_are_indented_by_level_and_comments_stay_with_theirs() {
        let text = "# first\n\n\n\nversion: \"1\"\nrules:\n# of the first\n-   name: a\n    match:\n        type: \
                    read   # why\n    # of the list\n    examples:\n    - action: {type: a,target: b}\n      \
                    expect: auto\n\n\n-   name:   b\n\n# the end\n\n";
        assert_eq!(
            formatted(text),
            "# first\n\nversion: \"1\"\nrules:\n  # of the first\n  - name: a\n    match:\n      type: read   # \
             why\n    # of the list\n    examples:\n      - action: { type: a, target: b }\n        expect: \
             auto\n\n  - name: b\n\n# the end\n"
        );
    }

    #[test]
    fn what_goes_on_over_lines_keeps_its_own_form() {
        let text = "version: '1'\nrules:\n- name: >-\n    a\n      b\n\n    c\n  match: { type: [a,\n      b] }\n\
                    - name: \"x\n    y: {\"\n- name: it's, {fine}\n";
        let written = formatted(text);
        assert!(written.contains("  - name: >-\n      a\n        b\n\n      c\n"), "{written}");
        assert!(written.contains("    match: { type: [a,\n        b] }\n"), "{written}");
        assert!(written.contains("  - name: it's, {fine}\n"), "{written}");
    }

    #[test]
    fn quotes_and_brackets_inside_of_texts_are_left_alone() {
        for line in
            ["a: '{b,c}'", "a: \"[x,y\\\"]\"", "a: b{c,d}", "a: { b: '}', c: \"{\" }", "a: [] # {x,y}"]
        {
            assert_eq!(formatted(&format!("{line}\n")), format!("{line}\n"));
        }
        assert_eq!(formatted("a:   {  b:  [1,2 ]}\n"), "a: { b: [1, 2] }\n");
        assert_eq!(formatted("{}\n"), "{}\n");
    }

    #[test]
    fn what_cannot_be_read_is_left_alone() {
        for text in ["a: [", "a: 1\na: 2\n", "", "\u{0}"] {
            assert_eq!(format_policy(text.as_bytes()), Err(Unformatted::Unreadable), "{text}");
        }
        assert_eq!(format_policy(b"\xff"), Err(Unformatted::Unreadable));
    }
}
