//! Governs actions from a plan to the record of how each ended.

mod asking;
mod bench;
mod blocking;
mod builder;
mod course;
mod one;
mod parts;
mod planned;

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use aegis_engine::{Action, Digest, Policy};
pub use blocking::Blocking;
pub use builder::{RuntimeBuilder, RuntimeError};

use self::builder::Assembled;
use self::parts::Parts;
use crate::action_result::ActionResult;
use crate::gate_handle::GateHandle;
use crate::plan::Plan;
use crate::policies::Policies;
use crate::policy_watch::PolicyWatch;
use crate::report::Report;

/// Governs actions: each is decided, asked about where the policy says so, done by an [`Executor`], verified,
/// and the log has every step before the next one is taken.
///
/// Its futures run on any runtime, and [`blocking`](Runtime::blocking) needs none. What waits for the disk or
/// for a human waits on the thread of the gate. Dropping a future is safe at any point: what was allowed and
/// not begun ends as skipped, what was being done as failed, and the executor is put away.
///
/// # Example
/// ```
/// use std::sync::Arc;
///
/// use aegis_engine::{Action, Digest, Source, load};
/// use aegis_runtime::{ActionStatus, Executed, Runtime, executor_fn};
///
/// # let directory = tempfile::tempdir()?;
/// # let log = directory.path().join("log.db");
/// let text = b"version: 1
/// rules:
///   - { match: { type: read }, approval: auto, risk_level: low }
///   - { match: { type: delete }, approval: block, risk_level: critical }
/// ";
/// let policy = Arc::new(load(&[Source { text }]).policy.expect("a valid policy"));
/// let runtime = Runtime::builder()
///     .policy(policy, Digest::of(text))
///     .log(&log)
///     .executor(executor_fn(|action, _leave| Ok(Executed::with_output(action.target()))))
///     .build()?;
///
/// let actions = [r#"{"type":"read","target":"crm"}"#, r#"{"type":"delete","target":"crm"}"#];
/// let actions = actions.map(|text| Action::from_json(text.as_bytes()).expect("an action"));
/// let plan = runtime.plan(actions);
/// assert!(plan.has_blocked());
///
/// let report = runtime.blocking().execute(plan);
/// let statuses: Vec<_> = report.results().iter().map(|result| result.status()).collect();
/// assert_eq!(statuses, [ActionStatus::Success, ActionStatus::Blocked]);
/// assert_eq!(report.results()[0].output(), "crm");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [`Executor`]: crate::Executor
pub struct Runtime {
    parts: Parts,
    policies: Policies,
    watch: Mutex<Option<PolicyWatch>>,
    session_id: String,
}

impl Runtime {
    /// Begins with nothing.
    pub fn builder() -> RuntimeBuilder {
        RuntimeBuilder::default()
    }

    /// What the policy says of actions now. Nothing is recorded, nobody is asked, and nothing is allowed by
    /// it.
    pub fn plan(&self, actions: impl IntoIterator<Item = Action>) -> Plan {
        let (policy, policy_sha256) = self.policies.current.get();
        Plan::new(actions, &policy, policy_sha256)
    }

    /// What [`execute`](Runtime::execute) would decide now: the stricter of what a plan says and what the
    /// policy says. Nothing is recorded, nobody is asked, and nothing is done.
    pub fn dry_run(&self, plan: &Plan) -> Plan {
        let (policy, policy_sha256) = self.policies.current.get();
        plan.decided_again(&policy, policy_sha256)
    }

    /// Executes a plan, one action after another.
    ///
    /// Each action is decided again, and the stricter of the plan and of what the policy says by then holds.
    /// One that is refused does not keep the next from being done. One that fails ends the plan: those behind
    /// it are recorded as skipped, and what was done is undone, the last of it first, as far as the executor
    /// [knows how](crate::Executor::rollback).
    pub async fn execute(&self, plan: Plan) -> Report {
        planned::execute(&self.parts, plan).await
    }

    /// Has one action decided, and does it if it is allowed.
    pub async fn run_one(&self, action: Action) -> ActionResult {
        one::run(&self.parts, action).await
    }

    /// The same for programs without futures.
    #[must_use]
    pub fn blocking(&self) -> Blocking<'_> {
        Blocking::new(&self.parts)
    }

    /// Goes by another policy from now on, whatever files said. Each decision is made by one policy as a
    /// whole: what is being decided is decided by the one before; only what waits for a human, or for the
    /// log, is decided by both, and the stricter holds.
    pub fn update_policy(&self, policy: Arc<Policy>, policy_sha256: Digest) {
        self.policies.replace(policy, policy_sha256);
        self.watch_instead(None);
    }

    /// Goes by what these files say from now on, and whenever they change. Other files are not watched any
    /// more. What they say later and cannot be trusted, or is no policy, changes nothing;
    /// [a hook](crate::Hooks::on_policy_change) is told.
    ///
    /// # Errors
    /// When they do not hold a policy now: nothing changes then. When the system has no thread to watch them
    /// on: what they say now holds, and stays.
    pub fn watch_policy<P: Into<PathBuf>>(
        &self,
        paths: impl IntoIterator<Item = P>,
    ) -> Result<(), RuntimeError> {
        let paths: Vec<PathBuf> = paths.into_iter().map(Into::into).collect();
        self.policies.replace_by_files(&paths)?;
        self.watch_instead(None);
        self.watch_instead(Some(self.policies.watch(paths)?));
        Ok(())
    }

    fn watch_instead(&self, next: Option<PolicyWatch>) {
        *self.watch.lock().unwrap_or_else(PoisonError::into_inner) = next;
    }

    /// The id of the session that records name.
    #[must_use]
    pub fn session_id(&self) -> &str {
        &self.session_id
    }

    /// The gate, for whoever has other things to ask it.
    #[must_use]
    pub fn gate(&self) -> &GateHandle {
        &self.parts.gate
    }

    /// Says so once the log has everything that this runtime owes it, such as the ends of actions whose
    /// futures were dropped. A program that ends before may leave actions that look as if they were still
    /// being done.
    pub async fn settled(&self) {
        // Where the gate is gone, nothing more will be recorded.
        let _ = self.parts.gate.settle().get().await;
    }
}

impl RuntimeBuilder {
    /// Makes the runtime, and gives its gate a thread.
    ///
    /// # Errors
    /// When something is missing, the policy or the log cannot be opened, or the system has no thread to
    /// give.
    pub fn build(self) -> Result<Runtime, RuntimeError> {
        let Assembled { parts, policies, watch, session_id } = self.assemble()?;
        Ok(Runtime { parts, policies, watch: Mutex::new(watch), session_id })
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Runtime").field("session_id", &self.session_id).finish_non_exhaustive()
    }
}
