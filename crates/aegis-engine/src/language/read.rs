//! From a tree of YAML nodes to a document: structure, types and words. Every error is reported, none stops
//! the next.

mod approvals;
mod conditions;
mod days;
mod examples;
mod flags;
mod grants;
mod reader;
mod shapes;
mod words;

use std::collections::HashMap;
use std::rc::Rc;

use crate::language::code::Code;
use crate::language::diagnostic::Diagnostic;
use crate::language::document::{
    Defaults, Document, Globs, MAX_POLICY_BYTES, MAX_REASON, MatchEntry, RuleEntry, TestDocument, Version,
};
use crate::language::fix::Fix;
use crate::language::read::reader::Reader;
use crate::language::read::shapes::Shape;
use crate::language::yaml::node::{Kind, Node};
use crate::language::yaml::read_yaml;
use crate::text::span::{SourceId, Span, Spanned};

const DOCUMENT_KEYS: &[&str] = &["version", "defaults", "approvers", "redact", "rules", "examples"];
const TEST_KEYS: &[&str] = &["policy", "examples"];
const DEFAULTS_KEYS: &[&str] = &["risk_level", "approval", "timezone"];
const RULE_KEYS: &[&str] = &["name", "match", "conditions", "risk_level", "approval", "reason", "examples"];
/// What `ignore_case` says.
const CASE: &str = "`true` if capital and small letters are the same to this rule";
const MATCH_KEYS: &[&str] = &["type", "target", "agent", "ignore_case"];

impl Document {
    /// Reads a policy file. What is wrong goes to `diagnostics`; the document is then incomplete, and absent
    /// if there is nothing to work with.
    pub fn read(source: SourceId, text: &[u8], diagnostics: &mut Vec<Diagnostic>) -> Option<Document> {
        let (text, root) = read_root(source, text, diagnostics)?;
        Some(Reader { text, source, diagnostics, empty: HashMap::new() }.document(&root))
    }
}

impl TestDocument {
    /// Reads a file of examples. What is wrong goes to `diagnostics`; the document is then incomplete, and
    /// absent if there is nothing to work with.
    ///
    /// # Example: examples in a file of their own
    /// ```
    /// use aegis_engine::{SourceId, document::TestDocument};
    /// let text = b"policy: crm.yaml
    /// examples:
    ///   - { action: { type: read, target: crm }, expect: auto }
    /// ";
    /// let mut diagnostics = Vec::new();
    /// let document = TestDocument::read(SourceId(1), text, &mut diagnostics).expect("a document");
    /// assert_eq!((document.examples.len(), diagnostics.len()), (1, 0));
    /// ```
    pub fn read(source: SourceId, text: &[u8], diagnostics: &mut Vec<Diagnostic>) -> Option<TestDocument> {
        let (text, root) = read_root(source, text, diagnostics)?;
        Some(Reader { text, source, diagnostics, empty: HashMap::new() }.test_document(&root))
    }
}

/// The text of a file and its tree of nodes, if it is small enough, UTF-8, and YAML.
fn read_root<'t>(
    source: SourceId,
    text: &'t [u8],
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<(&'t str, Rc<Node>)> {
    if text.len() > MAX_POLICY_BYTES {
        let message = format!("the file has {} bytes; a policy may have {MAX_POLICY_BYTES}", text.len());
        diagnostics.push(Diagnostic::error(Code::FileTooLarge, Span { source, start: 0, end: 0 }, message));
        return None;
    }
    let text = match std::str::from_utf8(text) {
        Ok(text) => text,
        Err(error) => {
            let start = u32::try_from(error.valid_up_to()).unwrap_or(u32::MAX);
            let span = Span { source, start, end: start };
            let message = format!("byte {start} is not valid UTF-8");
            diagnostics.push(Diagnostic::error(Code::NotUtf8, span, message).help("save the file as UTF-8"));
            return None;
        }
    };
    Some((text, read_yaml(source, text, diagnostics)?))
}

impl Reader<'_> {
    fn document(&mut self, root: &Node) -> Document {
        if !matches!(root.kind, Kind::Map(_) | Kind::Broken) {
            let help = "a policy has at least `version: \"1\"` and `rules: []`, each on a line of its own";
            let shape = Shape::new(help, None);
            self.wrong_shape(root, "a policy", "a mapping", Some(shape));
            return Document::default_at(root.span);
        }
        let fields = self.fields(root, "a policy", DOCUMENT_KEYS);
        let missing_place = root.span.part(0, 0);
        let version = match fields.get("version") {
            Some(node) => Spanned::new(self.version(node), node.span),
            None => {
                self.missing(&fields, "version", missing_place, "begin the file with `version: \"1\"`");
                Spanned::new(Version, missing_place)
            }
        };
        let defaults = fields.get("defaults").map(|node| self.defaults(node)).unwrap_or_default();
        let approvers = fields.get("approvers").map(|node| self.approvers(node));
        let redact = fields.get("redact").map(|node| self.redact(node));
        let rules = match fields.get("rules") {
            Some(node) => self.rules(node),
            None => {
                self.missing(&fields, "rules", missing_place, "add `rules: []` if there are none yet");
                Vec::new()
            }
        };
        let examples = fields.get("examples").map(|node| self.examples(node)).unwrap_or_default();
        Document { version, defaults, approvers, redact, rules, examples }
    }

    fn test_document(&mut self, root: &Node) -> TestDocument {
        let fields = self.fields(root, "a test file", TEST_KEYS);
        let policy = fields.get("policy").and_then(|node| self.string(node, "`policy`"));
        let examples = match fields.get("examples") {
            Some(node) => self.examples(node),
            None => {
                self.missing(
                    &fields,
                    "examples",
                    root.span.part(0, 0),
                    "add `examples: []` if there are none yet",
                );
                Vec::new()
            }
        };
        TestDocument { policy, examples }
    }

    fn version(&mut self, node: &Node) -> Version {
        let supported = match &node.kind {
            Kind::String(text) => text == "1",
            Kind::Number(number) => number.as_u64() == Some(1),
            Kind::Broken => true,
            _ => false,
        };
        if !supported {
            let message = "this program reads version \"1\" of the policy format";
            self.push(
                Diagnostic::error(Code::UnsupportedVersion, node.span, message)
                    .help("write `version: \"1\"`")
                    .fix(Fix::replace(node.span, "\"1\"", false)),
            );
        }
        Version
    }

    fn defaults(&mut self, node: &Node) -> Defaults {
        let fields = self.fields(node, "`defaults`", DEFAULTS_KEYS);
        Defaults {
            risk_level: fields.get("risk_level").and_then(|node| self.risk_level(node)),
            approval: fields.get("approval").and_then(|node| self.approval_entry(node)),
            timezone: fields.get("timezone").and_then(|node| self.string(node, "`timezone`")),
        }
    }

    fn redact(&mut self, node: &Node) -> Spanned<Vec<Spanned<String>>> {
        let entries = self.list(node, "`redact`", |reader, item| reader.string(item, "an entry of `redact`"));
        if matches!(&node.kind, Kind::List(items) if items.is_empty()) {
            let message = "`redact` is an empty list, so it keeps nothing more secret";
            self.push(
                Diagnostic::error(Code::EmptyRedact, node.span, message).help(
                    "name a parameter, or leave it out: names that look secret are redacted without it",
                ),
            );
        }
        Spanned::new(entries.into_iter().flatten().collect(), node.span)
    }

    fn rules(&mut self, node: &Node) -> Vec<RuleEntry> {
        let shape = match &node.kind {
            Kind::Map(_) => self.list_of_mapping(node, "`rules`", RULE_KEYS),
            Kind::Null | Kind::String(_) => {
                let help = "write `rules: []` if there are none yet";
                // What is not there has its place at the colon.
                let place = if self.written(node.span).is_empty() {
                    let start = node.span.range().start;
                    let colon = self.text.get(start..).is_some_and(|rest| rest.starts_with(':'));
                    let place = start + usize::from(colon);
                    Fix::replace(self.place(place, place), " []", false)
                } else {
                    Fix::replace(node.span, "[]", false)
                };
                Some(Shape::new(help, place))
            }
            _ => None,
        };
        match node.kind {
            Kind::List(_) => self.list(node, "`rules`", Self::rule),
            _ => {
                self.wrong_shape(node, "`rules`", "a list", shape);
                Vec::new()
            }
        }
    }

    fn rule(&mut self, node: &Node) -> RuleEntry {
        if let Some(shape) = self.rule_of_word(node) {
            self.wrong_shape(node, "a rule", "a mapping", Some(shape));
            return RuleEntry::new(node.span);
        }
        let fields = self.fields(node, "a rule", RULE_KEYS);
        RuleEntry {
            span: node.span,
            name: fields.get("name").and_then(|node| self.string(node, "`name`")),
            matches: fields.get("match").map(|node| self.matches(node)).unwrap_or_default(),
            conditions: fields.get("conditions").map(|node| self.conditions(node)).unwrap_or_default(),
            risk_level: fields.get("risk_level").and_then(|node| self.risk_level(node)),
            approval: fields.get("approval").and_then(|node| self.approval_entry(node)),
            reason: fields.get("reason").and_then(|node| self.reason(node)),
            examples: fields.get("examples").map(|node| self.examples(node)).unwrap_or_default(),
        }
    }

    /// What the author says, as one line, however it is laid out in the file.
    fn reason(&mut self, node: &Node) -> Option<Spanned<String>> {
        let mut reason = self.string(node, "`reason`")?;
        let length = reason.value.chars().count();
        if length > MAX_REASON {
            let message = format!("the reason has {length} characters; it may have {MAX_REASON}");
            self.push(
                Diagnostic::error(Code::InvalidReason, node.span, message)
                    .help("say it in a sentence, and name where more is to be read"),
            );
        }
        reason.value = reason.value.split_whitespace().collect::<Vec<_>>().join(" ");
        if reason.value.is_empty() {
            self.push(
                Diagnostic::error(Code::InvalidReason, node.span, "the reason is empty")
                    .help("say what whoever is asked or refused should know, or leave the key out"),
            );
        }
        Some(reason)
    }

    fn matches(&mut self, node: &Node) -> MatchEntry {
        if let Some(shape) = self.match_of_globs(node) {
            self.wrong_shape(node, "`match`", "a mapping", Some(shape));
            return MatchEntry::default();
        }
        let fields = self.fields(node, "`match`", MATCH_KEYS);
        MatchEntry {
            kind: fields.get("type").and_then(|node| self.globs(node, "`type`")),
            target: fields.get("target").and_then(|node| self.globs(node, "`target`")),
            agent: fields.get("agent").and_then(|node| self.globs(node, "`agent`")),
            ignore_case: fields.get("ignore_case").and_then(|node| self.flag(node, "`ignore_case`", CASE)),
        }
    }

    fn globs(&mut self, node: &Node, what: &str) -> Option<Globs> {
        if !matches!(node.kind, Kind::List(_)) {
            let expected = "a glob or a list of globs";
            if let Some(shape) = self.glob_in_braces(node) {
                self.wrong_shape(node, what, expected, Some(shape));
                return None;
            }
            let one = self.string_or(node, what, expected)?;
            return Some(Globs { patterns: vec![one] });
        }
        let patterns: Vec<_> = self
            .list(node, what, |reader, item| reader.string(item, "a glob"))
            .into_iter()
            .flatten()
            .collect();
        if matches!(&node.kind, Kind::List(items) if items.is_empty()) {
            let message = format!("{what} is an empty list, so the rule can never match");
            self.push(
                Diagnostic::error(Code::EmptyGlobs, node.span, message)
                    .help("leave it out to match everything"),
            );
        }
        Some(Globs { patterns })
    }
}
