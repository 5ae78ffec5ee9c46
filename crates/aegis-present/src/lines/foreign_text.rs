//! Text from outside, as the lines about one action show it.

use aegis_engine::{escape, escape_capped};
use anstyle::Style;

use super::labelled::LabelledLines;
use crate::style::FAINT;

/// The most characters of a text from outside that one field shows. JSON shows all of it.
const LONGEST: usize = 8000;
/// The most characters of it in a heading.
const LONGEST_IN_HEADING: usize = 60;

/// A text from outside, escaped.
pub(super) fn text(text: &str) -> String {
    escape_capped(text, LONGEST)
}

/// A text from outside, escaped, where only its beginning matters.
pub(super) fn short(text: &str) -> String {
    escape_capped(text, LONGEST_IN_HEADING)
}

/// Sentences of the engine are escaped where they are made. Whoever wrote into the log may not have done so.
pub(super) fn on_one_line(sentence: &str) -> String {
    // What was escaped has its backslashes doubled already.
    escape(sentence).replace("\\\\", "\\")
}

/// What is to be done, to what, and by whom.
pub(super) fn subject(fields: &mut LabelledLines, action_type: &str, target: &str, agent: Option<&str>) {
    fields.field("Type", Style::new(), &text(action_type));
    fields.field("Target", Style::new(), &text(target));
    match agent {
        Some(agent) => fields.field("Agent", Style::new(), &text(agent)),
        None => fields.field("Agent", FAINT, "not named"),
    }
}
