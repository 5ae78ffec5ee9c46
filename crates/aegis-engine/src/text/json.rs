//! Strict JSON: what two readers could understand differently is refused.
//!
//! `serde_json` keeps the last of duplicate keys, takes integers of any size, and takes an object whose key
//! is one of its own secret words for a number. Here it only splits the text ([`RawValue`]), checked against
//! RFC 8259; keys and numbers are judged one by one. A number keeps the text that it is written with.

pub(crate) mod limits;
mod plain;
mod slips;

use std::fmt;

use serde::Deserializer as _;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};
use thiserror::Error;

use crate::text::decimal;
use crate::text::escape::escape_capped;
use crate::text::json::limits::JsonLimits;
use crate::text::secret_names::looks_secret;
use crate::text::span::Position;

pub use slips::JsonSlip;

/// Why a JSON document was refused.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum JsonError {
    /// More bytes than allowed.
    #[error("the document has more than {limit} bytes")]
    TooLarge {
        /// The most that is allowed.
        limit: usize,
    },
    /// Bytes that are not UTF-8.
    #[error("byte {offset} is not valid UTF-8")]
    NotUtf8 {
        /// The first offending byte, from 0.
        offset: usize,
    },
    /// A byte-order mark at the start.
    #[error("the document starts with a byte-order mark")]
    ByteOrderMark,
    /// Text that is not JSON.
    #[error("{position}: {problem}")]
    Syntax {
        /// Where.
        position: Position,
        /// What `serde_json` says of it.
        problem: String,
        /// What was probably written in its place.
        slip: Option<JsonSlip>,
    },
    /// An object with the same key twice.
    #[error("{position}: duplicate key `{}`", escape_capped(key, 64))]
    DuplicateKey {
        /// Where the second one stands.
        position: Position,
        /// The key, unescaped.
        key: String,
    },
    /// Objects and arrays within one another, deeper than allowed.
    #[error("{position}: nested more than {limit} levels deep")]
    TooDeep {
        /// Where the limit is passed.
        position: Position,
        /// The most that is allowed.
        limit: usize,
    },
    /// More values than allowed.
    #[error("{position}: more than {limit} values")]
    TooManyValues {
        /// Where the limit is passed.
        position: Position,
        /// The most that is allowed.
        limit: usize,
    },
    /// A number that cannot be held exactly, or not at all.
    #[error("{position}: the number `{}` {problem}", escape_capped(number, 64))]
    Number {
        /// Where.
        position: Position,
        /// The number as written.
        number: String,
        /// What is wrong with it.
        problem: &'static str,
    },
}

impl JsonError {
    /// Where in the document; `None` where it is about all of it.
    #[must_use]
    pub const fn position(&self) -> Option<Position> {
        match self {
            JsonError::Syntax { position, .. }
            | JsonError::DuplicateKey { position, .. }
            | JsonError::TooDeep { position, .. }
            | JsonError::TooManyValues { position, .. }
            | JsonError::Number { position, .. } => Some(*position),
            JsonError::TooLarge { .. } | JsonError::NotUtf8 { .. } | JsonError::ByteOrderMark => None,
        }
    }

    /// What to do about it.
    #[must_use]
    pub const fn help(&self) -> Option<&'static str> {
        Some(match self {
            JsonError::Syntax { slip: Some(slip), .. } => slip.help(),
            JsonError::Syntax { slip: None, .. } => return None,
            JsonError::TooLarge { .. } | JsonError::TooManyValues { .. } => {
                "pass large data by a name that stands for it, such as its path or its digest"
            }
            JsonError::NotUtf8 { .. } => "encode the document as UTF-8",
            JsonError::ByteOrderMark => {
                "write it without one: it is the character U+FEFF before the first bracket"
            }
            JsonError::DuplicateKey { .. } => {
                "remove one of the two; no reader agrees with another on which of them counts"
            }
            JsonError::TooDeep { .. } => "nest less, or pass the inner part as text",
            JsonError::Number { .. } => "write it in double quotes if it is meant as text",
        })
    }

    /// The same error within the value of this name, which is not quoted if it may be a secret.
    fn of(self, name: &str) -> JsonError {
        match self {
            JsonError::Number { position, problem, .. } if looks_secret(name) => {
                JsonError::Number { position, number: "…".to_owned(), problem }
            }
            other => other,
        }
    }
}

/// Reads one JSON document strictly.
fn read_json(bytes: &[u8], limits: JsonLimits) -> Result<Value, JsonError> {
    if bytes.len() > limits.bytes {
        return Err(JsonError::TooLarge { limit: limits.bytes });
    }
    let text =
        std::str::from_utf8(bytes).map_err(|error| JsonError::NotUtf8 { offset: error.valid_up_to() })?;
    if text.starts_with('\u{FEFF}') {
        return Err(JsonError::ByteOrderMark);
    }
    // Most documents need no judging: one pass reads them. Of the others, the reader below says what is
    // wrong.
    if let Some(value) = plain::read(text, limits) {
        return Ok(value);
    }
    let mut reader = Reader { text, limits, values: 0 };
    let root: &RawValue = serde_json::from_str(text).map_err(|error| reader.syntax(&error, 0))?;
    reader.value(root, 1)
}

/// Reads any JSON value by the rules, and within the limits, of action documents.
///
/// # Errors
/// Whatever two programs could read differently is refused: see [`JsonError`].
pub fn parse_json(bytes: &[u8]) -> Result<Value, JsonError> {
    read_json(bytes, JsonLimits::OF_ACTIONS)
}

/// The largest message, in bytes, that [`parse_message_json`] reads.
pub const MAX_MESSAGE_BYTES: usize = JsonLimits::OF_MESSAGES.bytes;

/// Reads a message in which calls stand among other things, such as the answer of a model, by the same rules.
/// It may be larger than an action, and what is made of a part of it must be held to an action's own limits.
///
/// # Errors
/// As [`parse_json`].
pub fn parse_message_json(bytes: &[u8]) -> Result<Value, JsonError> {
    read_json(bytes, JsonLimits::OF_MESSAGES)
}

/// Reads a JSON value out of a record: by the same rules, however long it is. What stands for secrets may
/// have made it longer than any action.
///
/// # Errors
/// As [`parse_json`].
pub fn parse_recorded_json(text: &str) -> Result<Value, JsonError> {
    read_json(text.as_bytes(), JsonLimits::OF_RECORDS)
}

/// What kind of JSON value this is, with its article.
#[must_use]
pub fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

struct Reader<'a> {
    text: &'a str,
    limits: JsonLimits,
    values: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self, raw: &'a RawValue, depth: usize) -> Result<Value, JsonError> {
        self.values += 1;
        if self.values > self.limits.values {
            return Err(JsonError::TooManyValues { position: self.position(raw), limit: self.limits.values });
        }
        match raw.get().as_bytes().first() {
            Some(b'{' | b'[') if depth > self.limits.depth => {
                Err(JsonError::TooDeep { position: self.position(raw), limit: self.limits.depth })
            }
            Some(b'{') => self.object(raw, depth).map(Value::Object),
            Some(b'[') => {
                let items: Vec<&RawValue> = self.leaf(raw)?;
                items
                    .into_iter()
                    .map(|item| self.value(item, depth + 1))
                    .collect::<Result<_, _>>()
                    .map(Value::Array)
            }
            Some(b'-' | b'0'..=b'9') => self.number(raw).map(Value::Number),
            _ => self.leaf(raw),
        }
    }

    fn object(&mut self, raw: &'a RawValue, depth: usize) -> Result<Map<String, Value>, JsonError> {
        let members = serde_json::Deserializer::from_str(raw.get())
            .deserialize_map(MembersVisitor)
            .map_err(|error| self.syntax(&error, self.offset(raw)))?;
        let mut object = Map::new();
        for (raw_key, raw_value) in members {
            let key: String = self.leaf(raw_key)?;
            if object.contains_key(&key) {
                return Err(JsonError::DuplicateKey { position: self.position(raw_key), key });
            }
            let value = self.value(raw_value, depth + 1).map_err(|error| error.of(&key))?;
            object.insert(key, value);
        }
        Ok(object)
    }

    fn number(&self, raw: &'a RawValue) -> Result<Number, JsonError> {
        let text = raw.get();
        let refused =
            |problem| JsonError::Number { position: self.position(raw), number: text.to_owned(), problem };
        if text.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E')) {
            decimal::held(text).map_err(refused)?;
            return text.parse().map_err(|_| refused("is not a number"));
        }
        decimal::integer(text).ok_or_else(|| refused("is an integer outside the 64-bit range"))
    }

    /// A string, a literal, or the parts of an array: whatever `serde_json` itself reads exactly.
    fn leaf<T: serde::Deserialize<'a>>(&self, raw: &'a RawValue) -> Result<T, JsonError> {
        serde_json::from_str(raw.get()).map_err(|error| self.syntax(&error, self.offset(raw)))
    }

    /// Where `raw`, a slice of the document, begins in it.
    fn offset(&self, raw: &RawValue) -> usize {
        (raw.get().as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize)
    }

    fn position(&self, raw: &RawValue) -> Position {
        Position::of(self.text, self.offset(raw))
    }

    fn syntax(&self, error: &serde_json::Error, base: usize) -> JsonError {
        // Its columns count bytes.
        let part = self.text.get(base..).unwrap_or_default();
        let lines = part.split_inclusive('\n').take(error.line().saturating_sub(1));
        let line = base + lines.map(str::len).sum::<usize>();
        let mut offset = (line + error.column().saturating_sub(1)).min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        // serde_json ends its message with a place of its own, counted from `base`.
        let message = error.to_string();
        let problem = message.rsplit_once(" at line ").map_or(message.as_str(), |(problem, _)| problem);
        JsonError::Syntax {
            position: Position::of(self.text, offset),
            problem: problem.to_owned(),
            slip: slips::slip(self.text, offset, problem),
        }
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Vec<(&'de RawValue, &'de RawValue)>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(members)
    }
}
