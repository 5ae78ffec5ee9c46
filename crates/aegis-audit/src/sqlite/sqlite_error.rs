//! What errors of `SQLite` mean.

use std::path::Path;

use rusqlite::ErrorCode;

use crate::error::TrailError;

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
        Some(ErrorCode::ReadOnly) => TrailError::ReadOnly { path },
        Some(ErrorCode::PermissionDenied) => TrailError::Denied { path },
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            TrailError::Corrupt { path, problem: source.to_string() }
        }
        _ => TrailError::Store { path, source: Box::new(source) },
    }
}

/// The code of an error that means nothing more.
pub(super) fn code_of(error: &TrailError) -> Option<ErrorCode> {
    match error {
        TrailError::Store { source, .. } => source.downcast_ref::<rusqlite::Error>()?.sqlite_error_code(),
        _ => None,
    }
}
