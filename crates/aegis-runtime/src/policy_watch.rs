//! Watching the files of a policy, on a thread of its own.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::io::{self, PipeReader, PipeWriter};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
#[cfg(target_os = "linux")]
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};

/// How long changes may gather before they are looked at: an editor makes several at once.
const GATHERING: Duration = Duration::from_millis(20);
/// How often the files are looked at where the system tells of no change: on a network's file system, say.
const LOOKING_MS: u16 = 2_000;

/// Watches files until it is dropped.
#[derive(Debug)]
pub(crate) struct PolicyWatch {
    /// The thread ends when this is gone.
    _until: PipeWriter,
}

impl PolicyWatch {
    /// Calls `look` whenever the files may have changed, on a thread of its own. A change is never missed,
    /// and a call may find that there was none.
    ///
    /// # Errors
    /// When the system has no thread or no pipe to give.
    pub(crate) fn new(paths: Vec<PathBuf>, look: impl FnMut() + Send + 'static) -> io::Result<PolicyWatch> {
        let (ended, until) = io::pipe()?;
        // Before the thread begins, so that nothing that happens from here on is missed.
        let changes = Changes::of(&paths);
        let watch = move || watch(&paths, &changes, &ended, look);
        thread::Builder::new().name("aegis-policy-watch".to_owned()).spawn(watch)?;
        Ok(PolicyWatch { _until: until })
    }
}

fn watch(paths: &[PathBuf], changes: &Changes, ended: &PipeReader, mut look: impl FnMut()) {
    look();
    loop {
        // A directory, or what a link leads to, may be another one by now.
        let places = Places::of(paths);
        changes.renew(&places);
        let mut handles = vec![PollFd::new(ended.as_fd(), PollFlags::POLLIN)];
        handles.extend(changes.handle().map(|handle| PollFd::new(handle, PollFlags::POLLIN)));
        let is_told = match poll(&mut handles, PollTimeout::from(LOOKING_MS)) {
            Ok(count) => count > 0,
            Err(Errno::EINTR) => continue,
            Err(_) => {
                // Without waiting it would turn round and round.
                thread::sleep(Duration::from_millis(LOOKING_MS.into()));
                false
            }
        };
        if handles.first().and_then(PollFd::any).unwrap_or(true) {
            return;
        }
        if is_told {
            thread::sleep(GATHERING);
        }
        if !is_told || changes.are_about(&places) {
            look();
        }
    }
}

/// Where a change of some files would show.
#[derive(Debug, Default)]
struct Places {
    /// Every directory on the way to them, links followed and not.
    directories: BTreeSet<PathBuf>,
    /// The names on the way.
    names: BTreeSet<OsString>,
}

impl Places {
    fn of(paths: &[PathBuf]) -> Places {
        let mut places = Places::default();
        let mut ways: Vec<PathBuf> = paths.iter().filter_map(|path| std::path::absolute(path).ok()).collect();
        // More links than these lead to no policy that is trusted.
        let mut links_left = 40;
        while let Some(way) = ways.pop() {
            for step in way.ancestors() {
                let (Some(directory), Some(name)) = (step.parent(), step.file_name()) else { continue };
                places.directories.insert(directory.to_owned());
                places.names.insert(name.to_owned());
                if links_left > 0
                    && let Ok(target) = fs::read_link(step)
                {
                    links_left -= 1;
                    let behind = way.strip_prefix(step).unwrap_or(Path::new(""));
                    ways.push(directory.join(target).join(behind));
                }
            }
        }
        places
    }
}

/// What the kernel tells of changes; nothing, where it cannot.
#[derive(Debug)]
struct Changes {
    #[cfg(target_os = "linux")]
    told: Option<Inotify>,
}

#[cfg(target_os = "linux")]
impl Changes {
    fn of(paths: &[PathBuf]) -> Changes {
        let told = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC).ok();
        let changes = Changes { told };
        changes.renew(&Places::of(paths));
        changes
    }

    /// Has the kernel watch the directories. Doing so again changes nothing.
    fn renew(&self, places: &Places) {
        let Some(told) = &self.told else { return };
        let wanted = AddWatchFlags::IN_CLOSE_WRITE
            | AddWatchFlags::IN_CREATE
            | AddWatchFlags::IN_DELETE
            | AddWatchFlags::IN_MOVED_FROM
            | AddWatchFlags::IN_MOVED_TO
            | AddWatchFlags::IN_ATTRIB
            | AddWatchFlags::IN_ONLYDIR;
        for directory in &places.directories {
            // Where that fails, a change is found by looking.
            let _ = told.add_watch(directory, wanted);
        }
    }

    fn handle(&self) -> Option<BorrowedFd<'_>> {
        self.told.as_ref().map(|told| told.as_fd())
    }

    /// Whether anything that was told since was about those places. A log in the same directory changes all
    /// the time.
    fn are_about(&self, places: &Places) -> bool {
        let Some(told) = &self.told else { return false };
        let mut are = false;
        while let Ok(events) = told.read_events() {
            // Without a name it is about a directory itself, or says that there was more than could be told.
            are |= events.iter().any(|it| it.name.as_ref().is_none_or(|name| places.names.contains(name)));
        }
        are
    }
}

#[cfg(not(target_os = "linux"))]
impl Changes {
    fn of(_: &[PathBuf]) -> Changes {
        Changes {}
    }

    fn renew(&self, _: &Places) {}

    fn handle(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    fn are_about(&self, _: &Places) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Instant;

    use super::*;

    #[test]
    fn every_name_on_the_way_is_known_links_included() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs::create_dir(at("..1")).unwrap();
        symlink("..1", at("..data")).unwrap();
        symlink("..data/policy.yaml", at("policy.yaml")).unwrap();
        let places = Places::of(&[at("policy.yaml")]);
        for name in ["policy.yaml", "..data", "..1"] {
            assert!(places.names.contains(&OsString::from(name)), "{name}: {places:?}");
        }
        for folder in [directory.path().to_owned(), at("..data"), at("..1")] {
            assert!(places.directories.contains(&folder), "{places:?}");
        }
        symlink("circle", at("circle")).unwrap();
        assert!(!Places::of(&[at("circle")]).names.is_empty());
    }

    #[test]
    fn other_files_of_the_directory_are_nobodys_business() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("policy.yaml");
        let looks = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&looks);
        let count = move || {
            counted.fetch_add(1, Ordering::SeqCst);
        };
        let watch = PolicyWatch::new(vec![path.clone()], count).unwrap();
        let wait_for = |count| {
            let begun = Instant::now();
            while looks.load(Ordering::SeqCst) < count {
                assert!(begun.elapsed() < Duration::from_secs(20));
                thread::sleep(Duration::from_millis(1));
            }
        };
        wait_for(1);
        let begun = Instant::now();
        for index in 0..40 {
            fs::write(directory.path().join("log.db-wal"), [index]).unwrap();
            thread::sleep(Duration::from_millis(10));
        }
        let most = 1 + begun.elapsed().as_millis() / u128::from(LOOKING_MS) + 1;
        assert!(looks.load(Ordering::SeqCst) as u128 <= most);
        let before = looks.load(Ordering::SeqCst);
        fs::write(&path, "x").unwrap();
        wait_for(before + 1);
        drop(watch);
    }
}
