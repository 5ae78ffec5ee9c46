//! Starting what was approved: looked at once more, and run from what was looked at.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::{Mutex, PoisonError};

use rustix::io::{FdFlags, fcntl_setfd};
use thiserror::Error;

use super::approved::{ApprovedCommand, NoCommand};
use super::environment::is_part_of_command;
use super::given_files::given_files;
use super::opened_file::{FileProblem, OpenedFile, show};
use super::program_header::{LARGEST_PROGRAM, ProgramKind};
use super::resolution::resolve;
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
    /// A file that the command is given is another one than was approved, or there was none then, or is none
    /// now.
    #[error("the file `{}`, which the command is given, changed since it was approved", show(path))]
    FileChanged {
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
    #[error("cannot make a sealed copy of the script, from which it was to run: {0}")]
    Copy(io::Error),
}

impl LaunchError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<&'static str> {
        Some(match self {
            LaunchError::File(problem) => return problem.help(),
            LaunchError::ProgramChanged { .. }
            | LaunchError::ScriptChanged { .. }
            | LaunchError::FileChanged { .. } => {
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
    held: Vec<Held>,
}

impl Launched {
    /// The script that is not what was looked at any more, if there is one.
    pub(super) fn changed(&self) -> Option<PathBuf> {
        self.held.iter().filter(|held| matches!(held, Held::ByPath { .. })).find_map(Held::changed)
    }
}

/// What was looked at, and how it is run.
enum Held {
    /// From its own open file, by which nobody finds another.
    Opened(OpenedFile),
    /// From a copy that nobody can change.
    Copy(SealedCopy),
    /// By its path: the kernel or an interpreter opens it once more.
    ByPath {
        file: OpenedFile,
        /// The path that it is given, which counts from the working directory.
        called: PathBuf,
        /// The same from the root.
        place: PathBuf,
    },
}

impl Held {
    fn by_path(approved: &ApprovedCommand, file: OpenedFile, called: PathBuf) -> Held {
        let place = approved.cwd.join(&called);
        Held::ByPath { file, called, place }
    }

    /// The path by which a program or an interpreter opens it.
    fn path(&self) -> String {
        match self {
            Held::Opened(file) => file.self_path(),
            Held::Copy(copy) => copy.self_path(),
            Held::ByPath { called, .. } => called.to_string_lossy().into_owned(),
        }
    }

    /// What it is, if somebody wrote to it or put something else in its place.
    fn changed(&self) -> Option<PathBuf> {
        let (file, is_changed) = match self {
            Held::Opened(file) => (file, !file.is_unchanged()),
            Held::Copy(_) => return None,
            Held::ByPath { file, place, .. } => (file, !file.is_unchanged_at(place)),
        };
        is_changed.then(|| file.path().to_owned())
    }
}

/// Starts a command, if its program and its script still are what was approved. `inherited` is the
/// environment, of which everything that is part of a command is replaced by what was approved.
pub(super) fn launch(
    approved: &ApprovedCommand,
    inherited: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Launched, LaunchError> {
    let program = OpenedFile::open_executable(&approved.program)?;
    let name = program.name().to_owned();
    let program = same_program(approved, program)?;
    let mut command = Command::new(program.path());
    command.env_clear().envs(environment(approved, inherited));
    enter(approved, &mut command)?;
    let (mut argv, mut held) = (approved.argv.clone(), vec![program]);
    // Last, and right before the start: an interpreter opens its script and the other files by their paths.
    let script = same_script(approved, &name)?;
    // What a command is given it may write to, so that the files are not compared any more once it runs.
    same_files(approved, &name, script.as_ref().map(|(_, word)| *word))?;
    if let Some((script, word)) = script {
        if let (Held::Copy(copy), Some(argument)) = (&script, argv.get_mut(word)) {
            *argument = copy.self_path();
        }
        held.push(script);
    }
    if let Some((called, arguments)) = argv.split_first() {
        command.arg0(called).args(arguments);
    }
    let child = start(&mut command, &held)
        .map_err(|problem| LaunchError::NotStarted { path: approved.program.clone(), problem })?;
    // While a program runs, the kernel lets nobody write to it; this is about the moment before.
    match held.iter().find_map(Held::changed) {
        None => Ok(Launched { child, held }),
        Some(path) => {
            give_up(child);
            Err(LaunchError::ProgramChanged { path })
        }
    }
}

/// The program, if it is what was approved.
fn same_program(approved: &ApprovedCommand, program: OpenedFile) -> Result<Held, LaunchError> {
    let path = program.path().to_owned();
    let (sha256, held) = match (ProgramKind::of(&program)?, approved.is_sealed) {
        (ProgramKind::Elf, _) => (program.sha256(LARGEST_PROGRAM)?, Held::Opened(program)),
        (ProgramKind::Script, true) => {
            let name = program.name().to_string_lossy();
            let mut copy = OpenCopy::new(&name, true).map_err(LaunchError::Copy)?;
            let sha256 = program.read(LARGEST_SCRIPT, |piece| copy.add(piece))?;
            (sha256, Held::Copy(copy.seal().map_err(LaunchError::Copy)?))
        }
        (ProgramKind::Script, false) => {
            let called = called(approved);
            let sha256 = program.sha256(LARGEST_SCRIPT)?;
            (sha256, Held::by_path(approved, program, called))
        }
    };
    if sha256 == approved.program_sha256 && path == approved.program {
        Ok(held)
    } else {
        Err(LaunchError::ProgramChanged { path: approved.program.clone() })
    }
}

/// The path by which a script was found, which it knows as its own. It counts from the working directory.
fn called(approved: &ApprovedCommand) -> PathBuf {
    let name = approved.argv.first().map(String::as_str).unwrap_or_default();
    let path = approved.env.get("PATH").map(String::as_str);
    let found = resolve(name, &approved.cwd, path).ok().filter(|found| found.file.path() == approved.program);
    found.map_or_else(|| approved.program.clone(), |found| found.called)
}

/// The script of a command with the word that it is, if it has one and that is what was approved.
fn same_script(approved: &ApprovedCommand, program: &OsStr) -> Result<Option<(Held, usize)>, LaunchError> {
    let changed = |path: &str| LaunchError::ScriptChanged { path: path.into() };
    let (found, wanted) = match (script_of(&approved.argv, program, &approved.cwd)?, &approved.script) {
        (None, None) => return Ok(None),
        (None, Some(wanted)) => return Err(changed(&wanted.path)),
        (Some(found), None) => return Err(changed(found.file.path_text())),
        (Some(found), Some(wanted)) => (found, wanted),
    };
    let word = found.word;
    let (read, held) = if approved.is_sealed {
        let mut copy =
            OpenCopy::new(&found.file.name().to_string_lossy(), false).map_err(LaunchError::Copy)?;
        let read = found.read(|piece| copy.add(piece))?;
        (read, Held::Copy(copy.seal().map_err(LaunchError::Copy)?))
    } else {
        let called = approved.argv.get(word).map(PathBuf::from).unwrap_or_default();
        (found.read(|_| Ok(()))?, Held::by_path(approved, found.file, called))
    };
    if read == *wanted { Ok(Some((held, word))) } else { Err(changed(&wanted.path)) }
}

/// The files that a command is given besides its script, if they are what was approved.
fn same_files(approved: &ApprovedCommand, program: &OsStr, script: Option<usize>) -> Result<(), LaunchError> {
    let files = given_files(&approved.argv, program, &approved.cwd, script)?;
    let differs = |path: &&String| files.get(*path) != approved.files.get(*path);
    match files.keys().chain(approved.files.keys()).find(differs) {
        None => Ok(()),
        Some(path) => Err(LaunchError::FileChanged { path: path.into() }),
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

fn start(command: &mut Command, held: &[Held]) -> io::Result<Child> {
    let _alone = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    let copies = || {
        held.iter().filter_map(|held| match held {
            Held::Copy(copy) => Some(copy.held()),
            _ => None,
        })
    };
    for copy in copies() {
        fcntl_setfd(copy, FdFlags::empty())?;
    }
    let child = command.spawn();
    for copy in copies() {
        // Nobody else is started meanwhile; and what has been started must be waited for.
        let _ = fcntl_setfd(copy, FdFlags::CLOEXEC);
    }
    child
}

/// Ends what should not have begun.
fn give_up(mut child: Child) {
    let _ = child.kill();
    let _ = child.wait();
}
