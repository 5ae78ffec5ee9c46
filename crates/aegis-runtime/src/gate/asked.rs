//! The second step: whoever had to be asked was asked.

use std::time::Instant;

use aegis_audit::{Journal, RecordError};
use aegis_engine::{ApprovalMode, Redacted, escape};
use aegis_ledger::answer::{Answer, ApproverIdentity};
use chrono::{DateTime, SecondsFormat, Utc};

use crate::approval::{Approval, ApprovalRequest, Approver, Hold, Unanswered};
use crate::gate::draft::Draft;
use crate::gate::ground::PolicySource;

/// An action for which nobody is left to be asked.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) draft: Draft<'a>,
    /// What came of asking, where a human had to be asked.
    pub(crate) question: Option<Question>,
    /// When the answer was given.
    pub(crate) at: DateTime<Utc>,
    /// What has come of the policy while the question stood.
    pub(crate) since: Since,
}

/// What has come of the policy between a question, or an evaluation, and its answer.
#[derive(Debug)]
pub(crate) enum Since {
    /// It says the same.
    Same,
    /// It was another one by then. The stricter of what both say holds.
    Changed,
    /// The answer is none to what holds now, because of this.
    Overtaken(String),
}

/// A question, and what came of it.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) approval: Approval,
    /// How long it stood, in milliseconds.
    pub(crate) waited_ms: Option<u64>,
    /// Whether the log has the question already.
    pub(crate) is_recorded: bool,
    /// Until the log has the answer, nothing ends the process that can wait for it.
    _hold: Hold,
}

impl<'a> Asked<'a> {
    /// Nobody is asked: the policy answers by itself, or nobody is there.
    pub(crate) fn without_a_question(draft: Draft<'a>, nobody: Option<Unanswered>) -> Asked<'a> {
        let question = nobody.map(|why| Question {
            approval: Approval::unanswered(&draft.action_id, why),
            waited_ms: Some(0),
            is_recorded: false,
            _hold: Hold::nothing(),
        });
        let at = draft.at;
        Asked { draft, question, at, since: Since::Same }
    }

    /// Records the question, asks it, and waits for the answer. A question that was cut short leaves a trace.
    pub(crate) fn by(
        approver: &mut dyn Approver,
        draft: Draft<'a>,
        journal: &mut Journal,
        source: &PolicySource,
    ) -> Result<Asked<'a>, RecordError> {
        let hold = approver.hold();
        let draft = journal.record(vec![draft])?.pop().ok_or(RecordError::NoEvent)?.into_parts().0;
        // What stands for secrets is the log's own; here it counts only where they are.
        let redacted = draft.ground.policy.redaction().redact(draft.action, |_| String::new());
        // It is told for orientation. Where the log cannot be read, recording the answer fails.
        let precedents = journal.precedents(&draft.entry()).ok();
        let asked = Instant::now();
        let approval = approver.ask(&ApprovalRequest {
            action_id: &draft.action_id,
            action: draft.action,
            action_sha256: draft.action_sha256,
            decision: &draft.decision,
            policy_sha256: draft.ground.policy_sha256,
            redacted: redacted.as_ref().map(Redacted::places).unwrap_or_default(),
            precedents: precedents.as_ref(),
        });
        // By the clock that cannot be set.
        let waited_ms = u64::try_from(asked.elapsed().as_millis()).ok();
        let approval = approval.about(&draft.action_id);
        let question = Some(Question { approval, waited_ms, is_recorded: true, _hold: hold });
        Ok(Asked { draft, question, at: aegis_audit::now(), since: Since::Same }.considered_again(source))
    }

    /// Decides again, by the policy as it is now: the stricter of what it said and what it says holds. Only a
    /// yes can become something else.
    ///
    /// # Errors
    /// When the policy cannot be read any more. The text says why.
    pub(crate) fn consider_again(&mut self, source: &PolicySource, at: DateTime<Utc>) -> Result<(), String> {
        let ground = source
            .now(&self.draft.ground)
            .map_err(|why| format!("the policy cannot be read any more: {why}"))?;
        let is_changed = ground.policy_sha256 != self.draft.ground.policy_sha256;
        let asked_for = self.draft.decision.risk_level();
        self.draft.reconsider(ground, at);
        self.at = at;
        let risk = self.draft.decision.risk_level();
        // What was not shown was not approved: a `y` for less is no word for this.
        if risk.needs_word() && !asked_for.needs_word() {
            let why = format!("the risk rose from {asked_for} to {risk} while the question stood");
            self.since = Since::Overtaken(why);
        } else if let Some(why) = self.falls_short() {
            self.since = Since::Overtaken(why.to_owned());
        } else if is_changed && matches!(self.since, Since::Same) {
            self.since = Since::Changed;
        }
        Ok(())
    }

    /// Why a yes that was given here is not worth what the rule asks for, where that is so. Of what the log
    /// holds, the log has seen to that.
    fn falls_short(&self) -> Option<&'static str> {
        let question = self.question.as_ref().filter(|question| question.is_recorded)?;
        let by = question.approval.approver()?;
        let terms = self.draft.decision.terms();
        if !terms.asker_suffices(by.evidence.level()) {
            Some("the rule wants more by now than an answer of whoever asks")
        } else if terms.uninjectable && by.injectable {
            Some("other programs can type into the terminal, and the rule wants what they could not answer")
        } else {
            None
        }
    }

    /// Lets a yes count for the policy of its own moment: whatever waited is decided again when it is over.
    fn considered_again(mut self, source: &PolicySource) -> Asked<'a> {
        let is_yes = self.question.as_ref().is_some_and(|it| it.approval.answer() == Answer::Approved);
        if is_yes && let Err(why) = self.consider_again(source, self.at) {
            self.since = Since::Overtaken(why);
        }
        self
    }

    /// Lets a yes that was found in the log count for the policy of this moment, as one that is given here
    /// does. It was given on the terms of its question, and on no others.
    pub(crate) fn consider_reply_again(&mut self, source: &PolicySource) {
        let terms = self.draft.decision.terms();
        if let Err(why) = self.consider_again(source, self.at) {
            self.since = Since::Overtaken(why);
        } else if self.draft.needs_human() && self.draft.decision.terms() != terms {
            self.since = Since::Overtaken("the rule wants more by now than what was asked for".to_owned());
        }
    }

    /// The answer that holds: what was said, unless the policy says otherwise by now.
    pub(crate) fn answer(&self, approval: &Approval) -> Answer {
        match (approval.answer(), self.draft.decision.approval(), &self.since) {
            (Answer::Approved, ApprovalMode::Block, _) => Answer::Block,
            (Answer::Approved, _, Since::Overtaken(_)) => Answer::Unanswered,
            (said, _, _) => said,
        }
    }

    /// What the policy says, and who answered how.
    pub(crate) fn reason(&self, approval: &Approval) -> String {
        let policy_says = self.draft.decision.reason();
        let who = approval.approver().map_or_else(|| "somebody".to_owned(), who);
        let since = match &self.since {
            Since::Same => String::new(),
            Since::Changed => "; the policy changed while the question stood".to_owned(),
            Since::Overtaken(why) => format!("; {}, so that this is no approval", escape(why)),
        };
        if let Some(used) = approval.grant_use().filter(|_| self.answer(approval) == Answer::Approved) {
            let (id, given) = (escape(&used.id), instant(used.given_at));
            let left = format!("good for {} more until {}", used.uses_left, instant(used.expires_at));
            return format!("{policy_says}; allowed by grant {id} of {who}, given at {given}, {left}{since}");
        }
        match (approval.answer(), approval.why()) {
            (Answer::Approved, _) if self.answer(approval) == Answer::Block => {
                format!("{policy_says}, by the time that {who} approved it{since}")
            }
            (Answer::Approved, _) => format!("{policy_says}; {who} approved it{since}"),
            (Answer::Denied, None) => format!("{policy_says}; {who} denied it"),
            (Answer::Denied, Some(why)) => format!("{policy_says}; {who} denied it: {}", escape(why)),
            (_, why) => format!("{policy_says}; {}", escape(why.unwrap_or("nobody answered"))),
        }
    }
}

/// An instant of the log, for a person.
fn instant(millis: i64) -> String {
    let at = DateTime::from_timestamp_millis(millis);
    at.map_or_else(|| "no time".to_owned(), |at| at.to_rfc3339_opts(SecondsFormat::Secs, true))
}

/// Who answered, in words that do not make a person of what is none.
fn who(by: &ApproverIdentity) -> String {
    let user = by.user.as_deref().map_or_else(|| "somebody".to_owned(), escape);
    match by.via.as_str() {
        "command" => format!("a command of {user}"),
        "fixed" => "a fixed answer".to_owned(),
        _ => user,
    }
}
