//! Which action a person means.

use aegis_audit::sqlite::TrailReader;
use aegis_engine::escape_capped;
use aegis_ledger::history::{Found, History};

use crate::error::CommandError;
use crate::exit::ExitStatus;

/// How many characters of an id must be given at least.
const SHORTEST: usize = 4;
/// How many actions are listed that could be meant.
const LISTED: usize = 10;
/// The most characters of an agent's word in that list.
const MAX_WORD: usize = 24;

/// What `ID` says in the help of every command that takes one.
pub(super) const ID_HELP: &str = "An action's id, the beginning of one (at least 4 characters), or `seq:17` \
for the action that event 17 of the log, or a receipt, is about";

/// Of these ids, the one that begins so, if only one does.
pub(crate) fn only_one<'i>(ids: impl IntoIterator<Item = &'i str>, text: &str) -> Option<String> {
    let mut found = ids.into_iter().filter(|id| text.len() >= SHORTEST && id.starts_with(text));
    let one = found.next()?;
    found.next().is_none().then(|| one.to_owned())
}

/// The id of the action that `text` stands for: an id, the beginning of one, or `seq:` and the number of an
/// event.
///
/// # Errors
/// When it stands for none, or for several.
pub(crate) fn find_action(reader: &TrailReader, text: &str) -> Result<String, CommandError> {
    let shown = escape_capped(text, 80);
    let found = reader.find_actions(text, LISTED + 1)?;
    if let Found::One(id) = &found
        && id == text
    {
        return Ok(id.clone());
    }
    if let Some(number) = text.strip_prefix("seq:") {
        return by_number(reader, number);
    }
    if text.chars().count() < SHORTEST {
        return Err(CommandError::usage(format!("`{shown}` is too short for the beginning of an id"))
            .help(format!("give at least {SHORTEST} characters of it")));
    }
    match found {
        Found::One(id) => Ok(id),
        Found::Nothing => {
            Err(CommandError::new(ExitStatus::No, format!("no action `{shown}` is in the audit log")).help(
                "`aegis audit` lists actions with the beginnings of their ids; `--db` names another log, and \
                 pruned actions are in their archive",
            ))
        }
        Found::Several(ids) => Err(ambiguous(reader, &shown, &ids)?),
    }
}

fn by_number(reader: &TrailReader, number: &str) -> Result<String, CommandError> {
    let Ok(seq) = number.parse::<u64>() else {
        let shown = escape_capped(number, 80);
        return Err(CommandError::usage(format!("`{shown}` is not the number of an event"))
            .help("write it as in a receipt: seq:17"));
    };
    match reader.action_of(seq)? {
        Some(id) if !id.is_empty() => Ok(id),
        Some(_) => Err(CommandError::new(
            ExitStatus::No,
            format!("event {seq} is about the log itself, not an action"),
        )
        .help("`aegis audit verify` tells of the log itself")),
        None => Err(CommandError::new(ExitStatus::No, format!("there is no event {seq} in the audit log"))
            .help("a receipt belongs to the log whose id it names; `--db` names another one")),
    }
}

/// Several ids begin so: lists what they stand for, so that one can be chosen.
fn ambiguous(reader: &TrailReader, shown: &str, ids: &[String]) -> Result<CommandError, CommandError> {
    let mut lines = Vec::new();
    for id in ids.iter().take(LISTED) {
        lines.push(match reader.history(id)? {
            Some(history) => format!("  {}", describe(&history)),
            None => format!("  {}", escape_capped(id, 80)),
        });
    }
    if ids.len() > LISTED {
        lines.push("  and more".to_owned());
    }
    let several = format!("several actions have an id that begins with `{shown}`");
    Ok(CommandError::new(ExitStatus::No, several)
        .help(format!("give more of the one that is meant:\n{}", lines.join("\n"))))
}

fn describe(history: &History) -> String {
    let id = escape_capped(&history.action_id, 80);
    let Some((event, entry)) = history.main_event().and_then(|event| Some((event, event.entry()?))) else {
        return id;
    };
    let word = |text: &str| escape_capped(text, MAX_WORD);
    let at = event.at.map(|at| at.format("%Y-%m-%d %H:%M:%S").to_string()).unwrap_or_default();
    format!("{id}  {at}  {} {}", word(&entry.action_type), word(&entry.action_target))
}
