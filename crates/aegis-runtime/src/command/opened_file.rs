//! A regular file that is open, and what is in it: nothing here waits, and what was looked at is what is
//! read.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use aegis_engine::{Digest, escape};
use rustix::fs::{Access, AtFlags, CWD, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};
use thiserror::Error;

/// How much is read at once.
const PIECE: usize = 1 << 16;

/// Why a program or a script cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FileProblem {
    /// There is no such file.
    #[error("`{}` was not found", show(path))]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// It is a directory, a FIFO, a device or the like.
    #[error("`{}` is {kind}, not a regular file", show(path))]
    NotRegular {
        /// Where it is.
        path: PathBuf,
        /// What it is.
        kind: &'static str,
    },
    /// It must not be executed.
    #[error("`{}` may not be executed", show(path))]
    NotExecutable {
        /// Where it is.
        path: PathBuf,
    },
    /// It is executable, and nothing that the kernel executes by itself.
    #[error("`{}` is neither an ELF program nor a script that begins with `#!`", show(path))]
    UnknownFormat {
        /// Where it is.
        path: PathBuf,
    },
    /// The system does not let it be read.
    #[error("`{}` cannot be read, so nobody can tell what it is: {problem}", show(path))]
    Unreadable {
        /// Where it is.
        path: PathBuf,
        /// What the system said.
        problem: String,
    },
    /// There is more of it than is looked at.
    #[error("`{}` has more than {most} bytes", show(path))]
    TooLarge {
        /// Where it is.
        path: PathBuf,
        /// How many it may have.
        most: u64,
    },
    /// There are more of them than are looked at.
    #[error("the command is given more than {most} files")]
    TooMany {
        /// How many there may be.
        most: usize,
    },
    /// There is more in them than is looked at.
    #[error("the files that the command is given have more than {most} bytes")]
    TooLargeTogether {
        /// How many they may have together.
        most: u64,
    },
    /// Its path is no text, so that no rule could speak of it.
    #[error("the path `{}` is not valid UTF-8", show(path))]
    NotText {
        /// The path.
        path: PathBuf,
    },
}

impl FileProblem {
    /// What to do about it.
    #[must_use]
    pub const fn help(&self) -> Option<&'static str> {
        Some(match self {
            FileProblem::Missing { .. } => "is it spelt right, installed, and in a directory of `PATH`?",
            FileProblem::NotRegular { .. } => "name a program, or a script",
            FileProblem::NotExecutable { .. } => {
                "`chmod +x` makes it executable, unless its file system is mounted without; a script can also be \
                 given to its interpreter"
            }
            FileProblem::UnknownFormat { .. } => {
                "a script says on its first line what runs it, such as `#!/bin/sh`; or name its interpreter"
            }
            FileProblem::Unreadable { .. } => "what is run is read first: give this account leave to read it",
            FileProblem::TooLarge { .. } => "nothing that large is looked at before it is run",
            FileProblem::TooMany { .. } | FileProblem::TooLargeTogether { .. } => {
                "an interpreter may run any file that it is named, so all are read first: name their directory, or \
                 give them on standard input"
            }
            FileProblem::NotText { .. } => "give it a name that is text",
        })
    }

    /// Whether there is nothing to run.
    #[must_use]
    pub const fn is_missing(&self) -> bool {
        matches!(self, FileProblem::Missing { .. })
    }
}

pub(super) fn show(path: &Path) -> String {
    escape(&path.to_string_lossy())
}

/// A regular file that was opened for reading.
#[derive(Debug)]
pub(super) struct OpenedFile {
    file: File,
    /// The path of what is open, as the kernel names it: without links.
    path: PathBuf,
    stamp: Stamp,
}

/// What changes with the content of a file, and cannot be set back by whoever may write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    place: (u64, u64),
    size: i64,
    changed: (i64, u64),
    modified: (i64, u64),
}

impl Stamp {
    #[expect(clippy::useless_conversion, reason = "on other processors, these are other integers")]
    fn of(stat: &Stat) -> Stamp {
        Stamp {
            place: (stat.st_dev.into(), stat.st_ino.into()),
            size: stat.st_size,
            changed: (stat.st_ctime.into(), stat.st_ctime_nsec.into()),
            modified: (stat.st_mtime.into(), stat.st_mtime_nsec.into()),
        }
    }

    /// Whether a path leads to the file as it was.
    pub(super) fn is_at(self, path: &Path) -> bool {
        rustix::fs::stat(path).is_ok_and(|stat| Stamp::of(&stat) == self)
    }
}

impl OpenedFile {
    /// Opens a file for reading, if it is a regular one. A FIFO or a device is not even opened.
    pub(super) fn open(path: &Path) -> Result<OpenedFile, FileProblem> {
        let unreadable =
            |errno: Errno| FileProblem::Unreadable { path: path.to_owned(), problem: said(errno) };
        let place = Self::locate(path)?;
        let reopened = rustix::fs::open(
            self_fd(place.as_fd()),
            OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOCTTY | OFlags::NONBLOCK,
            Mode::empty(),
        )
        .map_err(unreadable)?;
        let stat = rustix::fs::fstat(&reopened).map_err(unreadable)?;
        let name = rustix::fs::readlinkat(CWD, self_fd(place.as_fd()), Vec::new()).map_err(unreadable)?;
        let name = PathBuf::from(std::ffi::OsString::from_vec(name.into_bytes()));
        if name.to_str().is_none() {
            return Err(FileProblem::NotText { path: name });
        }
        // What was removed since has no name any more.
        if !name.is_absolute() || stat.st_nlink == 0 {
            return Err(FileProblem::Missing { path: path.to_owned() });
        }
        Ok(OpenedFile { file: File::from(reopened), path: name, stamp: Stamp::of(&stat) })
    }

    /// The same, for a file that this account may also execute.
    pub(super) fn open_executable(path: &Path) -> Result<OpenedFile, FileProblem> {
        let place = Self::locate(path)?;
        // Asked of what is open, and so are the options of its mount. `EACCES` is the whole answer.
        match rustix::fs::accessat(CWD, self_fd(place.as_fd()), Access::EXEC_OK, AtFlags::EACCESS) {
            Ok(()) => {}
            Err(Errno::ACCESS | Errno::PERM) => {
                return Err(FileProblem::NotExecutable { path: path.to_owned() });
            }
            Err(errno) => {
                return Err(FileProblem::Unreadable { path: path.to_owned(), problem: said(errno) });
            }
        }
        Self::open(Path::new(&self_fd(place.as_fd()))).map_err(|problem| match problem {
            FileProblem::Unreadable { problem, .. } => {
                FileProblem::Unreadable { path: path.to_owned(), problem }
            }
            FileProblem::Missing { .. } => FileProblem::Missing { path: path.to_owned() },
            other => other,
        })
    }

    /// Takes hold of a regular file without opening it.
    fn locate(path: &Path) -> Result<OwnedFd, FileProblem> {
        let path_of = || path.to_owned();
        let place = rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).map_err(
            |errno| match errno {
                Errno::NOENT | Errno::NOTDIR => FileProblem::Missing { path: path_of() },
                other => FileProblem::Unreadable { path: path_of(), problem: said(other) },
            },
        )?;
        let stat = rustix::fs::fstat(&place)
            .map_err(|errno| FileProblem::Unreadable { path: path_of(), problem: said(errno) })?;
        let kind = match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => return Ok(place),
            FileType::Directory => "a directory",
            FileType::Fifo => "a FIFO",
            FileType::Socket => "a socket",
            FileType::CharacterDevice | FileType::BlockDevice => "a device",
            _ => "something else",
        };
        Err(FileProblem::NotRegular { path: path_of(), kind })
    }

    /// The path of what is open.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The same as text.
    pub(super) fn path_text(&self) -> &str {
        self.path.to_str().unwrap_or_default()
    }

    /// The name of the file.
    pub(super) fn name(&self) -> &OsStr {
        self.path.file_name().unwrap_or_default()
    }

    /// By which path this process, and one that has just been forked off it, opens the same file again.
    pub(super) fn self_path(&self) -> String {
        self_fd(self.file.as_fd())
    }

    /// Whether nobody has written to the file since it was opened. Times count in the ticks of the kernel.
    pub(super) fn is_unchanged(&self) -> bool {
        rustix::fs::fstat(&self.file).is_ok_and(|stat| Stamp::of(&stat) == self.stamp)
    }

    /// The same, and whether a path still leads to it.
    pub(super) fn is_unchanged_at(&self, path: &Path) -> bool {
        self.is_unchanged() && self.stamp.is_at(path)
    }

    /// Reads all of the file, of which there may be at most `most` bytes, gives it to `take` piece by piece,
    /// and gives the digest of what was read.
    pub(super) fn read(
        &self,
        most: u64,
        mut take: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> Result<Digest, FileProblem> {
        let unreadable = |error: io::Error| FileProblem::Unreadable {
            path: self.path.clone(),
            problem: error.to_string(),
        };
        let mut hasher = Sha256::new();
        let (mut piece, mut left) = (vec![0; PIECE], most);
        let mut file = &self.file;
        io::Seek::seek(&mut file, io::SeekFrom::Start(0)).map_err(unreadable)?;
        loop {
            let length = match file.read(&mut piece) {
                Ok(0) => return Ok(Digest::from_bytes(hasher.finalize().into())),
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(unreadable(error)),
            };
            left = left
                .checked_sub(u64::try_from(length).unwrap_or(u64::MAX))
                .ok_or_else(|| FileProblem::TooLarge { path: self.path.clone(), most })?;
            let read = piece.get(..length).unwrap_or_default();
            hasher.update(read);
            take(read).map_err(unreadable)?;
        }
    }

    /// The digest of all of the file.
    pub(super) fn sha256(&self, most: u64) -> Result<Digest, FileProblem> {
        self.read(most, |_| Ok(()))
    }

    /// What the file begins with, at most four bytes.
    pub(super) fn beginning(&self) -> Result<Vec<u8>, FileProblem> {
        use std::os::unix::fs::FileExt as _;
        let mut first = vec![0; 4];
        let length = self.file.read_at(&mut first, 0).map_err(|error| FileProblem::Unreadable {
            path: self.path.clone(),
            problem: error.to_string(),
        })?;
        first.truncate(length);
        Ok(first)
    }
}

fn said(errno: Errno) -> String {
    io::Error::from(errno).to_string()
}

/// The path by which this process opens what it has open.
fn self_fd(file: BorrowedFd<'_>) -> String {
    format!("/proc/self/fd/{}", file.as_raw_fd())
}
