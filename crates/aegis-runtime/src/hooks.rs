//! What an embedding program is told of.

use std::panic::{AssertUnwindSafe, catch_unwind};

use aegis_engine::{Action, Digest};

use crate::action_result::ActionResult;
use crate::approval::{Approval, ApprovalRequest};
use crate::gate::Answered;
use crate::policy_files::PolicyLoadError;

/// What an embedding program is told of while its runtime works. Each of these does nothing, unless it is
/// written anew.
///
/// A hook changes nothing: it is told when something is settled, and what it does, a panic included, has no
/// effect on any outcome. It holds up whoever calls it, so it should be quick.
///
/// # Example
/// ```
/// use aegis_runtime::{ActionResult, Hooks};
///
/// struct Counter(std::sync::atomic::AtomicUsize);
///
/// impl Hooks for Counter {
///     fn on_execution(&self, result: &ActionResult) {
///         if result.is_success() {
///             self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
///         }
///     }
/// }
/// ```
pub trait Hooks: Send + Sync {
    /// An action was answered, and the log has that.
    fn on_decision(&self, action: &Action, answered: &Answered) {
        let _ = (action, answered);
    }

    /// Somebody is going to be asked. Called on the thread of the gate, which then waits for them.
    fn on_question(&self, request: &ApprovalRequest<'_>) {
        let _ = request;
    }

    /// Somebody was asked, and this came of it. The log does not have it yet, and the policy may say
    /// otherwise by now. Called on the thread of the gate.
    fn on_approval(&self, request: &ApprovalRequest<'_>, approval: &Approval) {
        let _ = (request, approval);
    }

    /// An allowed action was done, or was tried, and the log has how that ended, unless the result says
    /// otherwise.
    fn on_execution(&self, result: &ActionResult) {
        let _ = result;
    }

    /// The policy was replaced, or was to be and could not be read.
    fn on_policy_change(&self, change: &PolicyChange<'_>) {
        let _ = change;
    }
}

/// Tells nobody.
impl Hooks for () {}

/// What became of a policy that was to be replaced.
#[derive(Debug)]
#[non_exhaustive]
pub enum PolicyChange<'a> {
    /// Another one holds from now on.
    Replaced {
        /// The digest of the one that held before.
        before: Digest,
        /// The digest of the one that holds now.
        now: Digest,
    },
    /// The files changed, and no policy can be made of them: the one before still holds.
    Refused {
        /// The digest of the one that holds.
        holds: Digest,
        /// Why the new one does not.
        error: &'a PolicyLoadError,
    },
}

/// Tells a hook, whose panic goes no further.
pub(crate) fn tell(hook: impl FnOnce()) {
    let _ = catch_unwind(AssertUnwindSafe(hook));
}
