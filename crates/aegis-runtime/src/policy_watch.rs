//! Watching the files of a policy, on a thread of its own.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, PipeReader, PipeWriter};
use std::os::fd::AsFd as _;
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
    loop {
        look();
        let mut handles = vec![PollFd::new(ended.as_fd(), PollFlags::POLLIN)];
        handles.extend(changes.handle().map(|handle| PollFd::new(handle, PollFlags::POLLIN)));
        match poll(&mut handles, PollTimeout::from(LOOKING_MS)) {
            Ok(_) | Err(Errno::EINTR) => {}
            // Without waiting it would turn round and round.
            Err(_) => thread::sleep(Duration::from_millis(LOOKING_MS.into())),
        }
        if handles.first().and_then(PollFd::any).unwrap_or(true) {
            return;
        }
        if handles.get(1).and_then(PollFd::any).unwrap_or(false) {
            thread::sleep(GATHERING);
            changes.forget();
        }
        // A directory, or what a link leads to, may be another one by now.
        changes.renew(paths);
    }
}

/// The directories in which a change of the files would show: of each file, and of all that links lead by.
fn directories(paths: &[PathBuf]) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for path in paths {
        let mut path = path.clone();
        // More links than these lead to no policy that is trusted.
        for _ in 0..40 {
            let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            let directory = parent.unwrap_or(Path::new(".")).to_owned();
            let next = fs::read_link(&path).map(|target| directory.join(target));
            if let Ok(real) = fs::canonicalize(&directory) {
                found.insert(real);
            }
            found.insert(directory);
            match next {
                Ok(next) => path = next,
                Err(_) => break,
            }
        }
    }
    found
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
        changes.renew(paths);
        changes
    }

    /// Has the kernel watch the directories. Doing so again changes nothing.
    fn renew(&self, paths: &[PathBuf]) {
        let Some(told) = &self.told else { return };
        let wanted = AddWatchFlags::IN_CLOSE_WRITE
            | AddWatchFlags::IN_CREATE
            | AddWatchFlags::IN_DELETE
            | AddWatchFlags::IN_MOVED_FROM
            | AddWatchFlags::IN_MOVED_TO
            | AddWatchFlags::IN_ATTRIB
            | AddWatchFlags::IN_ONLYDIR;
        for directory in directories(paths) {
            // Where that fails, a change is found by looking.
            let _ = told.add_watch(&directory, wanted);
        }
    }

    fn handle(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        self.told.as_ref().map(|told| told.as_fd())
    }

    /// Forgets what was told until now: the files are looked at whatever it was.
    fn forget(&self) {
        if let Some(told) = &self.told {
            while told.read_events().is_ok() {}
        }
    }
}

#[cfg(not(target_os = "linux"))]
impl Changes {
    fn of(_: &[PathBuf]) -> Changes {
        Changes {}
    }

    fn renew(&self, _: &[PathBuf]) {}

    fn handle(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        None
    }

    fn forget(&self) {}
}
