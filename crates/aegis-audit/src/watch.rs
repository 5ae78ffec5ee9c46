//! Waiting until the files of a log change: the kernel wakes the waiter, so that idle waiting costs nothing.

use std::ffi::{OsStr, OsString};
use std::io;
#[cfg(target_os = "linux")]
use std::os::fd::AsFd as _;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
#[cfg(target_os = "linux")]
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};

use crate::error::TrailError;
use crate::file::resolve;
#[cfg(target_os = "linux")]
use crate::log_names::SUFFIXES;

/// How long changes may gather before they are looked at: a busy log wakes a reader a hundred times a second
/// at most.
const GATHERING: Duration = Duration::from_millis(10);

/// Why a wait was over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woken {
    /// A file of the log changed, or came, or went.
    Changed,
    /// Nothing happened for as long as was waited.
    TimedOut,
    /// Nobody reads any more what is written.
    OutputClosed,
}

/// Watches the files of one log, whether or not they are there.
#[derive(Debug)]
pub struct Watch {
    directory: PathBuf,
    name: OsString,
    #[cfg(target_os = "linux")]
    changes: Option<Inotify>,
}

impl Watch {
    /// Watches the log at `path`. Where the system tells nothing of changes, each wait lasts its full time.
    ///
    /// # Errors
    /// When the directory of the log does not exist.
    pub fn new(path: &Path) -> Result<Watch, TrailError> {
        let path = resolve(path)?;
        let watch = Watch {
            directory: path.parent().map(Path::to_owned).unwrap_or_default(),
            name: path.file_name().map(OsStr::to_owned).unwrap_or_default(),
            #[cfg(target_os = "linux")]
            changes: Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC).ok(),
        };
        watch.renew();
        Ok(watch)
    }

    /// Waits until the log changes, or nobody reads `output` any more, if there is one, or `longest` is over.
    ///
    /// A change can show a moment before what was written can be read, so it is wise to look again a little
    /// later.
    ///
    /// # Errors
    /// When the system cannot wait.
    pub fn wait<'o>(
        &self,
        longest: Duration,
        output: impl Into<Option<BorrowedFd<'o>>>,
    ) -> io::Result<Woken> {
        let (deadline, output) = (Instant::now() + longest, output.into());
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            // A pipe without a reader says so unasked.
            let mut handles: Vec<_> =
                output.iter().map(|output| PollFd::new(*output, PollFlags::empty())).collect();
            handles.extend(self.handle().map(|handle| PollFd::new(handle, PollFlags::POLLIN)));
            // Whole milliseconds, rounded up, so that the last of them is not spent turning round and round.
            let left_ms = u32::try_from(left.as_micros().div_ceil(1000)).unwrap_or(u32::MAX);
            match poll(&mut handles, PollTimeout::try_from(left_ms).unwrap_or(PollTimeout::MAX)) {
                Ok(0) if left.is_zero() || Instant::now() >= deadline => {
                    // The directory may have been made anew.
                    self.renew();
                    return Ok(Woken::TimedOut);
                }
                Ok(0) | Err(Errno::EINTR) => continue,
                Err(error) => return Err(error.into()),
                Ok(_) => {}
            }
            let closed = PollFlags::POLLERR | PollFlags::POLLHUP | PollFlags::POLLNVAL;
            let first = output.and_then(|_| handles.first());
            if first.and_then(PollFd::revents).is_some_and(|flags| flags.intersects(closed)) {
                return Ok(Woken::OutputClosed);
            }
            std::thread::sleep(GATHERING);
            if self.changed() {
                return Ok(Woken::Changed);
            }
        }
    }

    #[cfg(target_os = "linux")]
    fn handle(&self) -> Option<BorrowedFd<'_>> {
        self.changes.as_ref().map(Inotify::as_fd)
    }

    /// Has the kernel watch the directory. Doing so again changes nothing.
    #[cfg(target_os = "linux")]
    fn renew(&self) {
        // A writer closes the lock once its transaction is committed; the rest is for programs that know no
        // lock, and for files that come and go.
        let wanted = AddWatchFlags::IN_MODIFY
            | AddWatchFlags::IN_CLOSE_WRITE
            | AddWatchFlags::IN_CREATE
            | AddWatchFlags::IN_DELETE
            | AddWatchFlags::IN_MOVED_FROM
            | AddWatchFlags::IN_MOVED_TO
            | AddWatchFlags::IN_ONLYDIR;
        if let Some(changes) = &self.changes {
            // Where that fails, waits last their full time.
            let _ = changes.add_watch(&self.directory, wanted);
        }
    }

    /// Whether anything that has happened by now was about the log.
    #[cfg(target_os = "linux")]
    pub(crate) fn changed(&self) -> bool {
        let Some(changes) = &self.changes else { return false };
        let mut is_of_log = false;
        while let Ok(events) = changes.read_events() {
            is_of_log |= events.iter().any(|event| {
                // Without a name it is about the directory itself, or says that there was more than could be
                // told.
                event.name.as_deref().is_none_or(|name| self.is_of_log(name))
            });
        }
        is_of_log
    }

    #[cfg(target_os = "linux")]
    fn is_of_log(&self, name: &OsStr) -> bool {
        use std::os::unix::ffi::OsStrExt as _;
        let suffix = name.as_bytes().strip_prefix(self.name.as_bytes());
        // The index of the write-ahead log changes with every reader.
        let tells = SUFFIXES.iter().filter(|suffix| **suffix != "-shm");
        suffix.is_some_and(|suffix| tells.into_iter().any(|own| own.as_bytes() == suffix))
    }

    #[cfg(not(target_os = "linux"))]
    fn handle(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    #[cfg(not(target_os = "linux"))]
    fn renew(&self) {}

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn changed(&self) -> bool {
        false
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::fs;

    use super::*;

    const LONG: Duration = Duration::from_secs(20);
    const SHORT: Duration = Duration::from_millis(50);

    fn wait(watch: &Watch, longest: Duration) -> Woken {
        let output = fs::File::create("/dev/null").unwrap();
        watch.wait(longest, output.as_fd()).unwrap()
    }

    #[test]
    fn only_files_of_the_log_wake() {
        let directory = tempfile::tempdir().unwrap();
        let watch = Watch::new(&directory.path().join("log.db")).unwrap();
        for (name, woken) in [
            ("log.db", Woken::Changed),
            ("log.db-wal", Woken::Changed),
            ("log.db.lock", Woken::Changed),
            ("log.db-shm", Woken::TimedOut),
            ("log.db.bak", Woken::TimedOut),
            ("out.txt", Woken::TimedOut),
        ] {
            fs::write(directory.path().join(name), "x").unwrap();
            assert_eq!(wait(&watch, if woken == Woken::Changed { LONG } else { SHORT }), woken, "{name}");
        }
        assert_eq!(wait(&watch, SHORT), Woken::TimedOut);
        fs::remove_file(directory.path().join("log.db")).unwrap();
        assert_eq!(wait(&watch, LONG), Woken::Changed);
    }

    #[test]
    fn a_pipe_without_a_reader_ends_the_wait() {
        let directory = tempfile::tempdir().unwrap();
        let watch = Watch::new(&directory.path().join("log.db")).unwrap();
        let (reader, writer) = io::pipe().unwrap();
        assert_eq!(watch.wait(SHORT, writer.as_fd()).unwrap(), Woken::TimedOut);
        drop(reader);
        assert_eq!(watch.wait(LONG, writer.as_fd()).unwrap(), Woken::OutputClosed);
    }
}
