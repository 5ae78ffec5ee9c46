//! Answers to questions that wait in a log, given by an SSH signature.

use aegis_audit::{Journal, NewReply, Replied, ReplyError};
use aegis_ledger::answer::{Answer, ApproverIdentity, Evidence, Via};
use aegis_ledger::question::Refused;
use aegis_ledger::question::signed::Signer;

use crate::approval::Hold;
use crate::recorded_question::RecordedQuestion;
use crate::signing_key::SigningKey;
use crate::terminal::{TerminalOptions, Wish};
use crate::terminal_reply::{Answerer, Known, NotGiven};
use crate::witness::Witness;

/// An answer that somebody signed, verified, and that is in no log yet.
#[derive(Debug)]
#[must_use = "an answer that is not recorded is none"]
pub struct SignedAnswer<'q> {
    asked: &'q RecordedQuestion,
    answer: Answer,
    signer: Signer,
    answerer: Answerer,
    note: Option<String>,
    _hold: Hold,
}

impl Answerer {
    /// Takes an answer that was signed elsewhere: the signature is the person, whoever brings it.
    ///
    /// # Errors
    /// When it would not count: it is no signature over this answer to this question, or not by the key of
    /// somebody whom the question's terms name. Nothing is recorded, in any case.
    pub fn bring<'q>(
        &self,
        asked: &'q RecordedQuestion,
        wish: Wish,
        note: Option<String>,
        signature: &str,
    ) -> Result<SignedAnswer<'q>, NotGiven> {
        self.signed(asked, wish, note, signature, Hold::nothing())
    }

    /// Whether an answer that this key signs would count, as far as that can be told before.
    ///
    /// # Errors
    /// When it would not.
    pub fn check_key(&self, asked: &RecordedQuestion, wish: Wish, key: &SigningKey) -> Result<(), NotGiven> {
        let known = known_by(asked, key)?;
        self.try_out(asked, wish.answer(), wish == Wish::ApproveWithGrant, &known).map_err(NotGiven::Refused)
    }

    /// Asks at the controlling terminal, as [`ask`](Answerer::ask) does, and lets the key sign what was said.
    /// A key that anything can use proves nobody's presence, so that somebody is asked in any case.
    ///
    /// # Errors
    /// When the answer would not count, the action cannot be shown, nobody gave the answer, or the key does
    /// not sign it. Nothing is recorded, in any case.
    pub fn ask_to_sign<'q>(
        &self,
        asked: &'q RecordedQuestion,
        wish: Wish,
        note: Option<String>,
        options: TerminalOptions,
        key: &mut SigningKey,
    ) -> Result<SignedAnswer<'q>, NotGiven> {
        let known = known_by(asked, key)?;
        let given = self.put(asked, wish, note, options, &known)?;
        let signature = key.sign(&asked.to_be_signed(wish.signable())?)?;
        self.signed(asked, wish, given.note, &signature, given.hold)
    }

    fn signed<'q>(
        &self,
        asked: &'q RecordedQuestion,
        wish: Wish,
        note: Option<String>,
        signature: &str,
        hold: Hold,
    ) -> Result<SignedAnswer<'q>, NotGiven> {
        // What cannot be shown any more, or is not what its digest says, is not approved by anybody.
        let _ = asked.action()?;
        let answer = wish.answer();
        let signer = asked.question().verify_signature(asked.log(), answer, signature);
        let signer = signer.map_err(NotGiven::Refused)?;
        Ok(SignedAnswer { asked, answer, signer, answerer: self.clone(), note, _hold: hold })
    }
}

impl SignedAnswer<'_> {
    /// Records it in the log that the question was read from, if it counts there by now. The signature is
    /// verified once more by what that log asks.
    ///
    /// # Errors
    /// When it does not, what the log asks is not what was signed, or the log or a sink cannot be written.
    pub fn record(self, journal: &mut Journal) -> Result<Replied, ReplyError> {
        let by = Witness::signed(&self.signer);
        let new = NewReply {
            answer: self.answer,
            approver: by.identity(),
            signature: Some(self.signer.armoured()),
            grant: false,
            note: self.note.as_deref(),
            operator: self.answerer.operator(),
        };
        journal.reply_to(self.asked.question(), self.asked.log(), new)
    }

    /// How strongly it is known who answered.
    #[must_use]
    pub fn evidence(&self) -> Evidence {
        self.signer.identity().evidence
    }
}

/// As whom the holder of a key will be known, if it signs as well as it can.
fn known_by<'k>(asked: &RecordedQuestion, key: &'k SigningKey) -> Result<Known<'k>, NotGiven> {
    let (evidence, via) = if key.is_security_key() {
        (Evidence::Touch, Via::new("touch"))
    } else {
        (Evidence::Signature, Via::new("signature"))
    };
    let name = asked.question().terms().by.iter().find(|named| {
        matches!(&named.known_by, aegis_engine::KnownBy::SshKey { ssh_key, .. } if ssh_key == key.line())
    });
    let name = name.ok_or(NotGiven::Refused(Refused::NotNamed))?;
    let by = ApproverIdentity { via, user: Some(name.name.clone()), evidence, injectable: false };
    Ok(Known { by, key: Some(key.line()) })
}
