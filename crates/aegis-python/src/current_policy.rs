//! The policy that a gate goes by, in the one place where whoever decides looks for it.

use std::sync::{Arc, Mutex, PoisonError};

use aegis_engine::{Digest, Policy};

/// A policy and its digest. Whoever has a clone sees when another takes its place.
#[derive(Clone)]
pub(crate) struct CurrentPolicy(Arc<Mutex<(Arc<Policy>, Digest)>>);

impl CurrentPolicy {
    pub(crate) fn new(policy: Arc<Policy>, digest: Digest) -> CurrentPolicy {
        CurrentPolicy(Arc::new(Mutex::new((policy, digest))))
    }

    /// The policy that holds.
    pub(crate) fn get(&self) -> (Arc<Policy>, Digest) {
        let (policy, digest) = &*self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (Arc::clone(policy), *digest)
    }

    /// Another one holds from now on.
    pub(crate) fn replace(&self, policy: Arc<Policy>, digest: Digest) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (policy, digest);
    }
}
