//! What cannot have happened: rows that are whole, and tell of it all the same.

use roaring::RoaringTreemap;

use crate::action_life::{Impossible, Life, Step};
use crate::event::{EventBody, EventKind};
use crate::question::Question;
use crate::stored_event::StoredEvent;
use crate::verify::damage::DamageKind;
use crate::verify::grants::Told;
use crate::verify::lives::ActionEvents;
use crate::verify::observer::Observer;
use crate::verify::verifier::Verifier;

impl<O: Observer> Verifier<'_, O> {
    /// Whether what a sound row tells can have happened, by its own words and by what other rows tell.
    pub(super) fn check_life<S>(
        &mut self,
        seq: i64,
        event: &StoredEvent<'_>,
        body: &EventBody<S>,
    ) -> Result<(), Impossible> {
        let step = Step::told(event.at, event.action_id, body)?;
        let (row, start, damaged) = (seq.unsigned_abs(), self.start.seq, self.damaged.rows());
        match step.filter(|_| !damaged.contains(row)) {
            Some(step) => self
                .lives
                .take(row, event.action_id, step, |behind| may_be_missing(start, damaged, behind, row)),
            None => Ok(()),
        }
    }

    /// Whether a row that claims a signature proves it: a reply by the terms of its question, a decision by
    /// the answer that it used.
    pub(super) fn check_proof<S: AsRef<str>>(
        &mut self,
        seq: i64,
        event: &StoredEvent<'_>,
        body: &EventBody<S>,
    ) -> Result<(), Impossible> {
        match body {
            EventBody::Requested(entry) => {
                if let Some(question) = Question::opened(event.action_id, event.at, entry) {
                    self.questions.remember(seq.unsigned_abs(), question);
                }
                Ok(())
            }
            EventBody::Replied(body) => {
                let (start, damaged) = (self.start.seq, self.damaged.rows());
                let is_gone = |row| row < start || damaged.contains(row);
                let log = hex::encode(&self.start.log_id);
                let of = (log.as_str(), event.action_id);
                self.questions.check(of, body, &mut self.bodies, is_gone).map_err(Impossible::Unproven)
            }
            EventBody::Consumed(body) => {
                self.questions.use_for(body);
                Ok(())
            }
            EventBody::Decided(entry) => {
                let (start, damaged) = (self.start.seq, self.damaged.rows());
                let may_be_missing = |row| row < start || !damaged.is_empty();
                self.questions
                    .check_decided(event.action_id, entry, &mut self.bodies, may_be_missing)
                    .map_err(Impossible::Unproven)
            }
            _ => Ok(()),
        }
    }

    /// Whether what a sound row tells of grants can have happened.
    pub(super) fn check_grants<S: AsRef<str>>(
        &mut self,
        told: Told<'_>,
        body: &EventBody<S>,
    ) -> Result<(), Impossible> {
        let (start, damaged) = (self.start.seq, self.damaged.rows());
        self.grants.take(told, body, |behind| may_be_missing(start, damaged, behind, told.row))
    }

    /// Takes an entry of the index that gives the events of each action one after another, those of one kind
    /// in their order. `is_other` tells that it is of another action than the one before.
    pub fn indexed(&mut self, is_other: bool, kind: &str, seq: i64) {
        let Some(kind) = EventKind::from_word(kind) else { return };
        let (complete, found) = self.lives.take_indexed(is_other, kind, seq.unsigned_abs());
        if let Some(action) = complete {
            self.judge(&action);
        }
        if let Err(why) = found {
            self.damages.add(seq, DamageKind::Impossible(why));
        }
    }

    /// Judges what is left to be judged when everything was read.
    pub(super) fn end_lives(&mut self) {
        let last = self.lives.last_indexed();
        self.judge(&last);
    }

    /// Goes through the life of one action.
    fn judge(&mut self, action: &ActionEvents) {
        let (mut life, mut incomplete) = (Life::default(), action.is_incomplete());
        for (kind, row) in action.in_order() {
            let Some(step) = self.lives.said(kind, row) else {
                incomplete = true;
                continue;
            };
            let (start, damaged) = (self.start.seq, self.damaged.rows());
            let missing = |behind| incomplete || may_be_missing(start, damaged, behind, row);
            if let Err(why) = life.step(row, step, missing) {
                let seq = i64::try_from(row).unwrap_or(i64::MAX);
                self.damages.add(seq, DamageKind::Impossible(why));
            }
        }
    }
}

/// Whether an event could be missing that stood between two rows: one of those is damaged, or gaps are there,
/// behind each of which the next row counts as damaged. Before the first row, events may have been pruned.
fn may_be_missing(start: u64, damaged: &RoaringTreemap, behind: u64, row: u64) -> bool {
    (behind == 0 && start > 1) || damaged.rank(row) > damaged.rank(behind)
}
