//! Starting what was approved: looked at once more, and run from what was looked at.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::{Mutex, PoisonError};

use aegis_engine::Digest;
use rustix::io::{FdFlags, fcntl_setfd};
use thiserror::Error;

use super::approved::{ApprovedCommand, NoCommand};
use super::environment::is_part_of_command;
use super::opened_file::{FileProblem, OpenedFile, show};
use super::program_header::{LARGEST_PROGRAM, ProgramKind};
use super::reach::is_beyond_reach;
use super::script::{LARGEST_SCRIPT, script_of};
use super::sealed_copy::{OpenCopy, SealedCopy};

/// Held while a program is started that inherits a sealed copy, so that no other one does.
static STARTING: Mutex<()> = Mutex::new(());

/// Why a command was not started.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LaunchError {
    /// The leave is for another action.
    #[error("leave was given for another action than this one")]
    AnotherAction,
    /// The action is no command.
    #[error(transparent)]
    NoCommand(#[from] NoCommand),
    /// The program or the script cannot be used any more.
    #[error(transparent)]
    File(#[from] FileProblem),
    /// The program is another one than was approved.
    #[error("the program `{}` changed since it was approved", show(path))]
    ProgramChanged {
        /// Where it is.
        path: PathBuf,
    },
    /// The script is another one than was approved, or there was none then, or is none now.
    #[error("the script `{}` changed since it was approved", show(path))]
    ScriptChanged {
        /// Where it is.
        path: PathBuf,
    },
    /// The working directory cannot be entered any more.
    #[error("the working directory `{}` cannot be entered: {problem}", show(path))]
    Directory {
        /// Where it is.
        path: PathBuf,
        /// What the system said.
        problem: io::Error,
    },
    /// The kernel did not start the program.
    #[error("`{}` cannot be started: {problem}", show(path))]
    NotStarted {
        /// Where it is.
        path: PathBuf,
        /// What the system said.
        problem: io::Error,
    },
    /// A copy of the script could not be made.
    #[error("cannot make a sealed copy of the script: {0}")]
    Copy(io::Error),
}

impl LaunchError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<&'static str> {
        Some(match self {
            LaunchError::File(problem) => return problem.help(),
            LaunchError::ProgramChanged { .. } | LaunchError::ScriptChanged { .. } => {
                "look at what is there now, and ask again: an approval holds for exact bytes"
            }
            LaunchError::NotStarted { problem, .. } if problem.kind() == io::ErrorKind::NotFound => {
                "the interpreter that it names is not there"
            }
            LaunchError::NotStarted { problem, .. }
                if problem.kind() == io::ErrorKind::ExecutableFileBusy =>
            {
                "somebody has it open for writing: ask again when they are done"
            }
            _ => return None,
        })
    }

    /// Whether the program is not there any more.
    #[must_use]
    pub const fn is_missing(&self) -> bool {
        matches!(self, LaunchError::File(FileProblem::Missing { .. }))
    }

    /// Whether it is another one than was approved, or cannot be run.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        !matches!(self, LaunchError::Copy(_) | LaunchError::Directory { .. } | LaunchError::NoCommand(_))
    }
}

/// A command that runs.
pub(super) struct Launched {
    pub(super) child: Child,
    /// Whether it runs from a sealed copy, in which its own path is another one.
    pub(super) is_sealed: bool,
}

/// From where a program is run.
enum Run {
    /// From what is open.
    Opened,
    /// From what is open, which its interpreter opens once more.
    OpenedScript,
    /// From a copy that nobody can change.
    Sealed(SealedCopy),
    /// By its path, which this account cannot change.
    Path,
}

/// Starts a command, if its program and its script still are what was approved. `inherited` is the
/// environment, of which everything that is part of a command is replaced by what was approved.
pub(super) fn launch(
    approved: &ApprovedCommand,
    inherited: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Launched, LaunchError> {
    let program = OpenedFile::open_executable(&approved.program)?;
    let (run, sha256) = looked_at(&program)?;
    if sha256 != approved.program_sha256 || program.path() != approved.program {
        return Err(LaunchError::ProgramChanged { path: approved.program.clone() });
    }
    let mut command = Command::new(match &run {
        Run::Opened | Run::OpenedScript => program.self_path(),
        Run::Sealed(copy) => copy.self_path(),
        Run::Path => program.path_text().to_owned(),
    });
    if let Some((called, arguments)) = approved.argv.split_first() {
        command.arg0(called).args(arguments);
    }
    command.env_clear().envs(environment(approved, inherited));
    enter(approved, &mut command)?;
    // Last, and right before the start: an interpreter opens its script by its path.
    let script = script_of(&approved.argv, program.name(), &approved.cwd)?;
    if script != approved.script {
        let path = [&approved.script, &script].into_iter().flatten().next().map(|script| script.path.clone());
        return Err(LaunchError::ScriptChanged { path: path.unwrap_or_default().into() });
    }
    let child = start(&mut command, &program, &run)
        .map_err(|problem| LaunchError::NotStarted { path: approved.program.clone(), problem })?;
    // While a program runs, the kernel lets nobody write to it; this is about the moment before.
    if matches!(run, Run::Opened | Run::OpenedScript) && !program.is_unchanged() {
        give_up(child);
        return Err(LaunchError::ProgramChanged { path: approved.program.clone() });
    }
    Ok(Launched { child, is_sealed: matches!(run, Run::Sealed(_)) })
}

/// Reads a program, decides from where it is run, and gives the digest of exactly that.
fn looked_at(program: &OpenedFile) -> Result<(Run, Digest), LaunchError> {
    match ProgramKind::of(program)? {
        ProgramKind::Elf => Ok((Run::Opened, program.sha256(LARGEST_PROGRAM)?)),
        ProgramKind::Script if is_beyond_reach(program.path()) => {
            Ok((Run::Path, program.sha256(LARGEST_SCRIPT)?))
        }
        ProgramKind::Script => {
            let name = program.name().to_string_lossy();
            let Some(mut copy) = OpenCopy::new(&name).map_err(LaunchError::Copy)? else {
                return Ok((Run::OpenedScript, program.sha256(LARGEST_SCRIPT)?));
            };
            let sha256 = program.read(LARGEST_SCRIPT, |piece| copy.add(piece))?;
            Ok((Run::Sealed(copy.seal().map_err(LaunchError::Copy)?), sha256))
        }
    }
}

/// What a program finds in its environment.
fn environment(
    approved: &ApprovedCommand,
    inherited: impl IntoIterator<Item = (OsString, OsString)>,
) -> BTreeMap<OsString, OsString> {
    let is_replaced = |name: &OsString| name.to_str().is_some_and(is_part_of_command);
    let mut environment: BTreeMap<_, _> =
        inherited.into_iter().filter(|(name, _)| !is_replaced(name)).collect();
    environment.extend(approved.env.iter().map(|(name, value)| (name.into(), value.into())));
    environment
}

/// Has a program begin in its directory. Where this process is there already, nothing is looked up by a path.
fn enter(approved: &ApprovedCommand, command: &mut Command) -> Result<(), LaunchError> {
    if std::env::current_dir().is_ok_and(|here| here == approved.cwd) {
        return Ok(());
    }
    let failed = |problem| LaunchError::Directory { path: approved.cwd.clone(), problem };
    if !std::fs::metadata(&approved.cwd).map_err(failed)?.is_dir() {
        return Err(failed(io::ErrorKind::NotADirectory.into()));
    }
    command.current_dir(&approved.cwd);
    Ok(())
}

fn start(command: &mut Command, program: &OpenedFile, run: &Run) -> io::Result<Child> {
    let _alone = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    let held = match run {
        Run::Sealed(copy) => Some(copy.held()),
        Run::OpenedScript => Some(program.held()),
        Run::Opened | Run::Path => None,
    };
    if let Some(file) = held {
        fcntl_setfd(file, FdFlags::empty())?;
    }
    let child = command.spawn();
    if let Some(file) = held {
        // Nobody else is started meanwhile; and what has been started must be waited for.
        let _ = fcntl_setfd(file, FdFlags::CLOEXEC);
    }
    child
}

/// Ends what should not have begun.
fn give_up(mut child: Child) {
    let _ = child.kill();
    let _ = child.wait();
}
