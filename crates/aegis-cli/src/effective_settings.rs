//! Which policy, which log, whose session: from flags, else from the environment, else by default.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use aegis_ledger::event::{PathSource, SessionSource};

use crate::console::Console;
use crate::error::CommandError;
use crate::given_agent::GivenAgent;
use crate::global_options::GlobalOptions;

/// What was chosen, and where paths came from.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) policies: Vec<PathBuf>,
    pub(crate) policy_source: PathSource,
    pub(crate) db: PathBuf,
    pub(crate) db_source: PathSource,
    pub(crate) console: Console,
    session: Option<String>,
    agent: Option<String>,
}

impl Settings {
    pub(crate) fn new(global: GlobalOptions) -> Settings {
        let (policies, policy_source) = if global.policy.is_empty() {
            let (path, source) = path_or(variable("AEGIS_POLICY"), "policy.yaml");
            (vec![path], source)
        } else {
            (global.policy, PathSource::Argument)
        };
        let (db, db_source) = match global.db {
            Some(path) => (path, PathSource::Argument),
            None => path_or(variable("AEGIS_DB"), "aegis_audit.db"),
        };
        Settings {
            policies,
            policy_source,
            db,
            db_source,
            console: Console::new(global.quiet, global.color),
            session: global.session,
            agent: global.agent,
        }
    }

    /// The session to record, and where it was taken from: the flag's, the environment's, or a new one.
    ///
    /// # Errors
    /// When the system has no randomness for a new one, or the variable does not hold text.
    pub(crate) fn session_or_new(&self) -> Result<(String, SessionSource), CommandError> {
        if let Some(session) = self.session.clone() {
            return Ok((session, SessionSource::Argument));
        }
        if let Some(session) = text_variable("AEGIS_SESSION")? {
            return Ok((session, SessionSource::Environment));
        }
        aegis_runtime::new_session_id()
            .map(|session| (session, SessionSource::Generated))
            .map_err(|error| CommandError::input(format!("cannot make a session id: {error}")))
    }

    /// Who acts, besides what actions say themselves: the flag's agent, or the environment's label.
    ///
    /// # Errors
    /// When the variable does not hold text.
    pub(crate) fn given_agent(&self) -> Result<GivenAgent, CommandError> {
        match self.agent.clone() {
            Some(imposed) => Ok(GivenAgent::Imposed(imposed)),
            None => Ok(text_variable("AEGIS_AGENT")?.map_or(GivenAgent::Nobody, GivenAgent::Label)),
        }
    }

    /// The session given as a flag, for commands that filter by it.
    pub(crate) fn session_flag(&self) -> Option<&str> {
        self.session.as_deref()
    }

    /// The agent given as a flag, for commands that filter by it.
    pub(crate) fn agent_flag(&self) -> Option<&str> {
        self.agent.as_deref()
    }
}

/// An environment variable; an empty one counts as unset.
fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

fn text_variable(name: &str) -> Result<Option<String>, CommandError> {
    variable(name)
        .map(|value| {
            value.into_string().map_err(|_| CommandError::input(format!("{name} is not valid UTF-8")))
        })
        .transpose()
}

fn path_or(variable: Option<OsString>, default: &str) -> (PathBuf, PathSource) {
    match variable {
        Some(path) => (path.into(), PathSource::Environment),
        None => (default.into(), PathSource::Default),
    }
}
