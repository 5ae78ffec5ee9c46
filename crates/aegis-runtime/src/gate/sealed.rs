//! The third step: an answer that nobody may be given yet, because it is not in the log.

use aegis_audit::store::Snapshot;
use aegis_audit::{Account, Journal, QuestionBook, TrailError};
use aegis_engine::ApprovalMode;
use aegis_ledger::answer::{Answer, ApproverIdentity};
use aegis_ledger::chain::LogIdentity;
use aegis_ledger::event::{
    Answered, Consumed, Decided, Event, GrantUse, RecordedNames, Requested, Stamped, Used,
};

use crate::approval::{Approval, Unanswered};
use crate::gate::asked::{Asked, Question, Since};
use crate::gate::draft::Draft;
use crate::gate::ground::PolicySource;
use crate::gate::waits::Waits;

/// An answer that is settled, and not in the log yet.
pub(crate) struct Sealed<'a> {
    pub(crate) asked: Asked<'a>,
    /// Where the policy is read anew.
    source: &'a PolicySource,
    /// Type and target of the action as the log will have them.
    pub(crate) names: RecordedNames,
    pub(crate) answer: Answer,
    pub(crate) approver: Option<ApproverIdentity>,
    /// Where it says more than the decision's own reason.
    pub(crate) reason: Option<String>,
    /// What becomes of the question, where nobody answers it here and now and it may wait.
    pub(crate) waits: Option<Waits>,
    may_wait: bool,
    /// What the policy said when the question was put, where an answer of the log was considered again.
    put: Option<Draft<'a>>,
    /// Why nobody answers here and now.
    nobody: Unanswered,
}

impl<'a> Sealed<'a> {
    /// Settles the answer: from here on, nothing about it changes, unless the log must be waited for.
    pub(crate) fn of(asked: Asked<'a>, source: &'a PolicySource, journal: &Journal) -> Sealed<'a> {
        let names = journal.recorded_names(&asked.draft.entry());
        let (answer, approver, reason) = Sealed::settle(&asked);
        let why = asked.question.as_ref().and_then(|question| question.approval.why().map(str::to_owned));
        let nobody = Unanswered::new(why.unwrap_or_default());
        Sealed {
            asked,
            source,
            names,
            answer,
            approver,
            reason,
            waits: None,
            may_wait: true,
            put: None,
            nobody,
        }
    }

    /// With no question about it that would wait: the action will not be done, whatever somebody says.
    pub(crate) fn without_waiting(self) -> Sealed<'a> {
        Sealed { may_wait: false, ..self }
    }

    fn settle(asked: &Asked<'_>) -> (Answer, Option<ApproverIdentity>, Option<String>) {
        match (&asked.question, asked.draft.decision.approval()) {
            (Some(question), _) => {
                let approval = &question.approval;
                let answer = asked.answer(approval);
                // Nobody gave an answer that is not theirs.
                let by = approval.approver().filter(|_| answer == approval.answer());
                (answer, by.cloned(), Some(asked.reason(approval)))
            }
            (None, ApprovalMode::Auto) => (Answer::Auto, Some(ApproverIdentity::rule()), None),
            (None, ApprovalMode::Block) => (Answer::Block, None, None),
            // Nobody is asked while others wait for the log.
            (None, ApprovalMode::Approve) => {
                let reason = format!(
                    "{}, by the time that the log was free; nobody was asked",
                    asked.draft.decision.reason()
                );
                (Answer::Unanswered, None, Some(reason))
            }
        }
    }

    /// What nobody answered may be allowed by what the log holds, which counts for the policy of now: where
    /// that asks nobody any more, or cannot be read, the log is not asked either.
    fn look_again(&mut self, log: &LogIdentity) {
        if !self.may_wait || !self.asked.draft.needs_human() {
            return;
        }
        let ground = self.source.now(&self.asked.draft.ground);
        let draft = &mut self.asked.draft;
        self.may_wait = ground.is_ok_and(|ground| draft.reconsider_asked(ground, aegis_audit::now()));
        self.names = self.asked.draft.entry().recorded_names(&log.key);
    }

    fn reason(&self) -> &str {
        self.reason.as_deref().unwrap_or_else(|| self.asked.draft.decision.reason())
    }

    /// The grant that it was allowed by, if it was.
    pub(crate) fn grant(&self) -> Option<&GrantUse> {
        let question = self.asked.question.as_ref().filter(|_| self.answer == Answer::Approved)?;
        question.approval.grant_use()
    }

    fn answered<'e>(&'e self, question: &'e Question) -> Event<'e> {
        let draft = &self.asked.draft;
        Event::Answered(Answered {
            action_id: &draft.action_id,
            session_id: &draft.ground.context.session_id,
            answer: question.approval.answer(),
            approver: question.approval.approver(),
            note: question.approval.why(),
            waited_ms: question.waited_ms,
            grant: question.is_recorded && question.approval.gives_grant(),
        })
    }
}

/// A question that the log does not have yet comes first; the answer of the gate comes last, and its receipt
/// is the one that counts.
impl Account for Sealed<'_> {
    fn events(&self) -> Vec<Stamped<'_>> {
        let Sealed { asked, answer, approver, .. } = self;
        let entry = asked.draft.entry();
        let at = |event| Stamped { at: asked.at, event };
        let mut events = Vec::with_capacity(3);
        if let Some(question) = &asked.question {
            if !question.is_recorded {
                let opening = match &self.waits {
                    Some(Waits::Opened(opening)) => Some(opening),
                    _ => None,
                };
                let entry = self.put.as_ref().map_or(entry, Draft::entry);
                events.push(at(Event::Requested(Requested { entry, opening, is_put: opening.is_some() })));
            }
            events.push(at(self.answered(question)));
            if let Some(Waits::Answered { question, approval, .. }) = &self.waits
                && approval.answer() == Answer::Approved
            {
                events.push(at(Event::Consumed(Consumed { action_id: question, by: entry.action_id })));
            }
        } else if *answer == Answer::Unanswered {
            events.push(at(Event::Requested(Requested { entry, opening: None, is_put: false })));
        }
        let grant = self.grant();
        if let Some(grant) = grant {
            events.push(at(Event::Used(Used { action_id: &grant.id, by: entry.action_id })));
        }
        let (approver, reason) = (approver.as_ref(), self.reason());
        events.push(at(Event::Decided(Decided { entry, answer: *answer, approver, reason, grant })));
        events
    }

    /// Where nobody is there to be asked, the log may have an answer, or a grant, or keeps the question.
    fn consults(&self) -> bool {
        // What was found in a try before is looked up anew.
        let may_be_answered = |question: &Question| {
            let is_unanswered = question.approval.answer() == Answer::Unanswered;
            !question.is_recorded && (is_unanswered || self.waits.is_some())
        };
        self.may_wait
            && self.asked.draft.needs_human()
            && self.asked.question.as_ref().is_some_and(may_be_answered)
    }

    fn consult(&mut self, questions: &mut QuestionBook, log: &dyn Snapshot) -> Result<(), TrailError> {
        if let Some(put) = self.put.take() {
            (self.asked.draft, self.asked.since) = (put, Since::Same);
        }
        let draft = &self.asked.draft;
        let waits = Waits::of(draft, questions, log)?;
        let (approval, waited_ms) = match &waits {
            Waits::Answered { approval, waited_ms, .. } => (approval.clone(), *waited_ms),
            Waits::Granted(approval) => (approval.clone(), None),
            _ => (Approval::unanswered(&draft.action_id, self.nobody.clone()), Some(0)),
        };
        if let Some(question) = &mut self.asked.question {
            (question.approval, question.waited_ms) = (approval, waited_ms);
        }
        self.asked.at = self.asked.at.max(questions.now());
        if matches!(&waits, Waits::Answered { approval, .. } if approval.answer() == Answer::Approved) {
            self.put = Some(self.asked.draft.clone());
            self.asked.consider_reply_again(self.source);
            self.names = self.asked.draft.entry().recorded_names(&log.identity().key);
        }
        (self.answer, self.approver, self.reason) = Sealed::settle(&self.asked);
        if let Some(reason) = &mut self.reason {
            reason.push_str(&waits.remark());
        }
        self.waits = Some(waits);
        Ok(())
    }

    /// What was allowed before the wait is decided again, as after any other wait. A no stays one.
    fn waited(&mut self, log: &LogIdentity) -> Result<(), String> {
        if !self.answer.is_allowed() {
            self.look_again(log);
            return Ok(());
        }
        self.asked.consider_again(self.source, aegis_audit::now())?;
        (self.answer, self.approver, self.reason) = Sealed::settle(&self.asked);
        // Another policy may name other secrets.
        self.names = self.asked.draft.entry().recorded_names(&log.key);
        Ok(())
    }
}
