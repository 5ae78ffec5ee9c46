//! Plain documents in one pass: those in which nothing is wrong and nothing needs a closer look.
//!
//! A document is plain if every number is an integer of 64 bits, no object has a key twice, and the limits
//! are kept. `serde_json` reads such a document exactly. Whatever else it may be, this reader only says that
//! it is not plain.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserializer, de};
use serde_json::{Map, Value};

use crate::text::json::limits::JsonLimits;

/// The key of the one-member object as which `serde_json` hands over any other number. An agent may write
/// such an object itself.
const NUMBER: &str = "$serde_json::private::Number";

/// The document, if it is plain.
pub(super) fn read(text: &str, limits: JsonLimits) -> Option<Value> {
    let left = Cell::new(limits.values);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Plain { left: &left, depth: limits.depth }.deserialize(&mut deserializer).ok()?;
    deserializer.end().ok()?;
    Some(value)
}

/// Reads one value.
#[derive(Clone, Copy)]
struct Plain<'c> {
    /// How many values there may still be.
    left: &'c Cell<usize>,
    /// How deep arrays and objects may still nest.
    depth: usize,
}

impl Plain<'_> {
    fn inner<E: de::Error>(self) -> Result<Self, E> {
        let depth = self.depth.checked_sub(1).ok_or_else(|| E::custom("too deep"))?;
        Ok(Plain { depth, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Plain<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.left.set(self.left.get().checked_sub(1).ok_or_else(|| D::Error::custom("too many values"))?);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Plain<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a plain JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut object = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            if key == NUMBER {
                return Err(A::Error::custom("perhaps a number"));
            }
            let value = members.next_value_seed(inner)?;
            if object.insert(key, value).is_some() {
                return Err(A::Error::custom("a key twice"));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Reader, read_json};
    use super::*;
    use proptest::prelude::*;
    use serde_json::value::RawValue;

    const LIMITS: JsonLimits = JsonLimits { bytes: 1 << 20, depth: 4, values: 12 };

    /// What the reader for all documents makes of one.
    fn judged(text: &str) -> Option<Value> {
        let root: &RawValue = serde_json::from_str(text).ok()?;
        Reader { text, limits: LIMITS, values: 0 }.value(root, 1).ok()
    }

    /// Documents around every border: of numbers, limits, keys, escapes and syntax.
    fn document() -> impl Strategy<Value = String> {
        let scalar = prop_oneof![
            Just("null".to_owned()),
            Just("true".to_owned()),
            any::<i64>().prop_map(|number| number.to_string()),
            any::<u64>().prop_map(|number| number.to_string()),
            prop_oneof![Just("18446744073709551616"), Just("-9223372036854775809"), Just("-0"), Just("1e3")]
                .prop_map(str::to_owned),
            prop_oneof![Just("01"), Just("1.5"), Just("\"\\u0041\""), Just("\"\\ud800\""), Just("\"\n\"")]
                .prop_map(str::to_owned),
            "[ -~]{0,4}".prop_map(|text| serde_json::to_string(&text).unwrap()),
        ];
        let key = prop_oneof![
            6 => prop_oneof![Just("\"a\""), Just("\"\\u0061\""), Just("\"b\""), Just("\"\""), Just("a")],
            1 => Just("\"$serde_json::private::Number\""),
            1 => Just("\"\\u0024serde_json::private::Number\""),
            1 => Just("\"$serde_json::private::RawValue\""),
        ];
        scalar.prop_recursive(5, 24, 4, move |inner| {
            let members = proptest::collection::vec((key.clone(), inner.clone()), 0..4);
            prop_oneof![
                proptest::collection::vec(inner, 0..4).prop_map(|items| format!("[{}]", items.join(","))),
                members.prop_map(|members| {
                    let members: Vec<_> =
                        members.iter().map(|(key, value)| format!("{key}: {value}")).collect();
                    format!(" {{{}}}", members.join(" ,"))
                }),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]
        #[test]
        fn what_is_plain_is_what_the_reader_for_all_documents_makes_of_it(text in document()) {
            if let Some(value) = read(&text, LIMITS) {
                prop_assert_eq!(Some(value), judged(&text));
            }
            prop_assert_eq!(read_json(text.as_bytes(), LIMITS).ok(), judged(&text));
        }
    }

    #[test]
    fn ordinary_actions_are_plain_and_doubtful_ones_are_not() {
        for (text, plain) in [
            (r#"{"type":"read","target":"crm","params":{"n":[1,-2,"x",null,true]}}"#, true),
            ("[[[[]]]]", true),
            ("[[[[[]]]]]", false),
            ("[1,2,3,4,5,6,7,8,9,10,11]", true),
            ("[1,2,3,4,5,6,7,8,9,10,11,12]", false),
            (r#"{"a":1,"\u0061":2}"#, false),
            ("18446744073709551615", true),
            ("18446744073709551616", false),
            ("1.0", false),
            ("1 2", false),
            (r#"{"\u0024serde_json::private::Number":"1"}"#, false),
            (r#"{"$serde_json::private::Number":"1"}"#, false),
        ] {
            assert_eq!(read(text, LIMITS).is_some(), plain, "{text}");
        }
    }

    #[test]
    fn an_object_with_a_word_of_the_library_stays_one() {
        for word in ["$serde_json::private::Number", "\\u0024serde_json::private::Number"] {
            let value = read_json(format!(r#"{{"{word}":"1"}}"#).as_bytes(), LIMITS).unwrap();
            assert_eq!(value.get("$serde_json::private::Number"), Some(&Value::from("1")));
        }
        let value = read_json(br#"{"$serde_json::private::RawValue":"[1]"}"#, LIMITS).unwrap();
        assert!(value.is_object(), "{value}");
    }
}
