//! What the codes of findings mean.

use std::fmt::Write as _;

use aegis_engine::Code;

/// One line for each code.
#[must_use]
pub fn list_codes() -> String {
    let width = Code::ALL.iter().map(|code| code.as_str().len()).max().unwrap_or_default();
    let lines = Code::ALL
        .iter()
        .map(|code| format!("{:width$}  {:7}  {}", code.as_str(), code.level().as_str(), code.meaning()));
    lines.collect::<Vec<_>>().join("\n")
}

/// A paragraph on a code, with examples.
#[must_use]
pub fn explain_code(code: Code) -> String {
    let explanation = code.explanation();
    let indented = |text: &str| text.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n");
    let mut text = format!("{} ({})\n\n{} {}", code, code.level().as_str(), code.meaning(), explanation.text);
    for (title, example) in [("Wrong", explanation.wrong), ("Right", explanation.right)] {
        if !example.is_empty() {
            let _ = write!(text, "\n\n{title}:\n\n{}", indented(example));
        }
    }
    text
}
