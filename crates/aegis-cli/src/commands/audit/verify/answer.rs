//! What was found out, as it was asked for, and what it means for the exit status.

use aegis_ledger::findings::Findings;
use aegis_present::Format;
use aegis_present::json::v1::VerificationV1;
use aegis_present::lines::render_verification;

use super::args::VerifyArgs;
use crate::commands::audit::json_line::json_line;
use crate::console::Console;
use crate::error::CommandError;
use crate::exit::ExitStatus;

/// Answers, and gives the exit status.
pub(super) fn answer(
    findings: &Findings,
    args: &VerifyArgs,
    console: Console,
) -> Result<ExitStatus, CommandError> {
    match args.format {
        Format::Text => console.answer(render_verification(findings))?,
        Format::Json => console.answer(json_line(&VerificationV1::of(findings))?)?,
    }
    Ok(status(findings))
}

fn status(findings: &Findings) -> ExitStatus {
    if !findings.is_sound() {
        ExitStatus::No
    } else if findings.has_unreadable_receipts() || findings.is_unanchored() || findings.untold() > 0 {
        ExitStatus::Input
    } else {
        ExitStatus::Success
    }
}
