//! Policy files that may be trusted: opened once, checked on the opened handle, read from it.
//!
//! Whoever can write a policy, or replace it in its directory, decides what agents may do. So before it is
//! used, a policy must be a regular file of root's or the caller's own that nobody else may write, in a
//! directory of which the same is true. A pinned digest settles the question of what is in the file instead
//! of who could change it.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use aegis_engine::{Digest, MAX_POLICY_BYTES, escape};
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, open, openat, readlinkat};
use nix::sys::stat::{FileStat, Mode, SFlag, fstat, fstatat};
use nix::unistd::{Gid, Uid, User, geteuid, getgid};
use thiserror::Error;

use crate::remedy::Remedy;

/// How many symbolic links may lead to a policy.
const MAX_LINKS: usize = 8;

/// The bytes of a policy that was found trustworthy, and their digest.
#[derive(Clone, Debug)]
pub struct PolicyFile {
    path: PathBuf,
    text: Vec<u8>,
    sha256: Digest,
}

/// Why a policy was not read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PolicyFileError {
    /// There is no such file.
    #[error("there is no policy at `{}`", show(path))]
    NotFound {
        /// The path as given.
        path: PathBuf,
    },
    /// The system refused to open or read it.
    #[error("cannot read the policy `{}`: {}", show(path), .errno.desc())]
    Unreadable {
        /// The path as given.
        path: PathBuf,
        /// What the system said.
        errno: Errno,
    },
    /// It is a directory, a FIFO, a device or the like.
    #[error("the policy `{}` is not a regular file", show(path))]
    NotRegular {
        /// The path as given.
        path: PathBuf,
    },
    /// Too many symbolic links lead to it.
    #[error("more than {MAX_LINKS} symbolic links lead to the policy `{}`", show(path))]
    TooManyLinks {
        /// The path as given.
        path: PathBuf,
    },
    /// It is larger than a policy may be.
    #[error("the policy `{}` has more than {MAX_POLICY_BYTES} bytes", show(path))]
    TooLarge {
        /// The path as given.
        path: PathBuf,
    },
    /// Somebody else owns the file, the link or the directory.
    #[error("`{}` belongs to {owner}, so it cannot be trusted as a policy's {role}", show(path))]
    ForeignOwner {
        /// The file, link or directory.
        path: PathBuf,
        /// What it is to the policy.
        role: Role,
        /// Who owns it.
        owner: String,
    },
    /// Others may write the file or the directory.
    #[error(
        "`{}` may be written by others (mode {mode:04o}), so it cannot be trusted as a policy's {role}",
        show(path)
    )]
    Writable {
        /// The file or directory.
        path: PathBuf,
        /// What it is to the policy.
        role: Role,
        /// Its permission bits.
        mode: u32,
    },
    /// Its content is not what was pinned.
    #[error("the policy `{}` has SHA-256 {found}, but {pinned} was pinned", show(path))]
    PinMismatch {
        /// The path as given.
        path: PathBuf,
        /// The digest that was asked for.
        pinned: Digest,
        /// The digest of what is there.
        found: Digest,
    },
}

/// What a path is to the policy whose trust depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The file itself.
    File,
    /// A directory that it is found in.
    Directory,
    /// A symbolic link that leads to it.
    Link,
}

impl std::fmt::Display for Role {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Role::File => "file",
            Role::Directory => "directory",
            Role::Link => "link",
        })
    }
}

impl PolicyFileError {
    /// What to do about it: where a command mends it, that command.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            PolicyFileError::NotFound { .. } => {
                Some("write a policy there first, or name another place".to_owned())
            }
            PolicyFileError::ForeignOwner { path, role: Role::Link, .. } => {
                Some(format!("sudo chown -h {} {}", me(), shell_word(path)))
            }
            PolicyFileError::ForeignOwner { path, .. } => {
                Some(format!("sudo chown {} {}", me(), shell_word(path)))
            }
            PolicyFileError::Writable { path, .. } => Some(format!("chmod go-w {}", shell_word(path))),
            PolicyFileError::PinMismatch { .. } => {
                Some("review what changed, then pin the new digest (`sha256sum` prints it)".to_owned())
            }
            _ => None,
        }
    }

    /// What would help, where a front end may have a command for it.
    #[must_use]
    pub const fn remedy(&self) -> Option<Remedy> {
        match self {
            PolicyFileError::NotFound { .. } => Some(Remedy::WritePolicy),
            _ => None,
        }
    }
}

impl PolicyFile {
    /// Opens a policy, checks that it may be trusted, and reads it.
    ///
    /// With `pin`, the content must have that digest, and it does not matter who could have written it.
    ///
    /// # Errors
    /// When it cannot be read, or must not be trusted: see [`PolicyFileError`]. Nothing waits: a FIFO is
    /// refused.
    pub fn open(path: &Path, pin: Option<Digest>) -> Result<PolicyFile, PolicyFileError> {
        let file = open_checked(path, pin.is_none())?;
        let mut text = Vec::new();
        let limit = u64::try_from(MAX_POLICY_BYTES).unwrap_or(u64::MAX).saturating_add(1);
        file.take(limit).read_to_end(&mut text).map_err(|error| PolicyFileError::Unreadable {
            path: path.to_owned(),
            errno: Errno::from_raw(error.raw_os_error().unwrap_or_default()),
        })?;
        if text.len() > MAX_POLICY_BYTES {
            return Err(PolicyFileError::TooLarge { path: path.to_owned() });
        }
        let sha256 = Digest::of(&text);
        match pin {
            Some(pinned) if pinned != sha256 => {
                Err(PolicyFileError::PinMismatch { path: path.to_owned(), pinned, found: sha256 })
            }
            _ => Ok(PolicyFile { path: path.to_owned(), text, sha256 }),
        }
    }

    /// Where it was opened.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its bytes.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// The SHA-256 of its bytes, as `sha256sum` prints it.
    #[must_use]
    pub fn sha256(&self) -> Digest {
        self.sha256
    }
}

/// The digest of a policy that consists of several files.
///
/// For one file it is the file's own; for several, the SHA-256 of their digests in hexadecimal, a line each,
/// so that `sha256sum A B | cut -c1-64 | sha256sum` prints it.
#[must_use]
pub fn policy_sha256(files: &[PolicyFile]) -> Digest {
    match files {
        [file] => file.sha256,
        files => {
            let digests: Vec<_> = files.iter().map(|file| file.sha256.to_string() + "\n").collect();
            Digest::of(digests.concat().as_bytes())
        }
    }
}

fn open_checked(given: &Path, check_trust: bool) -> Result<File, PolicyFileError> {
    let mut path = given.to_owned();
    for _ in 0..=MAX_LINKS {
        let not_regular = || PolicyFileError::NotRegular { path: given.to_owned() };
        let refused = |errno| match errno {
            Errno::ENOENT | Errno::ENOTDIR => PolicyFileError::NotFound { path: given.to_owned() },
            errno => PolicyFileError::Unreadable { path: given.to_owned(), errno },
        };
        let name = path.file_name().map(OsStr::to_owned).ok_or_else(not_regular)?;
        let directory_path = match path.parent() {
            Some(parent) if parent != Path::new("") => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let directory =
            open(&directory_path, OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC, Mode::empty())
                .map_err(refused)?;
        let directory_stat = fstat(&directory).map_err(refused)?;
        // Without O_NONBLOCK, opening a FIFO would wait for a writer.
        let flags =
            OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
        let found = openat(&directory, name.as_os_str(), flags, Mode::empty());
        let is_link = matches!(found, Err(Errno::ELOOP));
        let stat = match &found {
            Ok(handle) => fstat(handle).map_err(refused)?,
            Err(Errno::ELOOP) => {
                fstatat(&directory, name.as_os_str(), AtFlags::AT_SYMLINK_NOFOLLOW).map_err(refused)?
            }
            // What a socket or a device without a driver says.
            Err(Errno::ENXIO | Errno::ENODEV) => return Err(not_regular()),
            Err(errno) => return Err(refused(*errno)),
        };
        if !is_link && !is_kind(&stat, SFlag::S_IFREG) {
            return Err(not_regular());
        }
        if check_trust {
            let caller = Caller::current();
            caller.trusts(&path, if is_link { Role::Link } else { Role::File }, &stat)?;
            caller.trusts_directory(&directory_path, &directory_stat, &stat)?;
        }
        match found {
            Ok(handle) => return Ok(File::from(handle)),
            Err(_) => {
                let target = readlinkat(&directory, name.as_os_str()).map_err(refused)?;
                path = directory_path.join(target);
            }
        }
    }
    Err(PolicyFileError::TooManyLinks { path: given.to_owned() })
}

fn is_kind(stat: &FileStat, kind: SFlag) -> bool {
    SFlag::from_bits_truncate(stat.st_mode & SFlag::S_IFMT.bits()) == kind
}

/// Whose word counts: the effective user and its own primary group.
struct Caller {
    user: Uid,
    group: Gid,
}

impl Caller {
    fn current() -> Caller {
        let user = geteuid();
        // The group of the account, not of the process: `newgrp` does not make a shared group one's own.
        let group = User::from_uid(user).ok().flatten().map_or_else(getgid, |account| account.gid);
        Caller { user, group }
    }

    fn owns(&self, stat: &FileStat) -> bool {
        stat.st_uid == self.user.as_raw() || stat.st_uid == 0
    }

    fn others_may_write(&self, stat: &FileStat) -> bool {
        let mode = Mode::from_bits_truncate(stat.st_mode);
        mode.contains(Mode::S_IWOTH) || (mode.contains(Mode::S_IWGRP) && stat.st_gid != self.group.as_raw())
    }

    fn trusts(&self, path: &Path, role: Role, stat: &FileStat) -> Result<(), PolicyFileError> {
        if !self.owns(stat) {
            let owner = User::from_uid(Uid::from_raw(stat.st_uid)).ok().flatten();
            let owner = owner.map_or_else(
                || format!("user {}", stat.st_uid),
                |account| format!("`{}`", escape(&account.name)),
            );
            return Err(PolicyFileError::ForeignOwner { path: path.to_owned(), role, owner });
        }
        // A link has no permissions of its own.
        if role != Role::Link && self.others_may_write(stat) {
            return Err(PolicyFileError::Writable {
                path: path.to_owned(),
                role,
                mode: stat.st_mode & 0o7777,
            });
        }
        Ok(())
    }

    fn trusts_directory(
        &self,
        path: &Path,
        directory: &FileStat,
        file: &FileStat,
    ) -> Result<(), PolicyFileError> {
        // In a sticky directory nobody but the file's owner (and the directory's) can replace it.
        let sticky = Mode::from_bits_truncate(directory.st_mode).contains(Mode::S_ISVTX);
        if sticky && self.owns(directory) && file.st_uid == self.user.as_raw() {
            return Ok(());
        }
        self.trusts(path, Role::Directory, directory)
    }
}

fn show(path: &Path) -> String {
    escape(&path.to_string_lossy())
}

fn me() -> String {
    let user = geteuid();
    User::from_uid(user).ok().flatten().map_or_else(|| user.to_string(), |account| account.name)
}

/// The path as one word for a POSIX shell.
fn shell_word(path: &Path) -> String {
    let text = path.to_string_lossy();
    let plain = |character: char| character.is_ascii_alphanumeric() || "/._-+,@%".contains(character);
    if !text.is_empty() && !text.starts_with('-') && text.chars().all(plain) {
        return text.into_owned();
    }
    format!("'{}'", escape(&text).replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

    use nix::unistd::mkfifo;
    use tempfile::TempDir;

    use super::*;

    const TEXT: &str = "version: '1'\nrules: []\n";

    fn directory(mode: u32) -> TempDir {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("policy.yaml"), TEXT).unwrap();
        set_mode(&directory.path().join("policy.yaml"), 0o644);
        set_mode(directory.path(), mode);
        directory
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn refusal(path: &Path) -> PolicyFileError {
        PolicyFile::open(path, None).expect_err("it must be refused")
    }

    #[test]
    fn a_file_of_ones_own_is_read_and_hashed() {
        let directory = directory(0o755);
        let file = PolicyFile::open(&directory.path().join("policy.yaml"), None).unwrap();
        assert_eq!(file.text(), TEXT.as_bytes());
        assert_eq!(file.sha256(), Digest::of(TEXT.as_bytes()));
    }

    #[test]
    fn a_file_that_others_may_write_is_refused_with_the_command_that_mends_it() {
        let directory = directory(0o755);
        let path = directory.path().join("policy.yaml");
        set_mode(&path, 0o646);
        let error = refusal(&path);
        assert!(matches!(error, PolicyFileError::Writable { role: Role::File, .. }), "{error}");
        assert_eq!(error.help().unwrap(), format!("chmod go-w {}", path.display()));
    }

    #[test]
    fn the_callers_own_primary_group_may_write_and_another_may_not() {
        let directory = directory(0o755);
        let path = directory.path().join("policy.yaml");
        set_mode(&path, 0o664);
        assert!(PolicyFile::open(&path, None).is_ok());
        if geteuid().is_root() {
            chown(&path, None, Some(12345)).unwrap();
            assert!(matches!(refusal(&path), PolicyFileError::Writable { .. }));
        }
    }

    #[test]
    fn a_directory_that_others_may_write_is_refused_unless_it_is_sticky() {
        let open_directory = directory(0o777);
        let path = open_directory.path().join("policy.yaml");
        assert!(matches!(refusal(&path), PolicyFileError::Writable { role: Role::Directory, .. }));
        set_mode(open_directory.path(), 0o1777);
        assert!(PolicyFile::open(&path, None).is_ok());
    }

    #[test]
    fn a_file_of_somebody_else_is_refused() {
        if !geteuid().is_root() {
            return; // Only root can give a file away.
        }
        let directory = directory(0o1777);
        let path = directory.path().join("policy.yaml");
        chown(&path, Some(12345), None).unwrap();
        let error = refusal(&path);
        assert!(error.to_string().contains("belongs to user 12345"), "{error}");
        assert!(PolicyFile::open(&path, Some(Digest::of(TEXT.as_bytes()))).is_ok());
    }

    #[test]
    fn every_directory_on_the_way_of_a_link_must_be_trusted() {
        let (safe, unsafe_directory) = (directory(0o755), directory(0o777));
        let link = safe.path().join("link.yaml");
        symlink(safe.path().join("policy.yaml"), &link).unwrap();
        assert!(PolicyFile::open(&link, None).is_ok());
        let link = safe.path().join("other.yaml");
        symlink(unsafe_directory.path().join("policy.yaml"), &link).unwrap();
        assert!(matches!(refusal(&link), PolicyFileError::Writable { role: Role::Directory, .. }));
        let link = unsafe_directory.path().join("link.yaml");
        symlink(safe.path().join("policy.yaml"), &link).unwrap();
        assert!(matches!(refusal(&link), PolicyFileError::Writable { role: Role::Directory, .. }));
        let circle = safe.path().join("circle.yaml");
        symlink(&circle, &circle).unwrap();
        assert!(matches!(refusal(&circle), PolicyFileError::TooManyLinks { .. }));
    }

    #[test]
    fn what_is_not_a_regular_file_is_refused_without_waiting() {
        let directory = directory(0o755);
        let fifo = directory.path().join("fifo");
        mkfifo(&fifo, Mode::S_IRWXU).unwrap();
        assert!(matches!(refusal(&fifo), PolicyFileError::NotRegular { .. }));
        assert!(matches!(refusal(directory.path()), PolicyFileError::NotRegular { .. }));
        assert!(matches!(refusal(Path::new("/dev/null")), PolicyFileError::NotRegular { .. }));
        assert!(matches!(refusal(Path::new("/")), PolicyFileError::NotRegular { .. }));
        assert!(matches!(refusal(&directory.path().join("absent")), PolicyFileError::NotFound { .. }));
        assert!(matches!(refusal(Path::new("")), PolicyFileError::NotRegular { .. }));
    }

    #[test]
    fn a_pin_replaces_trust_and_must_match() {
        let directory = directory(0o777);
        let path = directory.path().join("policy.yaml");
        assert!(PolicyFile::open(&path, Some(Digest::of(TEXT.as_bytes()))).is_ok());
        let error = PolicyFile::open(&path, Some(Digest::of(b"other"))).unwrap_err();
        assert!(matches!(error, PolicyFileError::PinMismatch { .. }));
    }

    #[test]
    fn commands_quote_what_a_shell_would_take_apart() {
        assert_eq!(shell_word(Path::new("/a/policy.yaml")), "/a/policy.yaml");
        assert_eq!(shell_word(Path::new("a b")), "'a b'");
        assert_eq!(shell_word(Path::new("it's")), r"'it'\''s'");
    }
}
