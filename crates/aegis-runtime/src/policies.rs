//! The policy that a runtime goes by, and how another takes its place.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aegis_engine::{Digest, Policy};

use crate::gate_handle::GateHandle;
use crate::hooks::{Hooks, PolicyChange, tell};
use crate::policy_files::{PolicyLoadError, load_policy_files};
use crate::policy_watch::PolicyWatch;

/// A policy and its digest, in the one place where whoever decides looks for it.
#[derive(Clone, Debug)]
pub(crate) struct CurrentPolicy(Arc<Mutex<Held>>);

#[derive(Debug)]
struct Held {
    policy: Arc<Policy>,
    policy_sha256: Digest,
    /// Who may replace it by what files say: a watch of an earlier number looks at files that do not count
    /// any more.
    watch: u64,
}

impl CurrentPolicy {
    pub(crate) fn new(policy: Arc<Policy>, policy_sha256: Digest) -> CurrentPolicy {
        CurrentPolicy(Arc::new(Mutex::new(Held { policy, policy_sha256, watch: 0 })))
    }

    /// The policy that holds. It is the whole of one: the next one changes nothing about it.
    pub(crate) fn get(&self) -> (Arc<Policy>, Digest) {
        let held = self.locked();
        (Arc::clone(&held.policy), held.policy_sha256)
    }

    /// Nobody panics while holding it, and whatever is in it is whole.
    fn locked(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Replaces the policy of a gate.
#[derive(Clone)]
pub(crate) struct Policies {
    pub(crate) current: CurrentPolicy,
    pub(crate) gate: GateHandle,
    pub(crate) hooks: Arc<dyn Hooks>,
}

impl Policies {
    /// Goes by another policy from now on, and not by what any files that were watched say later.
    ///
    /// Whatever is being decided is decided by the one before, whole; what waits for a human is decided by
    /// both when they have answered.
    pub(crate) fn replace(&self, policy: Arc<Policy>, policy_sha256: Digest) {
        let mut held = self.current.locked();
        held.watch += 1;
        self.put(held, policy, policy_sha256);
    }

    /// Goes by what files say now.
    ///
    /// # Errors
    /// When they hold no policy. Nothing changes then.
    pub(crate) fn replace_by_files(&self, paths: &[PathBuf]) -> Result<(), PolicyLoadError> {
        let (policy, policy_sha256) = load_policy_files(paths)?;
        self.replace(policy, policy_sha256);
        Ok(())
    }

    /// Watches files, and goes by what they say whenever that is a policy, until the policy is replaced by
    /// other means.
    pub(crate) fn watch(&self, paths: Vec<PathBuf>) -> io::Result<PolicyWatch> {
        let watch = self.current.locked().watch;
        let (policies, files) = (self.clone(), paths.clone());
        let mut complained = None;
        let look = move || policies.look(watch, &files, &mut complained);
        PolicyWatch::new(paths, look)
    }

    /// What is wrong is told once, until it is something else or all is well.
    fn look(&self, watch: u64, paths: &[PathBuf], complained: &mut Option<String>) {
        let loaded = load_policy_files(paths);
        let held = self.current.locked();
        if held.watch != watch {
            return;
        }
        match loaded {
            Ok((policy, policy_sha256)) => {
                *complained = None;
                self.put(held, policy, policy_sha256);
            }
            Err(error) => {
                let holds = held.policy_sha256;
                drop(held);
                if complained.as_ref() != Some(&error.to_string()) {
                    *complained = Some(error.to_string());
                    tell(|| self.hooks.on_policy_change(&PolicyChange::Refused { holds, error: &error }));
                }
            }
        }
    }

    fn put(&self, mut held: MutexGuard<'_, Held>, policy: Arc<Policy>, policy_sha256: Digest) {
        let before = held.policy_sha256;
        if before == policy_sha256 {
            return;
        }
        (held.policy, held.policy_sha256) = (Arc::clone(&policy), policy_sha256);
        // While it is held, so that the gate gets them in the same order. Nothing waits here.
        drop(self.gate.replace_policy(policy, policy_sha256));
        drop(held);
        tell(|| self.hooks.on_policy_change(&PolicyChange::Replaced { before, now: policy_sha256 }));
    }
}
