//! Policy files that may be trusted: opened once, checked on the opened handle, read from it.
//!
//! Whoever can write a policy, or replace it in its directory, decides what agents may do. So before it is
//! used, a policy must be a regular file of root's or the caller's own that nobody else may write, and the
//! same must be true of everything that leads to it: see [`trust`]. A pinned digest settles the question of
//! what is in the file instead of who could change it.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use aegis_audit::trust::{self, Distrust, WalkError};
use aegis_engine::{Digest, MAX_POLICY_BYTES, escape};
use nix::errno::Errno;
use nix::fcntl::OFlag;
use thiserror::Error;

use crate::remedy::Remedy;

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
    #[error("too many symbolic links lead to the policy `{}`", show(path))]
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
    /// Somebody else could have changed it, or what leads to it.
    #[error("{distrust}, so it cannot be trusted as a policy's {role}", distrust = .0, role = .0.role())]
    Distrusted(Distrust),
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

impl PolicyFileError {
    /// What to do about it: where a command mends it, that command.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            PolicyFileError::NotFound { .. } => {
                Some("write a policy there first, or name another place".to_owned())
            }
            PolicyFileError::Distrusted(distrust) => Some(distrust.help()),
            PolicyFileError::PinMismatch { .. } => {
                Some("review what changed, then pin the new digest (`sha256sum` prints it)".to_owned())
            }
            _ => None,
        }
    }

    fn of(path: &Path, error: WalkError) -> PolicyFileError {
        let path = path.to_owned();
        match error {
            WalkError::Missing => PolicyFileError::NotFound { path },
            WalkError::TooManyLinks => PolicyFileError::TooManyLinks { path },
            WalkError::System(errno) => PolicyFileError::Unreadable { path, errno },
            WalkError::Distrusted(distrust) => PolicyFileError::Distrusted(distrust),
            _ => PolicyFileError::NotRegular { path },
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
        let opened = match pin {
            None => trust::file(path),
            Some(_) => open_pinned(path).map_err(|error| of_system(&error).into()),
        };
        let file = opened.map_err(|error| PolicyFileError::of(path, error))?;
        let mut text = Vec::new();
        let limit = u64::try_from(MAX_POLICY_BYTES).unwrap_or(u64::MAX).saturating_add(1);
        file.take(limit).read_to_end(&mut text).map_err(|error| PolicyFileError::Unreadable {
            path: path.to_owned(),
            errno: of_system(&error),
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

/// Opens it without asking who could have changed it, links and all. Nothing waits.
fn open_pinned(path: &Path) -> io::Result<File> {
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let file = File::options().read(true).custom_flags(flags.bits()).open(path)?;
    // What a socket says when it is opened.
    if file.metadata()?.is_file() { Ok(file) } else { Err(Errno::ENXIO.into()) }
}

fn of_system(error: &io::Error) -> Errno {
    Errno::from_raw(error.raw_os_error().unwrap_or_default())
}

fn show(path: &Path) -> String {
    escape(&path.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

    use aegis_audit::trust::Role;
    use nix::sys::stat::Mode;
    use nix::unistd::{geteuid, mkfifo};
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
        assert!(
            matches!(error, PolicyFileError::Distrusted(Distrust::Writable { role: Role::File, .. })),
            "{error}"
        );
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
            assert!(matches!(refusal(&path), PolicyFileError::Distrusted(Distrust::Writable { .. })));
        }
    }

    #[test]
    fn a_directory_that_others_may_write_is_refused_unless_it_is_sticky() {
        let open_directory = directory(0o777);
        let path = open_directory.path().join("policy.yaml");
        assert!(matches!(
            refusal(&path),
            PolicyFileError::Distrusted(Distrust::Writable { role: Role::Directory, .. })
        ));
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
        assert!(matches!(
            refusal(&link),
            PolicyFileError::Distrusted(Distrust::Writable { role: Role::Directory, .. })
        ));
        let link = unsafe_directory.path().join("link.yaml");
        symlink(safe.path().join("policy.yaml"), &link).unwrap();
        assert!(matches!(
            refusal(&link),
            PolicyFileError::Distrusted(Distrust::Writable { role: Role::Directory, .. })
        ));
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
}
