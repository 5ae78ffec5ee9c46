//! What parameters are compared with: `unlike-operands`, `number-like-string`, `unanchored-regex` and
//! `unescaped-dot`.

use std::collections::HashMap;

use crate::author::lint::globs::surely_apart;
use crate::author::lint::regexes::{unanchored, unescaped_dot};
use crate::author::lint::subject::{Linted, Subject};
use crate::decide::condition::{Condition, ParamTest, Test};
use crate::decide::decision::ApprovalMode;
use crate::decide::operand::OrderOperand;
use crate::decide::param_key::ParamKey;
use crate::language::code::Code;
use crate::language::diagnostic::Diagnostic;
use crate::text::escape::escape_capped;

/// How many comparisons of one parameter are held against one another.
const MAX_COMPARED: usize = 64;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    unlike_operands(subject, found);
    for linted in &subject.rules {
        for condition in &linted.rule.conditions {
            if let Test::Param(_, test) = &condition.test {
                found.extend(number_like_string(condition, test));
                if linted.rule.approval == ApprovalMode::Auto {
                    found.extend(unanchored(linted, condition, test));
                    found.extend(unescaped_dot(linted, condition, test));
                }
            }
        }
    }
}

type Compared<'a> = Vec<(&'a Linted<'a>, &'a Condition)>;

fn unlike_operands(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let mut by_param: HashMap<&[String], (Compared<'_>, Compared<'_>)> = HashMap::new();
    for linted in &subject.rules {
        for condition in &linted.rule.conditions {
            let Test::Param(key, ParamTest::Order(_, operand)) = &condition.test else { continue };
            let (numbers, strings) = by_param.entry(key.path()).or_default();
            let (same, unlike) = match operand {
                OrderOperand::Number(_) => (numbers, strings),
                OrderOperand::String(_) => (strings, numbers),
            };
            // Within one rule, the two can never hold together: that is another finding.
            let other = unlike
                .iter()
                .find(|(other, _)| !std::ptr::eq(*other, linted) && !surely_apart(other.rule, linted.rule));
            if let Some((_, other)) = other {
                found.push(unlike_operand(condition, other, key, operand));
            }
            if same.len() < MAX_COMPARED {
                same.push((linted, condition));
            }
        }
    }
}

fn unlike_operand(
    condition: &Condition,
    other: &Condition,
    key: &ParamKey,
    operand: &OrderOperand,
) -> Diagnostic {
    let (this, that) = match operand {
        OrderOperand::Number(_) => ("a number", "a string"),
        OrderOperand::String(_) => ("a string", "a number"),
    };
    let message = format!("`{key}` is compared with {this} here and with {that} elsewhere");
    Diagnostic::new(Code::UnlikeOperands, condition.span, message)
        .label(this)
        .secondary(other.span, that)
        .help(
            "a value of the other type makes a comparison undecidable, and the strictest outcome holds: \
             use one type",
        )
}

fn number_like_string(condition: &Condition, test: &ParamTest) -> Option<Diagnostic> {
    let ParamTest::Order(_, OrderOperand::String(operand)) = test else { return None };
    let number = number_in(operand)?;
    let shown = escape_capped(operand, 64);
    let message =
        format!("`{shown}` is a string: strings compare letter by letter, and \"9\" is greater than \"10\"");
    Some(
        Diagnostic::new(Code::NumberLikeString, condition.span, message)
            .help(format!("write `{number}`, without quotes or separators, if it is meant as a number")),
    )
}

/// The number that a text looks like, as a policy would write it.
fn number_in(text: &str) -> Option<String> {
    let plain: String = text.trim().chars().filter(|c| !matches!(c, '_' | ',' | '\'' | ' ')).collect();
    let unsigned = plain.strip_prefix(['-', '+']).unwrap_or(&plain);
    let hexadecimal = unsigned.strip_prefix("0x").or_else(|| unsigned.strip_prefix("0X"));
    let is_hexadecimal = hexadecimal.is_some_and(|digits| u64::from_str_radix(digits, 16).is_ok());
    let is_decimal = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && unsigned.parse::<f64>().is_ok_and(f64::is_finite);
    (is_hexadecimal || is_decimal).then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_look_like_numbers_are_known() {
        for (text, number) in [
            ("100", "100"),
            ("1_000", "1000"),
            ("1,000.5", "1000.5"),
            ("-3", "-3"),
            ("0x1F", "0x1F"),
            (" 7", "7"),
            ("1e3", "1e3"),
            (".5", ".5"),
        ] {
            assert_eq!(number_in(text).as_deref(), Some(number), "{text}");
        }
        for text in [
            "",
            "abc",
            "inf",
            "NaN",
            "2026-11-23",
            "10:30",
            "1.2.3",
            "v1",
            "-",
            "e5",
            "0xZ",
            "infinity",
            "7 days",
        ] {
            assert_eq!(number_in(text), None, "{text}");
        }
    }
}
