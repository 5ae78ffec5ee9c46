//! What follows leave: that an action begins, how it turned out, and how it ended, each recorded and synced.

use aegis_audit::{Check, EndStatus, Ending, LifeError};
use aegis_engine::Action;
use aegis_ledger::receipt::Receipt;

use crate::approval::Unanswered;
use crate::gate::asked::Asked;
use crate::gate::draft::Draft;
use crate::gate::sealed::Sealed;
use crate::gate::{Gate, GateError, Outcome, Proceed};
use crate::recorder::current_recorder;

/// An action that is being done, as the log knows. Whoever has it owes the log its end.
#[derive(Debug)]
#[must_use = "what was started has an end, and the log must have it"]
pub struct Running {
    action_id: String,
}

impl Running {
    /// The same action, for the gate's own thread.
    pub(crate) fn share(&self) -> Running {
        Running { action_id: self.action_id.clone() }
    }

    /// The id of the action.
    #[must_use]
    pub fn action_id(&self) -> &str {
        &self.action_id
    }
}

impl Gate {
    /// Records that an action is about to be done, by this process, for which leave was given. Returns only
    /// after that is synced, and only once for each leave: what could not be recorded must not be done.
    ///
    /// # Errors
    /// When the action has begun or ended already, or the log or a sink does not take the record. In the
    /// latter case the action is given up, as far as the log can still be told.
    pub fn start(&mut self, leave: &Proceed) -> Result<Running, LifeError> {
        let action_id = leave.answered().action_id().to_owned();
        match self.journal.start_action(&action_id, current_recorder().as_ref()) {
            Ok(_) => Ok(Running { action_id }),
            Err(LifeError::Record(error)) => {
                // Where the log has it and a sink does not, the log must not say that it is being done.
                let (why, status) = (error.to_string(), EndStatus::Skipped);
                let ending = Ending { status, error: Some(&why), duration_ms: None };
                let _ = self.journal.end_action(&action_id, ending);
                Err(LifeError::Record(error))
            }
            Err(error) => Err(error),
        }
    }

    /// Records how looking at what was done came out, before its end is recorded.
    ///
    /// # Errors
    /// When that, or the end, is recorded already, or the log or a sink does not take the record.
    pub fn verified(&mut self, running: &Running, check: Check<'_>) -> Result<Receipt, LifeError> {
        self.journal.verify_action(&running.action_id, check)
    }

    /// Records how an action ended.
    ///
    /// # Errors
    /// When its end is recorded already, or the log or a sink does not take the record.
    pub fn end(&mut self, running: &Running, ending: Ending<'_>) -> Result<Receipt, LifeError> {
        self.journal.end_action(&running.action_id, ending)
    }

    /// Takes leave back that was not used: the action ends as skipped, for this reason.
    ///
    /// # Errors
    /// When the log or a sink does not take the record, or the leave was used after all.
    pub fn give_back(&mut self, leave: Proceed, why: &str) -> Result<Receipt, LifeError> {
        let ending = Ending { status: EndStatus::Skipped, error: Some(why), duration_ms: None };
        let receipt = self.journal.end_action(leave.answered().action_id(), ending);
        drop(leave);
        receipt
    }

    /// Decides and records actions that will not be done, for this reason, and asks nobody: what would have
    /// been allowed ends as skipped.
    ///
    /// # Errors
    /// When the log or a sink does not take the records. None of the actions may happen all the same.
    pub fn skip_all(&mut self, actions: &[Action], why: &str) -> Result<Vec<Outcome>, GateError> {
        let mut sealed = Vec::with_capacity(actions.len());
        for (place, action) in actions.iter().enumerate() {
            let draft = Draft::new(&self.ground, action, self.ids.next(actions.len() - place)?);
            let nobody = draft.needs_human().then(|| Unanswered::new(why.to_owned()));
            sealed.push(Sealed::of(Asked::without_a_question(draft, nobody), &self.source, &self.journal));
        }
        let outcomes: Vec<_> = self.journal.record(sealed)?.into_iter().map(Outcome::from).collect();
        for outcome in &outcomes {
            if let Outcome::Allowed(leave) = outcome {
                let ending = Ending { status: EndStatus::Skipped, error: Some(why), duration_ms: None };
                let _receipt = self.journal.end_action(leave.answered().action_id(), ending)?;
            }
        }
        Ok(outcomes)
    }

    /// Records actions that were done without asking, such as what a provider runs itself: as observed, and
    /// never as allowed. What the policy would have said of each is recorded with it.
    ///
    /// # Errors
    /// When the log or a sink does not take the records.
    pub fn observe(&mut self, actions: &[Action]) -> Result<Vec<Observation>, GateError> {
        let mut drafts = Vec::with_capacity(actions.len());
        for (place, action) in actions.iter().enumerate() {
            drafts.push(Draft::new(&self.ground, action, self.ids.next(actions.len() - place)?));
        }
        let events = drafts.iter().map(Draft::observed).collect();
        let receipts: Vec<_> =
            self.journal.record(events)?.into_iter().map(|committed| committed.into_parts().1).collect();
        let seen = drafts.into_iter().zip(receipts);
        Ok(seen.map(|(draft, receipt)| Observation { action_id: draft.action_id, receipt }).collect())
    }
}

/// Where in the log it stands that an action was done without asking.
#[derive(Clone, Debug)]
pub struct Observation {
    /// The id that the action got.
    pub action_id: String,
    /// The place of the record. It is no leave.
    pub receipt: Receipt,
}
