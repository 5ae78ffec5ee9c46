//! What is asked of an approver, and what came of it.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Instant;

use aegis_audit::Precedents;
use aegis_engine::{Action, Decision, Digest, GrantTerms, RiskLevel};
use aegis_ledger::answer::{Answer, ApproverIdentity, Evidence};
use aegis_ledger::event::GrantUse;
use aegis_ledger::grant::Grant;
use aegis_ledger::question;

use crate::waiting_question::WaitingQuestion;
use crate::witness::Witness;

/// What an approver is asked: everything that the answer will be bound to.
#[derive(Clone, Copy, Debug)]
pub struct ApprovalRequest<'a> {
    /// The id of the action, as in answers and records.
    pub action_id: &'a str,
    /// The action as it was read: this, and not the agent's summary of it, is what gets approved.
    pub action: &'a Action,
    /// The digest of the action's canonical form.
    pub action_sha256: Digest,
    /// What the policy says of it.
    pub decision: &'a Decision,
    /// The digest of the policy.
    pub policy_sha256: Digest,
    /// Where secrets stand that the log will not hold: JSON Pointers within the parameters, and `agent`,
    /// `description`, `target` or `type`. Whoever is asked must see them all the same, or an agent could hide
    /// what it wants to do by calling it a password.
    pub redacted: &'a [String],
    /// How often the like of it was approved before: the same type and target by the same rule, as the log
    /// has it. Absent where the log cannot tell.
    pub precedents: Option<&'a Precedents>,
}

/// What came of asking. It is made only from the request that it answers: there is no way to make one from a
/// `bool`, and no default. The gate takes an answer to another request for none.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "an approval that is not recorded is not one"]
pub struct Approval {
    /// The id of the action that was asked about.
    action_id: String,
    reply: Reply,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Reply {
    Approved(ApproverIdentity),
    /// Together with a grant.
    Granted(ApproverIdentity),
    /// By a grant that was given before.
    ByGrant(ApproverIdentity, GrantUse),
    Denied(ApproverIdentity, Option<String>),
    Unanswered(Unanswered),
}

/// Why nobody answered, in the words of whoever asked, such as `nobody answered in time`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unanswered(Cow<'static, str>);

impl Unanswered {
    /// Nobody answered, for this reason.
    #[must_use]
    pub fn new(why: impl Into<Cow<'static, str>>) -> Unanswered {
        Unanswered(why.into())
    }
}

impl fmt::Display for Unanswered {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl ApprovalRequest<'_> {
    /// Somebody said yes.
    pub fn approve(&self, by: Witness) -> Approval {
        self.replied(Reply::Approved(by.into_identity()))
    }

    /// What can be given together with a yes, where the rule lets a grant be given: somebody who is told what
    /// that is may choose it.
    #[must_use]
    pub fn grantable(&self) -> Option<Grantable<'_>> {
        if self.decision.risk_level() == RiskLevel::Critical {
            return None;
        }
        Some(Grantable { action_id: self.action_id, terms: self.decision.terms().grant? })
    }

    /// Somebody said no, and perhaps why.
    pub fn deny(&self, by: Witness, why: Option<String>) -> Approval {
        self.replied(Reply::Denied(by.into_identity(), why))
    }

    /// Somebody was asked, and has not answered yet. For now that is no answer.
    pub fn pending(&self, why: Unanswered) -> Approval {
        self.replied(Reply::Unanswered(why))
    }

    /// Nobody answered, and nobody will.
    pub fn nobody(&self, why: Unanswered) -> Approval {
        self.replied(Reply::Unanswered(why))
    }

    fn replied(&self, reply: Reply) -> Approval {
        Approval { action_id: self.action_id.to_owned(), reply }
    }
}

/// A grant that can be given together with a yes to one request. It is made only from that.
#[derive(Clone, Debug)]
pub struct Grantable<'a> {
    action_id: &'a str,
    terms: GrantTerms,
}

impl Grantable<'_> {
    /// For how long it would hold, for how many further actions, and for which.
    #[must_use]
    pub const fn terms(&self) -> &GrantTerms {
        &self.terms
    }

    /// Somebody said yes, and gave the grant.
    pub fn approve(&self, by: Witness) -> Approval {
        Approval { action_id: self.action_id.to_owned(), reply: Reply::Granted(by.into_identity()) }
    }
}

impl Approval {
    /// Nobody answered about the action of this id.
    pub(crate) fn unanswered(action_id: &str, why: Unanswered) -> Approval {
        Approval { action_id: action_id.to_owned(), reply: Reply::Unanswered(why) }
    }

    /// What was answered to the question that waited about an action like the one of this id.
    pub(crate) fn of_reply(action_id: &str, reply: &question::Reply) -> Approval {
        let by = reply.approver.clone();
        let reply = if reply.answer == Answer::Approved {
            Reply::Approved(by)
        } else {
            Reply::Denied(by, reply.note.clone())
        };
        Approval { action_id: action_id.to_owned(), reply }
    }

    /// What a grant that was given before allows, about the action of this id.
    pub(crate) fn by_grant(action_id: &str, grant: &Grant, used: GrantUse) -> Approval {
        Approval { action_id: action_id.to_owned(), reply: Reply::ByGrant(grant.approver(), used) }
    }

    /// Whether a grant was given together with a yes.
    #[must_use]
    pub const fn gives_grant(&self) -> bool {
        matches!(self.reply, Reply::Granted(_))
    }

    /// The grant that it rests on, where nobody was asked because of one.
    #[must_use]
    pub const fn grant_use(&self) -> Option<&GrantUse> {
        match &self.reply {
            Reply::ByGrant(_, used) => Some(used),
            _ => None,
        }
    }

    /// The same, if it is the answer to what was asked about this action. An answer to something else is
    /// none.
    pub(crate) fn about(self, action_id: &str) -> Approval {
        if self.action_id == action_id {
            return self;
        }
        Approval::unanswered(action_id, Unanswered::new("the answer was to another request"))
    }

    /// The answer as it is recorded.
    #[must_use]
    pub const fn answer(&self) -> Answer {
        match self.reply {
            Reply::Approved(_) | Reply::Granted(_) | Reply::ByGrant(..) => Answer::Approved,
            Reply::Denied(..) => Answer::Denied,
            Reply::Unanswered(_) => Answer::Unanswered,
        }
    }

    /// Who answered, if anyone did.
    #[must_use]
    pub const fn approver(&self) -> Option<&ApproverIdentity> {
        match &self.reply {
            Reply::Approved(by) | Reply::Granted(by) | Reply::ByGrant(by, _) | Reply::Denied(by, _) => {
                Some(by)
            }
            Reply::Unanswered(_) => None,
        }
    }

    /// Why somebody said no, or why nobody answered, as far as that was said.
    #[must_use]
    pub fn why(&self) -> Option<&str> {
        match &self.reply {
            Reply::Approved(_) | Reply::Granted(_) | Reply::ByGrant(..) => None,
            Reply::Denied(_, why) => why.as_deref(),
            Reply::Unanswered(why) => Some(&why.0),
        }
    }
}

/// While this lives, a question that is in the log can still get its answer there. What was kept from
/// happening meanwhile happens when it is dropped.
pub struct Hold(
    #[expect(dead_code, reason = "what it holds is let go by being dropped")]
    Option<Arc<dyn Any + Send + Sync>>,
);

impl Hold {
    /// Nothing is held.
    #[must_use]
    pub const fn nothing() -> Hold {
        Hold(None)
    }

    /// This is held.
    #[must_use]
    pub fn of(held: Arc<impl Any + Send + Sync>) -> Hold {
        Hold(Some(held))
    }

    /// What catches signals is held, and remembered for when somebody is asked. Where they cannot be caught,
    /// nothing is, and nobody will be asked.
    pub(crate) fn caught<S: Any + Send + Sync, E>(signals: Result<Arc<S>, E>, held: &mut Weak<S>) -> Hold {
        signals.map_or_else(
            |_| Hold::nothing(),
            |signals| {
                *held = Arc::downgrade(&signals);
                Hold::of(signals)
            },
        )
    }
}

impl fmt::Debug for Hold {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Hold")
    }
}

/// Somebody who can be asked whether an action may happen.
///
/// An implementation must never answer yes on its own: an error, the end of input and a deadline are
/// refusals.
pub trait Approver: Send {
    /// Why nobody can be asked, where that can be told without asking; such an action is refused without a
    /// question.
    fn absent(&self) -> Option<Unanswered> {
        None
    }

    /// How strongly it will be known who answers, at most.
    fn evidence(&self) -> Evidence {
        Evidence::Terminal
    }

    /// Keeps what would end this process from doing so before an answer is recorded. The gate asks for it
    /// before it records the question, and lets it go when what came of it is recorded, or cannot be.
    fn hold(&mut self) -> Hold {
        Hold::nothing()
    }

    /// Waits until a question that was left in the log is answered there, and tells whether it is of use to
    /// ask for the action again: the gate does then, and uses the answer. `since` is when the action was
    /// asked for.
    ///
    /// Nobody waits unless an approver says so.
    fn await_reply(&mut self, question: &WaitingQuestion, since: Instant) -> bool {
        let _ = (question, since);
        false
    }

    /// Asks, and waits for the answer.
    fn ask(&mut self, request: &ApprovalRequest<'_>) -> Approval;
}

impl Approver for Box<dyn Approver> {
    fn absent(&self) -> Option<Unanswered> {
        self.as_ref().absent()
    }

    fn evidence(&self) -> Evidence {
        self.as_ref().evidence()
    }

    fn hold(&mut self) -> Hold {
        self.as_mut().hold()
    }

    fn await_reply(&mut self, question: &WaitingQuestion, since: Instant) -> bool {
        self.as_mut().await_reply(question, since)
    }

    fn ask(&mut self, request: &ApprovalRequest<'_>) -> Approval {
        self.as_mut().ask(request)
    }
}
