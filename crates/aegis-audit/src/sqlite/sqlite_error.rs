//! What errors of `SQLite` mean.

use std::path::Path;

use rusqlite::ErrorCode;

use crate::error::TrailError;
use crate::file_system::is_read_only;

/// What an error of `SQLite` on this log means.
pub(super) fn failed(path: &Path, source: rusqlite::Error) -> TrailError {
    let path = path.to_owned();
    // The write-ahead log's index is sized in advance, and that fails for want of space more than for
    // anything else.
    let unsized_index = matches!(&source, rusqlite::Error::SqliteFailure(error, _)
        if error.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE);
    match source.sqlite_error_code() {
        _ if unsized_index => TrailError::Full { path },
        Some(ErrorCode::DiskFull) => TrailError::Full { path },
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed) => {
            TrailError::Locked { path }
        }
        Some(ErrorCode::OperationInterrupted) => TrailError::TooMuchWork { path },
        Some(ErrorCode::TooBig) => TrailError::TooLong { path },
        Some(ErrorCode::ReadOnly) => TrailError::ReadOnly { path },
        // Where nothing can be made beside the log, `SQLite` only says that it could not open something.
        Some(ErrorCode::CannotOpen) if is_read_only(&path) => TrailError::ReadOnly { path },
        Some(ErrorCode::PermissionDenied) => TrailError::Denied { path },
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            TrailError::Corrupt { path, problem: source.to_string() }
        }
        _ => TrailError::Store { path, source: Box::new(source) },
    }
}

/// Refuses a statement that did not change as many rows as it was to change: whatever kept it from that, the
/// log is not what it should be by now.
pub(super) fn changed(path: &Path, rows: usize, expected: usize) -> Result<(), TrailError> {
    if rows == expected {
        return Ok(());
    }
    let problem = format!("a statement changed {rows} rows where it was to change {expected}");
    Err(TrailError::Corrupt { path: path.to_owned(), problem })
}

/// The code of an error that means nothing more.
pub(super) fn code_of(error: &TrailError) -> Option<ErrorCode> {
    match error {
        TrailError::Store { source, .. } => source.downcast_ref::<rusqlite::Error>()?.sqlite_error_code(),
        _ => None,
    }
}
