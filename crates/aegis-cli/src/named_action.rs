//! An action's type, target and parameters, as the command line names them.

use std::path::Path;

use aegis_engine::{JsonError, escape_capped, looks_secret, parse_json};
use serde_json::{Map, Value};

use crate::error::CommandError;

/// An action's type and target, as the command line takes them.
#[derive(Clone, Debug)]
pub(crate) struct Short {
    pub(crate) kind: String,
    pub(crate) target: String,
}

/// A parameter, as the command line takes it.
#[derive(Clone, Debug)]
pub(crate) struct Param {
    name: String,
    value: Value,
}

/// Whether a text was written to be read as JSON. Types and names do not begin like that, and what was meant
/// as a whole action must not be decided on as another one.
fn begins_like_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '[', '"', '\''])
}

/// Reads `TYPE:TARGET`; the target may hold further colons.
pub(crate) fn parse_short(text: &str) -> Result<Short, String> {
    if begins_like_json(text) {
        return Err(
            "an action in JSON is read from standard input; pipe it in, as in `echo '{\"type\":\"read\",\
                    \"target\":\"crm\"}' | aegis check`"
                .to_owned(),
        );
    }
    if text == "-" {
        return Err("standard input is read where no action is named: leave it out".to_owned());
    }
    if !text.contains(':') && Path::new(text).extension().is_some_and(|kind| kind == "json") {
        return Err("a file is read from standard input, as in `aegis check <action.json`".to_owned());
    }
    match text.split_once(':') {
        Some((kind, target)) if !kind.is_empty() => {
            Ok(Short { kind: kind.to_owned(), target: target.to_owned() })
        }
        _ => Err("write it as TYPE:TARGET, as in read:crm".to_owned()),
    }
}

/// Reads `NAME=VALUE`: JSON where it is JSON, else a string. A number that cannot be held exactly is neither.
pub(crate) fn parse_param(text: &str) -> Result<Param, String> {
    if begins_like_json(text) {
        return Err("write it as NAME=VALUE, once for each parameter".to_owned());
    }
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
    let value = match parse_json(value.as_bytes()) {
        Ok(value) => value,
        Err(JsonError::Syntax { .. }) => Value::from(value),
        // What it says may quote the value.
        Err(_) if looks_secret(name) => {
            return Err("it cannot be held exactly; to pass it as text, put it in JSON quotes".to_owned());
        }
        Err(error) => return Err(format!("{error}; to pass it as text, put it in JSON quotes")),
    };
    Ok(Param { name: name.to_owned(), value })
}

/// The parameters that the command line gives.
///
/// # Errors
/// When one of them is given twice.
pub(crate) fn members(params: &[Param]) -> Result<Map<String, Value>, CommandError> {
    let mut members = Map::new();
    for param in params {
        if members.insert(param.name.clone(), param.value.clone()).is_some() {
            let name = escape_capped(&param.name, 64);
            return Err(CommandError::usage(format!("the parameter `{name}` is given twice")));
        }
    }
    Ok(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_json_where_they_are_json() {
        let value = |text: &str| parse_param(text).unwrap().value;
        assert_eq!(value("count=150"), 150);
        assert_eq!(value("zip=01234"), "01234");
        assert_eq!(value("id=\"123\""), "123");
        assert_eq!(value("flag=true"), true);
        assert_eq!(value("note=a=b"), "a=b");
        assert_eq!(value("empty="), "");
        assert_eq!(value("list=[1,2]"), serde_json::json!([1, 2]));
        assert!(parse_param("n=99999999999999999999").is_err());
        assert!(parse_param("o={\"a\":1,\"a\":2}").is_err());
        assert!(parse_param("count").is_err());
    }

    #[test]
    fn a_target_may_hold_colons() {
        let short = parse_short("read:s3://b/k").unwrap();
        assert_eq!((short.kind.as_str(), short.target.as_str()), ("read", "s3://b/k"));
        assert!(parse_short("read").is_err() && parse_short(":crm").is_err());
    }

    #[test]
    fn json_is_no_action_on_the_command_line_and_no_parameter() {
        for json in [r#"{"type":"read","target":"crm"}"#, " {\"a\":1}", "[1:2]", "\"read:crm\"", "'read:crm'"]
        {
            assert!(parse_short(json).unwrap_err().contains("standard input"), "{json}");
        }
        assert!(parse_short("action.json").unwrap_err().contains("<action.json"));
        assert!(parse_short("-").is_err());
        assert!(parse_param(r#"{"a":"x=y"}"#).is_err());
    }
}
