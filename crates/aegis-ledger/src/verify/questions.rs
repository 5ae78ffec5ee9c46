//! Whether replies to questions are by whom they say: each signature is verified again.

use std::collections::BTreeMap;

use aegis_engine::KnownBy;

use crate::answer::{Answer, ApproverIdentity, Evidence};
use crate::event::{ConsumedBody, EntryBody, RepliedBody};
use crate::question::{Question, Refused};
use crate::verify::bodies::Bodies;

/// How many questions, the newest, are remembered: only those that somebody can answer by a signature.
const REMEMBERED: usize = 1 << 12;

/// The questions that passed by, by their rows.
#[derive(Default)]
pub(super) struct Questions {
    asked: BTreeMap<u64, Question>,
    /// The newest row of those that were forgotten.
    forgotten: u64,
    /// Who answered the questions by a signature that was verified, by the rows of the questions.
    proved: BTreeMap<u64, Vec<ApproverIdentity>>,
    /// The actions by which an answer was used, and the row of its question, until they are decided.
    used: BTreeMap<String, u64>,
}

impl Questions {
    /// Remembers a question that a row asks.
    pub(super) fn remember(&mut self, row: u64, question: Question) {
        let is_by_key = |by: &KnownBy| matches!(by, KnownBy::SshKey { .. });
        if !question.terms().by.iter().any(|named| is_by_key(&named.known_by)) {
            return;
        }
        self.asked.insert(row, question);
        if self.asked.len() > REMEMBERED
            && let Some((row, _)) = self.asked.pop_first()
        {
            self.forgotten = self.forgotten.max(row);
            self.proved.remove(&row);
        }
    }

    /// Whether a reply about the action of this id proves what it claims of who gave it, by the terms of its
    /// question. `is_gone` tells that a row was pruned, or is damaged itself.
    pub(super) fn check<S: AsRef<str>>(
        &mut self,
        (log, id): (&str, &str),
        body: &RepliedBody<S>,
        bodies: &mut Bodies<'_>,
        is_gone: impl Fn(u64) -> bool,
    ) -> Result<(), Refused> {
        // Which row it answers, and that this is one of its action, has been looked at.
        let row = body.requested_seq.unwrap_or_default();
        if let Some(question) = self.asked.get(&row) {
            question.check_claim(log, body)?;
            if body.signature.is_some() {
                self.proved.entry(row).or_default().push(body.approver.clone());
            }
            return Ok(());
        }
        if body.signature.is_none() {
            Question::check_unsigned(body)?;
        }
        let question = if is_gone(row) {
            bodies.unchecked += u64::from(body.signature.is_some());
            return Ok(());
        } else if row > self.forgotten {
            // It was seen, and names no key, or is no question at all.
            None
        } else if let Some(lookup) = &mut bodies.lookup {
            lookup(row).and_then(|row| row.question)
        } else {
            bodies.unchecked += u64::from(body.signature.is_some());
            return Ok(());
        };
        match question.filter(|question| question.id() == id) {
            Some(question) => question.check_claim(log, body),
            None => Question::check_unsigned(body),
        }
    }

    /// Takes that an answer was used: in the same transaction, the action that used it is decided.
    pub(super) fn use_for<S: AsRef<str>>(&mut self, body: &ConsumedBody<S>) {
        if self.used.len() >= REMEMBERED {
            // None of them was decided: nothing that this program writes.
            self.used.clear();
        }
        self.used.insert(body.by.as_ref().to_owned(), body.requested_seq.unwrap_or_default());
    }

    /// Whether a decision that allows the action of this id and names somebody who signed goes back to a
    /// signature. `may_be_missing` tells that what it goes back to may have been pruned, or is damaged.
    pub(super) fn check_decided<S>(
        &mut self,
        id: &str,
        entry: &EntryBody<S>,
        bodies: &mut Bodies<'_>,
        may_be_missing: impl Fn(u64) -> bool,
    ) -> Result<(), Refused> {
        let used = self.used.remove(id);
        // A no answers every further question of the kind and is used up by none: no row says which it was.
        let allows = entry.decision.is_some_and(Answer::is_allowed);
        let claimed = entry.approver.as_ref().filter(|by| allows && by.evidence >= Evidence::Signature);
        let Some(approver) = claimed else { return Ok(()) };
        let is_unknown = match used {
            Some(row) if self.proved.get(&row).is_some_and(|proved| proved.contains(approver)) => {
                return Ok(());
            }
            Some(row) => row <= self.forgotten || may_be_missing(row),
            None => may_be_missing(entry.requested_seq.unwrap_or(u64::MAX)),
        };
        bodies.unchecked += u64::from(is_unknown);
        if is_unknown { Ok(()) } else { Err(Refused::Unsigned) }
    }
}
