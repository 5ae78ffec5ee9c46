//! From a tree of YAML nodes to a document: structure, types and words. Every error is reported, none stops the next.

use std::rc::Rc;

use chrono::{DateTime, Utc};

use super::{
    AnyOperand, Conditions, Defaults, Document, Example, Expectation, Globs, MatchEntry, OrderOperand,
    Params, RuleEntry, TestDocument, Version, Weekday,
};
use crate::decide::action::Action;
use crate::decide::decision::{ApprovalMode, RiskLevel};
use crate::language::diagnostic::{Code, Diagnostic};
use crate::language::yaml::{Entry, Kind, Node, read_yaml};
use crate::text::escape::escape_capped;
use crate::text::nearest::nearest;
use crate::text::span::{SourceId, Span, Spanned};

/// The largest policy file, in bytes.
pub const MAX_POLICY_BYTES: usize = 64 << 20;

const DOCUMENT_KEYS: &[&str] = &["version", "defaults", "redact", "rules", "examples"];
const TEST_KEYS: &[&str] = &["policy", "examples"];
const DEFAULTS_KEYS: &[&str] = &["risk_level", "approval", "timezone"];
const RULE_KEYS: &[&str] = &["name", "match", "conditions", "risk_level", "approval", "examples"];
const MATCH_KEYS: &[&str] = &["type", "target", "agent"];
const CONDITION_KEYS: &[&str] = &[
    "time_after",
    "time_before",
    "weekdays",
    "timezone",
    "param_eq",
    "param_gt",
    "param_lt",
    "param_gte",
    "param_lte",
    "param_contains",
    "param_matches",
    "param_exists",
];
const EXAMPLE_KEYS: &[&str] = &["action", "at", "expect"];
const EXPECT_KEYS: &[&str] = &["approval", "risk_level", "rule"];

impl Document {
    /// Reads a policy file. What is wrong goes to `diagnostics`; the document is then incomplete, and absent if there
    /// is nothing to work with.
    pub fn read(source: SourceId, text: &[u8], diagnostics: &mut Vec<Diagnostic>) -> Option<Document> {
        let root = read_root(source, text, diagnostics)?;
        Some(Reader { diagnostics }.document(&root))
    }
}

impl TestDocument {
    /// Reads a file of examples. What is wrong goes to `diagnostics`; the document is then incomplete, and absent if
    /// there is nothing to work with.
    ///
    /// # Example: examples in a file of their own
    /// ```
    /// use aegis_engine::{SourceId, document::TestDocument};
    /// let text = b"policy: crm.yaml\nexamples:\n  - { action: { type: read, target: crm }, expect: auto }\n";
    /// let mut diagnostics = Vec::new();
    /// let document = TestDocument::read(SourceId(1), text, &mut diagnostics).expect("a document");
    /// assert_eq!((document.examples.len(), diagnostics.len()), (1, 0));
    /// ```
    pub fn read(source: SourceId, text: &[u8], diagnostics: &mut Vec<Diagnostic>) -> Option<TestDocument> {
        let root = read_root(source, text, diagnostics)?;
        Some(Reader { diagnostics }.test_document(&root))
    }
}

/// The tree of nodes of a file, if it is small enough, UTF-8, and YAML.
fn read_root(source: SourceId, text: &[u8], diagnostics: &mut Vec<Diagnostic>) -> Option<Rc<Node>> {
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
    read_yaml(source, text, diagnostics)
}

struct Reader<'a> {
    diagnostics: &'a mut Vec<Diagnostic>,
}

/// The entries of a mapping whose keys are all known.
struct Fields<'n> {
    entries: &'n [Entry],
    is_mapping: bool,
}

impl<'n> Fields<'n> {
    fn get(&self, key: &str) -> Option<&'n Node> {
        self.entries.iter().find(|entry| entry.key == key).map(|entry| &*entry.value)
    }
}

impl Reader<'_> {
    fn document(&mut self, root: &Node) -> Document {
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
        let redact = fields.get("redact").map(|node| self.redact(node));
        let rules = match fields.get("rules") {
            Some(node) => self.list(node, "`rules`", Self::rule),
            None => {
                self.missing(&fields, "rules", missing_place, "add `rules: []` if there are none yet");
                Vec::new()
            }
        };
        let examples = fields.get("examples").map(|node| self.examples(node)).unwrap_or_default();
        Document { version, defaults, redact, rules, examples }
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
                    .help("write `version: \"1\"`"),
            );
        }
        Version
    }

    fn defaults(&mut self, node: &Node) -> Defaults {
        let fields = self.fields(node, "`defaults`", DEFAULTS_KEYS);
        Defaults {
            risk_level: fields.get("risk_level").and_then(|node| self.risk_level(node)),
            approval: fields.get("approval").and_then(|node| self.approval(node)),
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

    fn rule(&mut self, node: &Node) -> RuleEntry {
        let fields = self.fields(node, "a rule", RULE_KEYS);
        RuleEntry {
            span: node.span,
            name: fields.get("name").and_then(|node| self.string(node, "`name`")),
            matches: fields.get("match").map(|node| self.matches(node)).unwrap_or_default(),
            conditions: fields.get("conditions").map(|node| self.conditions(node)).unwrap_or_default(),
            risk_level: fields.get("risk_level").and_then(|node| self.risk_level(node)),
            approval: fields.get("approval").and_then(|node| self.approval(node)),
            examples: fields.get("examples").map(|node| self.examples(node)).unwrap_or_default(),
        }
    }

    fn matches(&mut self, node: &Node) -> MatchEntry {
        let fields = self.fields(node, "`match`", MATCH_KEYS);
        MatchEntry {
            kind: fields.get("type").and_then(|node| self.globs(node, "`type`")),
            target: fields.get("target").and_then(|node| self.globs(node, "`target`")),
            agent: fields.get("agent").and_then(|node| self.globs(node, "`agent`")),
        }
    }

    fn globs(&mut self, node: &Node, what: &str) -> Option<Globs> {
        if !matches!(node.kind, Kind::List(_)) {
            let one = self.string_or(node, what, "a glob or a list of globs")?;
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

    fn conditions(&mut self, node: &Node) -> Conditions {
        let fields = self.fields(node, "`conditions`", CONDITION_KEYS);
        Conditions {
            time_after: fields.get("time_after").and_then(|node| self.time(node, "`time_after`")),
            time_before: fields.get("time_before").and_then(|node| self.time(node, "`time_before`")),
            weekdays: fields.get("weekdays").map(|node| self.weekdays(node)),
            timezone: fields.get("timezone").and_then(|node| self.string(node, "`timezone`")),
            param_eq: self.params(&fields, "param_eq", Self::any_operand),
            param_gt: self.params(&fields, "param_gt", Self::order_operand),
            param_lt: self.params(&fields, "param_lt", Self::order_operand),
            param_gte: self.params(&fields, "param_gte", Self::order_operand),
            param_lte: self.params(&fields, "param_lte", Self::order_operand),
            param_contains: self.params(&fields, "param_contains", Self::any_operand),
            param_matches: self.params(&fields, "param_matches", |reader, node| {
                Some(reader.string_or(node, "the operand", "a regular expression")?.value)
            }),
            param_exists: self.params(&fields, "param_exists", Self::flag),
        }
    }

    fn params<T>(
        &mut self,
        fields: &Fields<'_>,
        keyword: &str,
        mut operand: impl FnMut(&mut Self, &Node) -> Option<T>,
    ) -> Option<Params<T>> {
        let node = fields.get(keyword)?;
        let Kind::Map(entries) = &node.kind else {
            self.wrong_type(node, &format!("`{keyword}`"), "a mapping of parameter to operand");
            return None;
        };
        if entries.is_empty() {
            let message = format!("`{keyword}` names no parameter");
            self.push(
                Diagnostic::error(Code::EmptyCondition, node.span, message)
                    .help("name one, or remove the line"),
            );
        }
        let read = entries.iter().filter_map(|entry| {
            let value = operand(self, &entry.value)?;
            Some((Spanned::new(entry.key.clone(), entry.key_span), Spanned::new(value, entry.value.span)))
        });
        Some(Params { entries: read.collect() })
    }

    fn any_operand(&mut self, node: &Node) -> Option<AnyOperand> {
        if matches!(node.kind, Kind::Null) {
            let message = "a parameter that is null or absent makes every condition but `param_exists` false";
            self.push(
                Diagnostic::error(Code::InvalidOperand, node.span, message)
                    .help("to test for absence, write `param_exists: { name: false }`"),
            );
            return None;
        }
        node.to_json().map(AnyOperand)
    }

    fn order_operand(&mut self, node: &Node) -> Option<OrderOperand> {
        match &node.kind {
            Kind::Number(number) => Some(OrderOperand::Number(number.clone())),
            Kind::String(text) => Some(OrderOperand::String(text.clone())),
            Kind::Broken => None,
            _ => {
                let message = format!("{} has no order: compare with a number or a string", node.type_name());
                self.push(Diagnostic::error(Code::InvalidOperand, node.span, message));
                None
            }
        }
    }

    fn flag(&mut self, node: &Node) -> Option<bool> {
        match node.kind {
            Kind::Bool(flag) => Some(flag),
            _ => {
                self.wrong_type(node, "the operand", "`true` or `false`");
                None
            }
        }
    }

    fn time(&mut self, node: &Node, what: &str) -> Option<Spanned<String>> {
        if matches!(node.kind, Kind::Number(_)) {
            let message = format!("{what} must be a time of day, not a number");
            self.push(
                Diagnostic::error(Code::InvalidTime, node.span, message)
                    .help("write it as \"HH:MM\", in quotes"),
            );
            return None;
        }
        self.string_or(node, what, "a time of day (\"HH:MM\")")
    }

    fn weekdays(&mut self, node: &Node) -> Vec<Spanned<Weekday>> {
        let days = self.list(node, "`weekdays`", Self::weekday).into_iter().flatten().collect();
        if matches!(&node.kind, Kind::List(items) if items.is_empty()) {
            let message = "`weekdays` is an empty list, so the rule can never match";
            self.push(
                Diagnostic::error(Code::EmptyCondition, node.span, message)
                    .help("leave it out to match on every day"),
            );
        }
        days
    }

    fn weekday(&mut self, node: &Node) -> Option<Spanned<Weekday>> {
        let number = match &node.kind {
            Kind::Number(number) => number.as_u64().filter(|number| (1..=7).contains(number)),
            Kind::String(text) => {
                let index = Weekday::WORDS.iter().position(|word| word == text);
                index.and_then(|index| u64::try_from(index + 1).ok())
            }
            _ => None,
        };
        let Some(number) = number.and_then(|number| u8::try_from(number).ok()) else {
            let found = match &node.kind {
                Kind::Broken => return None,
                Kind::Number(number) => format!("`{number}`"),
                Kind::String(text) => format!("`{}`", escape_capped(text, 64)),
                _ => node.type_name().to_owned(),
            };
            let message = format!("{found} is not a day of the week");
            let text = if let Kind::String(text) = &node.kind { text.as_str() } else { "" };
            let help = match nearest(text, &Weekday::WORDS) {
                Some(word) => format!("did you mean `{word}`?"),
                None => "days are 1 (Monday) to 7 (Sunday), or `mon` to `sun`".to_owned(),
            };
            self.push(Diagnostic::error(Code::UnknownWord, node.span, message).help(help));
            return None;
        };
        Some(Spanned::new(Weekday(number), node.span))
    }

    fn examples(&mut self, node: &Node) -> Vec<Example> {
        self.list(node, "`examples`", Self::example).into_iter().flatten().collect()
    }

    fn example(&mut self, node: &Node) -> Option<Example> {
        let fields = self.fields(node, "an example", EXAMPLE_KEYS);
        let place = node.span.part(0, 0);
        let action = match fields.get("action") {
            Some(node) => self.action(node),
            None => {
                self.missing(&fields, "action", place, "give it an `action: { type: …, target: … }`");
                None
            }
        };
        let at = fields.get("at").and_then(|node| self.instant(node));
        let expect = match fields.get("expect") {
            Some(node) => self.expectation(node),
            None => {
                self.missing(
                    &fields,
                    "expect",
                    place,
                    "say what must come out: `expect: auto`, `approve` or `block`",
                );
                None
            }
        };
        Some(Example { span: node.span, action: action?, at, expect: expect? })
    }

    fn action(&mut self, node: &Node) -> Option<Action> {
        match Action::from_value(node.to_json()?) {
            Ok(action) => Some(action),
            Err(error) => {
                self.push(Diagnostic::error(Code::InvalidExample, node.span, error.to_string()));
                None
            }
        }
    }

    fn instant(&mut self, node: &Node) -> Option<Spanned<DateTime<Utc>>> {
        let text = self.string_or(node, "`at`", "an instant (RFC 3339)")?;
        match DateTime::parse_from_rfc3339(&text.value) {
            Ok(instant) => Some(Spanned::new(instant.with_timezone(&Utc), node.span)),
            Err(error) => {
                let message = format!("`at` is not an RFC 3339 instant: {error}");
                self.push(
                    Diagnostic::error(Code::InvalidExample, node.span, message)
                        .help("write it as in \"2026-11-23T20:00:00Z\""),
                );
                None
            }
        }
    }

    fn expectation(&mut self, node: &Node) -> Option<Expectation> {
        if matches!(node.kind, Kind::String(_)) {
            return Some(Expectation { approval: Some(self.approval(node)?), ..Expectation::default() });
        }
        if !matches!(node.kind, Kind::Map(_)) {
            self.wrong_type(node, "`expect`", "an approval or a mapping");
            return None;
        }
        let fields = self.fields(node, "`expect`", EXPECT_KEYS);
        if matches!(&node.kind, Kind::Map(entries) if entries.is_empty()) {
            let message = "`expect` is empty, so the example says nothing";
            self.push(
                Diagnostic::error(Code::InvalidExample, node.span, message)
                    .help("say what must come out: `expect: auto`, `approve` or `block`"),
            );
        }
        Some(Expectation {
            approval: fields.get("approval").and_then(|node| self.approval(node)),
            risk_level: fields.get("risk_level").and_then(|node| self.risk_level(node)),
            rule: fields.get("rule").and_then(|node| self.string(node, "`rule`")),
        })
    }

    fn risk_level(&mut self, node: &Node) -> Option<Spanned<RiskLevel>> {
        self.word(node, "a risk level", &RiskLevel::ALL.map(RiskLevel::as_str), RiskLevel::from_word)
    }

    fn approval(&mut self, node: &Node) -> Option<Spanned<ApprovalMode>> {
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

    fn string(&mut self, node: &Node, what: &str) -> Option<Spanned<String>> {
        self.string_or(node, what, "a string")
    }

    fn string_or(&mut self, node: &Node, what: &str, expected: &str) -> Option<Spanned<String>> {
        if let Kind::String(text) = &node.kind {
            return Some(Spanned::new(text.clone(), node.span));
        }
        self.wrong_type(node, what, expected);
        None
    }

    fn list<T>(&mut self, node: &Node, what: &str, mut item: impl FnMut(&mut Self, &Node) -> T) -> Vec<T> {
        let Kind::List(items) = &node.kind else {
            self.wrong_type(node, what, "a list");
            return Vec::new();
        };
        items.iter().map(|node: &Rc<Node>| item(self, node)).collect()
    }

    /// The entries of a mapping; unknown keys are reported, and anything but a mapping counts as an empty one.
    fn fields<'n>(&mut self, node: &'n Node, what: &str, known: &[&str]) -> Fields<'n> {
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

    fn missing(&mut self, fields: &Fields<'_>, key: &str, place: Span, help: &str) {
        if !fields.is_mapping {
            return; // That has been said.
        }
        let message = format!("the key `{key}` is missing");
        self.push(Diagnostic::error(Code::MissingKey, place, message).help(help));
    }

    fn wrong_type(&mut self, node: &Node, what: &str, expected: &str) {
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

    fn push(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }
}
