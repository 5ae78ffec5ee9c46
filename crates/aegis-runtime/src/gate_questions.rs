//! Which questions a gate puts to its approver, and which wait in the log.

use aegis_audit::RecordError;

use crate::approval::Unanswered;
use crate::gate::Gate;
use crate::gate::draft::Draft;

impl Gate {
    /// Why nobody is asked here and now about an action that a human must approve: nobody is there, the
    /// rule wants more than an answer at the asker's own terminal is worth, or somebody has answered
    /// already, or gave a grant. What the log has to say then is looked up when the answer is recorded.
    pub(crate) fn nobody_for(&mut self, draft: &Draft<'_>) -> Result<Option<Unanswered>, RecordError> {
        if !draft.needs_human() {
            return Ok(None);
        }
        if let Some(absent) = self.approver.absent() {
            return Ok(Some(absent));
        }
        if !draft.decision.terms().asker_suffices(self.approver.evidence().level()) {
            return Ok(Some(Unanswered::new("the rule wants to be answered by others than whoever asks")));
        }
        let grant = self.journal.grant_key(&draft.entry());
        let is_answered = self.journal.has_answer(&draft.question_key(), grant.as_deref())?;
        Ok(is_answered.then(|| Unanswered::new("somebody else was asked")))
    }
}
