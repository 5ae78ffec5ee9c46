//! The steps that every part of a file is read by: a mapping's keys, a list's items, a string, a word.

use std::collections::HashMap;
use std::rc::Rc;

use crate::decide::decision::{ApprovalMode, RiskLevel};
use crate::language::code::Code;
use crate::language::diagnostic::Diagnostic;
use crate::language::fix::Fix;
use crate::language::read::words;
use crate::language::yaml::node::{Entry, Kind, Node};
use crate::text::escape::escape_capped;
use crate::text::nearest::nearest;
use crate::text::span::{SourceId, Span, Spanned};

/// Reads nodes, and gathers what is wrong with them.
pub(super) struct Reader<'a> {
    /// The text of the file, in which findings show what to write.
    pub(super) text: &'a str,
    pub(super) source: SourceId,
    pub(super) diagnostics: &'a mut Vec<Diagnostic>,
    /// Where a key has no value, and the change that takes the key away.
    pub(super) empty: HashMap<Span, Fix>,
}

/// The entries of a mapping whose keys are all known.
pub(super) struct Fields<'n> {
    pub(super) entries: &'n [Entry],
    is_mapping: bool,
}

impl<'n> Fields<'n> {
    pub(super) fn get(&self, key: &str) -> Option<&'n Node> {
        self.entries.iter().find(|entry| entry.key == key).map(|entry| &*entry.value)
    }
}

impl Reader<'_> {
    pub(super) fn risk_level(&mut self, node: &Node) -> Option<Spanned<RiskLevel>> {
        let known = RiskLevel::ALL.map(RiskLevel::as_str);
        self.word(node, "a risk level", &known, words::risk, RiskLevel::from_word)
    }

    pub(super) fn approval(&mut self, node: &Node) -> Option<Spanned<ApprovalMode>> {
        let known = ApprovalMode::ALL.map(ApprovalMode::as_str);
        self.word(node, "an approval", &known, words::approval, ApprovalMode::from_word)
    }

    pub(super) fn word<T>(
        &mut self,
        node: &Node,
        what: &str,
        known: &[&str],
        meant: impl Fn(&str) -> Option<&'static str>,
        from_word: impl Fn(&str) -> Option<T>,
    ) -> Option<Spanned<T>> {
        let Kind::String(text) = &node.kind else {
            if !matches!(node.kind, Kind::Broken) {
                let message = format!("{what} must be a word, not {}", node.type_name());
                let found = Diagnostic::error(Code::WrongType, node.span, message);
                self.push(found.help(format!("write one of {}", listed(known))));
            }
            return None;
        };
        if let Some(value) = from_word(text) {
            return Some(Spanned::new(value, node.span));
        }
        let message = format!("`{}` is not {what}", escape_capped(text, 64));
        let found = Diagnostic::error(Code::UnknownWord, node.span, message);
        self.push(if let Some(word) = meant(text) {
            let help = format!("the word for that is `{word}`; there are {}", listed(known));
            found.help(help).fix(Fix::replace(node.span, word, false))
        } else if let Some(word) = nearest(text, known) {
            found.help(format!("did you mean `{word}`?")).fix(respelt(node.span, text, word))
        } else {
            found.help(format!("write one of {}", listed(known)))
        });
        None
    }

    pub(super) fn string(&mut self, node: &Node, what: &str) -> Option<Spanned<String>> {
        self.string_or(node, what, "a string")
    }

    pub(super) fn string_or(&mut self, node: &Node, what: &str, expected: &str) -> Option<Spanned<String>> {
        if let Kind::String(text) = &node.kind {
            return Some(Spanned::new(text.clone(), node.span));
        }
        self.wrong_type(node, what, expected);
        None
    }

    pub(super) fn list<T>(
        &mut self,
        node: &Node,
        what: &str,
        mut item: impl FnMut(&mut Self, &Node) -> T,
    ) -> Vec<T> {
        let Kind::List(items) = &node.kind else {
            let shape = self.in_brackets(node);
            self.wrong_shape(node, what, "a list", shape);
            return Vec::new();
        };
        items.iter().map(|node: &Rc<Node>| item(self, node)).collect()
    }

    /// The entries of a mapping; unknown keys are reported, and anything but a mapping counts as an empty
    /// one.
    pub(super) fn fields<'n>(&mut self, node: &'n Node, what: &str, known: &[&str]) -> Fields<'n> {
        let Kind::Map(entries) = &node.kind else {
            self.wrong_type(node, what, "a mapping");
            return Fields { entries: &[], is_mapping: false };
        };
        for entry in entries.iter().filter(|entry| !known.contains(&entry.key.as_str())) {
            let message = format!("{what} has no key `{}`", escape_capped(&entry.key, 64));
            let found = Diagnostic::error(Code::UnknownKey, entry.key_span, message);
            let shape = self.key_with_value(entry, known).or_else(|| self.straight_quotes(entry.key_span));
            let shape =
                shape.or_else(|| if known.contains(&"param_gt") { Self::comparison(entry) } else { None });
            self.push(if let Some(shape) = shape {
                shape.on(found)
            } else if let Some(help) = words::key(&entry.key) {
                found.help(help)
            } else if let Some(word) = nearest_key(&entry.key, known) {
                let found = found.help(format!("did you mean `{word}`?"));
                found.fix(respelt(entry.key_span, &entry.key, word))
            } else {
                found.help(format!("it has {}", listed(known)))
            });
        }
        for entry in entries.iter().filter(|entry| known.contains(&entry.key.as_str())) {
            // A key without a value is refused wherever it stands; how to mend it is known here.
            if let Some(fix) = self.without_key(entry) {
                self.empty.insert(entry.value.span, fix);
            }
        }
        Fields { entries, is_mapping: true }
    }

    pub(super) fn missing(&mut self, fields: &Fields<'_>, key: &str, place: Span, help: &str) {
        if !fields.is_mapping {
            return; // That has been said.
        }
        let message = format!("the key `{key}` is missing");
        self.push(Diagnostic::error(Code::MissingKey, place, message).help(help));
    }

    pub(super) fn wrong_type(&mut self, node: &Node, what: &str, expected: &str) {
        if matches!(node.kind, Kind::Broken) {
            return;
        }
        let message = format!("{what} must be {expected}, not {}", node.type_name());
        let found = Diagnostic::error(Code::WrongType, node.span, message);
        let is_text = ["string", "glob", "regular expression", "time of day", "instant"];
        let found = match &node.kind {
            Kind::Number(_) | Kind::Bool(_) if is_text.iter().any(|word| expected.contains(word)) => {
                let written = format!("\"{}\"", self.written(node.span));
                found
                    .help(format!("put it in quotes: `{written}`"))
                    .fix(Fix::replace(node.span, written, true))
            }
            Kind::Null => {
                let fix = self.empty.get(&node.span).cloned();
                found.help("give it a value, or leave the key out").fix(fix)
            }
            _ if expected.contains("mapping") => {
                found.help("write it as `key: value`, one a line, or as `{ key: value }`")
            }
            _ if expected == "a list" => {
                found.help("begin each entry with a dash, or put all in brackets: `[…]`")
            }
            Kind::List(_) => found.help(format!("write {expected}, without brackets or dashes")),
            _ => found.help(format!("write {expected}")),
        };
        self.push(found);
    }

    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }
}

/// The key of `known` that is spelt most like another one. What comes before the name of a condition does not
/// make two of them alike.
fn nearest_key<'k>(key: &str, known: &[&'k str]) -> Option<&'k str> {
    let Some(name) = key.strip_prefix("param_") else { return nearest(key, known) };
    let names: Vec<_> = known.iter().filter_map(|key| key.strip_prefix("param_")).collect();
    let name = nearest(name, &names)?;
    known.iter().find(|key| key.strip_prefix("param_") == Some(name)).copied()
}

/// A known word in the place of a misspelt one: certain where only the case differs.
fn respelt(span: Span, text: &str, word: &str) -> Fix {
    Fix::replace(span, word, text.to_lowercase() == word)
}

/// Words, as a message lists them.
fn listed(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
