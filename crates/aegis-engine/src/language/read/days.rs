//! Days of the week.

use crate::decide::time::Weekday;
use crate::language::code::Code;
use crate::language::diagnostic::Diagnostic;
use crate::language::fix::Fix;
use crate::language::read::reader::Reader;
use crate::language::read::shapes::Shape;
use crate::language::yaml::node::{Kind, Node};
use crate::text::escape::escape_capped;
use crate::text::nearest::nearest;
use crate::text::span::Spanned;

impl Reader<'_> {
    pub(super) fn weekdays(&mut self, node: &Node) -> Vec<Spanned<Weekday>> {
        if let Kind::String(text) = &node.kind
            && let Some(days) = days_meant(text)
        {
            let written = format!("[{}]", days.join(", "));
            let help = format!("list the days: `{written}`");
            let shape = Shape::new(help, Fix::replace(node.span, written, true));
            self.wrong_shape(node, "`weekdays`", "a list", Some(shape));
            return Vec::new();
        }
        let days = self.list(node, "`weekdays`", Self::weekday).into_iter().flatten().collect();
        if matches!(&node.kind, Kind::List(items) if items.is_empty()) {
            let message = "`weekdays` is an empty list, so the rule can never match";
            self.push(
                Diagnostic::error(Code::EmptyCondition, node.span, message)
                    .help("leave it out to match on every day"),
            );
        }
        days
    }

    fn weekday(&mut self, node: &Node) -> Option<Spanned<Weekday>> {
        let number = match &node.kind {
            Kind::Number(number) => number.as_u64().filter(|number| (1..=7).contains(number)),
            Kind::String(text) => {
                let index = Weekday::WORDS.iter().position(|word| word == text);
                index.and_then(|index| u64::try_from(index + 1).ok())
            }
            _ => None,
        };
        if let Some(number) = number.and_then(|number| u8::try_from(number).ok()) {
            return Some(Spanned::new(Weekday(number), node.span));
        }
        let found = match &node.kind {
            Kind::Broken => return None,
            Kind::Number(number) => format!("`{number}`"),
            Kind::String(text) => format!("`{}`", escape_capped(text, 64)),
            _ => node.type_name().to_owned(),
        };
        let message = format!("{found} is not a day of the week");
        let text = if let Kind::String(text) = &node.kind { text.as_str() } else { "" };
        let found = Diagnostic::error(Code::UnknownWord, node.span, message);
        self.push(if let Some(days) = days_meant(text) {
            let written = days.join(", ");
            let certain = days.len() > 1 || is_name(text);
            found.help(format!("write `{written}`")).fix(Fix::replace(node.span, written, certain))
        } else if let Some(word) = nearest(text, &Weekday::WORDS) {
            found.help(format!("did you mean `{word}`?")).fix(Fix::replace(node.span, word, false))
        } else {
            found.help("days are 1 (Monday) to 7 (Sunday), or `mon` to `sun`")
        });
        None
    }
}

/// The names of the days in full, Monday first.
const NAMES: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// Whether a text names a day in full, or in another case.
fn is_name(text: &str) -> bool {
    index(text).is_some()
}

/// Which day, from 0, a text names: `mon`, `Monday` or `1`.
fn index(text: &str) -> Option<usize> {
    let text = text.trim().to_ascii_lowercase();
    if let Ok(number @ 1..=7) = text.parse::<usize>() {
        return Some(number - 1);
    }
    let short = || Weekday::WORDS.iter().position(|word| *word == text);
    NAMES.iter().position(|name| *name == text).or_else(short)
}

/// The days that a text means which is no list of them: one by its name, a range, or several with commas.
fn days_meant(text: &str) -> Option<Vec<&'static str>> {
    let word = |index: usize| Weekday::WORDS.get(index % 7).copied();
    match text.to_ascii_lowercase().as_str() {
        "weekdays" | "workdays" | "working days" => return (0..5).map(word).collect(),
        "weekend" | "weekends" => return (5..7).map(word).collect(),
        _ => {}
    }
    if let Some((first, last)) = text.split_once(['-', '–', '…']) {
        let (first, last) = (index(first)?, index(last.trim_start_matches('.'))?);
        let last = if last < first { last + 7 } else { last };
        return (first..=last).map(word).collect();
    }
    text.split([',', ' '])
        .filter(|part| !part.is_empty())
        .map(|part| word(index(part)?))
        .collect::<Option<Vec<_>>>()
        .filter(|days| !days.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_for_days_is_known() {
        assert_eq!(days_meant("mon-fri").unwrap().len(), 5);
        assert_eq!(days_meant("sat-mon").unwrap(), ["sat", "sun", "mon"]);
        assert_eq!(days_meant("1-5").unwrap(), ["mon", "tue", "wed", "thu", "fri"]);
        assert_eq!(days_meant("Monday").unwrap(), ["mon"]);
        assert_eq!(days_meant("mon, tue").unwrap(), ["mon", "tue"]);
        assert_eq!(days_meant("weekend").unwrap(), ["sat", "sun"]);
        for none in ["", "x", "mon-x", "0", "8", "-", "mon-"] {
            assert_eq!(days_meant(none), None, "{none}");
        }
    }
}
