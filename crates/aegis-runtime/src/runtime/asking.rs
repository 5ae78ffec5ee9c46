//! Asking somebody, with hooks that are told of it, and with no way for a panic to become an answer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use aegis_ledger::answer::Evidence;

use crate::approval::{Approval, ApprovalRequest, Approver, Hold, Unanswered};
use crate::hooks::{Hooks, tell};
use crate::waiting_question::WaitingQuestion;

/// Somebody to ask, whose panic is no answer, and ends the asking for good.
pub(super) struct Asking {
    approver: Box<dyn Approver>,
    hooks: Arc<dyn Hooks>,
    has_panicked: bool,
}

impl Asking {
    pub(super) fn new(approver: Box<dyn Approver>, hooks: Arc<dyn Hooks>) -> Asking {
        Asking { approver, hooks, has_panicked: false }
    }

    fn contained<T>(&mut self, call: impl FnOnce(&mut dyn Approver) -> T) -> Option<T> {
        if self.has_panicked {
            return None;
        }
        let called = catch_unwind(AssertUnwindSafe(|| call(self.approver.as_mut()))).ok();
        self.has_panicked = called.is_none();
        called
    }
}

fn gone() -> Unanswered {
    Unanswered::new("whoever asks for approval panicked")
}

impl Approver for Asking {
    fn absent(&self) -> Option<Unanswered> {
        if self.has_panicked {
            return Some(gone());
        }
        catch_unwind(AssertUnwindSafe(|| self.approver.absent())).unwrap_or_else(|_| Some(gone()))
    }

    fn hold(&mut self) -> Hold {
        self.contained(|approver| approver.hold()).unwrap_or_else(Hold::nothing)
    }

    fn await_reply(&mut self, question: &WaitingQuestion, since: Instant) -> bool {
        self.contained(|approver| approver.await_reply(question, since)).unwrap_or(false)
    }

    fn evidence(&self) -> Evidence {
        // What cannot say how strong it is is none.
        catch_unwind(AssertUnwindSafe(|| self.approver.evidence())).unwrap_or(Evidence::Rule)
    }

    fn ask(&mut self, request: &ApprovalRequest<'_>) -> Approval {
        tell(|| self.hooks.on_question(request));
        let approval = self.contained(|approver| approver.ask(request));
        let approval = approval.unwrap_or_else(|| request.nobody(gone()));
        tell(|| self.hooks.on_approval(request, &approval));
        approval
    }
}

/// Nobody.
pub(super) struct Nobody;

impl Approver for Nobody {
    fn absent(&self) -> Option<Unanswered> {
        Some(Unanswered::new("there is nobody to ask"))
    }

    fn ask(&mut self, request: &ApprovalRequest<'_>) -> Approval {
        request.nobody(Unanswered::new("there is nobody to ask"))
    }
}
