//! The conditions of a rule.

use crate::decide::operand::OrderOperand;
use crate::decide::time::Weekday;
use crate::language::code::Code;
use crate::language::diagnostic::Diagnostic;
use crate::language::document::{AnyOperand, Conditions, Params};
use crate::language::read::reader::{Fields, Reader};
use crate::language::yaml::node::{Kind, Node};
use crate::text::escape::escape_capped;
use crate::text::nearest::nearest;
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

impl Reader<'_> {
    pub(super) fn conditions(&mut self, node: &Node) -> Conditions {
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
            param_exists: self.params(&fields, "param_exists", |reader, node| {
                Some(reader.flag(node, "the operand")?.value)
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
}
