//! Which questions a gate puts to its approver, and which wait in the log.

use std::time::Instant;

use aegis_audit::RecordError;
use aegis_engine::Action;

use crate::approval::Unanswered;
use crate::gate::draft::Draft;
use crate::gate::{Gate, GateError, Outcome};

impl Gate {
    pub(crate) fn answer_once(&mut self, action: &Action) -> Result<Outcome, GateError> {
        let outcomes = self.answer_all(std::slice::from_ref(action)).map_err(|failed| failed.error)?;
        outcomes.into_iter().next().ok_or(GateError::NoReceipt)
    }

    /// Lets the approver wait for the answer to a question that an outcome left in the log, and answers the
    /// action again when there is one: it is the gate that uses it, whatever it is.
    ///
    /// # Errors
    /// As [`answer`](Gate::answer).
    pub(crate) fn seen_through(&mut self, action: &Action, outcome: Outcome) -> Result<Outcome, GateError> {
        let (since, mut outcome) = (Instant::now(), outcome);
        while let Some(question) = outcome.answered().waiting().cloned() {
            if !self.approver.await_reply(&question, since) {
                break;
            }
            outcome = self.answer_once(action)?;
        }
        Ok(outcome)
    }

    /// Why nobody is asked here and now about an action that a human must approve: nobody is there, the rule
    /// wants more than an answer at the asker's own terminal is worth, or somebody has answered already, or
    /// gave a grant. What the log has to say then is looked up when the answer is recorded.
    pub(crate) fn nobody_for(&mut self, draft: &Draft<'_>) -> Result<Option<Unanswered>, RecordError> {
        if !draft.needs_human() {
            return Ok(None);
        }
        if let Some(absent) = self.approver.absent() {
            return Ok(Some(absent));
        }
        let terms = draft.decision.terms();
        if !terms.asker_suffices(self.approver.evidence().level()) {
            return Ok(Some(Unanswered::new("the rule wants to be answered by others than whoever asks")));
        }
        let grant = self.journal.grant_key(&draft.entry());
        let is_answered = self.journal.has_answer(&draft.asked(&terms), grant.as_deref())?;
        Ok(is_answered.then(|| Unanswered::new("somebody else was asked")))
    }
}
