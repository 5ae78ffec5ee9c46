//! What was found out, as it was asked for, and what it means for the exit status.

use std::path::Path;

use aegis_engine::{escape, escape_capped};
use aegis_ledger::findings::Findings;
use aegis_present::Format;
use aegis_present::json::v1::VerificationV1;
use aegis_present::lines::render_verification;

use super::args::VerifyArgs;
use crate::commands::audit::json_line::json_line;
use crate::console::Console;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::standard_stream::is_standard;

/// How much of a word from outside is shown.
const MAX_WORD: usize = 200;
/// What helps where something is of another log.
const ANOTHER_LOG: &str = "`--db` names the log that it is of";

/// Answers, and gives the exit status.
pub(super) fn answer(
    findings: &Findings,
    args: &VerifyArgs,
    console: Console,
) -> Result<ExitStatus, CommandError> {
    if findings.is_sound() {
        refuse_another_logs(findings, args)?;
    }
    match args.format {
        // What is wrong is an error; that nothing is wrong is said by the status as well.
        Format::Text if console.is_quiet() && status(findings) == ExitStatus::Success => {}
        Format::Text => console.answer(render_verification(findings))?,
        Format::Json => console.answer(json_line(&VerificationV1::of(findings))?)?,
    }
    Ok(status(findings))
}

/// Refuses what was kept of another log, and what is no receipts at all, in a line: a report on a log that it
/// says nothing of would only hide that. Where something is wrong with the log, that is told instead.
fn refuse_another_logs(findings: &Findings, args: &VerifyArgs) -> Result<(), CommandError> {
    let this = format!("this is the log {}", findings.log);
    if let Some(given) = findings.checkpoints.iter().find(|given| !given.is_of_log) {
        let origin = escape_capped(&given.note.checkpoint().origin, MAX_WORD);
        let message = format!("the checkpoint in `{}` is of `{origin}`, {this}", given.name);
        return Err(CommandError::input(message).help(ANOTHER_LOG));
    }
    let Some(kept) = &findings.receipts else { return Ok(()) };
    let file = args.receipts.as_deref().filter(|file| !is_standard(file));
    let file = file.map_or_else(|| "standard input".to_owned(), |file| format!("`{}`", shown(file)));
    if let Some(log) = kept.wrong_log() {
        let message =
            format!("the receipts in {file} are of the log {}, {this}", escape_capped(log, MAX_WORD));
        return Err(CommandError::input(message).help(ANOTHER_LOG));
    }
    if let Some((line, problem)) = kept.wrong_file() {
        let problem = escape_capped(problem, MAX_WORD);
        let message = format!("there are no receipts in {file}: line {line} cannot be read: {problem}");
        return Err(CommandError::input(message).help(
            "a line of it is a JSON object: a receipt, or a decision as `aegis check --format json` prints it",
        ));
    }
    Ok(())
}

fn shown(path: &Path) -> String {
    escape(&path.to_string_lossy())
}

fn status(findings: &Findings) -> ExitStatus {
    if !findings.is_sound() {
        ExitStatus::No
    } else if findings.has_unreadable_receipts()
        || findings.is_unanchored()
        || findings.untold() > 0
        || findings.strays() > 0
    {
        ExitStatus::Input
    } else {
        ExitStatus::Success
    }
}
