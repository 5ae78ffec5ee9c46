//! The files that `SQLite` has open, watched: they must not be replaced or truncated meanwhile. `SQLite`
//! itself would write on into what has lost its name, or its length, and call that a success.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::connection_settings::JournalMode;
use super::sqlite_error::failed;
use crate::error::TrailError;
use crate::file::{FileIdentity, beside, inspect, is_still, lengthen};

/// What a write-ahead log begins with, and where in that its salts are.
const WAL_MAGIC: [u8; 3] = [0x37, 0x7f, 0x06];
const WAL_HEADER: u64 = 32;
const WAL_SALTS: u64 = 16;
/// What each of its frames begins with, and where in that they are again.
const FRAME_HEADER: u64 = 24;
const FRAME_SALTS: u64 = 8;

/// A log's files.
#[derive(Debug)]
pub(super) struct OpenFiles {
    log: PathBuf,
    files: Vec<(PathBuf, FileIdentity)>,
    journal: JournalMode,
    /// The greatest length of the write-ahead log's index that was seen. It is mapped into memory, and does
    /// not shrink while anybody has it open.
    index: u64,
}

/// How long the files were before a transaction.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lengths {
    log: u64,
    /// How many frames the write-ahead log had.
    frames: u64,
}

impl OpenFiles {
    /// The files of a log that was opened as `file`.
    pub(super) fn of(log: &Path, file: FileIdentity, journal: JournalMode) -> Result<OpenFiles, TrailError> {
        let mut files = vec![(log.to_owned(), file)];
        if journal == JournalMode::Ahead {
            for file in [beside(log, "-wal"), beside(log, "-shm")] {
                let Some(metadata) = inspect(&file)? else { return Err(TrailError::Replaced { path: file }) };
                files.push((file, FileIdentity::from(&metadata)));
            }
        }
        Ok(OpenFiles { log: log.to_owned(), files, journal, index: 0 })
    }

    /// Refuses files that are not the ones that were opened, and an index that became shorter: touching what
    /// it has lost would kill the process.
    pub(super) fn check(&mut self) -> Result<(), TrailError> {
        if let Some((path, _)) = self.files.iter().find(|(path, file)| !is_still(path, *file)) {
            return Err(TrailError::Replaced { path: path.clone() });
        }
        if self.journal == JournalMode::Ahead {
            let index = beside(&self.log, "-shm");
            let length = length(&index)?;
            if length < self.index {
                // Whatever still touches it, be it only the closing of the log, finds it whole again; its
                // content is derived. By its name, since closing a handle of it would release its locks.
                let _ = lengthen(&index, self.index);
                return Err(TrailError::Truncated { path: index });
            }
            self.index = length;
        }
        Ok(())
    }

    /// How long the files are, before a transaction; refuses a write-ahead log that is too short for what it
    /// holds.
    pub(super) fn measure(&self, connection: &Connection) -> Result<Lengths, TrailError> {
        let frames = self.frames(connection)?;
        Ok(Lengths { log: length(&self.log)?, frames })
    }

    /// Refuses files that are shorter than what was committed to them since, or have a hole where it should
    /// be.
    pub(super) fn check_since(&self, connection: &Connection, before: Lengths) -> Result<(), TrailError> {
        let page = self.page_size(connection)?;
        let pages: u64 = connection
            .query_row("PRAGMA page_count", [], |row| row.get(0))
            .map_err(|error| failed(&self.log, error))?;
        let whole = pages.saturating_mul(page);
        // What is in the write-ahead log may not be in the log yet.
        let least = if self.journal == JournalMode::Ahead { whole.min(before.log) } else { whole };
        if length(&self.log)? < least {
            return Err(TrailError::Truncated { path: self.log.clone() });
        }
        let frames = self.frames(connection)?;
        // Where it began anew meanwhile, all frames are new.
        let first = if frames > before.frames { before.frames.max(1) } else { 1 };
        if frames == 0 { Ok(()) } else { self.check_frames(page, first, frames) }
    }

    /// How many frames the write-ahead log has, all of which its file must be long enough for.
    fn frames(&self, connection: &Connection) -> Result<u64, TrailError> {
        if self.journal == JournalMode::Rollback {
            return Ok(0);
        }
        let path = beside(&self.log, "-wal");
        let mut before = None;
        loop {
            let frames: i64 = connection
                .query_row("PRAGMA wal_checkpoint(NOOP)", [], |row| row.get(1))
                .map_err(|error| failed(&self.log, error))?;
            let (frames, page) = (frames.max(0).unsigned_abs(), self.page_size(connection)?);
            let least = WAL_HEADER.saturating_add(frames.saturating_mul(page.saturating_add(FRAME_HEADER)));
            if frames == 0 || length(&path)? >= least {
                return Ok(frames);
            }
            // A program that knows nothing of the lock may have emptied it between the two questions.
            if before == Some(frames) {
                return Err(TrailError::Truncated { path });
            }
            before = Some(frames);
        }
    }

    fn page_size(&self, connection: &Connection) -> Result<u64, TrailError> {
        connection
            .query_row("PRAGMA page_size", [], |row| row.get(0))
            .map_err(|error| failed(&self.log, error))
    }

    /// Refuses frames that are not of the write-ahead log as it is: what was cut off and written over from
    /// behind is a hole.
    fn check_frames(&self, page: u64, first: u64, last: u64) -> Result<(), TrailError> {
        let path = beside(&self.log, "-wal");
        // `SQLite` locks the log and its index, and not this file: closing it releases nothing.
        let file = File::open(&path).map_err(|error| TrailError::io(&path, error))?;
        let bytes = |at: u64| -> Result<[u8; 8], TrailError> {
            let mut bytes = [0; 8];
            file.read_exact_at(&mut bytes, at)
                .map_err(|_| TrailError::Truncated { path: path.clone() })
                .map(|()| bytes)
        };
        let expected = bytes(WAL_SALTS)?;
        if !bytes(0)?.starts_with(&WAL_MAGIC) {
            return Err(TrailError::Truncated { path });
        }
        for frame in first..=last {
            let at = WAL_HEADER + (frame - 1).saturating_mul(page.saturating_add(FRAME_HEADER));
            if bytes(at.saturating_add(FRAME_SALTS))? != expected {
                return Err(TrailError::Truncated { path });
            }
        }
        Ok(())
    }

    /// The same without a write-ahead log.
    #[cfg(test)]
    pub(super) fn without_write_ahead_log(mut self) -> OpenFiles {
        self.files.truncate(1);
        self.journal = JournalMode::Rollback;
        self
    }
}

fn length(path: &Path) -> Result<u64, TrailError> {
    fs::symlink_metadata(path).map(|found| found.len()).map_err(|error| TrailError::io(path, error))
}
