//! Verifying a log while somebody may be watching.

use aegis_audit::TrailError;
use aegis_audit::sqlite::TrailReader;
use aegis_ledger::verify::Verification;

use crate::console::{Console, Progress};

/// From how many rows on a progress bar is shown.
const LONG_LOG: u64 = 50_000;

/// The progress of verifying a log.
pub(super) fn progress(console: Console) -> Progress {
    Progress::through("rows", LONG_LOG, console)
}

/// Verifies a log that is held against nothing.
///
/// # Errors
/// When it cannot be read.
pub(super) fn verify(reader: &TrailReader, console: Console) -> Result<Verification, TrailError> {
    let progress = progress(console);
    let verification = reader.verify(Vec::new(), |done, total| progress.show(done, total))?;
    progress.end();
    Ok(verification)
}
