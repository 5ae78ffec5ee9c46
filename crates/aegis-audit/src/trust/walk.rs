//! A path, walked step by step from the root of the file system.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::{Component, Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{OFlag, open, openat, readlinkat};
use nix::sys::stat::{FileStat, Mode, SFlag, fstat};
use thiserror::Error;

use crate::trust::caller::{Caller, Found};
use crate::trust::distrust::{Distrust, Role};

/// How many symbolic links may be on the way, as the kernel has it.
pub(crate) const MAX_LINKS: usize = 40;

/// Why a path does not lead to something that is trusted.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum WalkError {
    /// There is nothing there.
    #[error("there is nothing there")]
    Missing,
    /// It is not what was looked for: a regular file, or a directory.
    #[error("it is not of the right kind")]
    WrongKind,
    /// Too many symbolic links lead to it.
    #[error("more than {MAX_LINKS} symbolic links lead to it")]
    TooManyLinks,
    /// The system refused.
    #[error("{}", .0.desc())]
    System(Errno),
    /// Somebody else could have changed it.
    #[error(transparent)]
    Distrusted(#[from] Distrust),
}

impl From<Errno> for WalkError {
    fn from(errno: Errno) -> WalkError {
        match errno {
            Errno::ENOENT | Errno::ENOTDIR => WalkError::Missing,
            // What a socket or a device without a driver says.
            Errno::ENXIO | Errno::ENODEV => WalkError::WrongKind,
            Errno::ELOOP => WalkError::TooManyLinks,
            errno => WalkError::System(errno),
        }
    }
}

/// Opens a regular file for reading, if nobody else could have changed it or what leads to it.
///
/// # Errors
/// When it is not there or not trusted. Nothing waits: a FIFO is no regular file.
pub fn file(path: &Path) -> Result<File, WalkError> {
    let mut walk = Walk::from_the_root(path)?;
    match walk.go()? {
        Some(name) => walk.open_file(&name),
        None => Err(WalkError::WrongKind),
    }
}

/// The path of a directory, its links resolved, if nobody else could exchange what is in it.
///
/// In a sticky directory others may make files that are not there yet: whoever uses one looks at its owner.
///
/// # Errors
/// When it is not there or not trusted.
pub fn directory(path: &Path) -> Result<PathBuf, WalkError> {
    let mut walk = Walk::from_the_root(path)?;
    if walk.go()?.is_some() {
        return Err(WalkError::WrongKind);
    }
    let Step { path, handle, stat } = walk.above.pop().ok_or(WalkError::Missing)?;
    walk.caller.trusts_place(&Found { path: walk.named(&path), handle: handle.as_fd(), stat: &stat })?;
    Ok(path)
}

/// A directory on the way, opened.
struct Step {
    path: PathBuf,
    handle: OwnedFd,
    stat: FileStat,
}

/// How far a walk has come: the directories from the root on, and what is left to go.
struct Walk {
    caller: Caller,
    /// The working directory, of a path that begins in it: what is below is named as it was.
    base: Option<PathBuf>,
    above: Vec<Step>,
    left: VecDeque<Part>,
    links: usize,
}

/// A part of a path.
enum Part {
    Root,
    Up,
    Into(OsString),
}

impl Walk {
    fn from_the_root(path: &Path) -> Result<Walk, WalkError> {
        // The directories above the working one count as well.
        let base = if path.is_absolute() { None } else { Some(nix::unistd::getcwd()?) };
        let left = base.iter().flat_map(|base| parts(base)).chain(parts(path)).collect();
        Ok(Walk { caller: Caller::current(), base, above: Vec::new(), left, links: 0 })
    }

    /// A path as whoever gave the beginning of it would write it.
    fn named<'a>(&self, path: &'a Path) -> &'a Path {
        let below = self.base.as_ref().and_then(|base| path.strip_prefix(base).ok());
        below.filter(|below| *below != Path::new("")).unwrap_or(path)
    }

    /// Goes on to the last part. `None` if that is a directory, which is the last step then; otherwise the
    /// name, in the last step, of a regular file.
    fn go(&mut self) -> Result<Option<OsString>, WalkError> {
        while let Some(part) = self.left.pop_front() {
            let name = match part {
                Part::Root => {
                    self.above.clear();
                    let root = open("/", OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty())?;
                    self.enter(PathBuf::from("/"), root)?;
                    continue;
                }
                // Above the root is the root.
                Part::Up if self.above.len() > 1 => {
                    self.above.pop();
                    continue;
                }
                Part::Up => continue,
                Part::Into(name) => name,
            };
            let here = self.above.last().ok_or(WalkError::Missing)?;
            let flags = OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
            let handle = openat(&here.handle, name.as_os_str(), flags, Mode::empty())?;
            let (path, stat) = (here.path.join(&name), fstat(&handle)?);
            match kind(&stat) {
                SFlag::S_IFLNK => self.follow(&path, &handle, &stat)?,
                SFlag::S_IFDIR => {
                    self.may_lead_to(&stat)?;
                    self.enter(path, handle)?;
                }
                SFlag::S_IFREG if self.left.is_empty() => return Ok(Some(name)),
                // Opening a device could already do something.
                _ if self.left.is_empty() => return Err(WalkError::WrongKind),
                _ => return Err(WalkError::Missing),
            }
        }
        Ok(None)
    }

    fn enter(&mut self, path: PathBuf, handle: OwnedFd) -> Result<(), WalkError> {
        let stat = fstat(&handle)?;
        self.above.push(Step { path, handle, stat });
        Ok(())
    }

    /// Checks the directory that the walk is in, with regard to what was found in it.
    fn may_lead_to(&self, child: &FileStat) -> Result<(), WalkError> {
        let Step { path, handle, stat } = self.above.last().ok_or(WalkError::Missing)?;
        Ok(self
            .caller
            .trusts_way_to(&Found { path: self.named(path), handle: handle.as_fd(), stat }, child)?)
    }

    /// Puts where a link leads before what is left to go.
    fn follow(&mut self, path: &Path, handle: &OwnedFd, stat: &FileStat) -> Result<(), WalkError> {
        self.links += 1;
        if self.links > MAX_LINKS {
            return Err(WalkError::TooManyLinks);
        }
        self.caller.trusts(&Found { path: self.named(path), handle: handle.as_fd(), stat }, Role::Link)?;
        self.may_lead_to(stat)?;
        // Of the very link that was looked at.
        let target = readlinkat(handle, OsStr::new(""))?;
        for part in parts(Path::new(&target)).collect::<Vec<_>>().into_iter().rev() {
            self.left.push_front(part);
        }
        Ok(())
    }

    /// Opens the file of this name in the last step, and checks what was opened: by now, something else could
    /// have its name.
    fn open_file(&self, name: &OsStr) -> Result<File, WalkError> {
        let here = self.above.last().ok_or(WalkError::Missing)?;
        let path = here.path.join(name);
        // Without O_NONBLOCK, opening a FIFO would wait for a writer.
        let flags =
            OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
        let handle = openat(&here.handle, name, flags, Mode::empty())?;
        let stat = fstat(&handle)?;
        if kind(&stat) != SFlag::S_IFREG {
            return Err(WalkError::WrongKind);
        }
        self.caller
            .trusts(&Found { path: self.named(&path), handle: handle.as_fd(), stat: &stat }, Role::File)?;
        self.may_lead_to(&stat)?;
        Ok(File::from(handle))
    }
}

fn parts(path: &Path) -> impl Iterator<Item = Part> {
    path.components().filter_map(|component| match component {
        Component::RootDir => Some(Part::Root),
        Component::ParentDir => Some(Part::Up),
        Component::Normal(name) => Some(Part::Into(name.to_owned())),
        Component::CurDir | Component::Prefix(_) => None,
    })
}

fn kind(stat: &FileStat) -> SFlag {
    SFlag::from_bits_truncate(stat.st_mode & SFlag::S_IFMT.bits())
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

    use aegis_testkit::{Named, share_by_access_list};
    use nix::unistd::geteuid;
    use tempfile::TempDir;

    use super::*;

    /// `a/b/file` in a directory that only its owner may write.
    fn tree() -> TempDir {
        let tree = tempfile::tempdir().unwrap();
        fs::create_dir_all(tree.path().join("a/b")).unwrap();
        fs::write(tree.path().join("a/b/file"), "text").unwrap();
        for (path, mode) in [("", 0o755), ("a", 0o755), ("a/b", 0o755), ("a/b/file", 0o644)] {
            set_mode(&tree, path, mode);
        }
        tree
    }

    fn set_mode(tree: &TempDir, path: &str, mode: u32) {
        fs::set_permissions(tree.path().join(path), Permissions::from_mode(mode)).unwrap();
    }

    /// Whose distrust it is: the end of a path, and what it is.
    fn distrusted(result: Result<impl std::fmt::Debug, WalkError>, end: &str) -> Distrust {
        match result {
            Err(WalkError::Distrusted(distrust)) => {
                assert!(distrust.to_string().contains(&format!("{end}`")), "{distrust}");
                distrust
            }
            other => panic!("{end}: {other:?}"),
        }
    }

    #[test]
    fn every_directory_from_the_root_on_is_looked_at() {
        let tree = tree();
        let path = tree.path().join("a/b/file");
        assert!(file(&path).is_ok() && directory(path.parent().unwrap()).is_ok());
        set_mode(&tree, "a", 0o757);
        for found in [file(&path).map(drop), directory(path.parent().unwrap()).map(drop)] {
            assert!(matches!(distrusted(found, "/a"), Distrust::Writable { role: Role::Directory, .. }));
        }
        distrusted(directory(&tree.path().join("a")), "/a");
        // A sticky one keeps what is one's own.
        set_mode(&tree, "a", 0o1777);
        assert!(file(&path).is_ok() && directory(path.parent().unwrap()).is_ok());
        assert!(directory(&tree.path().join("a")).is_ok());
    }

    #[test]
    fn a_sticky_directory_keeps_no_file_of_somebody_elses() {
        if !geteuid().is_root() {
            return; // Only root can give a file away.
        }
        let tree = tree();
        set_mode(&tree, "a", 0o1777);
        chown(tree.path().join("a/b"), Some(12_345), None).unwrap();
        let found = distrusted(file(&tree.path().join("a/b/file")), "/a");
        assert!(matches!(found, Distrust::Writable { .. }), "{found}");
        chown(tree.path().join("a"), Some(12_345), None).unwrap();
        let found = distrusted(file(&tree.path().join("a/b/file")), "/a");
        assert!(matches!(found, Distrust::ForeignOwner { role: Role::Directory, .. }), "{found}");
    }

    #[test]
    fn links_are_followed_step_by_step() {
        let (tree, lax) = (tree(), tree());
        let (at, lax_at) = (|path: &str| tree.path().join(path), |path: &str| lax.path().join(path));
        symlink("b", at("a/relative")).unwrap();
        symlink("../../a/b/file", at("a/b/up")).unwrap();
        assert!(file(&at("a/relative/file")).is_ok() && file(&at("a/relative/up")).is_ok());
        assert_eq!(directory(&at("a/relative/../b/.")).unwrap(), at("a/b").canonicalize().unwrap());
        // In the middle of the way of a link is a directory that others may write.
        fs::write(lax_at("a/b/file"), "text").unwrap();
        symlink(at("a"), lax_at("a/through")).unwrap();
        symlink(lax_at("a/through/b"), at("a/round")).unwrap();
        assert!(file(&at("a/round/file")).is_ok());
        set_mode(&lax, "a", 0o777);
        let found = distrusted(file(&at("a/round/file")), "/a");
        assert!(matches!(found, Distrust::Writable { role: Role::Directory, .. }), "{found}");
        symlink("circle", at("circle")).unwrap();
        assert_eq!(file(&at("circle")).unwrap_err(), WalkError::TooManyLinks);
        symlink("nowhere", at("dangling")).unwrap();
        assert_eq!(file(&at("dangling")).unwrap_err(), WalkError::Missing);
        if geteuid().is_root() {
            nix::unistd::fchownat(
                nix::fcntl::AT_FDCWD,
                &at("a/relative"),
                Some(12_345.into()),
                None,
                nix::fcntl::AtFlags::AT_SYMLINK_NOFOLLOW,
            )
            .unwrap();
            let found = distrusted(file(&at("a/relative/file")), "/relative");
            assert!(matches!(found, Distrust::ForeignOwner { role: Role::Link, .. }), "{found}");
        }
    }

    #[test]
    fn as_many_links_as_the_kernel_follows_are_followed() {
        let tree = tree();
        let at = |number: usize| tree.path().join(format!("link{number}"));
        symlink("a/b/file", at(1)).unwrap();
        for number in 2..=MAX_LINKS + 1 {
            symlink(at(number - 1).file_name().unwrap(), at(number)).unwrap();
        }
        assert!(file(&at(MAX_LINKS)).is_ok());
        assert_eq!(file(&at(MAX_LINKS + 1)).unwrap_err(), WalkError::TooManyLinks);
    }

    #[test]
    fn what_is_below_the_working_directory_is_named_as_it_was_given() {
        let here = std::env::current_dir().unwrap().canonicalize().unwrap();
        let walk = Walk::from_the_root(Path::new("a/b")).unwrap();
        assert_eq!(walk.named(&here.join("a/b")), Path::new("a/b"));
        assert_eq!(walk.named(&here), here);
        assert_eq!(walk.named(Path::new("/elsewhere")), Path::new("/elsewhere"));
        let walk = Walk::from_the_root(&here.join("a")).unwrap();
        assert_eq!(walk.named(&here.join("a")), here.join("a"));
    }

    #[test]
    fn nothing_waits_for_a_pipe() {
        let tree = tree();
        let pipe = tree.path().join("a/b/pipe");
        nix::unistd::mkfifo(&pipe, Mode::S_IRUSR).unwrap();
        let (told, tells) = std::sync::mpsc::channel();
        std::thread::spawn(move || told.send(file(&pipe).unwrap_err()));
        assert_eq!(tells.recv_timeout(aegis_testkit::PATIENCE), Ok(WalkError::WrongKind));
    }

    /// Walks to `a/b/file`, puts something else in its place, and opens that.
    fn opened_after(exchange: impl FnOnce(&Path)) -> Result<File, WalkError> {
        let tree = tree();
        let path = tree.path().join("a/b/file");
        let mut walk = Walk::from_the_root(&path).unwrap();
        let name = walk.go().unwrap().unwrap();
        fs::rename(&path, path.with_file_name("before")).unwrap();
        exchange(&path);
        let (told, tells) = std::sync::mpsc::channel();
        std::thread::spawn(move || told.send(walk.open_file(&name)));
        tells.recv_timeout(aegis_testkit::PATIENCE).unwrap()
    }

    #[test]
    fn what_takes_the_place_of_a_file_before_it_is_opened_is_looked_at_as_well() {
        let found = opened_after(|path| symlink("before", path).unwrap());
        assert_eq!(found.unwrap_err(), WalkError::TooManyLinks);
        let found = opened_after(|path| nix::unistd::mkfifo(path, Mode::S_IRUSR).unwrap());
        assert_eq!(found.unwrap_err(), WalkError::WrongKind);
        let found = opened_after(|path| fs::create_dir(path).unwrap());
        assert_eq!(found.unwrap_err(), WalkError::WrongKind);
        let found = opened_after(|path| {
            fs::write(path, "text").unwrap();
            fs::set_permissions(path, Permissions::from_mode(0o666)).unwrap();
        });
        assert!(matches!(distrusted(found, "/file"), Distrust::Writable { role: Role::File, .. }));
        assert!(opened_after(|path| fs::rename(path.with_file_name("before"), path).unwrap()).is_ok());
    }

    #[test]
    fn no_program_that_is_started_is_given_what_was_opened() {
        let is_kept = |handle: &dyn std::os::fd::AsFd| {
            let flags = nix::fcntl::fcntl(handle.as_fd(), nix::fcntl::FcntlArg::F_GETFD).unwrap();
            nix::fcntl::FdFlag::from_bits_retain(flags).contains(nix::fcntl::FdFlag::FD_CLOEXEC)
        };
        let tree = tree();
        let mut walk = Walk::from_the_root(&tree.path().join("a/b/file")).unwrap();
        let name = walk.go().unwrap().unwrap();
        assert_eq!(walk.above.first().unwrap().path, Path::new("/"));
        for step in &walk.above {
            assert!(is_kept(&step.handle), "{}", step.path.display());
        }
        assert!(is_kept(&walk.open_file(&name).unwrap()));
    }

    #[test]
    fn the_way_leads_through_places_and_reads_none_of_them() {
        let tree = tree();
        let mut walk = Walk::from_the_root(&tree.path().join("a/b/file")).unwrap();
        walk.go().unwrap();
        for step in &walk.above {
            let flags = nix::fcntl::fcntl(&step.handle, nix::fcntl::FcntlArg::F_GETFL).unwrap();
            assert!(OFlag::from_bits_retain(flags).contains(OFlag::O_PATH), "{}", step.path.display());
        }
    }

    #[test]
    fn what_an_access_control_list_gives_counts() {
        let tree = tree();
        let path = tree.path().join("a/b/file");
        for (place, role) in [("a", Role::Directory), ("a/b/file", Role::File)] {
            for (named, who) in [(Named::User(12_345), "user 12345"), (Named::Group(12_345), "group 12345")] {
                if !share_by_access_list(&tree.path().join(place), named) {
                    return; // The file system has no such lists.
                }
                let found = distrusted(file(&path), place);
                assert!(matches!(&found, Distrust::Listed { who: named, .. } if named == who), "{found}");
                assert_eq!(found.role(), role);
                assert!(found.help().starts_with("setfacl -b "), "{found}");
            }
            // The mask takes it away, and so `chmod` does.
            set_mode(&tree, place, 0o755);
            assert!(file(&path).is_ok(), "{place}");
            // Who is trusted anyway may be named.
            let oneself = Named::User(geteuid().as_raw());
            assert!(share_by_access_list(&tree.path().join(place), oneself) && file(&path).is_ok());
            set_mode(&tree, place, 0o755);
        }
    }

    #[test]
    fn what_is_not_there_or_of_another_kind_is_told_apart() {
        let tree = tree();
        let at = |path: &str| tree.path().join(path);
        for missing in ["x", "a/x/file", "a/b/file/x", "a/b/file/.."] {
            assert_eq!(file(&at(missing)).unwrap_err(), WalkError::Missing, "{missing}");
        }
        assert_eq!(file(&at("a")).unwrap_err(), WalkError::WrongKind);
        assert_eq!(directory(&at("a/b/file")).unwrap_err(), WalkError::WrongKind);
        assert_eq!(directory(Path::new("/..")).unwrap(), Path::new("/"));
        assert!(file(Path::new("/dev/null")).is_err());
    }
}
