//! From a command line to an action: everything that decides what will be run.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use aegis_engine::{Action, ActionError, canonical_json, escape_capped};
use serde_json::{Map, Value};
use thiserror::Error;

use super::environment::is_part_of_command;
use super::given_files::given_files;
use super::opened_file::FileProblem;
use super::program_header::{LARGEST_PROGRAM, ProgramKind};
use super::resolution::resolve;
use super::script::script_of;

/// The parameters that say what is run. Nobody else gives them.
pub const RESERVED_PARAMS: [&str; 11] = [
    "argv",
    "compensates",
    "cwd",
    "env",
    "files",
    "program",
    "program_sha256",
    "script",
    "script_sha256",
    "sealed",
    "verifies",
];

/// A command line, with where and in which environment it is to run.
///
/// # Example
/// ```
/// use aegis_runtime::command::CommandSpec;
///
/// let environment = [("PATH".into(), "/usr/bin:/bin".into()), ("LANG".into(), "C".into())];
/// let action = CommandSpec::new(["ls", "-l"], "/", environment).action()?;
/// assert_eq!((action.kind(), action.target()), ("exec", "ls"));
/// assert_eq!(action.params()["argv"], serde_json::json!(["ls", "-l"]));
/// assert_eq!(action.params()["env"], serde_json::json!({ "PATH": "/usr/bin:/bin" }));
/// assert_eq!(action.params()["program_sha256"].as_str().map(str::len), Some(64));
/// # Ok::<(), aegis_runtime::command::SpecError>(())
/// ```
#[derive(Clone, Debug)]
pub struct CommandSpec {
    argv: Vec<OsString>,
    cwd: PathBuf,
    environment: BTreeMap<OsString, OsString>,
    kind: String,
    target: Option<String>,
    params: Map<String, Value>,
    description: Option<String>,
    relation: Option<(&'static str, String)>,
    is_sealed: bool,
}

/// Why a command line is no action. Nothing was run.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SpecError {
    /// There is no program.
    #[error("the command is empty")]
    Empty,
    /// Something that is part of the action is no text.
    #[error("{what} is not valid UTF-8")]
    NotText {
        /// Which part.
        what: String,
    },
    /// Something that is part of the command cannot be handed to a program.
    #[error("{what} contains a NUL character")]
    Nul {
        /// Which part.
        what: String,
    },
    /// The working directory does not begin at the root.
    #[error("the working directory is not an absolute path")]
    RelativeDirectory,
    /// A parameter says what only the command itself says.
    #[error("the parameter `{name}` is set by the command itself")]
    ReservedParam {
        /// Its name.
        name: String,
    },
    /// The program or its script cannot be used.
    #[error(transparent)]
    File(#[from] FileProblem),
    /// The action is not one, such as for its size.
    #[error("the command does not fit into an action: {0}")]
    Action(#[from] ActionError),
}

impl SpecError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        Some(match self {
            SpecError::Empty => "name a program".to_owned(),
            SpecError::NotText { .. } => {
                "what is decided on is text; a script can hold what is not".to_owned()
            }
            SpecError::Nul { .. } => "leave the character out: programs take it for an end".to_owned(),
            SpecError::RelativeDirectory => "begin it with `/`".to_owned(),
            SpecError::ReservedParam { .. } => {
                format!("give it another name; {} are taken", RESERVED_PARAMS.join(", "))
            }
            SpecError::File(problem) => return problem.help().map(str::to_owned),
            SpecError::Action(error) => return error.help().map(str::to_owned),
        })
    }

    /// Whether there is no such program.
    #[must_use]
    pub const fn is_missing(&self) -> bool {
        matches!(self, SpecError::File(FileProblem::Missing { .. }))
    }

    /// Whether there is such a program, and it cannot be run.
    #[must_use]
    pub const fn is_unfit(&self) -> bool {
        matches!(self, SpecError::File(_)) && !self.is_missing()
    }
}

impl CommandSpec {
    /// A command line, of which the first word is the program.
    pub fn new(
        argv: impl IntoIterator<Item = impl Into<OsString>>,
        cwd: impl Into<PathBuf>,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> CommandSpec {
        CommandSpec {
            argv: argv.into_iter().map(Into::into).collect(),
            cwd: cwd.into(),
            environment: environment.into_iter().collect(),
            kind: "exec".to_owned(),
            target: None,
            params: Map::new(),
            description: None,
            relation: None,
            is_sealed: false,
        }
    }

    /// As another type of action than `exec`, on another target than the program's name.
    #[must_use]
    pub fn named(self, kind: impl Into<String>, target: impl Into<String>) -> CommandSpec {
        CommandSpec { kind: kind.into(), target: Some(target.into()), ..self }
    }

    /// With parameters of the caller's own.
    #[must_use]
    pub fn with_params(self, params: Map<String, Value>) -> CommandSpec {
        CommandSpec { params, ..self }
    }

    /// With what it is for, in the agent's words.
    #[must_use]
    pub fn described(self, description: Option<String>) -> CommandSpec {
        CommandSpec { description, ..self }
    }

    /// To run its script, if there is one, from a copy that nobody can change any more: nobody can exchange
    /// it then, and its own path is not its own. The action says so, as `sealed`.
    #[must_use]
    pub fn sealed(self, is_sealed: bool) -> CommandSpec {
        CommandSpec { is_sealed, ..self }
    }

    /// As the check of whether another action did what it should: `verifies` is the digest of that action.
    #[must_use]
    pub fn verifying(self, action: &Action) -> CommandSpec {
        CommandSpec { relation: Some(("verifies", action.digest().to_string())), ..self }
    }

    /// As what undoes another action: `compensates` is the digest of that action.
    #[must_use]
    pub fn compensating(self, action: &Action) -> CommandSpec {
        CommandSpec { relation: Some(("compensates", action.digest().to_string())), ..self }
    }

    /// Finds the program, and puts everything that decides what is run into an action. Nothing waits: what is
    /// no regular file is not read.
    ///
    /// # Errors
    /// When there is no such program, or a part of this cannot be held in an action: see [`SpecError`].
    pub fn action(&self) -> Result<Action, SpecError> {
        if let Some(name) = self.params.keys().find(|name| RESERVED_PARAMS.contains(&name.as_str())) {
            return Err(SpecError::ReservedParam { name: name.clone() });
        }
        let argv = self
            .argv
            .iter()
            .enumerate()
            .map(|(index, word)| {
                text(word, || if index == 0 { "the program".to_owned() } else { format!("argument {index}") })
            })
            .collect::<Result<Vec<_>, _>>()?;
        let called = argv.first().ok_or(SpecError::Empty)?;
        if !self.cwd.is_absolute() {
            return Err(SpecError::RelativeDirectory);
        }
        let cwd = text(self.cwd.as_os_str(), || "the working directory".to_owned())?;
        let env = self.recorded_environment()?;
        let path = env.get("PATH").and_then(Value::as_str);
        let program = resolve(called, &self.cwd, path)?.file;
        ProgramKind::of(&program)?;
        let script = script_of(&argv, program.name(), &self.cwd)?;
        let word = script.as_ref().map(|script| script.word);
        let files = given_files(&argv, program.name(), &self.cwd, word)?;
        let target = self.target.as_deref().map_or_else(|| file_name(called), str::to_owned);

        let mut params = self.params.clone();
        params.insert("program".to_owned(), program.path_text().into());
        params.insert("program_sha256".to_owned(), program.sha256(LARGEST_PROGRAM)?.to_string().into());
        params.insert("argv".to_owned(), argv.into());
        params.insert("cwd".to_owned(), cwd.into());
        params.insert("env".to_owned(), Value::Object(env));
        if self.is_sealed {
            params.insert("sealed".to_owned(), true.into());
        }
        if let Some(script) = script {
            let script = script.read(|_| Ok(()))?;
            params.insert("script".to_owned(), script.path.into());
            params.insert("script_sha256".to_owned(), script.sha256.to_string().into());
        }
        if !files.is_empty() {
            let files = files.into_iter().map(|(path, sha256)| (path, sha256.to_string().into()));
            params.insert("files".to_owned(), Value::Object(files.collect()));
        }
        params.extend(self.relation.iter().map(|(name, of)| ((*name).to_owned(), of.as_str().into())));
        let mut action = Map::new();
        action.insert("type".to_owned(), self.kind.as_str().into());
        action.insert("target".to_owned(), target.into());
        action.insert("params".to_owned(), Value::Object(params));
        action.extend(self.description.iter().map(|text| ("description".to_owned(), text.as_str().into())));
        // Through the same reader as any other action, so that the same limits hold.
        Ok(Action::from_json(canonical_json(&Value::Object(action)).as_bytes())?)
    }

    /// The variables that are part of the command.
    fn recorded_environment(&self) -> Result<Map<String, Value>, SpecError> {
        let mut env = Map::new();
        for (name, value) in &self.environment {
            // A name that is no text is none that any program asks for.
            let Some(name) = name.to_str().filter(|name| is_part_of_command(name)) else { continue };
            let value = text(value, || format!("the environment variable `{}`", escape_capped(name, 64)))?;
            env.insert(name.to_owned(), value.into());
        }
        Ok(env)
    }
}

/// A part of the command as text.
fn text(part: &OsStr, what: impl Fn() -> String) -> Result<String, SpecError> {
    let text = part.to_str().ok_or_else(|| SpecError::NotText { what: what() })?;
    if text.contains('\0') {
        return Err(SpecError::Nul { what: what() });
    }
    Ok(text.to_owned())
}

/// The name of a program, as it was called.
fn file_name(called: &str) -> String {
    Path::new(called).file_name().and_then(OsStr::to_str).unwrap_or(called).to_owned()
}
