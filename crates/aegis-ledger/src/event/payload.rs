//! The parameters and the description of an action, as they are stored: what may hold secrets, and can be
//! removed without breaking the chain.

use std::borrow::Cow;
use std::fmt::Display;

use aegis_engine::canonical_json;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::params;
use super::text::Text;

/// What may hold secrets, read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Payload {
    /// What the operation was given.
    pub params: Map<String, Value>,
    /// The agent's own words.
    pub description: String,
}

/// The same as it is stored: the parameters are JSON that can be copied as it is.
#[derive(Clone, Debug)]
pub struct StoredPayload<'a> {
    /// What the operation was given: an object on one line.
    pub params: Cow<'a, RawValue>,
    /// The agent's own words.
    pub description: Text<'a>,
}

/// The two members, unread.
#[derive(Deserialize)]
struct Members<'a> {
    #[serde(borrow)]
    params: &'a RawValue,
    #[serde(borrow)]
    description: Text<'a>,
}

impl Payload {
    /// Reads what is stored.
    ///
    /// # Errors
    /// When it is none, or two programs could read it differently. The text says in which way.
    pub fn read(stored: &str) -> Result<Payload, String> {
        let members = members(stored)?;
        Ok(Payload {
            params: params::read(members.params.get()).map_err(wrong)?,
            description: members.description.to_string(),
        })
    }
}

impl<'a> StoredPayload<'a> {
    /// The same without a copy. What [`Payload::read`] does not read, this does not read either.
    ///
    /// # Errors
    /// As there.
    pub fn read(stored: &'a str) -> Result<StoredPayload<'a>, String> {
        let Members { params, description } = members(stored)?;
        let read = params::read(params.get()).map_err(wrong)?;
        // Whoever may write the file can write anything. What is stored in canonical form needs no copy.
        let bytes = params.get().as_bytes();
        let is_plain = !bytes.iter().any(|byte| *byte < b' ') && !bytes.windows(2).any(|pair| pair == b"\\u");
        let params = if is_plain {
            Cow::Borrowed(params)
        } else {
            let canonical = RawValue::from_string(canonical_json(&Value::Object(read)));
            Cow::Owned(canonical.map_err(wrong)?)
        };
        Ok(StoredPayload { params, description })
    }
}

fn members(stored: &str) -> Result<Members<'_>, String> {
    serde_json::from_str(stored).map_err(wrong)
}

fn wrong(problem: impl Display) -> String {
    format!("its payload cannot be read: {problem}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(params: &str) -> Result<String, String> {
        let stored = format!(r#"{{"description":"","params":{params}}}"#);
        let (owned, borrowed) = (Payload::read(&stored), StoredPayload::read(&stored));
        assert_eq!(owned.as_ref().err(), borrowed.as_ref().err(), "{params}");
        let borrowed = borrowed?.params.get().to_owned();
        assert_eq!(owned?.params, params::read(&borrowed).unwrap(), "{params}");
        Ok(borrowed)
    }

    #[test]
    fn what_is_read_is_what_is_written() {
        for params in [
            r#"{"n":100.00000000000000001}"#,
            r#"{"n":1e-400}"#,
            r#"{"x":{"$serde_json::private::Number":"1"}}"#,
            r#"{"x":{"$serde_json::private::RawValue":"[1]"}}"#,
        ] {
            assert_eq!(given(params).unwrap(), params);
        }
    }

    #[test]
    fn parameters_that_this_program_did_not_write_come_in_its_own_form() {
        assert_eq!(given("{\"a\":\n1}").unwrap(), r#"{"a":1}"#);
        assert_eq!(given(r#"{"a":"\u001b\u0041"}"#).unwrap(), r#"{"a":"\u001bA"}"#);
    }

    #[test]
    fn what_two_programs_could_read_differently_is_not_read() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(200), "]".repeat(200));
        for params in [r#"{"n":1,"n":2}"#, r#"{"n":1e400}"#, r#"{"a":"\ud800"}"#, "[1]", "1", "null", &deep] {
            assert!(given(params).unwrap_err().starts_with("its payload cannot be read: "), "{params}");
        }
        for stored in ["", "{}", "[]", r#"{"params":{}}"#, r#"{"description":1,"params":{}}"#] {
            assert!(Payload::read(stored).is_err() && StoredPayload::read(stored).is_err(), "{stored}");
        }
    }
}
