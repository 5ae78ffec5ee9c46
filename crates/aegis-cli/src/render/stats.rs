//! A trail as a whole, for a terminal: what was answered, when, by which rules, and how long people took.

mod columns;
mod sections;

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use self::columns::Columns;
pub(crate) use self::sections::{NO_NAME, others, shown, wait_classes};
use crate::output::FAINT;
use crate::render::chart::Charset;
use crate::render::quantity::{counted, minute, number, share};
use aegis_audit::Overview;

/// A heading.
const HEAD: Style = Style::new().bold();
const ALLOWED: Style = AnsiColor::Green.on_default();
const REFUSED: Style = AnsiColor::Red.on_default();
const WAITING: Style = AnsiColor::Yellow.on_default();
const PLAIN: Style = AnsiColor::Blue.on_default();

/// The narrowest page that is laid out. A narrower terminal breaks lines itself.
const NARROWEST: usize = 40;
/// The widest: bars beyond would say no more.
const WIDEST: usize = 110;

/// How to show statistics.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    /// The columns that there are.
    pub(crate) width: usize,
    pub(crate) charset: Charset,
    /// How many names of each kind to show.
    pub(crate) top: usize,
}

/// All of it. There must be something that was counted.
pub(crate) fn render_stats(overview: &Overview, look: Look) -> String {
    let look = Look { width: look.width.clamp(NARROWEST, WIDEST), ..look };
    let statistics = &overview.statistics;
    let mut text = summary(overview);
    text.push_str(&sections::answers(statistics, look));
    text.push_str(&sections::risks(statistics, look));
    text.push_str(&sections::results(statistics, look));
    text.push_str(&sections::time(statistics, look));
    for (title, names) in [
        ("Rules", &statistics.rules),
        ("Agents", &statistics.agents),
        ("Types", &statistics.types),
        ("Targets", &statistics.targets),
    ] {
        text.push_str(&sections::names(title, names, look));
    }
    text.push_str(&sections::asked(statistics, look));
    text.push_str(&sections::habits(overview, look));
    if let Some(idle) = &overview.idle_rules {
        text.push_str(&sections::idle_rules(idle, look));
    }
    text
}

fn summary(overview: &Overview) -> String {
    let statistics = &overview.statistics;
    let mut text = format!("{HEAD}{}{HEAD:#}", counted(statistics.total.total(), "action"));
    let about = if statistics.sessions.estimated { "about " } else { "" };
    let _ = write!(text, " in {about}{}", counted(statistics.sessions.count, "session"));
    if let Some((from, to)) = statistics.period {
        let _ = write!(text, "\n{FAINT}{} to {} UTC{FAINT:#}", minute(from), minute(to));
    }
    text.push('\n');
    text
}

fn heading(text: &mut String, title: &str, aside: &str) {
    let _ = write!(text, "\n{HEAD}{title}{HEAD:#}");
    if !aside.is_empty() {
        let _ = write!(text, ": {FAINT}{aside}{FAINT:#}");
    }
    text.push('\n');
}

/// A bar for each word, with its number and share. Words that stand for nothing are left out.
fn bars(title: &str, rows: &[(&str, u64, Style)], look: Look) -> String {
    let whole = rows.iter().map(|(_, count, _)| count).sum();
    let mut text = String::new();
    heading(&mut text, title, "");
    let mut columns = Columns::new(look, &["", "", ""]);
    for (word, count, style) in rows.iter().filter(|(_, count, _)| *count > 0) {
        columns.add(&[(*word).to_owned(), number(*count), share(*count, whole)], *count, *style);
    }
    columns.render(&mut text);
    text
}

#[cfg(test)]
mod tests;
