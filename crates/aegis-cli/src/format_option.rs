//! `--format`, of commands that answer in text or in JSON.

use aegis_present::Format;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

/// Reads the two words. `text` and `json` say what each of them is to the command.
pub(crate) fn text_or_json(text: &'static str, json: &'static str) -> impl TypedValueParser<Value = Format> {
    let values = [PossibleValue::new("text").help(text), PossibleValue::new("json").help(json)];
    PossibleValuesParser::new(values).map(|word| if word == "json" { Format::Json } else { Format::Text })
}
