//! The log's files on disk: made private, and checked before they are trusted.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, OFlag};
use nix::unistd::{AccessFlags, faccessat, geteuid, truncate};

use crate::error::TrailError;
use crate::file_mode::{PRIVATE, set_mode};
use crate::file_system::magic;
use crate::trust::{self, WalkError};

/// What tells one file from another, whatever it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileIdentity {
    device: u64,
    inode: u64,
}

impl From<&Metadata> for FileIdentity {
    fn from(metadata: &Metadata) -> FileIdentity {
        FileIdentity { device: metadata.dev(), inode: metadata.ino() }
    }
}

/// The directory that a name is in, as it is spelled.
pub(crate) fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."))
}

/// The same path through a directory without symbolic links, which `SQLite` would refuse anywhere in a path.
pub(crate) fn resolve(path: &Path) -> Result<PathBuf, TrailError> {
    let name = path.file_name().ok_or_else(|| TrailError::NotRegular { path: path.to_owned() })?;
    let directory = fs::canonicalize(directory_of(path)).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            TrailError::DirectoryMissing { path: path.to_owned() }
        }
        _ => TrailError::io(path, error),
    })?;
    if !directory.is_dir() {
        return Err(TrailError::DirectoryMissing { path: path.to_owned() });
    }
    Ok(directory.join(name))
}

/// [`resolve`], where what is written will be believed: nobody else may exchange it, in its directory or in
/// one above.
pub(crate) fn resolve_trusted(path: &Path) -> Result<PathBuf, TrailError> {
    let resolved = resolve(path)?;
    let directory = trust::directory(directory_of(path)).map_err(|error| match error {
        WalkError::Distrusted(distrust) => TrailError::Distrusted(distrust),
        WalkError::System(errno) => TrailError::io(path, errno.into()),
        WalkError::TooManyLinks => TrailError::io(path, Errno::ELOOP.into()),
        _ => TrailError::DirectoryMissing { path: path.to_owned() },
    })?;
    // It was walked again: what is used is what was looked at.
    Ok(directory.join(resolved.file_name().unwrap_or_default()))
}

/// A file beside the log, such as `aegis_audit.db-wal`.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Makes an empty file that only its owner may use, unless there is one already.
pub(crate) fn create_private(path: &Path) -> Result<(), TrailError> {
    match create_new(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(TrailError::io(path, error)),
        _ => Ok(()),
    }
}

/// Syncs the directory of a log, and with it the names of its files. `SQLite` does that too, but takes a
/// failure for a success.
pub(crate) fn sync_directory(path: &Path) -> Result<(), TrailError> {
    let Some(directory) = path.parent() else { return Ok(()) };
    match File::open(directory).and_then(|directory| directory.sync_all()) {
        // Of file systems on which directories are not synced.
        Err(error) if error.raw_os_error() == Some(Errno::EINVAL as i32) => Ok(()),
        synced => synced.map_err(|error| TrailError::io(path, error)),
    }
}

/// Opens the lock file, made private where it is missing, and checks it. Nothing waits: a FIFO is refused.
///
/// Not for the log itself: closing *any* handle of a file releases every POSIX lock that this process has on
/// it, and `SQLite` relies on those.
pub(crate) fn open_lock(path: &Path) -> Result<File, TrailError> {
    open_private(path, Writes::Anywhere)
}

/// Where what is written to a file goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writes {
    /// Where the handle stands.
    Anywhere,
    /// To the end, wherever that is by then.
    AtTheEnd,
}

/// Opens a file that only its owner may use, made where it is missing, and checks it. Nothing waits: a FIFO
/// is refused.
pub(crate) fn open_private(path: &Path, writes: Writes) -> Result<File, TrailError> {
    loop {
        let file = match open_plain(path, false, writes) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => match open_plain(path, true, writes) {
                // Somebody else was faster; theirs is checked like any other.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                made => made,
            },
            opened => opened,
        };
        let file = file.map_err(|error| match error.raw_os_error().map(Errno::from_raw) {
            Some(Errno::ELOOP | Errno::EISDIR | Errno::ENXIO | Errno::ENODEV) => {
                TrailError::NotRegular { path: path.to_owned() }
            }
            _ => TrailError::io(path, error),
        })?;
        let metadata = file.metadata().map_err(|error| TrailError::io(path, error))?;
        // Without a name left, it was removed just now.
        if metadata.nlink() > 0 {
            check(path, &metadata)?;
            return Ok(file);
        }
    }
}

/// Makes a new file that only its owner may use.
pub(crate) fn create_new(path: &Path) -> io::Result<File> {
    open_plain(path, true, Writes::Anywhere)
}

fn open_plain(path: &Path, new: bool, writes: Writes) -> io::Result<File> {
    let mut flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    if writes == Writes::AtTheEnd {
        flags |= OFlag::O_APPEND;
    }
    let mut options = File::options();
    options.read(true).write(true).create_new(new).mode(PRIVATE).custom_flags(flags.bits());
    let file = options.open(path)?;
    if new {
        set_mode(&file, PRIVATE)?;
    }
    Ok(file)
}

/// Makes a file longer without opening it.
pub(crate) fn lengthen(path: &Path, length: u64) -> nix::Result<()> {
    truncate(path, i64::try_from(length).map_err(|_| Errno::EFBIG)?)
}

/// How many bytes of a file are really there; none of a file that is not.
pub(crate) fn allocated(path: &Path) -> u64 {
    /// What `st_blocks` counts.
    const BLOCK: u64 = 512;
    fs::symlink_metadata(path).map_or(0, |found| found.len().min(found.blocks().saturating_mul(BLOCK)))
}

/// Checks one of the log's files without opening it, and tells what it is. `None` if it is not there.
pub(crate) fn inspect(path: &Path) -> Result<Option<Metadata>, TrailError> {
    loop {
        match fs::symlink_metadata(path) {
            // Without a name left, it was removed while it was looked at.
            Ok(metadata) if metadata.nlink() == 0 => {}
            Ok(metadata) => return check(path, &metadata).map(|()| Some(metadata)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(TrailError::io(path, error)),
        }
    }
}

fn check(path: &Path, metadata: &Metadata) -> Result<(), TrailError> {
    let path = || path.to_owned();
    let (owner, mode) = (metadata.uid(), metadata.mode() & 0o7777);
    if !metadata.is_file() {
        Err(TrailError::NotRegular { path: path() })
    } else if metadata.nlink() != 1 {
        Err(TrailError::HardLink { path: path() })
    } else if !may_own(owner, geteuid().as_raw()) {
        Err(TrailError::ForeignOwner { path: path(), owner })
    } else if mode & 0o022 != 0 {
        // With an access control list, the group's bits are what it lets anybody named in it do.
        Err(TrailError::Writable { path: path(), mode })
    } else {
        Ok(())
    }
}

/// Whose files `caller` trusts: root's and their own.
const fn may_own(owner: u32, caller: u32) -> bool {
    owner == 0 || owner == caller
}

/// Whether the caller may read a file. `SQLite` does not tell why it could not open one.
pub(crate) fn may_read(path: &Path) -> bool {
    faccessat(AT_FDCWD, path, AccessFlags::R_OK, AtFlags::AT_EACCESS) != Err(Errno::EACCES)
}

/// Whether `path` still leads to the file that was opened.
pub(crate) fn is_still(path: &Path, identity: FileIdentity) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| FileIdentity::from(&metadata) == identity)
}

/// Whether shared memory works between all processes that could open the log: not so over a network or FUSE.
pub(crate) fn supports_shared_memory(path: &Path) -> bool {
    const REMOTE: [u32; 14] = [
        0x6969,      // NFS
        0x517B,      // SMB
        0xFF53_4D42, // CIFS
        0xFE53_4D42, // SMB2
        0x6573_5546, // FUSE
        0x0102_1997, // 9P
        0x5346_414F, // AFS
        0x00C3_6400, // Ceph
        0x7375_7245, // Coda
        0x7461_636F, // OCFS2
        0x0BD0_0BD0, // Lustre
        0x4750_4653, // GPFS
        0x1983_0326, // BeeGFS
        0x786F_4256, // VirtualBox shared folders
    ];
    let Some(directory) = path.parent() else { return false };
    magic(directory).is_some_and(|found| !REMOTE.contains(&found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_comes_and_goes_is_there_or_not_and_never_wrong() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log.db-wal");
        std::thread::scope(|scope| {
            let remover = scope.spawn(|| {
                for _ in 0..20_000 {
                    drop(create_new(&path).unwrap());
                    fs::remove_file(&path).unwrap();
                }
            });
            while !remover.is_finished() {
                let _ = inspect(&path).unwrap();
            }
        });
    }

    #[test]
    fn files_of_root_and_the_caller_are_trusted_and_nobody_elses() {
        assert!(may_own(0, 0) && may_own(0, 1000) && may_own(1000, 1000));
        assert!(!may_own(1000, 0) && !may_own(1001, 1000));
    }

    #[test]
    fn a_path_is_resolved_up_to_its_last_part() {
        let directory = tempfile::tempdir().unwrap();
        let real = directory.path().canonicalize().unwrap().join("real");
        fs::create_dir(&real).unwrap();
        std::os::unix::fs::symlink(&real, directory.path().join("link")).unwrap();
        assert_eq!(resolve(&directory.path().join("link/log.db")).unwrap(), real.join("log.db"));
        assert!(resolve(Path::new("log.db")).unwrap().is_absolute());
        for missing in ["no/log.db", "real/no/log.db"] {
            let path = directory.path().join(missing);
            assert!(matches!(resolve(&path), Err(TrailError::DirectoryMissing { .. })));
        }
        assert!(matches!(resolve(Path::new("..")), Err(TrailError::NotRegular { .. })));
    }
}
