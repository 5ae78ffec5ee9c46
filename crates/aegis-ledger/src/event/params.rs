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

/// The same as a part of something else that is read.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Map<String, Value>, D::Error> {
    read(Box::<RawValue>::deserialize(deserializer)?.get()).map_err(de::Error::custom)
}

/// The same where they may have been removed.
pub(crate) fn deserialize_some<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Map<String, Value>>, D::Error> {
    let text = Option::<Box<RawValue>>::deserialize(deserializer)?;
    text.map(|text| read(text.get())).transpose().map_err(de::Error::custom)
}

#[cfg(test)]
mod tests {
    use crate::event::Payload;

    #[test]
    fn what_is_read_is_what_is_written() {
        let payload = |params: &str| {
            serde_json::from_str::<Payload>(&format!(r#"{{"description":"","params":{params}}}"#))
                .map(|payload| serde_json::to_string(&payload.params).unwrap_or_default())
        };
        for params in [
            r#"{"n":100.00000000000000001}"#,
            r#"{"n":1e-400}"#,
            r#"{"x":{"$serde_json::private::Number":"1"}}"#,
            r#"{"x":{"$serde_json::private::RawValue":"[1]"}}"#,
        ] {
            assert_eq!(payload(params).unwrap(), params);
        }
        for params in [r#"{"n":1,"n":2}"#, r#"{"n":1e400}"#, "[1]", "null"] {
            assert!(payload(params).is_err(), "{params}");
        }
    }
}
