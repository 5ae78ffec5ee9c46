//! Parameters as they are stored: read by the rules of actions, with every digit of their numbers.

use aegis_engine::parse_recorded_json;
use serde::{Deserialize, Deserializer, de};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// Reads the parameters of a payload or a record. What [`Value`] itself would take for something else than is
/// written, or of which it would keep a half, is an error.
pub(crate) fn read(text: &str) -> Result<Map<String, Value>, String> {
    match parse_recorded_json(text).map_err(|error| error.to_string())? {
        Value::Object(params) => Ok(params),
        _ => Err("its parameters are not an object".to_owned()),
    }
}

/// The same as a part of something else, where they may have been removed.
pub(crate) fn deserialize_some<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Map<String, Value>>, D::Error> {
    let text = Option::<Box<RawValue>>::deserialize(deserializer)?;
    text.map(|text| read(text.get())).transpose().map_err(de::Error::custom)
}
