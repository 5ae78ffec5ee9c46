//! A file that was not looked at.

use serde::Serialize;

use crate::unread_file::UnreadFile;

/// A file that was not looked at, and why.
#[derive(Debug, Serialize)]
pub(super) struct UnreadFileV1 {
    file: String,
    error: String,
}

impl UnreadFileV1 {
    pub(super) fn of(file: &UnreadFile) -> UnreadFileV1 {
        UnreadFileV1 { file: file.name.clone(), error: file.problem.clone() }
    }
}
