//! Opening the log for writing, with a word about where it is.

use std::time::Duration;

use aegis_audit::Journal;
use aegis_engine::escape;

use crate::effective_settings::Settings;
use crate::error::CommandError;
use crate::remedies::KEEP_LOG_ON_DISK;

/// How long to wait for the lock of the log before giving up.
pub(crate) const LOG_WAIT: Duration = Duration::from_secs(10);

/// Opens the log that is meant, or creates it. Waits for at most `wait` whenever another process holds it.
/// Where nothing that is written to it lasts, that is said, however quiet the rest is to be: whoever goes by
/// the exit status would take it for kept.
///
/// # Errors
/// When the log cannot be used.
pub(crate) fn open_log(settings: &Settings, wait: Duration) -> Result<Journal, CommandError> {
    Ok(with_caution(Journal::open(&settings.db, wait)?, settings))
}

/// The same for a log that must be there already.
///
/// # Errors
/// When the log cannot be used, or is not there.
pub(crate) fn open_existing_log(settings: &Settings, wait: Duration) -> Result<Journal, CommandError> {
    Ok(with_caution(Journal::open_existing(&settings.db, wait)?, settings))
}

fn with_caution(journal: Journal, settings: &Settings) -> Journal {
    if let Some(volatility) = journal.volatility() {
        let path = escape(&settings.db.to_string_lossy());
        let note = format!("the audit log `{path}` {volatility}");
        settings.console.caution(note, KEEP_LOG_ON_DISK);
    }
    journal
}
