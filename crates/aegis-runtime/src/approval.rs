//! How a human is asked, and what came of it.

use aegis_audit::{Answer, ApproverIdentity};
use aegis_engine::{Action, Decision, Digest};

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
    /// Where in the parameters secrets stand that the log will not hold: JSON Pointers. Whoever is asked must see them all
    /// the same, or an agent could hide what it wants to do by calling it a password.
    pub redacted: &'a [String],
}

/// What came of asking. There is no way to make one from a `bool`, and no default.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "an approval that is not recorded is not one"]
pub struct Approval(Inner);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Inner {
    Approved(ApproverIdentity),
    Denied(ApproverIdentity),
    Unanswered(Unanswered),
}

/// Why nobody answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unanswered {
    /// There is no terminal to ask at.
    NoTerminal,
    /// The process is in the background of its terminal.
    Background,
    /// The deadline passed.
    Timeout,
    /// The terminal went away, or the process was told to stop.
    HungUp,
    /// The terminal could not be read, written or set up.
    TerminalFailed,
}

impl std::fmt::Display for Unanswered {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Unanswered::NoTerminal => "there is no terminal to ask at",
            Unanswered::Background => "the process is in the background of its terminal",
            Unanswered::Timeout => "nobody answered in time",
            Unanswered::HungUp => "the terminal went away before anyone answered",
            Unanswered::TerminalFailed => "the terminal could not be used",
        })
    }
}

impl Approval {
    /// Somebody said yes.
    pub const fn approved(by: ApproverIdentity) -> Approval {
        Approval(Inner::Approved(by))
    }

    /// Somebody said no.
    pub const fn denied(by: ApproverIdentity) -> Approval {
        Approval(Inner::Denied(by))
    }

    /// Nobody answered.
    pub const fn unanswered(why: Unanswered) -> Approval {
        Approval(Inner::Unanswered(why))
    }

    /// The answer as it is recorded.
    #[must_use]
    pub const fn answer(&self) -> Answer {
        match self.0 {
            Inner::Approved(_) => Answer::Approved,
            Inner::Denied(_) => Answer::Denied,
            Inner::Unanswered(_) => Answer::Unanswered,
        }
    }

    /// Who answered, if anyone did.
    #[must_use]
    pub const fn approver(&self) -> Option<&ApproverIdentity> {
        match &self.0 {
            Inner::Approved(by) | Inner::Denied(by) => Some(by),
            Inner::Unanswered(_) => None,
        }
    }

    /// Why nobody answered, if nobody did.
    #[must_use]
    pub const fn why_unanswered(&self) -> Option<Unanswered> {
        match self.0 {
            Inner::Unanswered(why) => Some(why),
            _ => None,
        }
    }
}

/// Somebody who can be asked whether an action may happen.
///
/// An implementation must never answer yes on its own: an error, the end of input and a deadline are refusals.
pub trait Approver {
    /// Why nobody can be asked, where that can be told without asking; such an action is refused without a question.
    fn absent(&self) -> Option<Unanswered> {
        None
    }

    /// Asks, and waits for the answer.
    fn ask(&mut self, request: &ApprovalRequest<'_>) -> Approval;
}
