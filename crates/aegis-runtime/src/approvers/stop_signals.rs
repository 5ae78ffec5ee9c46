//! Signals that would end this process while a command is asked: they end the asking instead, until what came
//! of it is recorded.

use std::io;
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::SIGCHLD;
use signal_hook::low_level::raise;

use crate::caught_signals::{CaughtSignals, ENDING};

/// While this lives, signals are caught. Those that nobody has heard of when it ends do then what they would
/// have done.
#[derive(Debug)]
pub(super) struct StopSignals {
    caught: CaughtSignals,
    was_told: AtomicBool,
}

impl StopSignals {
    pub(super) fn catch() -> io::Result<StopSignals> {
        // Whoever ignores the ends of its children never learns how they ended: so that signal is handled in
        // any case.
        let caught = CaughtSignals::catch(&ENDING, &[SIGCHLD])?;
        Ok(StopSignals { caught, was_told: AtomicBool::new(false) })
    }

    /// What to wait on: it rings for these signals, and when a child has ended.
    pub(super) fn bell(&self) -> BorrowedFd<'_> {
        self.caught.bell()
    }

    /// Whether this process was told to stop by now.
    pub(super) fn was_told(&self) -> bool {
        if self.caught.received().iter().any(|origin| ENDING.contains(&origin.signal)) {
            self.was_told.store(true, Ordering::SeqCst);
        }
        self.was_told.load(Ordering::SeqCst)
    }
}

impl Drop for StopSignals {
    fn drop(&mut self) {
        // From here on, what is raised does what it does.
        self.caught.release();
        for origin in self.caught.received() {
            if ENDING.contains(&origin.signal) && !self.caught.is_handled(origin.signal) {
                let _ = raise(origin.signal);
            }
        }
    }
}
