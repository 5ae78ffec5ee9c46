//! The conditions of a rule.

use crate::decide::operand::OrderOperand;
use crate::decide::time::time_meant;
use crate::language::code::Code;
use crate::language::diagnostic::Diagnostic;
use crate::language::document::{AnyOperand, Conditions, Params};
use crate::language::fix::Fix;
use crate::language::read::reader::{Fields, Reader};
use crate::language::read::shapes::Shape;
use crate::language::yaml::node::{Kind, Node};
use crate::text::escape::escape_capped;
use crate::text::span::Spanned;

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

/// What the operand of `param_exists` says.
const PRESENCE: &str = "`true` if the parameter must be there, `false` if it must not";

impl Reader<'_> {
    pub(super) fn conditions(&mut self, node: &Node) -> Conditions {
        if matches!(node.kind, Kind::List(_)) {
            let help =
                "all conditions of a rule must hold, and stand in one mapping: write them without dashes";
            let shape = self.undashed(node, help);
            self.wrong_shape(node, "`conditions`", "a mapping", Some(shape));
            return Conditions::default();
        }
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
                let expected = "a regular expression";
                if let Some(shape) = Self::alternatives(node) {
                    reader.wrong_shape(node, "the operand", expected, Some(shape));
                    return None;
                }
                Some(reader.string_or(node, "the operand", expected)?.value)
            }),
            param_exists: self.params(&fields, "param_exists", |reader, node| {
                Some(reader.flag(node, "the operand", PRESENCE)?.value)
            }),
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
            let shape = match keyword {
                "param_exists" => self.existence(node),
                _ => self.nameless(node, keyword),
            };
            self.wrong_shape(node, &format!("`{keyword}`"), "a mapping of parameter to operand", shape);
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
                let help = match &node.kind {
                    Kind::Bool(_) => "to compare with `true` or `false`, write `param_eq`",
                    _ => "write one number or one string; several bounds are several conditions",
                };
                self.push(Diagnostic::error(Code::InvalidOperand, node.span, message).help(help));
                None
            }
        }
    }

    /// An operand without the parameter that it is of.
    fn nameless(&self, node: &Node, keyword: &str) -> Option<Shape> {
        let is_operand = matches!(node.kind, Kind::Number(_) | Kind::String(_) | Kind::Bool(_));
        is_operand.then(|| {
            let written = escape_capped(self.written(node.span), 64);
            Shape::new(format!("name the parameter, as in `{keyword}: {{ count: {written} }}`"), None)
        })
    }

    fn time(&mut self, node: &Node, what: &str) -> Option<Spanned<String>> {
        if matches!(node.kind, Kind::Number(_)) {
            let message = format!("{what} must be a time of day, not a number");
            let found = Diagnostic::error(Code::InvalidTime, node.span, message);
            self.push(match time_meant(self.written(node.span)) {
                Some(time) => found.help(format!("write it as `\"{time}\"`")).fix(Fix::replace(
                    node.span,
                    format!("\"{time}\""),
                    false,
                )),
                None => found.help("write it as \"HH:MM\", in quotes"),
            });
            return None;
        }
        self.string_or(node, what, "a time of day (\"HH:MM\")")
    }
}
