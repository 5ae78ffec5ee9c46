//! What conditions say about one another: one that follows from another, and some that cannot hold together.

use std::cmp::Ordering;

use serde_json::Value;

use crate::decide::condition::{Condition, Order, ParamTest, Test, Truth};
use crate::decide::operand::{OrderOperand, compare_numbers};
use crate::decide::policy::Rule;

/// How surely a condition follows from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Follows {
    /// Wherever the other is not false, this one is true.
    Surely,
    /// Where the other is true, this one is; where the other is undecidable, this one is not false.
    UnlessUndecidable,
}

/// Whether `rule` is settled by `earlier` wherever the globs of both match: then `rule` decides nothing
/// there.
///
/// Every condition of `earlier` must follow from one of `rule`. Where all of `rule`'s are true, so are
/// `earlier`'s, and evaluation stops at `earlier`. Where one of `rule`'s is undecidable (and none false),
/// none of `earlier`'s is false: either all are true and evaluation stops there, or `earlier` is undecidable
/// itself. It then does not stop evaluation, and the outcome is the strictest of both: `rule` shows in it,
/// unless `earlier` is at least as strict in approval (then it is the one that is named) and in risk, and
/// asks on the same terms where both ask. So that is asked for, unless undecidable cannot be.
pub(super) fn settles(earlier: &Rule, rule: &Rule) -> bool {
    let mut surely = true;
    for wanted in &earlier.conditions {
        let follows = rule.conditions.iter().filter_map(|given| follows(&given.test, &wanted.test));
        match follows.max_by_key(|follows| *follows == Follows::Surely) {
            None => return false,
            Some(Follows::Surely) => {}
            Some(Follows::UnlessUndecidable) => surely = false,
        }
    }
    let says_as_much = earlier.approval > rule.approval
        || (earlier.approval == rule.approval && earlier.terms == rule.terms);
    surely || (says_as_much && earlier.risk_level >= rule.risk_level)
}

/// Whether, and how surely, `wanted` follows from `given`. `None` where that is not known.
fn follows(given: &Test, wanted: &Test) -> Option<Follows> {
    let surely = |holds: bool| holds.then_some(Follows::Surely);
    match (given, wanted) {
        (Test::Window(given, zone), Test::Window(wanted, other)) => {
            surely(zone == other && given.is_within(*wanted))
        }
        (Test::Weekdays(given, zone), Test::Weekdays(wanted, other)) => {
            surely(zone == other && given.is_within(*wanted))
        }
        (Test::Param(given_key, given), Test::Param(wanted_key, wanted))
            if given_key.path() == wanted_key.path() =>
        {
            param_follows(given, wanted)
        }
        _ => None,
    }
}

fn param_follows(given: &ParamTest, wanted: &ParamTest) -> Option<Follows> {
    match (given, wanted) {
        (ParamTest::Exists(given), ParamTest::Exists(wanted)) => (given == wanted).then_some(Follows::Surely),
        // That a value is there says nothing of it; and equal numbers may be written differently, which a
        // regular expression sees.
        (ParamTest::Exists(_), _) | (ParamTest::Eq(Value::Number(_)), ParamTest::Matches(_)) => None,
        (_, ParamTest::Exists(wanted)) => wanted.then_some(Follows::Surely),
        (ParamTest::Eq(value), wanted) => (wanted.judge(value) == Truth::True).then_some(Follows::Surely),
        (ParamTest::Order(order, operand), ParamTest::Order(wanted, bound)) => {
            let ordering = compare(operand, bound)?;
            let follows = match (order, wanted) {
                (Order::Greater, Order::Greater | Order::GreaterOrEqual)
                | (Order::GreaterOrEqual, Order::GreaterOrEqual) => ordering.is_ge(),
                (Order::GreaterOrEqual, Order::Greater) => ordering.is_gt(),
                (Order::Less, Order::Less | Order::LessOrEqual)
                | (Order::LessOrEqual, Order::LessOrEqual) => ordering.is_le(),
                (Order::LessOrEqual, Order::Less) => ordering.is_lt(),
                _ => false,
            };
            follows.then_some(Follows::UnlessUndecidable)
        }
        (ParamTest::Contains(given), ParamTest::Contains(wanted)) => {
            (given == wanted).then_some(Follows::UnlessUndecidable)
        }
        (ParamTest::Matches(given), ParamTest::Matches(wanted)) => {
            (given.as_str() == wanted.as_str()).then_some(Follows::UnlessUndecidable)
        }
        _ => None,
    }
}

/// The order of two operands; `None` for unlike types.
fn compare(left: &OrderOperand, right: &OrderOperand) -> Option<Ordering> {
    match (left, right) {
        (OrderOperand::Number(left), OrderOperand::Number(right)) => Some(compare_numbers(left, right)),
        (OrderOperand::String(left), OrderOperand::String(right)) => Some(left.cmp(right)),
        _ => None,
    }
}

/// The first condition that cannot be true beside an earlier one of the same rule, and that one; the same
/// twice if it cannot be true at all.
pub(super) fn contradiction(conditions: &[Condition]) -> Option<(&Condition, &Condition)> {
    conditions.iter().enumerate().find_map(|(index, second)| {
        let earlier = conditions.iter().take(index + 1);
        earlier.filter(|first| excludes(&first.test, &second.test)).map(|first| (first, second)).next_back()
    })
}

/// Whether two conditions are never true of the same action.
fn excludes(first: &Test, second: &Test) -> bool {
    let (Test::Param(first_key, first), Test::Param(second_key, second)) = (first, second) else {
        return false;
    };
    if first_key.path() != second_key.path() {
        return false;
    }
    if kinds(first) & kinds(second) == 0 {
        return true;
    }
    match (first, second) {
        (ParamTest::Eq(Value::Number(_)), ParamTest::Matches(_))
        | (ParamTest::Matches(_), ParamTest::Eq(Value::Number(_))) => false,
        (ParamTest::Eq(value), other) | (other, ParamTest::Eq(value)) => other.judge(value) != Truth::True,
        (ParamTest::Order(first, operand), ParamTest::Order(second, bound)) => {
            let Some(ordering) = compare(operand, bound) else { return true };
            let nothing_below = |order: &Order, operand: &OrderOperand| {
                *order == Order::Less && matches!(operand, OrderOperand::String(text) if text.is_empty())
            };
            let empty = match (first, second) {
                (Order::GreaterOrEqual, Order::LessOrEqual) => ordering.is_gt(),
                (Order::Greater | Order::GreaterOrEqual, Order::Less | Order::LessOrEqual) => {
                    ordering.is_ge()
                }
                (Order::LessOrEqual, Order::GreaterOrEqual) => ordering.is_lt(),
                (Order::Less | Order::LessOrEqual, Order::Greater | Order::GreaterOrEqual) => {
                    ordering.is_le()
                }
                _ => false,
            };
            empty || nothing_below(first, operand) || nothing_below(second, bound)
        }
        _ => false,
    }
}

const ABSENT: u8 = 1;
const BOOLEAN: u8 = 1 << 1;
const NUMBER: u8 = 1 << 2;
const STRING: u8 = 1 << 3;
const LIST: u8 = 1 << 4;
const OBJECT: u8 = 1 << 5;

/// The kinds of value of which a test can be true.
fn kinds(test: &ParamTest) -> u8 {
    match test {
        ParamTest::Exists(false) => ABSENT,
        ParamTest::Exists(true) => BOOLEAN | NUMBER | STRING | LIST | OBJECT,
        ParamTest::Eq(Value::Bool(_)) => BOOLEAN,
        ParamTest::Eq(Value::Number(_)) | ParamTest::Order(_, OrderOperand::Number(_)) => NUMBER,
        ParamTest::Eq(Value::String(_)) | ParamTest::Order(_, OrderOperand::String(_)) => STRING,
        ParamTest::Eq(Value::Object(_)) => OBJECT,
        ParamTest::Eq(Value::Null) => 0,
        ParamTest::Contains(Value::String(_)) => STRING | LIST | OBJECT,
        ParamTest::Eq(Value::Array(_)) | ParamTest::Contains(_) => LIST,
        ParamTest::Matches(_) => BOOLEAN | NUMBER | STRING,
    }
}

/// Whether a condition surely holds where another is true.
pub(super) fn is_implied(given: &Test, wanted: &Test) -> bool {
    follows(given, wanted).is_some()
}
