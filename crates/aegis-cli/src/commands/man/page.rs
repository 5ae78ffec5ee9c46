//! One manual page: what clap knows of a command, and the sections that readers of manual pages look for.

use std::io;

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, italic, roman};

/// The environment variables that are heeded, and what they do.
const VARIABLES: [(&str, &str); 8] = [
    ("AEGIS_POLICY", "The policy, where --policy is not given."),
    ("AEGIS_DB", "The audit log, where --db is not given."),
    ("AEGIS_SESSION", "The session, where --session is not given."),
    ("AEGIS_AGENT", "Labels actions that name no agent, in the record. No rule goes by it."),
    (
        "AEGIS_PLAIN",
        "Where it is set, and not to 0, questions are written in plain lines, to be heard: nothing is drawn.",
    ),
    ("NO_COLOR", "Turns colour off, whatever it is set to; --color always turns it on again."),
    ("TERM", "Where it is dumb, unknown or unset, questions are written in plain lines."),
    ("LC_ALL, LC_CTYPE, LANG", "Whether the terminal can show more than ASCII."),
];

/// The files that are read and written unless others are named.
const FILES: [(&str, &str); 4] = [
    ("policy.yaml", "The policy."),
    ("aegis_audit.db", "The audit log: an SQLite database that only its owner may read."),
    ("aegis_audit.db-wal, aegis_audit.db-shm, aegis_audit.db-journal", "SQLite's own, beside the log."),
    ("aegis_audit.db.lock", "Who holds the log."),
];

/// The page of a command. `family` are the names of the pages beside it: those of its commands, of the
/// command that it belongs to, and of the others of that.
///
/// # Errors
/// When the page cannot be put together.
pub(super) fn page(command: &Command, family: &[String]) -> io::Result<String> {
    let mut page = Vec::new();
    // `aegis check` is called aegis-check(1); the date is left out, so that the same source gives the same
    // page.
    let bare = command.clone().name(name(command)).after_help("").after_long_help("");
    Man::new(bare).date("").render(&mut page)?;
    let page = String::from_utf8_lossy(&page).into_owned();
    let own = sections(command, family).to_roff();
    // What clap puts last, and nothing instead of what it would say of no further help.
    let page = page.replace(".SH EXTRA\n", "");
    Ok(match page.split_once(".SH VERSION") {
        Some((before, version)) => format!("{before}{own}.SH VERSION{version}"),
        None => page + &own,
    })
}

/// What the page of a command is called.
pub(super) fn name(command: &Command) -> String {
    command.get_display_name().unwrap_or(command.get_name()).to_owned()
}

fn sections(command: &Command, family: &[String]) -> Roff {
    let mut roff = Roff::new();
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let (mut examples, mut status, mut notes) = (Vec::new(), None, Vec::new());
    for paragraph in help.split("\n\n").filter(|paragraph| !paragraph.trim().is_empty()) {
        if paragraph.starts_with("Example") || paragraph.starts_with("  ") {
            examples.push(paragraph);
        } else if let Some(text) = paragraph.strip_prefix("Exit status: ") {
            status = Some(text);
        } else if !paragraph.starts_with("Environment: ") {
            notes.push(paragraph);
        }
    }
    if !notes.is_empty() {
        roff.control("SH", ["NOTES"]);
        for (index, note) in notes.into_iter().enumerate() {
            if index > 0 {
                roff.control("PP", []);
            }
            roff.text([roman(note)]);
        }
    }
    if let Some(status) = status {
        roff.control("SH", ["EXIT STATUS"]);
        exit_status(&mut roff, status);
    }
    listed(&mut roff, "ENVIRONMENT", &VARIABLES, bold);
    listed(&mut roff, "FILES", &FILES, italic);
    if !examples.is_empty() {
        roff.control("SH", ["EXAMPLES"]);
        for paragraph in examples {
            let (title, code) = match paragraph.split_once('\n') {
                Some((title, code)) if !title.starts_with(' ') => (title, code),
                _ => ("", paragraph),
            };
            if !["", "Examples:", "Example:"].contains(&title) {
                roff.text([roman(title)]);
            }
            roff.control("PP", []).control("nf", []);
            for line in code.lines() {
                roff.text([roman(line.strip_prefix("  ").unwrap_or(line))]);
            }
            roff.control("fi", []);
        }
    }
    roff.control("SH", ["SEE ALSO"]);
    let mut others: Vec<Inline> = Vec::new();
    for other in family {
        if !others.is_empty() {
            others.push(roman(", "));
        }
        others.extend([bold(other.as_str()), roman("(1)")]);
    }
    roff.text(others);
    roff
}

/// A status and what it means, one below the other, of a text such as `0 done, or nothing to do, 2 usage`.
fn exit_status(roff: &mut Roff, text: &str) {
    let (statuses, rest) = statuses(text);
    for (status, meaning) in statuses {
        roff.control("TP", []).text([bold(status)]).text([roman(meaning)]);
    }
    if let Some(rest) = rest {
        roff.control("PP", []).text([roman(rest)]);
    }
}

/// The statuses that a text names in their order, with what is said of each, and the sentences behind them.
fn statuses(text: &str) -> (Vec<(String, String)>, Option<String>) {
    let (list, rest) = match text.split_once(". ") {
        Some((list, rest)) => (list, Some(rest.to_owned())),
        None => (text.trim_end_matches('.'), None),
    };
    let mut statuses: Vec<(String, String)> = Vec::new();
    for word in list.split(' ') {
        let is_next = word.len() == 1 && word.starts_with(|digit: char| digit.is_ascii_digit());
        let ends = statuses.last().is_none_or(|(_, said)| said.ends_with([',', ';']));
        match statuses.last_mut() {
            _ if is_next && ends => statuses.push((word.to_owned(), String::new())),
            Some((_, said)) if said.is_empty() => said.push_str(word),
            Some((_, said)) => *said = format!("{said} {word}"),
            None => {}
        }
    }
    for (_, said) in &mut statuses {
        said.truncate(said.trim_end_matches([',', ';']).len());
    }
    (statuses, rest)
}

fn listed<T: Into<Inline>>(
    roff: &mut Roff,
    title: &str,
    entries: &[(&'static str, &'static str)],
    style: impl Fn(&'static str) -> T,
) {
    roff.control("SH", [title]);
    for (name, text) in entries {
        roff.control("TP", []).text([style(name).into()]).text([roman(*text)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_told_apart_from_a_number_in_what_is_said_of_another() {
        let (found, rest) = statuses("0 done, 1 the answer is no, or 3 of 4 are, 2 usage. A stream has one.");
        let found: Vec<_> = found.iter().map(|(status, said)| format!("{status}={said}")).collect();
        assert_eq!(found, ["0=done", "1=the answer is no, or 3 of 4 are", "2=usage"]);
        assert_eq!(rest.as_deref(), Some("A stream has one."));
    }
}
