//! What a log knows of an action that is to take its next step.

use aegis_ledger::action_life::{Impossible, Life, Step};
use aegis_ledger::answer::ResultStatus;
use aegis_ledger::event::{Event, EventBody, Stamped};
use aegis_ledger::receipt::Receipt;

use crate::error::TrailError;
use crate::journal::action_events::each_event_of_action;
use crate::journal::error::RecordError;
use crate::journal::life_error::LifeError;
use crate::journal::record::{Journal, Writing};
use crate::store::Transaction;

/// What is known of an action.
#[derive(Default)]
struct Known {
    life: Life,
    /// The session in which it was decided.
    session_id: String,
    /// How it ended, where anybody knows.
    result: Option<ResultStatus>,
}

impl Journal {
    /// Takes the next step of an action that was allowed and has not ended, if `may` says that it can be
    /// taken: `step` appends the event.
    pub(super) fn take_step(
        &mut self,
        action_id: &str,
        may: impl Fn(&Life) -> Result<(), LifeError>,
        step: impl Fn(&mut Writing<'_>, &str) -> Result<Option<Receipt>, TrailError>,
    ) -> Result<Receipt, LifeError> {
        let receipt = self
            .write(|log| {
                let opened = open_action(log.transaction, action_id)?;
                match opened.and_then(|known| may(&known.life).map(|()| known)) {
                    Ok(known) => step(log, &known.session_id).map(Ok),
                    Err(refused) => Ok(Err(refused)),
                }
            })
            .map_err(RecordError::from)??;
        Ok(receipt.ok_or(RecordError::NoEvent)?)
    }
}

impl Writing<'_> {
    /// Appends an event that happens now.
    pub(super) fn append_now(&mut self, event: Event<'_>) -> Result<Option<Receipt>, TrailError> {
        self.append(&[Stamped { at: crate::clock::now(), event }])
    }
}

/// What is known of an action that was allowed and has not ended, or why its next step cannot be recorded.
fn open_action(log: &dyn Transaction, action_id: &str) -> Result<Result<Known, LifeError>, TrailError> {
    let known = known_of(log, action_id)?;
    let action_id = action_id.to_owned();
    let Some((_, answer)) = known.life.decided() else {
        return Ok(Err(if known.life.is_known() {
            LifeError::NotAllowed { action_id, answer: None }
        } else {
            LifeError::Unknown { action_id }
        }));
    };
    if !answer.is_allowed() {
        return Ok(Err(LifeError::NotAllowed { action_id, answer: Some(answer) }));
    }
    Ok(match known.life.ended() {
        Some(seq) => Err(LifeError::AlreadyEnded { action_id, status: known.result, seq }),
        None => Ok(known),
    })
}

/// What is known of an action, once the hash of each of its events is checked, and that they can have
/// happened one after another.
fn known_of(log: &dyn Transaction, action_id: &str) -> Result<Known, TrailError> {
    let mut known = Known::default();
    each_event_of_action(log, action_id, |event| {
        let impossible = |why: Impossible| why.sentence();
        if let Some(step) = Step::told(event.at, action_id, &event.body).map_err(impossible)? {
            known.life.step(event.seq, step, |_| false).map_err(impossible)?;
        }
        match event.body {
            EventBody::Decided(decided) => known.session_id = decided.session_id.to_string(),
            EventBody::Ended(ended) => known.result = ended.result_status,
            _ => {}
        }
        Ok(())
    })?;
    Ok(known)
}
