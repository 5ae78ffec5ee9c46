//! The steps that every part of a file is read by: a mapping's keys, a list's items, a string, a word.

use std::rc::Rc;

use crate::decide::decision::{ApprovalMode, RiskLevel};
use crate::language::code::Code;
use crate::language::diagnostic::Diagnostic;
use crate::language::yaml::node::{Entry, Kind, Node};
use crate::text::escape::escape_capped;
use crate::text::nearest::nearest;
use crate::text::span::{Span, Spanned};

/// Reads nodes, and gathers what is wrong with them.
pub(super) struct Reader<'a> {
    pub(super) diagnostics: &'a mut Vec<Diagnostic>,
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
        self.word(node, "a risk level", &RiskLevel::ALL.map(RiskLevel::as_str), RiskLevel::from_word)
    }

    pub(super) fn approval(&mut self, node: &Node) -> Option<Spanned<ApprovalMode>> {
        self.word(node, "an approval", &ApprovalMode::ALL.map(ApprovalMode::as_str), ApprovalMode::from_word)
    }

    fn word<T>(
        &mut self,
        node: &Node,
        what: &str,
        words: &[&str],
        from_word: impl Fn(&str) -> Option<T>,
    ) -> Option<Spanned<T>> {
        let text = self.string_or(node, what, "a word")?;
        if let Some(value) = from_word(&text.value) {
            return Some(Spanned::new(value, node.span));
        }
        let listed = words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
        let message = format!("`{}` is not {what}", escape_capped(&text.value, 64));
        let help = match nearest(&text.value, words) {
            Some(word) => format!("did you mean `{word}`?"),
            None => format!("write one of {listed}"),
        };
        self.push(Diagnostic::error(Code::UnknownWord, node.span, message).help(help));
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

    pub(super) fn flag(&mut self, node: &Node, what: &str) -> Option<Spanned<bool>> {
        if let Kind::Bool(flag) = node.kind {
            return Some(Spanned::new(flag, node.span));
        }
        self.wrong_type(node, what, "`true` or `false`");
        None
    }

    pub(super) fn list<T>(
        &mut self,
        node: &Node,
        what: &str,
        mut item: impl FnMut(&mut Self, &Node) -> T,
    ) -> Vec<T> {
        let Kind::List(items) = &node.kind else {
            self.wrong_type(node, what, "a list");
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
            let help = match (entry.key.as_str(), nearest(&entry.key, known)) {
                ("<<", _) => "YAML 1.2 has no merge keys: write the keys out".to_owned(),
                (_, Some(word)) => format!("did you mean `{word}`?"),
                _ => format!(
                    "it has {}",
                    known.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
                ),
            };
            self.push(Diagnostic::error(Code::UnknownKey, entry.key_span, message).help(help));
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
        let mut diagnostic = Diagnostic::error(Code::WrongType, node.span, message);
        if matches!(node.kind, Kind::Number(_) | Kind::Bool(_)) && expected.contains("string") {
            diagnostic = diagnostic.help("put it in quotes");
        } else if matches!(node.kind, Kind::Null) {
            diagnostic = diagnostic.help("give it a value, or leave the key out");
        } else if matches!(node.kind, Kind::String(_)) && expected.contains("`true`") {
            diagnostic = diagnostic
                .help("YAML 1.2 knows `true` and `false` alone; `yes`, `no`, `on` and `off` are strings");
        } else if matches!(node.kind, Kind::String(_)) && expected == "a list" {
            diagnostic = diagnostic.help("put it in brackets: `[…]`");
        }
        self.push(diagnostic);
    }

    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }
}
