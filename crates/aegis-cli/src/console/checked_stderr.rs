//! Standard error for what must not be lost unnoticed.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

/// Standard error, with its first failure kept.
#[derive(Clone, Debug, Default)]
pub(crate) struct CheckedStderr(Arc<Mutex<Option<io::Error>>>);

impl CheckedStderr {
    /// What has gone wrong since this was last asked.
    pub(crate) fn failure(&self) -> Option<io::Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
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
        self.note(io::stderr().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.note(io::stderr().flush())
    }
}
