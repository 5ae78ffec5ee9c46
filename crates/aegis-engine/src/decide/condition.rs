//! One condition of a rule, compiled, and what it says of an action: true, false, or undecidable.

use std::cmp::Ordering;
use std::fmt;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use regex::Regex;
use serde_json::{Map, Number, Value};

use crate::decide::action::{Action, type_name};
use crate::decide::redaction::HIDDEN;
use crate::decide::time::{Weekdays, Window, local_time};
use crate::language::document::OrderOperand;
use crate::text::canonical::{canonical_json, canonical_number};
use crate::text::escape::escape_capped;
use crate::text::span::Span;

/// A compiled condition and where it was written.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    pub(crate) span: Span,
    pub(crate) test: Test,
}

#[derive(Clone, Debug)]
pub(crate) enum Test {
    Window(Window, Tz),
    Weekdays(Weekdays, Tz),
    Param(ParamKey, ParamTest),
}

/// What is asked of one parameter.
#[derive(Clone, Debug)]
pub(crate) enum ParamTest {
    Eq(Value),
    Order(Order, OrderOperand),
    Contains(Value),
    Matches(Regex),
    Exists(bool),
}

/// The four comparisons that need an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Greater,
    Less,
    GreaterOrEqual,
    LessOrEqual,
}

impl Order {
    pub(crate) const fn keyword(self) -> &'static str {
        match self {
            Order::Greater => "param_gt",
            Order::Less => "param_lt",
            Order::GreaterOrEqual => "param_gte",
            Order::LessOrEqual => "param_lte",
        }
    }

    /// The same comparison, with or without equality: whichever this is not.
    pub(crate) const fn other_strictness(self) -> Order {
        match self {
            Order::Greater => Order::GreaterOrEqual,
            Order::Less => Order::LessOrEqual,
            Order::GreaterOrEqual => Order::Greater,
            Order::LessOrEqual => Order::Less,
        }
    }

    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Order::Greater => ordering.is_gt(),
            Order::Less => ordering.is_lt(),
            Order::GreaterOrEqual => ordering.is_ge(),
            Order::LessOrEqual => ordering.is_le(),
        }
    }
}

/// What a condition says: Kleene's three values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Truth {
    True,
    False,
    /// Why nothing can be said. Names types, never values.
    Undecidable(String),
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Truth {
        if holds { Truth::True } else { Truth::False }
    }
}

impl Condition {
    /// Whether the instant is one that the condition allows. Conditions on parameters allow any.
    pub(crate) fn allows(&self, at: DateTime<Utc>) -> bool {
        match &self.test {
            Test::Window(window, zone) => window.holds(at.with_timezone(zone).time()),
            Test::Weekdays(days, zone) => days.holds(at, *zone),
            Test::Param(..) => true,
        }
    }

    /// Whether it looks at the instant, and not at the action.
    pub(crate) const fn is_about_time(&self) -> bool {
        matches!(self.test, Test::Window(..) | Test::Weekdays(..))
    }

    pub(crate) fn judge(&self, action: &Action, at: DateTime<Utc>) -> Truth {
        match &self.test {
            Test::Window(..) | Test::Weekdays(..) => self.allows(at).into(),
            Test::Param(key, test) => test.judge_any(key.find(action.params())),
        }
    }

    /// What the condition met, for a person: the actual value or time, escaped and capped. Of a secret, `shown` holds
    /// [`HIDDEN`] or nothing where the action has a value.
    pub(crate) fn actual(&self, action: &Action, shown: &Map<String, Value>, at: DateTime<Utc>) -> String {
        match &self.test {
            Test::Window(_, zone) | Test::Weekdays(_, zone) => format!("it was {}", local_time(at, *zone)),
            Test::Param(key, _) => match (key.find(action.params()), key.find(shown)) {
                (None, _) => format!("`{key}` is absent"),
                (Some(value), Some(shown)) if value == shown || shown != HIDDEN => {
                    format!("`{key}` is {}", escape_capped(&canonical_json(shown), 80))
                }
                (Some(_), _) => format!("`{key}` is secret"),
            },
        }
    }
}

/// The condition's keyword and the parameter that it looks at.
impl fmt::Display for Condition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.test {
            Test::Window(Window { after: Some(_), before: Some(_) }, _) => {
                formatter.write_str("time_after, time_before")
            }
            Test::Window(Window { after: Some(_), .. }, _) => formatter.write_str("time_after"),
            Test::Window(..) => formatter.write_str("time_before"),
            Test::Weekdays(..) => formatter.write_str("weekdays"),
            Test::Param(key, test) => write!(formatter, "{}: {key}", test.keyword()),
        }
    }
}

impl ParamTest {
    pub(crate) const fn keyword(&self) -> &'static str {
        match self {
            ParamTest::Eq(_) => "param_eq",
            ParamTest::Order(order, _) => order.keyword(),
            ParamTest::Contains(_) => "param_contains",
            ParamTest::Matches(_) => "param_matches",
            ParamTest::Exists(_) => "param_exists",
        }
    }

    /// Judges what a parameter holds, if it is there.
    pub(crate) fn judge_any(&self, value: Option<&Value>) -> Truth {
        match value {
            None | Some(Value::Null) => matches!(self, ParamTest::Exists(false)).into(),
            Some(value) => self.judge(value),
        }
    }

    /// Judges a value that is present and not null.
    pub(crate) fn judge(&self, value: &Value) -> Truth {
        match (self, value) {
            (ParamTest::Exists(wanted), _) => (*wanted).into(),
            (ParamTest::Eq(operand), _) => equal(value, operand).into(),
            (ParamTest::Order(order, OrderOperand::Number(operand)), Value::Number(number)) => {
                order.holds(compare_numbers(number, operand)).into()
            }
            // UTF-8 keeps the order of code points.
            (ParamTest::Order(order, OrderOperand::String(operand)), Value::String(text)) => {
                order.holds(text.as_str().cmp(operand)).into()
            }
            (ParamTest::Order(_, OrderOperand::Number(_)), other) => unlike(other, "a number"),
            (ParamTest::Order(_, OrderOperand::String(_)), other) => unlike(other, "a string"),
            (ParamTest::Contains(Value::String(part)), Value::String(text)) => {
                text.contains(part.as_str()).into()
            }
            (ParamTest::Contains(Value::String(key)), Value::Object(members)) => {
                members.contains_key(key).into()
            }
            (ParamTest::Contains(element), Value::Array(items)) => {
                items.iter().any(|item| equal(item, element)).into()
            }
            (ParamTest::Contains(operand), other) => {
                Truth::Undecidable(format!("{} cannot contain {}", type_name(other), type_name(operand)))
            }
            (ParamTest::Matches(regex), Value::String(text)) => regex.is_match(text).into(),
            (ParamTest::Matches(regex), Value::Number(number)) => {
                regex.is_match(&canonical_number(number)).into()
            }
            (ParamTest::Matches(regex), Value::Bool(flag)) => regex.is_match(&flag.to_string()).into(),
            (ParamTest::Matches(_), other) => {
                Truth::Undecidable(format!("{} cannot match a regular expression", type_name(other)))
            }
        }
    }
}

fn unlike(value: &Value, operand: &str) -> Truth {
    Truth::Undecidable(format!("{} cannot be compared with {operand}", type_name(value)))
}

/// Equality of JSON values in which numbers are equal as numbers, at any depth.
pub(crate) fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => compare_numbers(left, right).is_eq(),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| equal(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, left)| right.get(key).is_some_and(|right| equal(left, right)))
        }
        _ => left == right,
    }
}

/// Compares exactly, also an integer of 64 bits with a float.
pub(crate) fn compare_numbers(left: &Number, right: &Number) -> Ordering {
    match (integer(left), integer(right)) {
        (Some(left), Some(right)) => left.cmp(&right),
        (Some(left), None) => compare_integer(left, float(right)),
        (None, Some(right)) => compare_integer(right, float(left)).reverse(),
        (None, None) => float(left).partial_cmp(&float(right)).unwrap_or(Ordering::Equal),
    }
}

fn integer(number: &Number) -> Option<i128> {
    number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))
}

fn float(number: &Number) -> f64 {
    number.as_f64().unwrap_or(f64::NAN)
}

/// Compares an integer of 64 bits with a finite float.
fn compare_integer(integer: i128, float: f64) -> Ordering {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a float outside the range saturates, beyond every 64-bit integer"
    )]
    let whole = float.trunc() as i128;
    integer.cmp(&whole).then_with(|| 0.0_f64.partial_cmp(&float.fract()).unwrap_or(Ordering::Equal))
}

/// Which parameter a condition looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ParamKey {
    written: String,
    /// The reference tokens of an RFC 6901 pointer, unescaped; `None` for a top-level key.
    pointer: Option<Vec<String>>,
}

impl ParamKey {
    /// Reads a key. `None` if it starts with `/` and is not a JSON Pointer.
    pub(crate) fn new(written: &str) -> Option<ParamKey> {
        let pointer = match written.strip_prefix('/') {
            None => None,
            Some(tokens) => Some(tokens.split('/').map(unescape_pointer).collect::<Option<Vec<_>>>()?),
        };
        Some(ParamKey { written: written.to_owned(), pointer })
    }

    /// Puts a value where the key looks for it; what is in the way is replaced.
    pub(crate) fn put(&self, params: &mut Map<String, Value>, value: Value) {
        let Some(tokens) = &self.pointer else {
            params.insert(self.written.clone(), value);
            return;
        };
        let Some((first, rest)) = tokens.split_first() else { return };
        let mut place = params.entry(first.clone()).or_insert(Value::Null);
        for token in rest {
            let is_in_list = match place {
                Value::Array(items) => array_index(token).is_some_and(|index| index < items.len()),
                _ => false,
            };
            if !(is_in_list || place.is_object()) {
                *place = Value::Object(Map::new());
            }
            let next = match place {
                Value::Array(items) => array_index(token).and_then(|index| items.get_mut(index)),
                Value::Object(members) => Some(members.entry(token.clone()).or_insert(Value::Null)),
                _ => None,
            };
            let Some(next) = next else { return };
            place = next;
        }
        *place = value;
    }

    /// The steps from `params` to the parameter: `count` and `/count` lead to the same.
    pub(crate) fn path(&self) -> &[String] {
        self.pointer.as_deref().unwrap_or(std::slice::from_ref(&self.written))
    }

    pub(crate) fn find<'v>(&self, params: &'v Map<String, Value>) -> Option<&'v Value> {
        let Some(tokens) = &self.pointer else { return params.get(&self.written) };
        let (first, rest) = tokens.split_first()?;
        rest.iter().try_fold(params.get(first)?, |value, token| match value {
            Value::Object(members) => members.get(token),
            Value::Array(items) => items.get(array_index(token)?),
            _ => None,
        })
    }
}

impl fmt::Display for ParamKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&escape_capped(&self.written, 80))
    }
}

/// RFC 6901, section 4: `~1` is `/`, `~0` is `~`, and no other `~` may stand.
fn unescape_pointer(token: &str) -> Option<String> {
    let mut parts = token.split('~');
    let mut unescaped = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (escaped, rest) = part.split_at_checked(1)?;
        unescaped.push(match escaped {
            "0" => '~',
            "1" => '/',
            _ => return None,
        });
        unescaped.push_str(rest);
    }
    Some(unescaped)
}

/// RFC 6901, section 4: digits without a leading zero.
fn array_index(token: &str) -> Option<usize> {
    let plain = token == "0" || !token.starts_with('0');
    (plain && token.bytes().all(|byte| byte.is_ascii_digit())).then(|| token.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn judge(test: &ParamTest, value: &Value) -> Truth {
        match test.judge(value) {
            Truth::Undecidable(_) => Truth::Undecidable(String::new()),
            decided => decided,
        }
    }

    #[test]
    fn numbers_compare_exactly_across_their_kinds() {
        let order = |left: Value, right: Value| match (left, right) {
            (Value::Number(left), Value::Number(right)) => compare_numbers(&left, &right),
            _ => panic!("numbers only"),
        };
        assert_eq!(order(json!(1), json!(1.0)), Ordering::Equal);
        assert_eq!(
            order(json!(9_007_199_254_740_993_u64), json!(9_007_199_254_740_992.0)),
            Ordering::Greater
        );
        assert_eq!(order(json!(u64::MAX), json!(1.844_674_407_370_955_2e19)), Ordering::Less);
        assert_eq!(order(json!(-3), json!(-2.5)), Ordering::Less);
        assert_eq!(order(json!(-2), json!(-2.5)), Ordering::Greater);
        assert_eq!(order(json!(1e300), json!(u64::MAX)), Ordering::Greater);
        assert_eq!(order(json!(-1e300), json!(i64::MIN)), Ordering::Less);
        assert_eq!(order(json!(-0.0), json!(0)), Ordering::Equal);
    }

    #[test]
    fn unlike_types_are_undecidable_except_under_eq() {
        let undecidable = Truth::Undecidable(String::new());
        let greater = ParamTest::Order(Order::Greater, OrderOperand::Number(100.into()));
        for value in [json!("150"), json!([1]), json!({}), json!(true)] {
            assert_eq!(judge(&greater, &value), undecidable, "{value}");
            assert_eq!(judge(&ParamTest::Eq(json!(150)), &value), Truth::False, "{value}");
        }
        let matches = ParamTest::Matches(Regex::new("1").unwrap());
        assert_eq!(judge(&matches, &json!(["1"])), undecidable);
        assert_eq!(judge(&matches, &json!(100.0)), Truth::True);
        assert_eq!(judge(&ParamTest::Contains(json!(1)), &json!("1")), undecidable);
        assert_eq!(judge(&ParamTest::Contains(json!(1)), &json!({ "1": 0 })), undecidable);
        assert_eq!(judge(&ParamTest::Contains(json!("a")), &json!(5)), undecidable);
        assert_eq!(judge(&ParamTest::Contains(json!(1)), &json!(["1", 1.0])), Truth::True);
    }

    #[test]
    fn pointers_reach_into_objects_and_lists() {
        let params = json!({ "a": { "b/c": [{ "~": 1 }] }, "/x": 2, "": { "": 3 } });
        let params = params.as_object().unwrap();
        let find = |key: &str| ParamKey::new(key).unwrap().find(params).cloned();
        assert_eq!(find("/a/b~1c/0/~0"), Some(json!(1)));
        assert_eq!(find("/a/b~1c/00"), None);
        assert_eq!(find("/a/b~1c/-"), None);
        assert_eq!(find("/~1x"), Some(json!(2)));
        assert_eq!(find("//"), Some(json!(3)));
        assert_eq!(find("b/c"), None);
        assert_eq!(ParamKey::new("/a~2"), None);
        assert_eq!(ParamKey::new("/a~"), None);
        assert_eq!(ParamKey::new("/a~é"), None);
    }
}
