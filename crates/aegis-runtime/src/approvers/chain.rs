//! Several approvers, of whom the first that is there is asked.

use std::fmt;
use std::time::Instant;

use aegis_ledger::answer::Evidence;

use crate::approval::{Approval, ApprovalRequest, Approver, Hold, Unanswered};
use crate::waiting_question::WaitingQuestion;

/// Asks the first of several approvers that is [there](Approver::absent). Whatever comes of asking it is the
/// answer: where it was asked and nobody answered, the others are not.
///
/// Where none is there, the question is left in the log, and waited for by those who do
/// ([`QueueApprover`](crate::QueueApprover)).
pub struct ChainApprover {
    approvers: Vec<Box<dyn Approver>>,
    /// Whose signals are held, and who will be asked.
    held: Option<usize>,
}

impl fmt::Debug for ChainApprover {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ChainApprover")
            .field("approvers", &self.approvers.len())
            .finish_non_exhaustive()
    }
}

impl ChainApprover {
    /// This one first.
    #[must_use]
    pub fn new(first: impl Approver + 'static) -> ChainApprover {
        ChainApprover { approvers: vec![Box::new(first)], held: None }
    }

    /// And this one where none of those before is there.
    #[must_use]
    pub fn or_else(mut self, next: impl Approver + 'static) -> ChainApprover {
        self.approvers.push(Box::new(next));
        self
    }

    fn first(&self) -> Option<usize> {
        self.approvers.iter().position(|approver| approver.absent().is_none())
    }
}

impl Approver for ChainApprover {
    fn absent(&self) -> Option<Unanswered> {
        let mut last = None;
        for approver in &self.approvers {
            last = Some(approver.absent()?);
        }
        last
    }

    fn evidence(&self) -> Evidence {
        let first = self.first().and_then(|place| self.approvers.get(place));
        first.map_or(Evidence::Rule, |approver| approver.evidence())
    }

    fn hold(&mut self) -> Hold {
        self.held = self.first();
        let held = self.held.and_then(|place| self.approvers.get_mut(place));
        held.map_or_else(Hold::nothing, |approver| approver.hold())
    }

    fn ask(&mut self, request: &ApprovalRequest<'_>) -> Approval {
        let place = self.held.take().or_else(|| self.first());
        match place.and_then(|place| self.approvers.get_mut(place)) {
            Some(approver) => approver.ask(request),
            None => request.nobody(Unanswered::new("there is nobody to ask any more")),
        }
    }

    fn await_reply(&mut self, question: &WaitingQuestion, since: Instant) -> bool {
        self.approvers.iter_mut().any(|approver| approver.await_reply(question, since))
    }
}
