//! Slips of people, and of other languages' printers, in JSON.

/// What was written in place of JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JsonSlip {
    /// `'text'`.
    SingleQuotes,
    /// `“text”`.
    CurlyQuotes,
    /// A comma before a closing bracket.
    TrailingComma,
    /// A comma that is not there.
    MissingComma,
    /// A second document behind the first.
    SeveralDocuments,
    /// `{type: …}`.
    UnquotedKey,
    /// `//`, `/*` or `#`.
    Comment,
    /// `True`, `False`, `None`, `undefined`.
    ForeignWord,
    /// `NaN`, `Infinity`.
    NotFinite,
    /// `01`, `+1`, `.5`, `1.`.
    Number,
    /// A line break or a tab in a string.
    ControlCharacter,
    /// A backslash that begins no escape.
    Escape,
    /// A text in no quotes.
    UnquotedText,
    /// An equals sign where a colon belongs.
    MissingColon,
    /// The document ends within a value.
    Unfinished,
}

impl JsonSlip {
    /// What to do about it.
    #[must_use]
    pub const fn help(self) -> &'static str {
        match self {
            JsonSlip::SingleQuotes => {
                "JSON has double quotes alone; in a shell, put the whole document in single quotes: '{\"type\": …}'"
            }
            JsonSlip::CurlyQuotes => "write straight quotes: \"",
            JsonSlip::TrailingComma => "remove the comma before the bracket",
            JsonSlip::MissingComma => "put a comma between the two",
            JsonSlip::SeveralDocuments => "one document holds one action",
            JsonSlip::UnquotedKey => "put the key in double quotes",
            JsonSlip::Comment => "remove the comment: JSON has none",
            JsonSlip::ForeignWord => "write `true`, `false` or `null`, in small letters",
            JsonSlip::NotFinite => {
                "JSON has finite numbers alone: leave it out, or write it as text in double quotes"
            }
            JsonSlip::Number => {
                "numbers have no `+`, no leading zeros, and digits on both sides of the point; what is meant as \
                 text stands in double quotes"
            }
            JsonSlip::ControlCharacter => "in a string, write a line break as \\n and a tab as \\t",
            JsonSlip::Escape => "double the backslash if it is meant as itself: \\\\",
            JsonSlip::UnquotedText => "put the text in double quotes",
            JsonSlip::MissingColon => "put a colon between the key and its value",
            JsonSlip::Unfinished => "the end is missing: close what is open, or send all of it",
        }
    }
}

/// The slip at the byte of a text at which it stops being JSON, in words of `serde_json`.
pub(super) fn slip(text: &str, offset: usize, problem: &str) -> Option<JsonSlip> {
    if problem.starts_with("EOF") {
        return Some(JsonSlip::Unfinished);
    }
    if problem.contains("control character") {
        return Some(JsonSlip::ControlCharacter);
    }
    if problem.contains("escape") || problem.contains("surrogate") {
        return Some(JsonSlip::Escape);
    }
    if problem.contains("trailing comma") {
        return Some(JsonSlip::TrailingComma);
    }
    let (before, rest) = text.split_at_checked(offset)?;
    // Inside a word the parser stops behind its first letters.
    let word = before.len() - before.trim_end_matches(|letter: char| letter.is_ascii_alphabetic()).len();
    let rest = text.get(offset - word..).filter(|_| problem.contains("ident")).unwrap_or(rest);
    let first = rest.chars().next()?;
    let key_expected = problem.starts_with("key must be a string");
    let word: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
    Some(match first {
        '\'' => JsonSlip::SingleQuotes,
        '“' | '”' | '„' | '‘' | '’' => JsonSlip::CurlyQuotes,
        '/' | '#' => JsonSlip::Comment,
        // What is no JSON from its beginning on was not meant as an action.
        _ if before.trim().is_empty() => return None,
        '}' | ']' if before.trim_end().ends_with(',') => JsonSlip::TrailingComma,
        _ if problem.contains("trailing characters") => match first {
            '{' | '[' | '"' => JsonSlip::SeveralDocuments,
            _ => return None,
        },
        '=' => JsonSlip::MissingColon,
        _ if key_expected => JsonSlip::UnquotedKey,
        _ if problem.starts_with("expected `:`") => JsonSlip::MissingColon,
        _ if problem.starts_with("expected `,` or") && matches!(first, '"' | '{' | '[') => {
            JsonSlip::MissingComma
        }
        _ if matches!(
            word.as_str(),
            "True" | "False" | "None" | "TRUE" | "FALSE" | "NULL" | "Null" | "nil" | "undefined"
        ) =>
        {
            JsonSlip::ForeignWord
        }
        _ if matches!(word.as_str(), "NaN" | "Infinity" | "inf" | "nan") => JsonSlip::NotFinite,
        '+' | '.' | '-' | '0'..='9' => JsonSlip::Number,
        _ if problem.starts_with("invalid number") => JsonSlip::Number,
        _ if first.is_alphabetic() => JsonSlip::UnquotedText,
        _ => return None,
    })
}
