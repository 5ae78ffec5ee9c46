//! `aegis audit redact`.

use aegis_audit::Removal;
use aegis_audit::sqlite::TrailReader;
use aegis_audit::store::Traces;
use aegis_engine::escape;
use aegis_ledger::history::History;
use aegis_present::quantity::counted;
use aegis_present::style::GOOD;
use aegis_runtime::Confirmation;
use clap::Args;

use super::find::{ID_HELP, find_action};
use crate::audit_sinks::{self, SINK_HELP, SinkSpec, sink_parser};
use crate::console::{Console, require_yes};
use crate::current_operator::CurrentOperator;
use crate::effective_settings::Settings;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::open_log::{LOG_WAIT, open_log};

/// The longest note, in bytes.
const LONGEST_NOTE: usize = 1024;

/// Remove what may hold secrets from an action's events; the chain still verifies
///
/// The action's parameters and description are gone afterwards, from the log and from the files that belong
/// to it; all else stays, and an event says who removed them. Asks first. Done again, it
/// removes what an earlier attempt had to leave in the files. Copies elsewhere stay: in exports, other sinks,
/// archives and backups.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  aegis audit redact 0193a1b2-c3d4\n  aegis audit redact seq:17 --yes \
--note \"held a customer's address\"\n\nParameters whose names look secret, or that the policy lists under \
`redact`, are never written to begin with.\n\nExit status: 0 nothing of them is left, 1 there is no such \
action, or nobody said yes, 2 wrong usage, 4 the audit log could not be written, or its files still hold \
what was removed because another process uses them.")]
pub(crate) struct RedactArgs {
    #[arg(value_name = "ID", help = ID_HELP)]
    id: String,
    /// Why, for the log; do not repeat the secret in it
    #[arg(long, value_name = "TEXT", value_parser = parse_note)]
    note: Option<String>,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    #[arg(long, value_name = "SINK", help = SINK_HELP, value_parser = sink_parser(), hide_possible_values = true)]
    audit: Vec<SinkSpec>,
}

/// Reads a note: it is hashed into the chain, and can never be removed.
fn parse_note(text: &str) -> Result<String, String> {
    match text.len() {
        0 => Err("it is empty; leave `--note` out".to_owned()),
        length if length > LONGEST_NOTE => Err(format!("it has {length} bytes, and may have {LONGEST_NOTE}")),
        _ => Ok(text.to_owned()),
    }
}

pub(crate) fn run(args: &RedactArgs, settings: &Settings) -> Result<ExitStatus, CommandError> {
    let console = settings.console;
    // Whatever is wrong with the id is found before the log is opened for writing, which would create it.
    let reader = TrailReader::open(&settings.db)?;
    let id = find_action(&reader, &args.id)?;
    let history = reader.history(&id)?;
    // A reader keeps old pages from being overwritten; this one must not be in the way.
    drop(reader);
    if let Some(history) = history.filter(|history| !args.yes && holds_payload(history)) {
        ask(&history, console)?;
    }
    let current = CurrentOperator::new();
    let operator = current.operator();
    let sinks = audit_sinks::open(&args.audit, LOG_WAIT, &settings.db, console)?;
    let mut journal = open_log(settings, LOG_WAIT)?.with_sinks(sinks);
    let removal = journal.redact(&id, args.note.as_deref(), operator)?;
    report(&id, &removal, console)
}

fn holds_payload(history: &History) -> bool {
    history.events.iter().any(|event| event.payload.is_some())
}

/// Asks whoever sits at the terminal. Without one, nobody can be asked.
fn ask(history: &History, console: Console) -> Result<(), CommandError> {
    let mut facts = vec![("id", history.action_id.clone())];
    if let Some(entry) = history.main_event().and_then(|event| event.entry()) {
        facts.push(("type", entry.action_type.clone()));
        facts.push(("target", entry.action_target.clone()));
    }
    facts.push(("goes", "its parameters and its description".to_owned()));
    let title = "Aegis: remove this for good?";
    let help =
        format!("look at it with `aegis audit show {}`, then give `--yes`", escape(&history.action_id));
    let otherwise = (ExitStatus::No, "nothing was removed", help.as_str());
    require_yes(&Confirmation { title, facts: &facts, is_final: true }, otherwise, console)
}

fn report(id: &str, removal: &Removal, console: Console) -> Result<ExitStatus, CommandError> {
    let shown = escape(id);
    let answer = match &removal.receipt {
        Some(receipt) => {
            let events = counted(removal.events.len() as u64, "event");
            format!("{GOOD}redacted{GOOD:#}  {shown}  {events}  row {}", receipt.seq())
        }
        None => format!("{GOOD}redacted{GOOD:#}  {shown}  nothing was left to remove"),
    };
    // It is removed, whether or not anyone hears of it.
    if let Err(error) = console.tell(answer) {
        console.error(&error);
    }
    match removal.traces {
        Traces::None => Ok(ExitStatus::Success),
        Traces::HeldByOthers => Err(left(
            "another process uses the audit log, so its files still hold what was removed",
            format!(
                "end whatever reads or writes it, such as `aegis audit --follow`; then run `aegis audit \
                 redact {shown}` again"
            ),
        )),
        Traces::NoSpace => Err(left(
            "there is no space to write the audit log anew, so its file may still hold what was removed",
            format!("make as much space as the log takes; then run `aegis audit redact {shown}` again"),
        )),
    }
}

fn left(message: &str, help: String) -> CommandError {
    CommandError::new(ExitStatus::AuditLog, message).help(help)
}
