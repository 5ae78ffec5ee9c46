//! Examples, and what they expect.

use chrono::{DateTime, Utc};

use crate::decide::action::Action;
use crate::language::code::Code;
use crate::language::diagnostic::Diagnostic;
use crate::language::document::{Example, Expectation};
use crate::language::read::reader::Reader;
use crate::language::yaml::node::{Kind, Node};
use crate::text::span::Spanned;

const EXAMPLE_KEYS: &[&str] = &["action", "at", "expect"];
const EXPECT_KEYS: &[&str] = &["approval", "risk_level", "rule"];

impl Reader<'_> {
    pub(super) fn examples(&mut self, node: &Node) -> Vec<Example> {
        if let Some(shape) = self.list_of_mapping(node, "`examples`", EXAMPLE_KEYS) {
            self.wrong_shape(node, "`examples`", "a list", Some(shape));
            return Vec::new();
        }
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
                let found = Diagnostic::error(Code::InvalidExample, node.span, error.to_string());
                self.push(match Self::action_of_word(node) {
                    Some(shape) => shape.on(found),
                    None => found.help("an action has at least `type` and `target`, which are texts"),
                });
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
}
