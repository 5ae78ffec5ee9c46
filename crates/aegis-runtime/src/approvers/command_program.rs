//! Which file a command that is asked is, and who could have changed it.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use aegis_audit::trust::{self, Distrust, WalkError};
use aegis_engine::escape;
use rustix::fs::{Access, access};
use thiserror::Error;

/// Where programs are looked for.
pub(super) const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// Why a command cannot be asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ApproverCommandError {
    /// There is no such program.
    #[error("there is no program `{}` to ask", show(program))]
    NotFound {
        /// As it was named.
        program: PathBuf,
    },
    /// The system does not let it be looked at.
    #[error("cannot look at the program `{}`: {problem}", show(program))]
    Unreadable {
        /// Where it is.
        program: PathBuf,
        /// What the system said.
        problem: String,
    },
    /// It is a directory, a device or the like, or may not be executed.
    #[error("`{}` is no program that this account may run", show(program))]
    NotExecutable {
        /// Where it is.
        program: PathBuf,
    },
    /// Somebody else could have changed it, or what leads to it.
    #[error("{distrust}, so it cannot be trusted as an approver's {role}", distrust = .0, role = .0.role())]
    Distrusted(Distrust),
}

impl ApproverCommandError {
    /// What to do about it: where a command mends it, that command.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            ApproverCommandError::NotFound { .. } => {
                Some(format!("name it by its path; by its name alone it is looked for in {PATH}"))
            }
            ApproverCommandError::NotExecutable { program } => {
                Some(format!("name a regular file that may be executed (chmod u+x {})", show(program)))
            }
            ApproverCommandError::Distrusted(distrust) => Some(distrust.help()),
            ApproverCommandError::Unreadable { .. } => None,
        }
    }
}

/// The path of a program: a name without a `/` is looked for in the usual places, whatever the environment
/// says.
///
/// # Errors
/// When there is none.
pub(super) fn find(program: &OsStr) -> Result<PathBuf, ApproverCommandError> {
    let missing = || ApproverCommandError::NotFound { program: program.into() };
    if program.is_empty() {
        return Err(missing());
    }
    if program.as_bytes().contains(&b'/') {
        return std::path::absolute(program).map_err(|_| missing());
    }
    let places = PATH.split(':').map(|directory| Path::new(directory).join(program));
    places.into_iter().find(|path| access(path, Access::EXEC_OK).is_ok()).ok_or_else(missing)
}

/// Makes sure that nobody but root and this account could have changed the program: what decides in
/// somebody's place is looked at as a policy is.
///
/// # Errors
/// When it is not there, is no program, or is not trusted.
pub(super) fn check(path: &Path) -> Result<(), ApproverCommandError> {
    let program = || path.to_owned();
    trust::file(path).map_err(|error| match error {
        WalkError::Missing => ApproverCommandError::NotFound { program: program() },
        WalkError::Distrusted(distrust) => ApproverCommandError::Distrusted(distrust),
        WalkError::System(errno) => {
            ApproverCommandError::Unreadable { program: program(), problem: errno.desc().to_owned() }
        }
        _ => ApproverCommandError::NotExecutable { program: program() },
    })?;
    access(path, Access::EXEC_OK).map_err(|_| ApproverCommandError::NotExecutable { program: program() })
}

fn show(path: &Path) -> String {
    escape(&path.to_string_lossy())
}
