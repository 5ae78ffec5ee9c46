//! The one byte form of a JSON value: RFC 8785 (JCS), with numbers kept exact instead of passing through
//! `f64`.

use std::cmp::Ordering;
use std::fmt::Write as _;

use serde_json::{Map, Number, Value};

use crate::text::decimal::Decimal;

/// Writes `value` in canonical form: keys in UTF-16 order, no white space, shortest escapes, numbers as
/// ECMAScript lays them out, with every digit that they were written with.
///
/// ```
/// use aegis_engine::canonical_json;
/// let value = serde_json::json!({ "b": 1.0, "a": [9007199254740993_u64, "\u{e9}\n"] });
/// assert_eq!(canonical_json(&value), "{\"a\":[9007199254740993,\"\u{e9}\\n\"],\"b\":1}");
/// ```
#[must_use]
pub fn canonical_json(value: &Value) -> String {
    let mut text = String::new();
    write_value(&mut text, value);
    text
}

/// A member of an object that need not be put together for it to be written.
#[derive(Clone, Copy, Debug)]
pub enum Member<'a> {
    /// A string.
    Text(&'a str),
    /// An object.
    Object(&'a Map<String, Value>),
}

/// Writes the object of these members in canonical form. They must be in canonical order already, without
/// duplicates.
///
/// ```
/// use aegis_engine::{Member, canonical_members};
/// let params = serde_json::json!({ "b": 1.0, "a": 2 });
/// let params = Member::Object(params.as_object().expect("an object"));
/// let members = [("params", params), ("type", Member::Text("x"))];
/// assert_eq!(canonical_members(members), r#"{"params":{"a":2,"b":1},"type":"x"}"#);
/// ```
#[must_use]
pub fn canonical_members<'a>(members: impl IntoIterator<Item = (&'a str, Member<'a>)>) -> String {
    let mut text = String::with_capacity(256);
    text.push('{');
    for (index, (name, member)) in members.into_iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        write_string(&mut text, name);
        text.push(':');
        match member {
            Member::Text(string) => write_string(&mut text, string),
            Member::Object(members) => write_object(&mut text, members),
        }
    }
    text.push('}');
    text
}

/// The canonical text of a number: numbers have the same text exactly when they are equal, and reading it
/// gives the number again.
///
/// The number is the decimal that is written, not the float next to it: every digit counts. They are laid out
/// as ECMAScript does (RFC 8785, section 3.2.2.3), so that whatever a float holds has the text of that RFC,
/// with one exception: whole numbers of 64 bits are written digit by digit, and those beyond with an
/// exponent.
///
/// ```
/// use aegis_engine::canonical_number;
/// let text = |number: &str| canonical_number(&number.parse().expect("a number"));
/// assert_eq!([text("100.0"), text("1e2")], ["100", "100"]);
/// assert_eq!(text("100.00000000000000001"), "100.00000000000000001");
/// ```
#[must_use]
pub fn canonical_number(number: &Number) -> String {
    let text = number.as_str();
    // As nearly all are written already.
    let is_plain = text.len() < 19 && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_plain { text.to_owned() } else { Decimal::of(number).canonical() }
}

fn write_value(text: &mut String, value: &Value) {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(flag) => text.push_str(if *flag { "true" } else { "false" }),
        Value::Number(number) => text.push_str(&canonical_number(number)),
        Value::String(string) => write_string(text, string),
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write_value(text, item);
            }
            text.push(']');
        }
        Value::Object(members) => write_object(text, members),
    }
}

fn write_object(text: &mut String, members: &Map<String, Value>) {
    let mut sorted: Vec<_> = members.iter().collect();
    sorted.sort_by(|(left, _), (right, _)| utf16_order(left, right));
    text.push('{');
    for (index, (key, value)) in sorted.into_iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        write_string(text, key);
        text.push(':');
        write_value(text, value);
    }
    text.push('}');
}

/// The order of the strings' UTF-16 code units. Among ASCII strings it is that of their bytes.
fn utf16_order(left: &str, right: &str) -> Ordering {
    if left.is_ascii() && right.is_ascii() {
        left.cmp(right)
    } else {
        left.encode_utf16().cmp(right.encode_utf16())
    }
}

/// RFC 8785, section 3.2.2.2: the two-character escapes where they exist, `\u00xx` for other controls.
fn write_string(text: &mut String, string: &str) {
    text.push('"');
    let escaped = |byte: u8| byte < b' ' || byte == b'"' || byte == b'\\';
    let mut rest = string;
    while let Some(index) = rest.bytes().position(escaped) {
        let (plain, tail) = rest.split_at(index);
        text.push_str(plain);
        let mut characters = tail.chars();
        match characters.next() {
            Some('"') => text.push_str("\\\""),
            Some('\\') => text.push_str("\\\\"),
            Some('\u{8}') => text.push_str("\\b"),
            Some('\u{9}') => text.push_str("\\t"),
            Some('\u{A}') => text.push_str("\\n"),
            Some('\u{C}') => text.push_str("\\f"),
            Some('\u{D}') => text.push_str("\\r"),
            Some(control) => {
                let _ = write!(text, "\\u{:04x}", u32::from(control));
            }
            None => {}
        }
        rest = characters.as_str();
    }
    text.push_str(rest);
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_example_of_rfc_8785_comes_out_as_printed_there() {
        let value = json!({
            "numbers": [333_333_333.333_333_3, 1E30, 4.50, 2e-3, 0.000_000_000_000_000_000_000_000_001],
            "string": "\u{20ac}$\u{f}\nA'B\"\\\\\"/",
            "literals": [null, true, false]
        });
        assert_eq!(
            canonical_json(&value),
            "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],\
             \"string\":\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}"
        );
    }

    #[test]
    fn keys_are_in_utf16_order() {
        let value = json!({ "\u{1F600}": 1, "\u{FB33}": 2, "\u{20ac}": 3, "\r": 4, "1": 5 });
        assert_eq!(
            canonical_json(&value),
            "{\"\\r\":4,\"1\":5,\"\u{20ac}\":3,\"\u{1F600}\":1,\"\u{FB33}\":2}"
        );
    }

    #[test]
    fn integers_of_64_bits_keep_every_digit() {
        let value = json!([u64::MAX, i64::MIN, 9_007_199_254_740_993_u64, -0.0, 100.0]);
        assert_eq!(
            canonical_json(&value),
            "[18446744073709551615,-9223372036854775808,9007199254740993,0,100]"
        );
    }

    fn text(number: &str) -> String {
        canonical_json(&crate::parse_json(number.as_bytes()).unwrap())
    }

    #[test]
    fn whole_decimals_have_the_text_of_the_integer_that_they_equal() {
        for (written, canonical) in [
            ("9223372036854775808.0", "9223372036854775808"),
            ("-9223372036854775808.0", "-9223372036854775808"),
            ("1152921504606846976.0", "1152921504606846976"),
            ("18446744073709551616.0", "1.8446744073709551616e+19"),
        ] {
            assert_eq!(text(written), canonical);
        }
        let value = json!([18_446_744_073_709_551_616.0, -1e20, 1e21, 1e-7, 123.5]);
        assert_eq!(canonical_json(&value), "[1.8446744073709552e+19,-1e+20,1e+21,1e-7,123.5]");
    }

    #[test]
    fn numbers_that_a_float_would_round_keep_every_digit() {
        for written in ["100.00000000000000001", "0.1000000000000000055", "9007199254740993", "1e-400"] {
            assert_eq!(text(written), written);
        }
        assert_eq!(text("9007199254740993.0"), "9007199254740993");
    }
}
