//! Answering a question that waits: once it counts, it is recorded, in one transaction.

use aegis_engine::escape;
use aegis_ledger::answer::{Answer, ApproverIdentity, Evidence};
use aegis_ledger::event::{self, Asked, Event, Operator, Stamped};
use aegis_ledger::question::signed::Signer;
use aegis_ledger::question::{Party, Question, Refused, Reply, Standing};
use aegis_ledger::receipt::Receipt;
use aegis_ledger::remedy::Remedy;
use thiserror::Error;

use crate::journal::error::RecordError;
use crate::journal::grant_book::offered_grant_of;
use crate::journal::question_book::{QuestionBook, now_in, question_of};
use crate::journal::record::Journal;

/// An answer to a question that waits.
#[derive(Clone, Copy, Debug)]
pub struct NewReply<'a> {
    /// Yes or no.
    pub answer: Answer,
    /// Who, and how strongly that is known.
    pub approver: &'a ApproverIdentity,
    /// The armoured signature, where the answer is signed. It is verified when it is recorded.
    pub signature: Option<&'a str>,
    /// Whether the grant that is offered is given together with a yes.
    pub grant: bool,
    /// Why, in their words.
    pub note: Option<&'a str>,
    /// The account that writes it down, and where.
    pub operator: Operator<'a>,
}

/// An answer that was recorded, and what the question is by that.
#[derive(Clone, Debug)]
pub struct Replied {
    /// The place of the record.
    pub receipt: Receipt,
    /// What the question is now.
    pub standing: Standing,
    /// Whether a grant holds by that.
    pub grants: bool,
}

/// Why an answer was not recorded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReplyError {
    /// The log could not be written or is damaged, or a sink did not take the record.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// No question of this id waits, or ever did.
    #[error("no question about an action `{}` is in the audit log", escape(.id))]
    Unknown {
        /// The id.
        id: String,
    },
    /// It does not count.
    #[error("{0}")]
    Refused(Refused),
    /// What was shown to whoever answered is not what the log asks.
    #[error("the audit log asks about something else by now than what was shown")]
    Exchanged,
}

impl ReplyError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        Some(match self {
            ReplyError::Record(error) => return error.help(),
            ReplyError::Unknown { .. } => "the question may be in another log".to_owned(),
            ReplyError::Refused(Refused::TooLate(_)) => {
                "the next time that the action is asked for, there is a new question".to_owned()
            }
            ReplyError::Exchanged => {
                "nothing was recorded; verify the log before anything is answered in it".to_owned()
            }
            ReplyError::Refused(_) => return None,
        })
    }

    /// What would help, where a front end may have a command for it.
    #[must_use]
    pub const fn remedy(&self) -> Option<Remedy> {
        match self {
            ReplyError::Record(error) => error.remedy(),
            _ => None,
        }
    }
}

impl From<Refused> for ReplyError {
    fn from(refused: Refused) -> ReplyError {
        ReplyError::Refused(refused)
    }
}

impl Journal {
    /// Records the answer of whoever was shown a question of the log of this id, if it counts. Where the one
    /// that is there by now is about something else, or counts on other terms, what was said is no answer to
    /// it.
    ///
    /// # Errors
    /// When there is no such question, it is another one, the answer does not count, or the log or a sink
    /// does not take it.
    pub fn reply_to(
        &mut self,
        shown: &Question,
        log: &str,
        new: NewReply<'_>,
    ) -> Result<Replied, ReplyError> {
        if self.id() != log {
            return Err(ReplyError::Exchanged);
        }
        let id = shown.id();
        let party =
            Party { user: new.operator.user.to_owned(), login: new.operator.login.map(str::to_owned) };
        let (receipt, standing, grants) = self
            .write(|log| {
                let now = now_in(log.transaction)?;
                let Some(mut question) = question_of(log.transaction, id)? else {
                    return Ok(Err(ReplyError::Unknown { id: id.to_owned() }));
                };
                if !question.asks_the_same_as(shown) {
                    return Ok(Err(ReplyError::Exchanged));
                }
                if new.grant && (new.signature.is_some() || offered_grant_of(log.transaction, id)?.is_none())
                {
                    return Ok(Err(Refused::NoGrant.into()));
                }
                let log_id = hex::encode(&log.transaction.identity().id);
                let at = now.timestamp_millis();
                let By { name, signer } = match counted(&mut question, &log_id, &new, party.clone(), at) {
                    Ok(by) => by,
                    Err(refused) => return Ok(Err(refused.into())),
                };
                let event = Event::Replied(event::Replied {
                    action_id: id,
                    answer: new.answer,
                    approver: new.approver,
                    name: name.as_deref(),
                    note: new.note,
                    signature: signer.as_ref().map(Signer::armoured),
                    key: signer.as_ref().map(Signer::fingerprint),
                    grant: new.grant,
                    operator: new.operator,
                });
                let receipt = log.append(&[Stamped { at: now, event }])?;
                let standing = question.standing(now.timestamp_millis());
                let grants = matches!(standing, Standing::Approved { .. })
                    && question.replies().iter().all(|reply| reply.grant);
                Ok(Ok((receipt, standing, grants)))
            })
            .map_err(RecordError::from)??;
        let receipt = receipt.ok_or(RecordError::NoEvent)?;
        Ok(Replied { receipt, standing, grants })
    }

    /// Whether the question about just this is answered, or a grant holds for actions of that key, so that
    /// asking anew is for nothing.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn has_answer(&mut self, asked: &Asked<'_>, grant_key: Option<&str>) -> Result<bool, RecordError> {
        let answered = self.transact(|log| {
            let now = now_in(log)?;
            let mut book = QuestionBook::as_of(now);
            let found = book.find(log, asked)?;
            let is_answered = found.is_some_and(|question| {
                let standing = question.standing(now.timestamp_millis());
                matches!(standing, Standing::Approved { .. } | Standing::Denied { .. })
            });
            match grant_key.filter(|_| !is_answered) {
                Some(key) => Ok(book.find_grant(log, key)?.is_some()),
                None => Ok(is_answered),
            }
        })?;
        Ok(answered)
    }
}

/// Under which name somebody replied, and what their signature proves.
struct By {
    name: Option<String>,
    signer: Option<Signer>,
}

/// Lets a question of the log of this id take a reply, and tells by whom it is.
fn counted(
    question: &mut Question,
    log: &str,
    new: &NewReply<'_>,
    party: Party,
    at: i64,
) -> Result<By, Refused> {
    let by = match new.signature {
        Some(armoured) => {
            let signer = question.verify_signature(log, new.answer, armoured)?;
            // Nobody is said to be more, or somebody else, than the signature proves.
            if *new.approver != signer.identity() {
                return Err(Refused::Misstated);
            }
            By { name: Some(signer.name().to_owned()), signer: Some(signer) }
        }
        None if new.approver.evidence >= Evidence::Signature => return Err(Refused::Unsigned),
        None => By { name: question.name_of(&party, None)?.map(str::to_owned), signer: None },
    };
    let reply = Reply {
        answer: new.answer,
        approver: new.approver.clone(),
        name: by.name.clone(),
        party,
        note: new.note.map(str::to_owned),
        grant: new.grant,
        at,
    };
    question.reply(reply)?;
    Ok(by)
}
