//! The same answer to every question, for tests.

use crate::approval::{Approval, ApprovalRequest, Approver, Unanswered};
use crate::witness::Witness;

/// Gives the same answer to every question, **without asking anybody**. It is for tests, and what it answers
/// is recorded as `fixed`, with nobody's name.
///
/// Its evidence is that of a program of the account that asks, the weakest that a rule takes for an answer:
/// with less, nothing that a test wants to see approved would be.
///
/// # Example
/// ```
/// use std::sync::Arc;
///
/// use aegis_engine::{Action, Digest, Source, load};
/// use aegis_runtime::for_tests::FixedApprover;
/// use aegis_runtime::{Executed, Runtime, executor_fn};
///
/// # let directory = tempfile::tempdir()?;
/// let text = b"version: 1\nrules: []\n";
/// let runtime = Runtime::builder()
///     .policy(Arc::new(load(&[Source { text }]).policy.expect("a valid policy")), Digest::of(text))
///     .log(directory.path().join("log.db"))
///     .approver(FixedApprover::denying("not in a test"))
///     .executor(executor_fn(|_action, _leave| Ok(Executed::without_output())))
///     .build()?;
/// let result = runtime.blocking().run_one(Action::from_json(br#"{"type":"deploy","target":"shop"}"#)?);
/// assert_eq!(result.status(), aegis_runtime::ActionStatus::Denied);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct FixedApprover(Said);

#[derive(Clone, Debug)]
enum Said {
    Yes,
    No(String),
    Nothing(String),
}

impl FixedApprover {
    /// Says yes to everything.
    #[must_use]
    pub const fn approving() -> FixedApprover {
        FixedApprover(Said::Yes)
    }

    /// Says no to everything, for this reason.
    #[must_use]
    pub fn denying(why: impl Into<String>) -> FixedApprover {
        FixedApprover(Said::No(why.into()))
    }

    /// Answers nothing, for this reason.
    #[must_use]
    pub fn silent(why: impl Into<String>) -> FixedApprover {
        FixedApprover(Said::Nothing(why.into()))
    }
}

impl Approver for FixedApprover {
    fn ask(&mut self, request: &ApprovalRequest<'_>) -> Approval {
        match &self.0 {
            Said::Yes => request.approve(Witness::fixed()),
            Said::No(why) => request.deny(Witness::fixed(), Some(why.clone())),
            Said::Nothing(why) => request.nobody(Unanswered::new(why.clone())),
        }
    }
}
