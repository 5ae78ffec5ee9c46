//! `--format` of `check`: how it answers.

use aegis_present::Format;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

/// How to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AnswerFormat {
    /// As every command that answers in text or JSON.
    Own(Format),
    /// In the words of the API that the calls came from.
    Native,
}

impl AnswerFormat {
    /// How a single answer is written.
    pub(super) const fn own(self) -> Format {
        match self {
            AnswerFormat::Own(format) => format,
            AnswerFormat::Native => Format::Json,
        }
    }
}

/// Reads the three words.
pub(super) fn answer_format() -> impl TypedValueParser<Value = AnswerFormat> {
    let values = [
        PossibleValue::new("text")
            .help("One line for a person, and a second with the reason where it is a refusal"),
        PossibleValue::new("json").help("One object on one line; with --from, one for each call"),
        PossibleValue::new("native").help(
            "With --from: one object that says what may be run, and holds the refusals as the API's own blocks",
        ),
    ];
    PossibleValuesParser::new(values).map(|word| match word.as_str() {
        "native" => AnswerFormat::Native,
        "json" => AnswerFormat::Own(Format::Json),
        _ => AnswerFormat::Own(Format::Text),
    })
}
