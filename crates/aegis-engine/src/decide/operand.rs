//! What parameters are compared with, and how: numbers as numbers and exactly, strings by code point.

use std::borrow::Cow;
use std::cmp::Ordering;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Number, Value};

use crate::text::decimal::Decimal;

/// An operand that has an order: a number, or a string (by code point).
#[derive(Clone, Debug, PartialEq)]
pub enum OrderOperand {
    /// A number.
    Number(Number),
    /// A string.
    String(String),
}

impl JsonSchema for OrderOperand {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "OrderOperand".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["number", "string"] })
    }
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

/// Compares two numbers exactly, as they are written.
pub(crate) fn compare_numbers(left: &Number, right: &Number) -> Ordering {
    match (left.as_i64(), right.as_i64()) {
        (Some(left), Some(right)) => left.cmp(&right),
        _ => Decimal::of(left).cmp(&Decimal::of(right)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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
    fn lists_and_objects_are_equal_where_their_numbers_are() {
        for (left, right) in [
            (json!([1, "a"]), json!([1.0, "a"])),
            (json!([[2]]), json!([[2e0]])),
            (json!({ "a": 1, "b": [null] }), json!({ "b": [null], "a": 1.0 })),
            (json!([]), json!([])),
            (json!({}), json!({})),
        ] {
            assert!(equal(&left, &right) && equal(&right, &left), "{left} {right}");
        }
        for (left, right) in [
            (json!([1]), json!([1, 2])),
            (json!([]), json!([1])),
            (json!([1, 2]), json!([2, 1])),
            (json!({ "a": 1 }), json!({ "a": 1, "b": 2 })),
            (json!({}), json!({ "a": null })),
            (json!({ "a": 1 }), json!({ "b": 1 })),
            (json!({ "a": 1 }), json!({ "a": 2 })),
            (json!([]), json!({})),
            (json!("1"), json!(1)),
        ] {
            assert!(!equal(&left, &right) && !equal(&right, &left), "{left} {right}");
        }
    }

    #[test]
    fn a_schema_says_where_it_stands_that_only_numbers_and_strings_have_an_order() {
        let mut schema = serde_json::to_value(schemars::schema_for!(OrderOperand)).unwrap();
        schema.as_object_mut().unwrap().remove("$schema");
        assert_eq!(schema, json!({ "title": "OrderOperand", "type": ["number", "string"] }));
        let schema = serde_json::to_value(schemars::schema_for!(Vec<OrderOperand>)).unwrap();
        assert_eq!(schema["items"], json!({ "type": ["number", "string"] }));
    }
}
