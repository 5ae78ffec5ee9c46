//! One condition of a rule, compiled, and what it says of an action: true, false, or undecidable.

use std::cmp::Ordering;
use std::fmt;

use chrono::{DateTime, NaiveTime, Utc};
use regex::Regex;
use serde_json::{Map, Value};

use crate::decide::action::Action;
use crate::decide::operand::{OrderOperand, compare_numbers, equal};
use crate::decide::param_key::ParamKey;
use crate::decide::time::{Weekdays, Window, local_time};
use crate::decide::zone::Zone;
use crate::text::announced::HIDDEN;
use crate::text::canonical::{canonical_json, canonical_number};
use crate::text::escape::escape_capped;
use crate::text::json::type_name;
use crate::text::secret_names::looks_secret;
use crate::text::span::Span;

/// A compiled condition and where it was written.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    pub(crate) span: Span,
    pub(crate) test: Test,
}

#[derive(Clone, Debug)]
pub(crate) enum Test {
    Window(Window, Zone),
    Weekdays(Weekdays, Zone),
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
            Test::Window(window, zone) => window.holds(zone.local(at).time()),
            Test::Weekdays(days, zone) => days.holds(at, zone),
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

    /// What the condition met, for a person: the actual value or time, escaped and capped. Of a secret,
    /// `shown` holds [`HIDDEN`] or nothing where the action has a value.
    pub(crate) fn actual(&self, action: &Action, shown: &Map<String, Value>, at: DateTime<Utc>) -> String {
        match &self.test {
            Test::Window(_, zone) | Test::Weekdays(_, zone) => format!("it was {}", local_time(at, zone)),
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

impl Condition {
    /// The condition as a policy states it, operand and all, escaped and capped.
    pub(crate) fn stated(&self) -> String {
        match &self.test {
            Test::Window(window, _) => {
                let time = |(keyword, time): (&str, Option<NaiveTime>)| {
                    time.map(|time| format!("{keyword}: \"{}\"", time.format("%H:%M")))
                };
                let times = [("time_after", window.after), ("time_before", window.before)];
                times.into_iter().filter_map(time).collect::<Vec<_>>().join(", ")
            }
            Test::Weekdays(days, _) => format!("weekdays: [{}]", days.words().join(", ")),
            Test::Param(key, test) => {
                let key = key.to_string();
                // What a secret is compared with may be one.
                let is_secret = key.split('/').any(looks_secret);
                let operand = if is_secret { "…".to_owned() } else { escape_capped(&test.operand(), 80) };
                format!("{}: {{ {key}: {operand} }}", test.keyword())
            }
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
    /// What the parameter is compared with: JSON, or a regular expression.
    fn operand(&self) -> String {
        match self {
            ParamTest::Eq(value) | ParamTest::Contains(value) => canonical_json(value),
            ParamTest::Order(_, OrderOperand::Number(number)) => canonical_number(number),
            ParamTest::Order(_, OrderOperand::String(text)) => canonical_json(&Value::from(text.as_str())),
            ParamTest::Matches(regex) => format!("'{regex}'"),
            ParamTest::Exists(flag) => flag.to_string(),
        }
    }

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
    fn conditions_on_the_time_are_told_from_those_on_parameters() {
        let text = b"version: '1'\nrules:\n\
            \x20 - { name: a, conditions: { time_after: '08:00' } }\n\
            \x20 - { name: b, conditions: { weekdays: [mon] } }\n\
            \x20 - { name: c, conditions: { param_exists: { n: true } } }\n";
        let policy = crate::load(&[crate::Source { text }]).policy.unwrap();
        let timed = |rule: &crate::decide::policy::Rule| rule.conditions.iter().any(Condition::is_about_time);
        assert_eq!(policy.rules().iter().map(timed).collect::<Vec<_>>(), [true, true, false]);
    }

    #[test]
    fn a_condition_is_told_with_what_it_wants_and_what_it_met() {
        let told = |written: &str, params: &Value| {
            let text = format!("version: '1'\nrules:\n  - {{ name: a, conditions: {written} }}\n");
            let policy = crate::load(&[crate::Source { text: text.as_bytes() }]).policy.unwrap();
            let condition = &policy.rules()[0].conditions[0];
            let action = json!({ "type": "a", "target": "b", "params": params });
            let action = Action::from_value(action).unwrap();
            let actual = condition.actual(&action, action.params(), DateTime::UNIX_EPOCH);
            (condition.stated(), condition.to_string(), actual)
        };
        let params = json!({ "n": 5, "s": "x\u{202e}", "password": HIDDEN });
        for (written, stated, called, actual) in [
            ("{ param_eq: { n: 1.50 } }", "param_eq: { n: 1.5 }", "param_eq: n", "`n` is 5"),
            ("{ param_gt: { n: 7 } }", "param_gt: { n: 7 }", "param_gt: n", "`n` is 5"),
            ("{ param_lte: { n: b } }", "param_lte: { n: \"b\" }", "param_lte: n", "`n` is 5"),
            (
                "{ param_contains: { /s: y } }",
                "param_contains: { /s: \"y\" }",
                "param_contains: /s",
                "`/s` is \"x\\u{202e}\"",
            ),
            (
                "{ param_matches: { s: ^y } }",
                "param_matches: { s: '^y' }",
                "param_matches: s",
                "`s` is \"x\\u{202e}\"",
            ),
            (
                "{ param_exists: { m: true } }",
                "param_exists: { m: true }",
                "param_exists: m",
                "`m` is absent",
            ),
            (
                "{ param_eq: { password: x } }",
                "param_eq: { password: … }",
                "param_eq: password",
                "`password` is \"[secret]\"",
            ),
            ("{ time_after: '08:00' }", "time_after: \"08:00\"", "time_after", "it was Thu 00:00 UTC"),
            ("{ time_before: '08:00' }", "time_before: \"08:00\"", "time_before", "it was Thu 00:00 UTC"),
            (
                "{ time_after: '08:00', time_before: '18:00' }",
                "time_after: \"08:00\", time_before: \"18:00\"",
                "time_after, time_before",
                "it was Thu 00:00 UTC",
            ),
            ("{ weekdays: [sun, 1] }", "weekdays: [mon, sun]", "weekdays", "it was Thu 00:00 UTC"),
        ] {
            let told = told(written, &params);
            assert_eq!(
                (told.0.as_str(), told.1.as_str(), told.2.as_str()),
                (stated, called, actual),
                "{written}"
            );
        }
    }

    #[test]
    fn comparisons_hold_as_they_say() {
        for (order, holds) in [
            (Order::Greater, [false, false, true]),
            (Order::GreaterOrEqual, [false, true, true]),
            (Order::Less, [true, false, false]),
            (Order::LessOrEqual, [true, true, false]),
        ] {
            for (value, holds) in [4, 5, 6].into_iter().zip(holds) {
                let test = ParamTest::Order(order, OrderOperand::Number(5.into()));
                assert_eq!(judge(&test, &json!(value)), holds.into(), "{order:?} {value}");
                let test = ParamTest::Order(order, OrderOperand::String("5".to_owned()));
                assert_eq!(judge(&test, &json!(value.to_string())), holds.into(), "{order:?} {value}");
            }
            assert_eq!(order.other_strictness().other_strictness(), order);
            assert_ne!(order.other_strictness(), order);
        }
    }
}
