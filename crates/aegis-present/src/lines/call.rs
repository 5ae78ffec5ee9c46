//! A call of a framework, in lines that a person reads at a glance.

use aegis_engine::escape_capped;

use super::decision::MAX_WORD;
use crate::answered::Named;
use crate::style::{BAD, FAINT, HELP, UNSURE};

/// Which call it is: by its id, if it has one, and by its place in the input.
#[must_use]
pub fn render_call(id: Option<&str>, place: &str) -> String {
    let place = escape_capped(place, MAX_WORD);
    match id {
        Some(id) => format!("{FAINT}call{FAINT:#}     {} at {place}", escape_capped(id, MAX_WORD)),
        None => format!("{FAINT}call{FAINT:#}     at {place}"),
    }
}

/// A call that cannot be decided about, what is wrong with it, and what would help: texts that are escaped.
#[must_use]
pub fn render_refused_call(name: Option<&str>, problem: &str, help: Option<&str>) -> String {
    let name = name.map_or_else(|| "a call".to_owned(), |name| escape_capped(name, MAX_WORD));
    let help = help.map(|help| format!("\n{HELP}help{HELP:#}     {help}")).unwrap_or_default();
    format!("{BAD}refused{BAD:#}  {name}  unreadable\n{FAINT}because{FAINT:#}  {problem}{help}")
}

/// A call that the provider ran itself.
#[must_use]
pub fn render_observed_call(named: Named<'_>) -> String {
    let (kind, target) = (escape_capped(named.kind, MAX_WORD), escape_capped(named.target, MAX_WORD));
    format!("{UNSURE}observed{UNSURE:#}  {kind} {target}  run by the provider, and not decided")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_call_are_escaped_and_capped() {
        let shown = [
            render_call(Some("a\u{1b}[2Jb"), "/content/1"),
            render_call(Some(&"x".repeat(1000)), "/"),
            render_refused_call(Some("\u{202e}rm"), "it is cut off", Some("call again")),
            render_observed_call(Named { kind: "web\nsearch", target: "openai" }),
        ];
        for text in &shown {
            let plain: String = text.split('\u{1b}').map(|part| part.trim_start_matches("[2m")).collect();
            assert!(!plain.contains("\u{202e}") && text.lines().count() <= 3, "{text:?}");
            assert!(text.chars().count() < 250, "{text:?}");
        }
        assert!(shown[0].ends_with("a\\u{1b}[2Jb at /content/1"), "{:?}", shown[0]);
    }
}
