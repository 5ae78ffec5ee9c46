//! Why the trail could not be written or read.

use std::path::PathBuf;

use aegis_engine::escape;
use chrono::{DateTime, SecondsFormat, Utc};
use thiserror::Error;

use aegis_ledger::remedy::Remedy;

use crate::left_out::LeftOut;
use crate::trust::Distrust;

/// Why the trail could not be written or read. Whatever it is, nothing was acknowledged.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TrailError {
    /// There is no such file.
    #[error("there is no audit log at `{}`", show(path))]
    NotFound {
        /// The log.
        path: PathBuf,
    },
    /// The directory of the log does not exist.
    #[error("the directory of the audit log `{}` is missing", show(path))]
    DirectoryMissing {
        /// The log.
        path: PathBuf,
    },
    /// It is a directory, a FIFO, a symbolic link, a device or the like.
    #[error("the audit log's file `{}` is not a regular file", show(path))]
    NotRegular {
        /// The log, or a file beside it.
        path: PathBuf,
    },
    /// The file has a second name, under which others could reach it.
    #[error("the audit log's file `{}` is a hard link", show(path))]
    HardLink {
        /// The log, or a file beside it.
        path: PathBuf,
    },
    /// Somebody else owns the file.
    #[error("the audit log's file `{}` belongs to user {owner}", show(path))]
    ForeignOwner {
        /// The log, or a file beside it.
        path: PathBuf,
        /// The user id of the owner.
        owner: u32,
    },
    /// Others may write the file.
    #[error("the audit log's file `{}` may be written by others (mode {mode:04o})", show(path))]
    Writable {
        /// The log, or a file beside it.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Somebody else could exchange the log, in its directory or in one above.
    #[error("{distrust}, so it cannot be trusted as a {role} of the audit log", distrust = .0, role = .0.role())]
    Distrusted(Distrust),
    /// The file or its file system cannot be written.
    #[error("the audit log's file `{}` cannot be written: it is read-only", show(path))]
    ReadOnly {
        /// The log, or a file beside it.
        path: PathBuf,
    },
    /// Nothing can be written where the log is, and its newest rows wait for being moved into it.
    #[error(
        "the audit log `{}` cannot be read where it is: its newest rows wait in a file beside it, and its file \
         system is read-only",
        show(path)
    )]
    Unsettled {
        /// The log.
        path: PathBuf,
    },
    /// The system does not let the caller use the file.
    #[error("permission to use the audit log's file `{}` is denied", show(path))]
    Denied {
        /// The log, or a file beside it.
        path: PathBuf,
    },
    /// Another process held the log for too long.
    #[error("the audit log `{}` is locked by another process", show(path))]
    Locked {
        /// The log.
        path: PathBuf,
    },
    /// There is no space left for a record.
    #[error("the audit log `{}` cannot be written: the disk is full", show(path))]
    Full {
        /// The log.
        path: PathBuf,
    },
    /// The file is not a database, or not a whole one.
    #[error("the audit log `{}` is damaged: {problem}", show(path))]
    Corrupt {
        /// The log.
        path: PathBuf,
        /// What `SQLite` says.
        problem: String,
    },
    /// The file is a database, but not an audit log.
    #[error("`{}` is not an audit log", show(path))]
    NotALog {
        /// The file.
        path: PathBuf,
    },
    /// A newer program wrote the log.
    #[error("the audit log `{}` has format {found}; this program knows formats up to {known}", show(path))]
    Newer {
        /// The log.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The newest format known.
        known: i64,
    },
    /// The log has a format that this program does not read any more.
    #[error(
        "the audit log `{}` has format {found}, which is older than format {known} of this program",
        show(path)
    )]
    Older {
        /// The log.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The format known.
        known: i64,
    },
    /// An event does not have the hash that it should have.
    #[error("the audit log `{}` is damaged at row {seq}: its hash does not fit its content", show(path))]
    Tampered {
        /// The log.
        path: PathBuf,
        /// The row.
        seq: i64,
    },
    /// An older event is missing, or not the one that the chain needs there.
    #[error("the audit log `{}` is damaged at row {seq}: {problem}", show(path))]
    Damaged {
        /// The log.
        path: PathBuf,
        /// The row.
        seq: i64,
        /// What is wrong with it.
        problem: String,
    },
    /// A row that this process was promised is not there any more, or not the same.
    #[error(
        "the audit log `{}` is damaged: row {seq}, which this process wrote, was changed or cut off",
        show(path)
    )]
    Lost {
        /// The log.
        path: PathBuf,
        /// The row.
        seq: i64,
    },
    /// A row that this process has read is not there any more, or not the same.
    #[error(
        "the audit log `{}` is damaged: row {seq}, which was there before, was changed or cut off",
        show(path)
    )]
    CutOff {
        /// The log.
        path: PathBuf,
        /// The row.
        seq: i64,
    },
    /// The log was written while it was read in a way that keeps no writer out; what was read may be wrong.
    #[error("the audit log `{}` was written while it was read", show(path))]
    Changed {
        /// The log.
        path: PathBuf,
    },
    /// Events were pruned or redacted while they were being archived.
    #[error(
        "events of the audit log `{}` were pruned or redacted while they were being archived",
        show(path)
    )]
    Outdated {
        /// The log.
        path: PathBuf,
    },
    /// A row was not stored as it was written, or not as a new one.
    #[error("the audit log `{}` did not keep row {seq} as it was written", show(path))]
    NotKept {
        /// The log.
        path: PathBuf,
        /// The row.
        seq: i64,
    },
    /// What was asked of the log took longer than a log of its size can take, or than whoever asked can wait.
    #[error("asking the audit log `{}` takes too long", show(path))]
    TooMuchWork {
        /// The log.
        path: PathBuf,
    },
    /// A row is, or would be, longer than any row may be.
    #[error("a row of the audit log `{}` is longer than any may be (16 MiB)", show(path))]
    TooLong {
        /// The log.
        path: PathBuf,
    },
    /// A file of the log was deleted or replaced while it was in use.
    #[error("the audit log's file `{}` was deleted or replaced while it was open", show(path))]
    Replaced {
        /// The log, or a file beside it.
        path: PathBuf,
    },
    /// A file of the log became shorter while it was in use.
    #[error("the audit log's file `{}` was truncated while it was open", show(path))]
    Truncated {
        /// The log, or a file beside it.
        path: PathBuf,
    },
    /// The clock stands at a time at which there was no such log: what is recorded then would be damage.
    #[error(
        "nothing is recorded in the audit log `{}`: the clock stands at {}",
        show(path),
        at.to_rfc3339_opts(SecondsFormat::Millis, true)
    )]
    ClockBehind {
        /// The log.
        path: PathBuf,
        /// What the clock says.
        at: DateTime<Utc>,
    },
    /// While the log was waited for, what was to be recorded came to hold no more.
    #[error("nothing is recorded in the audit log `{}`: {}", show(path), escape(why))]
    Withdrawn {
        /// The log.
        path: PathBuf,
        /// Why, in the words of whoever wanted it recorded.
        why: String,
    },
    /// Rows were left out of what was asked for, because they cannot be read.
    #[error("the audit log `{}` is damaged: {}", show(path), left_out)]
    LeftOut {
        /// The log.
        path: PathBuf,
        /// Which rows.
        left_out: LeftOut,
    },
    /// `SQLite` is too old, or a setting that durability rests on did not take.
    #[error("the audit log `{}` cannot be kept durable: {problem}", show(path))]
    NotDurable {
        /// The log.
        path: PathBuf,
        /// What did not hold.
        problem: String,
    },
    /// The system has no randomness to give.
    #[error("no randomness for the audit log: {0}")]
    Randomness(#[from] getrandom::Error),
    /// An event could not be put into JSON.
    #[error("an event cannot be recorded: {0}")]
    Json(#[from] serde_json::Error),
    /// A row does not hold what every row holds.
    #[error("the audit log `{}` is damaged at row {seq}: {problem}", show(path))]
    Unreadable {
        /// The log.
        path: PathBuf,
        /// The row.
        seq: i64,
        /// What is wrong with it.
        problem: String,
    },
    /// Anything else that the system said.
    #[error("the audit log `{}` cannot be used: {source}", show(path))]
    Io {
        /// The log.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Anything else that the store said.
    #[error("the audit log `{}` cannot be used: {source}", show(path))]
    Store {
        /// The log.
        path: PathBuf,
        /// What the store said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Records could not be written out.
    #[error("cannot write records: {0}")]
    Export(#[from] std::io::Error),
}

impl TrailError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        Some(match self {
            TrailError::NotFound { .. } => "the first decision that is recorded creates it; or name another place".to_owned(),
            TrailError::DirectoryMissing { path } => {
                let directory = path.parent().map(show).unwrap_or_default();
                format!("create it first: mkdir -p '{directory}'")
            }
            TrailError::HardLink { .. } => {
                "remove the other name, or keep the log elsewhere".to_owned()
            }
            TrailError::Writable { path, .. } => format!("chmod go-w '{}'", show(path)),
            TrailError::Distrusted(distrust) => distrust.help(),
            TrailError::NotALog { .. } => "name another file".to_owned(),
            TrailError::ForeignOwner { .. } => {
                "it must belong to root or to you; name another file".to_owned()
            }
            TrailError::ReadOnly { .. } => "make it writable, or keep the log elsewhere".to_owned(),
            TrailError::Unsettled { path } => {
                let log = show(path);
                format!("copy `{log}` and `{log}-wal` to a directory that you may write, and read the copy")
            }
            TrailError::Full { .. } => "free some space; the log goes on by itself then".to_owned(),
            TrailError::Locked { .. } => "another program may be using the file; try again".to_owned(),
            TrailError::Corrupt { .. }
            | TrailError::NotKept { .. }
            | TrailError::Lost { .. }
            | TrailError::CutOff { .. }
            | TrailError::Unreadable { .. } => {
                "it is not repaired: keep it as evidence, and start another one".to_owned()
            }
            TrailError::ClockBehind { .. } => "set the clock of this machine".to_owned(),
            TrailError::Tampered { .. } | TrailError::Damaged { .. } | TrailError::LeftOut { .. } => {
                "verifying it says everything that is wrong; it is not repaired: keep it as evidence, and start another one"
                    .to_owned()
            }
            TrailError::TooMuchWork { .. } => {
                "try again; if it stays so, keep it as evidence, and start another one".to_owned()
            }
            TrailError::Truncated { .. } => {
                "another program meddles with the log's files: nothing but Aegis may write them".to_owned()
            }
            TrailError::Changed { .. } => {
                "read it again, or from an account that may write its directory".to_owned()
            }
            TrailError::Outdated { .. } => {
                "nothing was deleted; remove the archive, which holds what the log must not any more, and prune again"
                    .to_owned()
            }
            TrailError::Older { .. } => {
                "read it with the program that wrote it, and start another log".to_owned()
            }
            TrailError::Newer { .. } => "use the newer program, or another log".to_owned(),
            _ => return None,
        })
    }

    /// What would help, where a front end may have a command for it.
    #[must_use]
    pub const fn remedy(&self) -> Option<Remedy> {
        Some(match self {
            TrailError::NotFound { .. } => Remedy::CreateLog,
            TrailError::ReadOnly { .. } => Remedy::MakeWritable,
            TrailError::HardLink { .. } => Remedy::RemoveOtherName,
            TrailError::NotALog { .. } => Remedy::NameAnotherLog,
            TrailError::ForeignOwner { .. } => Remedy::NameOwnLog,
            TrailError::Corrupt { .. }
            | TrailError::NotKept { .. }
            | TrailError::Lost { .. }
            | TrailError::CutOff { .. }
            | TrailError::Unreadable { .. } => Remedy::StartAnotherLog,
            TrailError::Tampered { .. } | TrailError::Damaged { .. } | TrailError::LeftOut { .. } => {
                Remedy::LookAtDamage
            }
            TrailError::Older { .. } => Remedy::LeaveOldLog,
            _ => return None,
        })
    }

    /// What an error of the system on this log means.
    pub(crate) fn io(path: &std::path::Path, source: std::io::Error) -> TrailError {
        let path = path.to_owned();
        match source.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => TrailError::Full { path },
            std::io::ErrorKind::PermissionDenied => TrailError::Denied { path },
            std::io::ErrorKind::ReadOnlyFilesystem => TrailError::ReadOnly { path },
            _ => TrailError::Io { path, source },
        }
    }
}

fn show(path: &std::path::Path) -> String {
    escape(&path.to_string_lossy())
}
