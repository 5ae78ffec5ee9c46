//! Opening the log for writing, with a word about where it is.

use std::time::Duration;

use aegis_audit::Journal;
use aegis_engine::escape;

use crate::effective_settings::Settings;
use crate::error::CommandError;
use crate::remedies::KEEP_LOG_ON_DISK;

/// Opens the log that is meant, or creates it. Waits for at most `wait` whenever another process holds it.
/// Where nothing that is written to it lasts, that is said, however quiet the rest is to be: whoever goes by
/// the exit status would take it for kept.
///
/// # Errors
/// When the log cannot be used.
pub(crate) fn open_log(settings: &Settings, wait: Duration) -> Result<Journal, CommandError> {
    let journal = Journal::open(&settings.db, wait)?;
    if let Some(volatility) = journal.volatility() {
        let path = escape(&settings.db.to_string_lossy());
        let note = format!("the audit log `{path}` {volatility}");
        settings.console.caution(note, KEEP_LOG_ON_DISK);
    }
    Ok(journal)
}
