//! What a runtime is made from.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use aegis_audit::{Journal, TrailError};
use aegis_engine::{Digest, Policy};
use aegis_ledger::event::{PathSource, SessionSource};
use thiserror::Error;

use crate::approval::Approver;
use crate::executor::Executor;
use crate::gate::{Context, Gate};
use crate::hooks::Hooks;
use crate::identity::{current_host, current_party, new_session_id};
use crate::policies::{CurrentPolicy, Policies};
use crate::policy_files::{PolicyLoadError, load_policy_files};
use crate::policy_watch::PolicyWatch;
use crate::runtime::asking::{Asking, Nobody};
use crate::runtime::parts::Parts;

/// How long to wait for the lock of the log before giving up.
const LOG_WAIT: Duration = Duration::from_secs(10);

/// What a [`Runtime`](crate::Runtime) is made from. A policy, a log and an executor it must have.
#[derive(Default)]
#[must_use = "a runtime is there once it is built"]
pub struct RuntimeBuilder {
    policy: Option<PolicyOrigin>,
    log: Option<Log>,
    executor: Option<Arc<dyn Executor>>,
    approver: Option<Box<dyn Approver>>,
    hooks: Option<Arc<dyn Hooks>>,
    session: Option<String>,
    deadline: Option<Duration>,
}

enum PolicyOrigin {
    Fixed(Arc<Policy>, Digest),
    Files(Vec<PathBuf>),
}

enum Log {
    Open(Box<Journal>),
    At(PathBuf),
}

/// Why there is no runtime.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RuntimeError {
    /// It was not said what it should work with.
    #[error("the runtime has no {0}")]
    Missing(&'static str),
    /// There is no policy.
    #[error(transparent)]
    Policy(#[from] PolicyLoadError),
    /// The log cannot be opened.
    #[error(transparent)]
    Log(#[from] TrailError),
    /// The system has no thread to give.
    #[error("the system has no thread for the runtime: {0}")]
    Thread(#[from] io::Error),
    /// The system has no randomness to give.
    #[error("no randomness for the id of a session: {0}")]
    Randomness(#[from] getrandom::Error),
}

impl RuntimeError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            RuntimeError::Missing(what) => Some(format!("give the builder its {what} first")),
            RuntimeError::Policy(error) => error.help(),
            RuntimeError::Log(error) => error.help(),
            RuntimeError::Thread(_) | RuntimeError::Randomness(_) => {
                Some("try again when the system has more to give".to_owned())
            }
        }
    }
}

impl fmt::Debug for RuntimeBuilder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RuntimeBuilder").finish_non_exhaustive()
    }
}

impl RuntimeBuilder {
    /// With a policy, and the digest by which records name it. It holds until it is
    /// [replaced](crate::Runtime::update_policy).
    pub fn policy(mut self, policy: Arc<Policy>, policy_sha256: Digest) -> RuntimeBuilder {
        self.policy = Some(PolicyOrigin::Fixed(policy, policy_sha256));
        self
    }

    /// With the policy that these files hold, in this order. They must be trustworthy
    /// ([`PolicyFile`](crate::PolicyFile)), and are watched: what they say holds as soon as they say it, if
    /// it is a policy.
    pub fn policy_files<P: Into<PathBuf>>(mut self, paths: impl IntoIterator<Item = P>) -> RuntimeBuilder {
        self.policy = Some(PolicyOrigin::Files(paths.into_iter().map(Into::into).collect()));
        self
    }

    /// With a log, opened already, and perhaps with sinks behind it.
    pub fn journal(mut self, journal: Journal) -> RuntimeBuilder {
        self.log = Some(Log::Open(Box::new(journal)));
        self
    }

    /// With the log at this path, which is made if there is none.
    pub fn log(mut self, path: impl Into<PathBuf>) -> RuntimeBuilder {
        self.log = Some(Log::At(path.into()));
        self
    }

    /// With whoever does what is allowed.
    pub fn executor(mut self, executor: impl Executor + 'static) -> RuntimeBuilder {
        self.executor = Some(Arc::new(executor));
        self
    }

    /// With somebody to ask. Without, whatever a human would have to be asked about is refused.
    ///
    /// They are asked on the thread of the gate, one question at a time. If the approver panics, that is no
    /// answer, and nobody is asked any more.
    pub fn approver(mut self, approver: impl Approver + 'static) -> RuntimeBuilder {
        self.approver = Some(Box::new(approver));
        self
    }

    /// With hooks, which are told what happens.
    pub fn hooks(mut self, hooks: impl Hooks + 'static) -> RuntimeBuilder {
        self.hooks = Some(Arc::new(hooks));
        self
    }

    /// With the id of the session that records name. Without, there is a new one.
    pub fn session(mut self, id: impl Into<String>) -> RuntimeBuilder {
        self.session = Some(id.into());
        self
    }

    /// With a limit for how long one action may be done, and for how long it may be verified. What takes
    /// longer is dropped, and recorded as failed.
    pub fn deadline(mut self, deadline: Duration) -> RuntimeBuilder {
        self.deadline = Some(deadline);
        self
    }

    /// What it says, put together.
    pub(super) fn assemble(self) -> Result<Assembled, RuntimeError> {
        let origin = self.policy.ok_or(RuntimeError::Missing("policy"))?;
        let executor = self.executor.ok_or(RuntimeError::Missing("executor"))?;
        let log = self.log.ok_or(RuntimeError::Missing("log"))?;
        let hooks = self.hooks.unwrap_or_else(|| Arc::new(()));
        let (policy, policy_sha256, files) = match origin {
            PolicyOrigin::Fixed(policy, policy_sha256) => (policy, policy_sha256, None),
            PolicyOrigin::Files(paths) => {
                let (policy, policy_sha256) = load_policy_files(&paths)?;
                (policy, policy_sha256, Some(paths))
            }
        };
        let journal = match log {
            Log::Open(journal) => *journal,
            Log::At(path) => Journal::open(&path, LOG_WAIT)?,
        };
        let (session_id, session_source) = match self.session {
            Some(id) => (id, SessionSource::Argument),
            None => (new_session_id()?, SessionSource::Generated),
        };
        let party = current_party();
        let context = Context {
            session_id: session_id.clone(),
            session_source,
            host: current_host(),
            user: party.user,
            login: party.login,
            policy_source: PathSource::Argument,
            log_source: PathSource::Argument,
        };
        let current = CurrentPolicy::new(Arc::clone(&policy), policy_sha256);
        let asking = Asking::new(self.approver.unwrap_or_else(|| Box::new(Nobody)), Arc::clone(&hooks));
        let gate = Gate::new(policy, policy_sha256, journal, asking, context);
        let latest = current.clone();
        let gate = gate.rereading(move || Ok(latest.get())).into_handle()?;
        let parts =
            Parts { gate: gate.clone(), executor, hooks: Arc::clone(&hooks), deadline: self.deadline };
        let policies = Policies { current, gate, hooks };
        let watch = files.map(|paths| policies.watch(paths)).transpose()?;
        Ok(Assembled { parts, policies, watch, session_id })
    }
}

/// What a runtime consists of.
pub(super) struct Assembled {
    pub(super) parts: Parts,
    pub(super) policies: Policies,
    pub(super) watch: Option<PolicyWatch>,
    pub(super) session_id: String,
}
