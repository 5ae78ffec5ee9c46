//! Standard error for what must not be lost unnoticed.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::sync::{Arc, Mutex, PoisonError};

/// Standard error, with its first failure kept.
#[derive(Clone, Debug, Default)]
pub(crate) struct CheckedStderr(Arc<Mutex<Option<io::Error>>>);

impl CheckedStderr {
    /// What has gone wrong since this was last asked.
    pub(crate) fn failure(&self) -> Option<io::Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Whether what is written there is lost: it is closed, or is the null device. A stream that was closed
    /// when the program began has become that by now, so the two cannot be told from each other.
    pub(crate) fn leads_nowhere() -> bool {
        let Ok(stderr) = rustix::fs::fstat(io::stderr()) else { return true };
        let is_device = rustix::fs::FileType::from_raw_mode(stderr.st_mode).is_char_device();
        is_device && fs::metadata("/dev/null").is_ok_and(|null| null.rdev() == stderr.st_rdev)
    }

    fn note<T>(&self, result: io::Result<T>) -> io::Result<T> {
        result.map_err(|error| {
            let copy = io::Error::from(error.kind());
            self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
            copy
        })
    }
}

impl io::Write for CheckedStderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // The library's own stream takes a closed one for one that took everything.
        self.note(rustix::io::write(io::stderr(), bytes).map_err(io::Error::from))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.note(io::stderr().flush())
    }
}
