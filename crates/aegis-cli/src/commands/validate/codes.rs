//! What the codes of findings mean.

use std::fmt::Write as _;

use aegis_engine::{Code, escape_capped, nearest_code};

use crate::error::CommandError;

/// One line for each code.
pub(super) fn list() -> String {
    let width = Code::ALL.iter().map(|code| code.as_str().len()).max().unwrap_or_default();
    let lines = Code::ALL
        .iter()
        .map(|code| format!("{:width$}  {:7}  {}", code.as_str(), code.level().as_str(), code.meaning()));
    lines.collect::<Vec<_>>().join("\n")
}

/// A paragraph on a code, with examples.
///
/// # Errors
/// When there is no such code.
pub(super) fn explain(word: &str) -> Result<String, CommandError> {
    let Some(code) = Code::from_word(word) else {
        let wrong = CommandError::usage(format!("there is no code `{}`", escape_capped(word, 64)));
        return Err(wrong.help(match nearest_code(word) {
            Some(code) => format!("did you mean `{code}`?"),
            None => "`aegis validate --codes` lists them".to_owned(),
        }));
    };
    let explanation = code.explanation();
    let indented = |text: &str| text.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n");
    let mut text = format!("{} ({})\n\n{} {}", code, code.level().as_str(), code.meaning(), explanation.text);
    for (title, example) in [("Wrong", explanation.wrong), ("Right", explanation.right)] {
        if !example.is_empty() {
            let _ = write!(text, "\n\n{title}:\n\n{}", indented(example));
        }
    }
    Ok(text)
}
