//! What the log has to say of a question that nobody answers here and now.

use aegis_audit::store::Snapshot;
use aegis_audit::{Flood, QuestionBook, TrailError};
use aegis_ledger::event::Opening;
use aegis_ledger::question::{MOST_OPEN, MOST_OPEN_OF_ACCOUNT, Party, Question, Standing};
use chrono::DateTime;

use crate::approval::Approval;
use crate::gate::draft::Draft;
use crate::waiting_question::WaitingQuestion;

/// What becomes of a question that nobody answers here and now.
#[derive(Clone, Debug)]
pub(crate) enum Waits {
    /// It waits, from now on.
    Opened(Opening),
    /// The same question waits already.
    Already(WaitingQuestion),
    /// Too many questions of the agent, or of its account, wait.
    Flooded(Flood),
    /// It was answered, and this is what was said.
    Answered {
        /// The id of the question.
        question: String,
        /// The answer.
        approval: Approval,
        /// How long the question stood before it was complete, in milliseconds.
        waited_ms: Option<u64>,
    },
    /// A grant lets it happen.
    Granted(Approval),
}

impl Waits {
    /// Looks a question up that a human must answer, and notes it where it is a new one.
    pub(crate) fn of(
        draft: &Draft<'_>,
        questions: &mut QuestionBook,
        log: &dyn Snapshot,
    ) -> Result<Waits, TrailError> {
        let (terms, now) = (draft.decision.terms(), questions.now());
        let asked = draft.asked(&terms);
        if let Some(found) = questions.find(log, &asked)? {
            let question = found.id().to_owned();
            let is_open = matches!(found.standing(now.timestamp_millis()), Standing::Open { .. });
            if !is_open
                && found.consume(&draft.action_id, now.timestamp_millis()).is_ok()
                && let Some(reply) = found.settling_reply()
            {
                let approval = Approval::of_reply(&draft.action_id, reply);
                let waited_ms = u64::try_from(reply.at.saturating_sub(found.asked_at())).ok();
                return Ok(Waits::Answered { question, approval, waited_ms });
            }
        }
        if let Some(key) = draft.entry().grant_key(&log.identity().key)
            && let Some(approval) = by_grant(&key, draft, questions, log)?
        {
            return Ok(Waits::Granted(approval));
        }
        if let Some(found) = questions.find(log, &asked)? {
            let question = found.id().to_owned();
            let expires_at = DateTime::from_timestamp_millis(found.expires_at()).unwrap_or(now);
            return Ok(Waits::Already(WaitingQuestion { id: question, expires_at }));
        }
        let context = &draft.ground.context;
        let agent = draft.entry().recorded_agent(&log.identity().key);
        let subject = (draft.action_sha256.to_string(), draft.ground.policy_sha256.to_string());
        let asker = Party { user: context.user.clone(), login: context.login.clone() };
        if let Some(flood) = questions.flood(log, agent.as_deref(), &asker)? {
            return Ok(Waits::Flooded(flood));
        }
        let ttl = i64::try_from(terms.ttl_ms).unwrap_or(i64::MAX);
        let expires_at = now.timestamp_millis().saturating_add(ttl);
        let opening = Opening { key: asked.key(), expires_at, terms };
        let question = Question::new(&draft.action_id, now.timestamp_millis(), agent, asker, &opening);
        questions.add(question.about(&subject.0, &subject.1));
        Ok(Waits::Opened(opening))
    }

    /// The question that is to be answered now.
    pub(crate) fn question(&self, action_id: &str) -> Option<WaitingQuestion> {
        match self {
            Waits::Opened(opening) => Some(WaitingQuestion {
                id: action_id.to_owned(),
                expires_at: DateTime::from_timestamp_millis(opening.expires_at)?,
            }),
            Waits::Already(question) => Some(question.clone()),
            Waits::Flooded(_) | Waits::Answered { .. } | Waits::Granted(_) => None,
        }
    }

    /// What is said of it behind the reason, in our own words.
    pub(crate) fn remark(&self) -> String {
        match self {
            Waits::Flooded(Flood::OfAgent) => {
                format!("; {MOST_OPEN} questions of this agent wait already, so this one does not")
            }
            Waits::Flooded(Flood::OfAccount) => {
                format!(
                    "; {MOST_OPEN_OF_ACCOUNT} questions of this account wait already, so this one does not"
                )
            }
            Waits::Opened(_) | Waits::Already(_) | Waits::Answered { .. } | Waits::Granted(_) => {
                String::new()
            }
        }
    }
}

/// Uses a grant that holds for an action of this key, if there is one.
fn by_grant(
    key: &str,
    draft: &Draft<'_>,
    book: &mut QuestionBook,
    log: &dyn Snapshot,
) -> Result<Option<Approval>, TrailError> {
    // To look for one tells what time it is for it.
    if book.find_grant(log, key)?.is_none() {
        return Ok(None);
    }
    let now = book.now().timestamp_millis();
    let Some(grant) = book.find_grant(log, key)? else { return Ok(None) };
    let used = grant.use_for(key, now).ok();
    Ok(used.map(|used| Approval::by_grant(&draft.action_id, grant, used)))
}
