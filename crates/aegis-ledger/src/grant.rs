//! A grant: leave that an approver gave, together with a yes, for further actions like the one that was asked
//! about; what is left of it, and what can still become of it.
//!
//! ```text
//! given ── used, so often as it says ─▶ spent
//!   ├───── its time is over ──────────▶ expired
//!   └───── somebody takes it back ────▶ revoked
//! ```
//! Every step is a pure transition of what is known and what is done. Times are those of the log; a clock
//! that was set back makes nothing young again.

use std::fmt;

use aegis_engine::{ApprovalTerms, GrantTerms, LONGEST_GRANT_MS, MOST_USES};

use crate::answer::{Answer, ApproverIdentity, Evidence, Via};
use crate::event::{EntryBody, EventBody, GrantUse, Offer};
use crate::question::{Question, Reply};

/// A grant that was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    id: String,
    key: String,
    terms: GrantTerms,
    giver: ApproverIdentity,
    given_at: i64,
    /// The newest instant that is known of it.
    latest: i64,
    used: u32,
    revoked_at: Option<i64>,
}

/// What a grant is at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantStanding {
    /// It holds for so many further actions, until then (milliseconds since the Unix epoch).
    Open {
        /// For how many.
        uses_left: u32,
        /// From when on it does not hold any more.
        until: i64,
    },
    /// It was used as often as it says.
    Spent,
    /// Its time is over.
    Expired,
    /// It was taken back.
    Revoked,
}

impl GrantStanding {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            GrantStanding::Open { .. } => "open",
            GrantStanding::Spent => "spent",
            GrantStanding::Expired => "expired",
            GrantStanding::Revoked => "revoked",
        }
    }
}

/// Why a grant cannot be used, or taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoGrant {
    /// None was given.
    NotGiven,
    /// It is over.
    Over(GrantStanding),
    /// It holds for other actions.
    OtherAction,
    /// It was given later.
    TooEarly,
}

impl fmt::Display for NoGrant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            NoGrant::NotGiven => "no such grant was given",
            NoGrant::Over(GrantStanding::Spent) => "the grant is spent: it was used as often as it says",
            NoGrant::Over(GrantStanding::Expired) => "the grant has expired",
            NoGrant::Over(GrantStanding::Revoked) => "the grant was revoked",
            NoGrant::Over(GrantStanding::Open { .. }) => "the grant is open",
            NoGrant::OtherAction => "the grant holds for other actions",
            NoGrant::TooEarly => "the grant was given later",
        })
    }
}

impl Grant {
    /// What an offer comes to when its grant is given by somebody at an instant; `None` where its terms let
    /// none be given, and where the giver is known by a signature: that is over one answer, and says nothing
    /// of a grant.
    #[must_use]
    pub fn given(id: &str, offer: &Offer, giver: ApproverIdentity, at: i64) -> Option<Grant> {
        if giver.evidence >= Evidence::Signature {
            return None;
        }
        let mut terms = offer.terms.grant.clone()?;
        // Whoever wrote the log may have written anything.
        (terms.for_ms, terms.uses) = (terms.for_ms.min(LONGEST_GRANT_MS), terms.uses.min(MOST_USES));
        Some(Grant {
            id: id.to_owned(),
            key: offer.key.clone(),
            terms,
            giver,
            given_at: at,
            latest: at,
            used: 0,
            revoked_at: None,
        })
    }

    /// Its id, which is that of the action that was asked about.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What actions that it holds for have in common.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// For how long it was given, for how many actions, and what they have in common.
    #[must_use]
    pub const fn terms(&self) -> &GrantTerms {
        &self.terms
    }

    /// Who gave it; of several, whoever is known least.
    #[must_use]
    pub const fn giver(&self) -> &ApproverIdentity {
        &self.giver
    }

    /// Who allowed an action that it was used for: whoever gave it, no better known than then, by a way of
    /// its own.
    #[must_use]
    pub fn approver(&self) -> ApproverIdentity {
        ApproverIdentity { via: Via::GRANT, ..self.giver.clone() }
    }

    /// When it was given, in milliseconds since the Unix epoch.
    #[must_use]
    pub const fn given_at(&self) -> i64 {
        self.given_at
    }

    /// From when on it does not hold any more.
    #[must_use]
    pub fn expires_at(&self) -> i64 {
        self.given_at.saturating_add(i64::try_from(self.terms.for_ms).unwrap_or(i64::MAX))
    }

    /// How often it was used.
    #[must_use]
    pub const fn used(&self) -> u32 {
        self.used
    }

    /// What it is at an instant.
    #[must_use]
    pub fn standing(&self, now: i64) -> GrantStanding {
        if self.revoked_at.is_some() {
            return GrantStanding::Revoked;
        }
        match self.terms.uses.checked_sub(self.used) {
            None | Some(0) => GrantStanding::Spent,
            Some(_) if now.max(self.latest) >= self.expires_at() => GrantStanding::Expired,
            Some(uses_left) => GrantStanding::Open { uses_left, until: self.expires_at() },
        }
    }

    /// Whether it can be used for an action of this key at an instant.
    ///
    /// # Errors
    /// When it cannot.
    pub fn check(&self, key: &str, now: i64) -> Result<(), NoGrant> {
        if self.key == key { self.check_open(now) } else { Err(NoGrant::OtherAction) }
    }

    fn check_open(&self, now: i64) -> Result<(), NoGrant> {
        if now < self.given_at {
            return Err(NoGrant::TooEarly);
        }
        match self.standing(now) {
            GrantStanding::Open { .. } => Ok(()),
            standing => Err(NoGrant::Over(standing)),
        }
    }

    /// The use that was made of it last.
    #[must_use]
    pub fn latest_use(&self) -> GrantUse {
        GrantUse {
            id: self.id.clone(),
            given_at: self.given_at,
            expires_at: self.expires_at(),
            uses_left: self.terms.uses.saturating_sub(self.used),
        }
    }

    /// Uses it for an action of this key, and tells what is left.
    ///
    /// # Errors
    /// When it cannot be used. Nothing has changed then.
    pub fn use_for(&mut self, key: &str, now: i64) -> Result<GrantUse, NoGrant> {
        self.check(key, now)?;
        self.take_use(now)
    }

    /// Takes what is stored: that it was used at an instant.
    ///
    /// # Errors
    /// When it could not be used.
    pub fn take_use(&mut self, at: i64) -> Result<GrantUse, NoGrant> {
        self.check_open(at)?;
        self.latest = self.latest.max(at);
        self.used = self.used.saturating_add(1);
        Ok(self.latest_use())
    }

    /// Takes it back.
    ///
    /// # Errors
    /// When it is over already.
    pub fn revoke(&mut self, at: i64) -> Result<(), NoGrant> {
        // By a clock that was set back as well: it only takes away.
        self.check_open(at.max(self.latest))?;
        self.latest = self.latest.max(at);
        self.revoked_at = Some(at);
        Ok(())
    }
}

/// What became of the grant that a question offered, by the events of its action, which are told in the order
/// of the log.
#[derive(Clone, Debug)]
pub struct OfferedGrant {
    id: String,
    offer: Offer,
    /// The question that waits for its answer, where one does.
    question: Option<Question>,
    /// Who answered at once, and gave it.
    answered_by: Option<ApproverIdentity>,
    grant: Option<Grant>,
}

impl OfferedGrant {
    /// The grant that a `requested` event of an action offered at an instant; `None` if it offered none.
    #[must_use]
    pub fn offered<S: AsRef<str>>(id: &str, at: i64, entry: &EntryBody<S>) -> Option<OfferedGrant> {
        let offer = entry.offer.clone()?;
        let question = Question::opened(id, at, entry);
        Some(OfferedGrant { id: id.to_owned(), offer, question, answered_by: None, grant: None })
    }

    /// What was offered.
    #[must_use]
    pub const fn offer(&self) -> &Offer {
        &self.offer
    }

    /// On what terms the grant would be, or was, given.
    #[must_use]
    pub const fn terms(&self) -> &ApprovalTerms {
        &self.offer.terms
    }

    /// The grant, if it was given.
    #[must_use]
    pub const fn grant(&self) -> Option<&Grant> {
        self.grant.as_ref()
    }

    /// The same, to be used.
    #[must_use]
    pub fn into_grant(self) -> Option<Grant> {
        self.grant
    }

    /// The same, to be changed.
    pub const fn grant_mut(&mut self) -> Option<&mut Grant> {
        self.grant.as_mut()
    }

    /// Takes the next event of the action.
    ///
    /// # Errors
    /// When the grant cannot have been used, or taken back, then.
    pub fn take<S: AsRef<str>>(&mut self, at: i64, body: &EventBody<S>) -> Result<(), NoGrant> {
        match body {
            // What waits is answered by replies; that is told again of whoever uses the answer.
            EventBody::Answered(answered) if self.question.is_none() => {
                let is_given = answered.grant && answered.decision == Answer::Approved;
                self.answered_by = answered.approver.clone().filter(|_| is_given);
            }
            // An answer can have been overtaken by then.
            EventBody::Decided(entry) if self.question.is_none() => {
                let giver = self.answered_by.take().filter(|_| entry.decision == Some(Answer::Approved));
                self.grant = giver.and_then(|giver| Grant::given(&self.id, &self.offer, giver, at));
            }
            EventBody::Replied(body) => {
                if let Some(question) = &mut self.question {
                    // What does not count gives nothing.
                    let _ = question.reply(Reply::of(at, body));
                    self.grant = self.grant.take().or_else(|| {
                        let giver = weakest(question)?;
                        Grant::given(&self.id, &self.offer, giver, at)
                    });
                }
            }
            EventBody::Used(_) => self.grant.as_mut().ok_or(NoGrant::NotGiven)?.take_use(at).map(drop)?,
            EventBody::Revoked(_) => self.grant.as_mut().ok_or(NoGrant::NotGiven)?.revoke(at)?,
            _ => {}
        }
        Ok(())
    }
}

/// Whoever is known least of those who said yes to a question, and gave the grant: every one must have.
fn weakest(question: &Question) -> Option<ApproverIdentity> {
    let settled = question.settling_reply()?;
    if settled.answer != Answer::Approved || !question.replies().iter().all(|reply| reply.grant) {
        return None;
    }
    let injectable = question.replies().iter().any(|reply| reply.approver.injectable);
    // The last one, where others are known as little.
    let weakest = question.replies().iter().rev().min_by_key(|reply| reply.approver.evidence)?;
    Some(ApproverIdentity { injectable, ..weakest.approver.clone() })
}

#[cfg(test)]
mod tests;
