//! A question that waits for an answer: what it is by now, and what can still become of it.
//!
//! ```text
//! open ── a no ─────────────────────▶ denied   ──┐
//!   │  └─ the yes that was missing ─▶ approved ──┼─ not used in time ─▶ lapsed
//!   │                                            └─ used ─────────────▶ used
//!   └─ nobody answered in time ─────▶ expired
//! ```
//! Every step is a pure transition of what is known and what is said. Times are those of the log, which do
//! not run backwards: whoever asks gives an instant that is not before the newest event.

pub mod signed;

use std::fmt;

use aegis_engine::{ApprovalTerms, KnownBy};

use crate::answer::{Answer, ApproverIdentity};
use crate::event::{Asked, ConsumedBody, EntryBody, Opening, RepliedBody};
use crate::ssh_signature::SshSignatureError;

/// How many questions of one agent may be open at once.
pub const MOST_OPEN: usize = 20;
/// How many questions of one account may be open at once, by whatever names its agents go.
pub const MOST_OPEN_OF_ACCOUNT: usize = 100;

/// What the name of an account ends in that the kernel does not vouch for: whoever runs a process in a user
/// namespace of their own chooses what it is called there.
pub const UNPROVEN: &str = " (unproven)";

/// The accounts of somebody, as the kernel names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// The account that a process runs as.
    pub user: String,
    /// The account that logged in, where that is another one.
    pub login: Option<String>,
}

impl Party {
    fn accounts(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.user.as_str()).chain(self.login.as_deref())
    }

    /// Whether the kernel vouches for all of the accounts.
    #[must_use]
    pub fn is_proven(&self) -> bool {
        !self.accounts().any(|account| account.ends_with(UNPROVEN))
    }

    /// Whether both may be the same person. Somebody unproven may be anybody.
    #[must_use]
    pub fn may_be(&self, other: &Party) -> bool {
        !self.is_proven()
            || !other.is_proven()
            || self.accounts().any(|account| other.accounts().any(|theirs| theirs == account))
    }

    /// Whether both count as one where questions are counted: all whom the kernel does not vouch for do,
    /// since each of them may take any name.
    #[must_use]
    pub fn counts_as(&self, other: &Party) -> bool {
        match (self.is_proven(), other.is_proven()) {
            (true, true) => self.person() == other.person(),
            (is_proven, is_theirs) => is_proven == is_theirs,
        }
    }

    /// The person behind it, as far as the kernel keeps that: whoever logged in.
    #[must_use]
    pub fn person(&self) -> &str {
        self.login.as_deref().unwrap_or(&self.user)
    }
}

/// What somebody answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Yes or no.
    pub answer: Answer,
    /// Who, and how strongly that is known.
    pub approver: ApproverIdentity,
    /// Under which name the question's terms know them.
    pub name: Option<String>,
    /// The accounts that it was written down by.
    pub party: Party,
    /// Why, in their words.
    pub note: Option<String>,
    /// Whether they gave the grant that is offered, together with a yes.
    pub grant: bool,
    /// When, in milliseconds since the Unix epoch.
    pub at: i64,
}

impl Reply {
    /// What is stored of a reply.
    #[must_use]
    pub fn of<S: AsRef<str>>(at: i64, body: &RepliedBody<S>) -> Reply {
        let text = |text: &S| text.as_ref().to_owned();
        Reply {
            answer: body.decision,
            approver: body.approver.clone(),
            name: body.name.as_ref().map(text),
            party: Party { user: text(&body.user), login: body.login.as_ref().map(text) },
            note: body.note.as_ref().map(text),
            // A signature is over an answer alone: whoever signed has granted nothing.
            grant: body.grant && body.decision == Answer::Approved && body.signature.is_none(),
            at,
        }
    }

    /// What tells one approver from another.
    fn who(&self) -> &str {
        self.name.as_deref().unwrap_or_else(|| self.party.person())
    }

    /// Whether both may be by the same approver. What a policy calls somebody is proven.
    fn may_repeat(&self, other: &Reply) -> bool {
        let are_named = self.name.is_some() && other.name.is_some();
        let are_proven = self.party.is_proven() && other.party.is_proven();
        self.who() == other.who() || !are_named && !are_proven
    }
}

/// A question that waits, or waited, for an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    id: String,
    key: String,
    agent: Option<String>,
    asker: Party,
    asked_at: i64,
    expires_at: i64,
    terms: ApprovalTerms,
    /// The digests of the action and of the policy, where they are known.
    subject: Option<(String, String)>,
    /// The yeses so far, and the no that ended it.
    replies: Vec<Reply>,
    /// The answer that is complete, and since when.
    settled: Option<(Answer, i64)>,
    /// By which action it was used.
    consumed: Option<String>,
}

/// What a question is at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It waits for so many more yeses.
    Open {
        /// How many.
        missing: u32,
    },
    /// It is approved, until then (milliseconds since the Unix epoch).
    Approved {
        /// From when on it is not any more.
        until: i64,
    },
    /// It is denied, until then.
    Denied {
        /// From when on it can be asked anew.
        until: i64,
    },
    /// Nobody answered in time.
    Expired,
    /// It was answered so, and not used in time.
    Lapsed(Answer),
    /// It was answered so, and used.
    Used(Answer),
}

impl Standing {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Standing::Open { .. } => "open",
            Standing::Approved { .. } => "approved",
            Standing::Denied { .. } => "denied",
            Standing::Expired => "expired",
            Standing::Lapsed(_) => "lapsed",
            Standing::Used(_) => "used",
        }
    }
}

/// Why a reply does not count, or an answer cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refused {
    /// It is too late: the question is not open any more.
    TooLate(Standing),
    /// There is no answer yet that could be used.
    NotAnswered,
    /// Whoever replied is not named as an approver.
    NotNamed,
    /// Whoever asked may not answer.
    OwnQuestion,
    /// It is not known well enough who replied.
    TooWeak {
        /// What is needed, at least.
        needed: u8,
        /// What there is.
        given: u8,
    },
    /// Other programs can type into the terminal, and could have said it.
    Injectable,
    /// They have said yes already.
    Twice,
    /// It is neither a yes nor a no.
    NoAnswer,
    /// The rule lets no grant be given.
    NoGrant,
    /// It is said to have happened before the question.
    TooEarly,
    /// What was signed does not count.
    Signature(SshSignatureError),
    /// A touch of the security key is wanted, and not proved.
    Untouched,
    /// Whoever is known by a key did not sign.
    Unsigned,
    /// It says something else of who replied than its signature does.
    Misstated,
}

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::TooLate(Standing::Expired) => formatter.write_str("the question has expired"),
            Refused::TooLate(Standing::Used(answer)) => {
                write!(formatter, "it was answered `{}` already, and that was used", answer.as_str())
            }
            Refused::TooLate(Standing::Lapsed(answer)) => {
                write!(formatter, "it was answered `{}`, and that was not used in time", answer.as_str())
            }
            Refused::TooLate(standing) => {
                write!(formatter, "it is answered already: {}", standing.as_str())
            }
            Refused::NotAnswered => formatter.write_str("nobody has answered it yet"),
            Refused::NotNamed => {
                formatter.write_str("the rule names its approvers, and this is none of them")
            }
            Refused::OwnQuestion => formatter.write_str("whoever asks may not answer, by this rule"),
            Refused::TooWeak { needed, given } => write!(
                formatter,
                "the rule asks for evidence of level {needed}, and this is of level {given}"
            ),
            Refused::Injectable => formatter.write_str(
                "other programs can type into the terminal, and the rule wants an answer that they could not \
                 give",
            ),
            Refused::Twice => formatter.write_str("this approver has said yes already"),
            Refused::NoAnswer => formatter.write_str("it is neither a yes nor a no"),
            Refused::NoGrant => formatter.write_str("the rule lets nobody give a grant"),
            Refused::TooEarly => formatter.write_str("it is said to be older than the question"),
            Refused::Signature(problem) => write!(formatter, "the signature does not count: {problem}"),
            Refused::Untouched => formatter.write_str(
                "the signature does not prove that somebody touched the security key, as the policy wants",
            ),
            Refused::Unsigned => formatter.write_str("whoever is known by an SSH key has to sign"),
            Refused::Misstated => formatter.write_str("its signature is by somebody else than it says"),
        }
    }
}

impl Question {
    /// The question that a `requested` event of an action opened at an instant; `None` if it opened none.
    #[must_use]
    pub fn opened<S: AsRef<str>>(id: &str, at: i64, entry: &EntryBody<S>) -> Option<Question> {
        let opening = entry.question.as_ref()?;
        let text = |text: &S| text.as_ref().to_owned();
        let asker = Party { user: text(&entry.user), login: entry.login.as_ref().map(text) };
        let question = Question::new(id, at, entry.agent.as_ref().map(text), asker, opening);
        Some(question.about(entry.action_sha256.as_ref(), entry.policy_sha256.as_ref()))
    }

    /// A question that is about to be opened.
    #[must_use]
    pub fn new(id: &str, at: i64, agent: Option<String>, asker: Party, opening: &Opening) -> Question {
        Question {
            id: id.to_owned(),
            key: opening.key.clone(),
            agent,
            asker,
            asked_at: at,
            expires_at: opening.expires_at,
            terms: opening.terms.clone(),
            subject: None,
            replies: Vec::new(),
            settled: None,
            consumed: None,
        }
    }

    /// The id of the action that is asked about, which is the question's own.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What makes it the same as another one.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Whether it is the question that another one is, whatever was said to either meanwhile: about the same
    /// action, by the same asker, at the same time and on the same terms.
    #[must_use]
    pub fn asks_the_same_as(&self, other: &Question) -> bool {
        let told = |question: &Question| (question.asked_at, question.expires_at);
        (&self.id, &self.key, told(self)) == (&other.id, &other.key, told(other))
            && self.terms == other.terms
            && self.subject == other.subject
            && self.asker == other.asker
    }

    /// Whether it asks just this. Its key alone does not say so: whoever can write a row can write any key.
    #[must_use]
    pub fn is_about(&self, asked: &Asked<'_>) -> bool {
        let subject = (asked.action_sha256.to_string(), asked.policy_sha256.to_string());
        self.key == asked.key() && self.terms == *asked.terms && self.subject == Some(subject)
    }

    /// The agent that asks.
    #[must_use]
    pub fn agent(&self) -> Option<&str> {
        self.agent.as_deref()
    }

    /// The accounts that ask.
    #[must_use]
    pub const fn asker(&self) -> &Party {
        &self.asker
    }

    /// When it was asked, in milliseconds since the Unix epoch.
    #[must_use]
    pub const fn asked_at(&self) -> i64 {
        self.asked_at
    }

    /// From when on nobody can answer it.
    #[must_use]
    pub const fn expires_at(&self) -> i64 {
        self.expires_at
    }

    /// On what terms an answer counts.
    #[must_use]
    pub const fn terms(&self) -> &ApprovalTerms {
        &self.terms
    }

    /// What was answered so far, oldest first.
    #[must_use]
    pub fn replies(&self) -> &[Reply] {
        &self.replies
    }

    /// The reply that completed the answer.
    #[must_use]
    pub fn settling_reply(&self) -> Option<&Reply> {
        self.settled.and_then(|_| self.replies.last())
    }

    /// From when on nothing about it matters to anybody any more.
    #[must_use]
    pub fn over_at(&self) -> i64 {
        let use_within = i64::try_from(self.terms.use_within_ms).unwrap_or(i64::MAX);
        self.settled.map_or(self.expires_at, |(_, since)| since.saturating_add(use_within))
    }

    /// What it is at an instant.
    #[must_use]
    pub fn standing(&self, now: i64) -> Standing {
        let Some((answer, _)) = self.settled else {
            if now >= self.expires_at {
                return Standing::Expired;
            }
            let given = u32::try_from(self.replies.len()).unwrap_or(u32::MAX);
            return Standing::Open { missing: self.terms.quorum.max(1).saturating_sub(given) };
        };
        let until = self.over_at();
        match (&self.consumed, answer) {
            (Some(_), answer) => Standing::Used(answer),
            (None, answer) if now >= until => Standing::Lapsed(answer),
            (None, Answer::Approved) => Standing::Approved { until },
            (None, _) => Standing::Denied { until },
        }
    }

    /// The name under which the terms know whoever has these accounts or this key; `None` where they name
    /// nobody.
    ///
    /// # Errors
    /// When they name approvers, and this is none of them.
    pub fn name_of(&self, party: &Party, key: Option<&str>) -> Result<Option<&str>, Refused> {
        if self.terms.by.is_empty() {
            return Ok(None);
        }
        let named = self.terms.by.iter().find(|named| match (&named.known_by, key) {
            (KnownBy::Account { account }, None) => {
                party.is_proven() && party.accounts().any(|own| own == account)
            }
            (KnownBy::SshKey { ssh_key, .. }, Some(key)) => ssh_key == key,
            _ => false,
        });
        named.map(|named| Some(named.name.as_str())).ok_or(Refused::NotNamed)
    }

    /// Takes a reply.
    ///
    /// A no needs less than a yes: any approver's is final, however well they are known, and the asker's own.
    ///
    /// # Errors
    /// When it does not count. Nothing has changed then.
    pub fn reply(&mut self, reply: Reply) -> Result<(), Refused> {
        if reply.at < self.asked_at {
            return Err(Refused::TooEarly);
        }
        match self.standing(reply.at) {
            Standing::Open { .. } => {}
            standing => return Err(Refused::TooLate(standing)),
        }
        if !self.terms.by.is_empty()
            && !self.terms.by.iter().any(|named| Some(named.name.as_str()) == reply.name.as_deref())
        {
            return Err(Refused::NotNamed);
        }
        match reply.answer {
            Answer::Denied if reply.grant => return Err(Refused::NoGrant),
            Answer::Denied => self.settled = Some((Answer::Denied, reply.at)),
            Answer::Approved => {
                let given = reply.approver.evidence.level();
                if given < self.terms.evidence {
                    return Err(Refused::TooWeak { needed: self.terms.evidence, given });
                }
                if self.terms.uninjectable && reply.approver.injectable {
                    return Err(Refused::Injectable);
                }
                if !self.terms.self_approval && reply.party.may_be(&self.asker) {
                    return Err(Refused::OwnQuestion);
                }
                if reply.grant && self.terms.grant.is_none() {
                    return Err(Refused::NoGrant);
                }
                if self.replies.iter().any(|earlier| earlier.may_repeat(&reply)) {
                    return Err(Refused::Twice);
                }
                let yeses = u32::try_from(self.replies.len()).unwrap_or(u32::MAX).saturating_add(1);
                if yeses >= self.terms.quorum.max(1) {
                    self.settled = Some((Answer::Approved, reply.at));
                }
            }
            Answer::Auto | Answer::Block | Answer::Unanswered => return Err(Refused::NoAnswer),
        }
        self.replies.push(reply);
        Ok(())
    }

    /// Uses the answer, for the action of this id, and tells what it is. A yes is used once; a no answers
    /// every further question of the kind, as long as it holds.
    ///
    /// # Errors
    /// When there is no answer, it has lapsed, or it was used.
    pub fn consume(&mut self, by: &str, now: i64) -> Result<Answer, Refused> {
        match self.standing(now) {
            Standing::Approved { .. } => {
                self.consumed = Some(by.to_owned());
                Ok(Answer::Approved)
            }
            Standing::Denied { .. } => Ok(Answer::Denied),
            Standing::Open { .. } => Err(Refused::NotAnswered),
            standing => Err(Refused::TooLate(standing)),
        }
    }

    /// Takes what is stored: that its answer was used at an instant.
    ///
    /// # Errors
    /// As [`consume`](Question::consume).
    pub fn take_consumed<S: AsRef<str>>(&mut self, at: i64, body: &ConsumedBody<S>) -> Result<(), Refused> {
        match self.consume(body.by.as_ref(), at)? {
            Answer::Approved => Ok(()),
            _ => Err(Refused::NotAnswered),
        }
    }
}

#[cfg(test)]
mod interleavings;
#[cfg(test)]
mod tests;
