//! Answers to questions that wait in a log, given at a terminal.

use std::time::Duration;

use aegis_audit::{Journal, NewReply, Replied, ReplyError};
use aegis_engine::Digest;
use aegis_ledger::answer::{Answer, ApproverIdentity};
use aegis_ledger::event::Operator;
use aegis_ledger::question::{Party, Refused, Reply, Standing};
use thiserror::Error;

use crate::approval::{Hold, Unanswered};
use crate::granted_actions::{Grantee, granted_to, granted_uses};
use crate::identity::{current_host, current_party};
use crate::precedent_words::precedent_words;
use crate::recorded_question::{QuestionError, RecordedQuestion};
use crate::signing_key::SigningError;
use crate::terminal::{Subject, TerminalOptions, Typed, Wish, ask_about};
use crate::witness::Witness;

/// Whoever runs this process, as the kernel names them.
#[derive(Clone, Debug)]
pub struct Answerer {
    party: Party,
    host: String,
}

/// An answer that somebody typed, and that is in no log yet.
#[derive(Debug)]
#[must_use = "an answer that is not recorded is none"]
pub struct TerminalReply<'q> {
    asked: &'q RecordedQuestion,
    answer: Answer,
    by: Witness,
    answerer: Answerer,
    note: Option<String>,
    /// Whether the grant that is offered is given with it.
    grant: bool,
    _hold: Hold,
}

/// As whom somebody is about to answer.
pub(crate) struct Known<'k> {
    pub(crate) by: ApproverIdentity,
    /// The public key with which they will sign.
    pub(crate) key: Option<&'k str>,
}

/// Why there is no answer.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum NotGiven {
    /// It would not count, so nobody was asked.
    #[error("{0}")]
    Refused(Refused),
    /// The action cannot be shown as it was asked for.
    #[error(transparent)]
    Unshown(#[from] QuestionError),
    /// Somebody was asked, and said neither yes nor no: the question stays as it is.
    #[error("nothing was answered: the question stays open")]
    LeftOpen,
    /// Nobody was there, or answered.
    #[error("nobody answered: {0}")]
    Nobody(Unanswered),
    /// It could not be signed.
    #[error(transparent)]
    Signing(#[from] SigningError),
}

/// What was typed at a terminal, and was what the question asks for.
pub(crate) struct Given {
    /// Whether a program could have typed it.
    pub(crate) injectable: bool,
    /// Why.
    pub(crate) note: Option<String>,
    /// What keeps it until it is recorded.
    pub(crate) hold: Hold,
}

impl Answerer {
    /// Whoever runs this process: its own account, and the one that logged in.
    #[must_use]
    pub fn current() -> Answerer {
        Answerer { party: current_party(), host: current_host() }
    }

    pub(crate) fn operator(&self) -> Operator<'_> {
        Operator { host: &self.host, user: &self.party.user, login: self.party.login.as_deref() }
    }

    /// Asks at the controlling terminal what came to be said about a question, with all that the log has of
    /// its action. `note` says why, in the words of whoever answers; whoever denies without one is asked for
    /// it.
    ///
    /// Another account than the asker's is known by the kernel, on both sides: its answer counts more than
    /// one of the account that asks, whose programs can have a terminal of their own.
    ///
    /// # Errors
    /// When the answer would not count, the action cannot be shown, or nobody gave the answer. Nothing is
    /// recorded, in any case.
    pub fn ask<'q>(
        &self,
        asked: &'q RecordedQuestion,
        wish: Wish,
        note: Option<String>,
        options: TerminalOptions,
    ) -> Result<TerminalReply<'q>, NotGiven> {
        let known = Known { by: self.witness(asked, false).into_identity(), key: None };
        let given = self.put(asked, wish, note, options, &known)?;
        let (by, answerer, answer) = (self.witness(asked, given.injectable), self.clone(), wish.answer());
        let grant = wish == Wish::ApproveWithGrant;
        Ok(TerminalReply { asked, answer, by, answerer, note: given.note, grant, _hold: given.hold })
    }

    /// Puts the question to whoever sits at the terminal, as somebody who will be known so.
    pub(crate) fn put(
        &self,
        asked: &RecordedQuestion,
        wish: Wish,
        note: Option<String>,
        options: TerminalOptions,
        known: &Known<'_>,
    ) -> Result<Given, NotGiven> {
        // What counts is decided when the answer is recorded. Nobody is bothered where it could not.
        let grant = wish == Wish::ApproveWithGrant;
        self.try_out(asked, wish.answer(), grant, known).map_err(NotGiven::Refused)?;
        let (action, entry) = (asked.action()?, asked.entry());
        let unknown = || QuestionError::Unknown { id: asked.question().id().to_owned() };
        let reason = entry.reason.rsplit_once(" (rule `").map(|(reason, _)| reason);
        let secret = (!entry.redacted.is_empty()).then(|| {
            format!("kept out of the log, so that only digests are shown: {}", entry.redacted.join(", "))
        });
        let mut facts = self.facts(asked, known);
        if let Some(offer) = entry.offer.as_ref().filter(|_| grant) {
            let (rule, agent) = (&entry.matched_rule, entry.agent.as_deref());
            let session = Some(entry.session_id.as_str());
            let to = Grantee { rule, session, agent };
            if let Some(terms) = &offer.terms.grant {
                facts.push(("grants", granted_uses(terms)));
                facts.push(("only", granted_to(terms, to)));
            }
        }
        let subject = Subject {
            action: &action,
            action_sha256: Digest::from_hex(&entry.action_sha256).ok_or_else(unknown)?,
            risk: entry.risk_level,
            rule: &entry.matched_rule,
            reason,
            undecidable: &entry.undecidable,
            secret: secret.as_deref(),
            facts: &facts,
        };
        let wants = (asked.question().terms().uninjectable, note.is_some());
        match ask_about(subject, wish, wants, options) {
            Typed::No => Err(NotGiven::LeftOpen),
            Typed::Nobody(why) => Err(NotGiven::Nobody(why)),
            Typed::Yes { injectable, note: said, hold } => {
                Ok(Given { injectable, note: note.or(said), hold })
            }
        }
    }

    /// What whoever answers at this terminal vouches for.
    fn witness(&self, asked: &RecordedQuestion, injectable: bool) -> Witness {
        let user = self.party.user.clone();
        if self.party.may_be(asked.question().asker()) {
            Witness::terminal(user, injectable)
        } else {
            Witness::account(user, injectable)
        }
    }

    /// Whether an answer of somebody who is known so would count. A signature says nothing of a grant.
    pub(crate) fn try_out(
        &self,
        asked: &RecordedQuestion,
        answer: Answer,
        grant: bool,
        known: &Known<'_>,
    ) -> Result<(), Refused> {
        if grant && (known.key.is_some() || asked.entry().offer.is_none()) {
            return Err(Refused::NoGrant);
        }
        let mut question = asked.question().clone();
        let name = question.name_of(&self.party, known.key)?.map(str::to_owned);
        // By a clock that was set back, it is still not before the question.
        let at = aegis_audit::now().timestamp_millis().max(question.asked_at());
        let approver = known.by.clone();
        question.reply(Reply { answer, approver, name, party: self.party.clone(), note: None, grant, at })
    }

    /// What there is to know of a question besides the action.
    fn facts(&self, asked: &RecordedQuestion, known: &Known<'_>) -> Vec<(&'static str, String)> {
        let (question, entry) = (asked.question(), asked.entry());
        let now = aegis_audit::now().timestamp_millis();
        let ago = rounded(now.saturating_sub(question.asked_at()));
        let login = question.asker().login.as_deref();
        let login = login.map_or_else(String::new, |login| format!(", logged in as {login}"));
        let mut facts = vec![
            ("before", precedent_words(asked.precedents(), now)),
            ("asked", format!("{ago} ago by {} on {}{login}", entry.user, entry.host)),
            ("waits", format!("{} more", rounded(question.expires_at().saturating_sub(now)))),
        ];
        if let (Standing::Open { missing }, 2..) = (question.standing(now), question.terms().quorum) {
            let quorum = question.terms().quorum;
            facts.push(("needs", format!("{quorum} approvers, of whom {missing} are missing")));
        }
        let level = known.by.evidence.level();
        facts.push(match (known.key, &known.by.user) {
            (Some(_), Some(name)) => ("you", format!("{name}, by a signature, with evidence {level}")),
            _ => ("you", format!("{}, with evidence {level}", self.party.person())),
        });
        facts.push(("Enter", "leaves it open".to_owned()));
        facts
    }
}

impl TerminalReply<'_> {
    /// Records it in the log that the question was read from, if it counts there by now.
    ///
    /// # Errors
    /// When it does not, what the log asks is not what was shown any more, or the log or a sink cannot be
    /// written.
    pub fn record(self, journal: &mut Journal) -> Result<Replied, ReplyError> {
        let new = NewReply {
            answer: self.answer,
            approver: self.by.identity(),
            signature: None,
            grant: self.grant,
            note: self.note.as_deref(),
            operator: self.answerer.operator(),
        };
        journal.reply_to(self.asked.question(), self.asked.log(), new)
    }

    /// How strongly it is known who answered.
    #[must_use]
    pub fn evidence(&self) -> aegis_ledger::answer::Evidence {
        self.by.identity().evidence
    }
}

/// A time in milliseconds, to the second.
fn rounded(millis: i64) -> String {
    let seconds = u64::try_from(millis).unwrap_or_default() / 1000;
    humantime::format_duration(Duration::from_secs(seconds)).to_string()
}
