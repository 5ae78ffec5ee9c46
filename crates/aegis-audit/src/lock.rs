//! The fair lock around every transaction: an exclusive `flock` on a file beside the log.
//!
//! `SQLite` waits by polling, in which the unlucky starve; the kernel queues the waiters of a `flock`
//! instead.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Instant;

use crate::error::TrailError;
use crate::file::{FileIdentity, beside, is_still, open_lock};

/// Where a log's lock is.
#[derive(Debug)]
pub(crate) struct FairLock {
    log: PathBuf,
    file: PathBuf,
}

/// The lock, held until this is dropped.
#[must_use]
#[derive(Debug)]
pub(crate) struct Held(File);

impl Drop for Held {
    fn drop(&mut self) {
        // Closing the file releases the lock too, but not while a child that is just being started has a copy
        // of the handle.
        let _ = self.0.unlock();
    }
}

impl FairLock {
    pub(crate) fn of(log: &Path) -> FairLock {
        FairLock { log: log.to_owned(), file: beside(log, ".lock") }
    }

    /// Takes the lock, or gives up at the deadline.
    pub(crate) fn hold(&self, deadline: Instant) -> Result<Held, TrailError> {
        hold(&self.file, deadline, open_lock).map_err(|error| match error {
            TrailError::Locked { .. } => TrailError::Locked { path: self.log.clone() },
            other => other,
        })
    }
}

impl Held {
    /// The locked file.
    pub(crate) const fn file(&self) -> &File {
        &self.0
    }
}

/// Opens the file at `path` and locks it, or gives up at the deadline.
pub(crate) fn hold(
    path: &Path,
    deadline: Instant,
    open: impl Fn(&Path) -> Result<File, TrailError>,
) -> Result<Held, TrailError> {
    loop {
        // Each attempt has an open file of its own. Locks belong to open files, so an attempt that was given
        // up can neither hold the lock behind the back of a later one, nor release that one's.
        let file = open(path)?;
        let metadata = file.metadata().map_err(|error| TrailError::io(path, error))?;
        let held = Held(wait_for(path, file, deadline)?);
        // While this one waited, the file may have been removed, and others may be locking its successor.
        if is_still(path, FileIdentity::from(&metadata)) {
            return Ok(held);
        }
    }
}

fn wait_for(path: &Path, file: File, deadline: Instant) -> Result<File, TrailError> {
    let failed = |error| TrailError::io(path, error);
    match file.try_lock() {
        Ok(()) => return Ok(file),
        Err(TryLockError::WouldBlock) => {}
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Interrupted => {}
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }
    // A `flock` that waits has no deadline of its own: a thread waits instead, and is left behind at the
    // deadline. It hands over the locked file itself. If nobody takes that any more, it is closed, and with
    // it the lock gone.
    let (sender, receiver) = mpsc::channel();
    let wait = move || {
        let locked = loop {
            match file.lock() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        let _ = sender.send(locked.map(|()| file));
    };
    std::thread::Builder::new().name("aegis-lock".to_owned()).spawn(wait).map_err(failed)?;
    match receiver.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        Ok(locked) => locked.map_err(failed),
        Err(_) => Err(TrailError::Locked { path: path.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn within(duration: Duration) -> Instant {
        Instant::now() + duration
    }

    fn lock() -> (tempfile::TempDir, FairLock) {
        let directory = tempfile::tempdir().unwrap();
        let lock = FairLock::of(&directory.path().join("log.db"));
        (directory, lock)
    }

    #[test]
    fn one_at_a_time() {
        let (_directory, lock) = lock();
        drop(lock.hold(within(Duration::ZERO)).unwrap());
        let held = lock.hold(within(Duration::ZERO)).unwrap();
        let refused = lock.hold(within(Duration::from_millis(20)));
        assert!(matches!(refused, Err(TrailError::Locked { .. })), "{refused:?}");
        drop(held);
        // Whoever gave up may still get it for a moment, only to let it go.
        drop(lock.hold(within(Duration::from_secs(60))).unwrap());
    }

    #[test]
    fn a_waiter_gets_it_when_it_is_free() {
        let (_directory, lock) = lock();
        let held = lock.hold(within(Duration::ZERO)).unwrap();
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| lock.hold(within(Duration::from_secs(60))).map(drop));
            std::thread::sleep(Duration::from_millis(50));
            drop(held);
            waiter.join().unwrap().unwrap();
        });
    }

    #[test]
    fn who_gave_up_neither_holds_it_nor_takes_it_from_others() {
        let (_directory, lock) = lock();
        for _ in 0..50 {
            let held = lock.hold(within(Duration::from_secs(60))).unwrap();
            // Around the deadline, every order of giving up and getting it happens sooner or later.
            std::thread::scope(|scope| {
                let waiter = scope.spawn(|| drop(lock.hold(within(Duration::from_millis(2)))));
                std::thread::sleep(Duration::from_millis(2));
                drop(held);
                waiter.join().unwrap();
            });
            let mine = lock.hold(within(Duration::from_secs(60))).unwrap();
            std::thread::sleep(Duration::from_millis(1));
            let other = lock.hold(within(Duration::ZERO));
            assert!(matches!(other, Err(TrailError::Locked { .. })), "{other:?}");
            drop(mine);
        }
    }

    #[test]
    fn a_lock_file_that_was_removed_is_made_anew() {
        let (_directory, lock) = lock();
        let held = lock.hold(within(Duration::ZERO)).unwrap();
        std::fs::remove_file(&lock.file).unwrap();
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| lock.hold(within(Duration::from_secs(60))));
            let taken = waiter.join().unwrap().unwrap();
            assert!(lock.file.exists());
            drop(taken);
        });
        drop(held);
    }
}
