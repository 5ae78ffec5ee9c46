//! File systems on which nothing lasts: a sync there succeeds, and means nothing.

use std::fmt;
use std::path::Path;

use crate::file::directory_of;
use crate::file_system::magic;

/// Those that are kept in memory alone.
const IN_MEMORY: [(u32, &str); 3] =
    [(0x0102_1994, "tmpfs"), (0x8584_58F6, "ramfs"), (0x9584_58F6, "hugetlbfs")];
const OVERLAY: u32 = 0x794C_7630;

/// Why nothing that is written somewhere lasts, however often it is synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Volatility {
    /// The file system of this name is in memory alone.
    InMemory(&'static str),
    /// An overlay that was told to sync nothing.
    Overlay,
    /// An overlay of which the system does not say whether it was told so. The worst is assumed.
    UnknownOverlay,
}

impl Volatility {
    /// Whether a file, there or not yet, would outlast neither a restart nor a power cut: where either it, or
    /// its directory with what stands beside it, is on such a file system. `None` where it lasts as far as is
    /// known: what a disk, a virtual machine or a container does later cannot be seen from inside.
    #[must_use]
    pub fn of(file: &Path) -> Option<Volatility> {
        // A file can be mounted on its own, and is then elsewhere than its directory.
        [file, directory_of(file)].into_iter().find_map(of_mounted)
    }
}

/// What is wrong with where it is, as the end of a sentence about the file: "… is on tmpfs, …".
impl fmt::Display for Volatility {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Volatility::InMemory(name) => write!(formatter, "is on {name}: nothing there lasts a restart"),
            Volatility::Overlay => formatter
                .write_str("is on an overlay that is mounted `volatile`: nothing there is ever synced"),
            Volatility::UnknownOverlay => formatter.write_str(
                "is on an overlay, and the system does not say whether that is mounted `volatile`: perhaps \
                 nothing there is ever synced",
            ),
        }
    }
}

fn of_mounted(path: &Path) -> Option<Volatility> {
    let found = magic(path)?;
    match IN_MEMORY.iter().find(|(magic, _)| *magic == found) {
        Some((_, name)) => Some(Volatility::InMemory(name)),
        None if found == OVERLAY => of_overlay(path),
        None => None,
    }
}

#[cfg(target_os = "linux")]
fn of_overlay(path: &Path) -> Option<Volatility> {
    use rustix::fs::{AtFlags, CWD, StatxFlags, statx};

    let Ok(found) = statx(CWD, path, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::MNT_ID) else {
        return Some(Volatility::UnknownOverlay);
    };
    if found.stx_mask & StatxFlags::MNT_ID.bits() == 0 {
        // A kernel that does not number mounts knows no such overlays either.
        return None;
    }
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    match is_volatile(&mounts, found.stx_mnt_id) {
        Some(false) => None,
        Some(true) => Some(Volatility::Overlay),
        None => Some(Volatility::UnknownOverlay),
    }
}

#[cfg(not(target_os = "linux"))]
const fn of_overlay(_: &Path) -> Option<Volatility> {
    Some(Volatility::UnknownOverlay)
}

/// Whether the mount of this number syncs nothing, by what the system tells of all mounts. `None` where it is
/// not among them.
#[cfg(target_os = "linux")]
fn is_volatile(mounts: &str, number: u64) -> Option<bool> {
    let mount = mounts
        .lines()
        .find(|line| line.split(' ').next().and_then(|first| first.parse().ok()) == Some(number))?;
    // Blanks within a field are written as numbers.
    let (_, rest) = mount.split_once(" - ")?;
    let options = rest.split(' ').nth(2)?;
    Some(options.split(',').any(|option| matches!(option, "volatile" | "fsync=volatile")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn the_options_of_an_overlay_say_whether_it_syncs() {
        let mounts = "\
            21 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n\
            30 21 0:40 / /a rw,relatime shared:7 - overlay overlay rw,lowerdir=/l,upperdir=/u,workdir=/w\n\
            31 21 0:41 / /b\\040volatile rw - overlay volatile rw,lowerdir=/volatile,workdir=/w\n\
            32 21 0:42 / /c rw - overlay overlay rw,lowerdir=/l,upperdir=/u,workdir=/w,volatile,uuid=on\n\
            33 21 0:43 / /d rw - overlay overlay rw,fsync=volatile\n\
            34 21 0:44 / /e rw - overlay\n";
        let found: Vec<_> = (29..=35).map(|number| is_volatile(mounts, number)).collect();
        assert_eq!(found, [None, Some(false), Some(false), Some(true), Some(true), None, None]);
    }

    #[test]
    fn memory_is_told_from_disks() {
        let shared = Path::new("/dev/shm");
        if magic(shared) == Some(0x0102_1994) {
            let found = Volatility::of(&shared.join("log.db"));
            assert_eq!(found, Some(Volatility::InMemory("tmpfs")));
            assert_eq!(found.unwrap().to_string(), "is on tmpfs: nothing there lasts a restart");
        }
        // Not a place for logs, but none that forgets what it is told either.
        assert_eq!(Volatility::of(Path::new("/proc/log.db")), None);
        assert_eq!(Volatility::of(Path::new("/nowhere/log.db")), None);
    }
}
