//! Asking about what waits in a log.
//!
//! Whoever is asked came to say one thing, and can say nothing else: to one of these questions a yes allows,
//! to the other it denies, and all else leaves the question as it is.

use std::cell::Cell;
use std::sync::Arc;

use aegis_ledger::answer::Answer as Answered;
use aegis_ledger::signed_reply::Signable;

use crate::approval::{Hold, Unanswered};

use super::answers::{Answer, Asks};
use super::asking::Asking;
use super::look::Look;
use super::no_answer::NoAnswer;
use super::options::TerminalOptions;
use super::prompt::{ALLOWS, Prompt, Subject, TITLES};
use super::reply::{Replied, Reply};
use super::signals::Signals;

/// The title of a question whose yes denies.
const DENIAL: &str = "  Aegis: deny what an agent asks for?";

/// What comes of it where nothing is answered.
const LEFT_OPEN: &str = "left open";

/// What somebody came to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Yes.
    Approve,
    /// Yes, and the grant that is offered with it.
    ApproveWithGrant,
    /// No.
    Deny,
}

impl Wish {
    /// The answer that it is.
    #[must_use]
    pub const fn answer(self) -> Answered {
        match self {
            Wish::Approve | Wish::ApproveWithGrant => Answered::Approved,
            Wish::Deny => Answered::Denied,
        }
    }

    /// What is signed to say it. A signature is over an answer alone, and gives no grant.
    #[must_use]
    pub const fn signable(self) -> Signable {
        match self {
            Wish::Approve | Wish::ApproveWithGrant => Signable::Approve,
            Wish::Deny => Signable::Deny,
        }
    }
}

/// What was typed.
#[derive(Debug)]
pub(crate) enum Typed {
    /// What the question asks for. Until that is recorded, nothing ends the process that can wait for it.
    Yes {
        /// Whether it may have been a program that typed it.
        injectable: bool,
        /// Why, where somebody was asked for that.
        note: Option<String>,
        hold: Hold,
    },
    /// Anything else.
    No,
    /// Nothing.
    Nobody(Unanswered),
}

/// Asks whoever sits at the controlling terminal. Allowing what is of high or critical risk, or not shown as
/// it is, takes the word on the screen; so it does where others can type at this terminal and an
/// `uninjectable` answer is wanted, since whoever does not see the screen does not know the word. Whoever
/// denies is asked why, unless that `is_said` already.
pub(crate) fn ask_about(
    subject: Subject<'_>,
    wish: Wish,
    (uninjectable, is_said): (bool, bool),
    options: TerminalOptions,
) -> Typed {
    // What the last of the screens asked for.
    let injectable = Cell::new(true);
    let lay_out = |look: Look, word| {
        let (titles, asks) = match wish {
            Wish::Approve => {
                let needs_word = subject.risk.needs_word()
                    || subject.secret.is_some()
                    || (look.injectable && uninjectable);
                (TITLES, Asks { needs_word, otherwise: LEFT_OPEN, ..ALLOWS })
            }
            // It is worth more than one action, and never given in passing.
            Wish::ApproveWithGrant => {
                let (whether, to) = ("Allow and grant this?", "allow and grant");
                (TITLES, Asks { whether, to, needs_word: true, otherwise: LEFT_OPEN, ..ALLOWS })
            }
            // What is denied by mistake can be asked for anew.
            Wish::Deny => {
                let (whether, to) = ("Deny this action?", "deny");
                ((DENIAL, DENIAL), Asks { whether, to, reads_all: false, otherwise: LEFT_OPEN, ..ALLOWS })
            }
        };
        injectable.set(look.injectable && !asks.needs_word);
        Prompt::of(subject, titles, asks, look, word)
    };
    let Ok(signals) = Signals::catch(None).map(Arc::new) else {
        return Typed::Nobody(NoAnswer::TerminalFailed.into());
    };
    let why_after = (wish == Wish::Deny && !is_said).then_some(Answer::Yes);
    let asked = Asking { options, signals: &signals, lay_out: &lay_out, why_after }.ask(|_, _| None);
    match asked {
        Ok(Replied { reply: Reply::Answered(Answer::Yes), note }) => {
            Typed::Yes { injectable: injectable.get(), note, hold: Hold::of(signals) }
        }
        // Nothing else was offered.
        Ok(Replied { reply: Reply::Answered(Answer::No | Answer::Grant), .. }) => Typed::No,
        Ok(Replied { reply: Reply::Nobody(why), .. }) | Err(why) => Typed::Nobody(why.into()),
    }
}
