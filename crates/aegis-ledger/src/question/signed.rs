//! Answers that are signed: what an approver signs of a question, and whether a signature is theirs.

use aegis_engine::KnownBy;

use super::{Question, Refused, Reply};
use crate::answer::{Answer, ApproverIdentity, Evidence, Via};
use crate::event::RepliedBody;
use crate::signed_reply::{Signable, SignedReply};
use crate::ssh_signature::SshSignature;

/// What is known of whoever signed an answer, once the signature was verified: made by
/// [`Question::verify_signature`] alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    name: String,
    fingerprint: String,
    evidence: Evidence,
    armoured: String,
}

impl Signer {
    /// Under which name the question's terms know them.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The fingerprint of their key.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The signature, armoured as OpenSSH does it.
    #[must_use]
    pub fn armoured(&self) -> &str {
        &self.armoured
    }

    /// How they answered, as it is recorded.
    #[must_use]
    pub fn identity(&self) -> ApproverIdentity {
        let via = Via::new(if self.evidence == Evidence::Touch { "touch" } else { "signature" });
        ApproverIdentity { via, user: Some(self.name.clone()), evidence: self.evidence, injectable: false }
    }
}

impl Question {
    /// The same question, about the action and by the policy of these digests.
    #[must_use]
    pub fn about(self, action_sha256: &str, policy_sha256: &str) -> Question {
        Question { subject: Some((action_sha256.to_owned(), policy_sha256.to_owned())), ..self }
    }

    /// What an approver signs to answer it in the log of this id; `None` where it does not say what it is
    /// about.
    #[must_use]
    pub fn to_be_signed<'a>(&'a self, log: &'a str, answer: Signable) -> Option<SignedReply<'a>> {
        let (action_sha256, policy_sha256) = self.subject.as_ref()?;
        let (question, expires_at) = (&self.id, self.expires_at);
        Some(SignedReply { log, question, action_sha256, policy_sha256, expires_at, answer })
    }

    /// Verifies that an armoured signature gives this answer to this question of the log of this id, by the
    /// key of somebody whom its terms name.
    ///
    /// # Errors
    /// When it is no signature, one over something else, by another key, or without the touch that the terms
    /// want of it.
    pub fn verify_signature(&self, log: &str, answer: Answer, armoured: &str) -> Result<Signer, Refused> {
        let signature = SshSignature::parse(armoured).map_err(Refused::Signature)?;
        let of_key = |by: &KnownBy| match by {
            KnownBy::SshKey { ssh_key, touch } if ssh_key == signature.key() => Some(*touch),
            _ => None,
        };
        let mut named = self.terms.by.iter();
        let found = named.find_map(|named| Some((named.name.clone(), of_key(&named.known_by)?)));
        let (name, wants_touch) = found.ok_or(Refused::NotNamed)?;
        let answer = Signable::of(answer).ok_or(Refused::NoAnswer)?;
        let text = self.to_be_signed(log, answer).ok_or(Refused::Unsigned)?.to_string();
        let proof = signature.verify(&text).map_err(Refused::Signature)?;
        if wants_touch && proof.evidence() != Evidence::Touch {
            return Err(Refused::Untouched);
        }
        Ok(Signer {
            name,
            fingerprint: proof.fingerprint().to_owned(),
            evidence: proof.evidence(),
            armoured: signature.armoured().to_owned(),
        })
    }

    /// Whether what is stored of a reply says no more of who gave it than is proved there.
    ///
    /// # Errors
    /// When it claims a signature that is not there or not theirs, or goes by the name of somebody whom the
    /// terms know otherwise.
    pub fn check_claim<S: AsRef<str>>(&self, log: &str, body: &RepliedBody<S>) -> Result<(), Refused> {
        let name = body.name.as_ref().map(AsRef::as_ref);
        let known = self.terms.by.iter().find(|named| Some(named.name.as_str()) == name);
        let by_key = known.is_some_and(|named| matches!(named.known_by, KnownBy::SshKey { .. }));
        let Some(armoured) = &body.signature else {
            return if by_key { Err(Refused::Unsigned) } else { Question::check_unsigned(body) };
        };
        let signer = self.verify_signature(log, body.decision, armoured.as_ref())?;
        let is_so = name == Some(signer.name())
            && body.key.as_ref().map(AsRef::as_ref) == Some(signer.fingerprint())
            && body.approver == signer.identity();
        if is_so { Ok(()) } else { Err(Refused::Misstated) }
    }

    /// Whether what is stored of a reply to a question that names nobody by a key claims no signature.
    ///
    /// # Errors
    /// When it does.
    pub fn check_unsigned<S>(body: &RepliedBody<S>) -> Result<(), Refused> {
        if body.signature.is_some() {
            return Err(Refused::NotNamed);
        }
        let claims = body.approver.evidence >= Evidence::Signature || body.key.is_some();
        if claims { Err(Refused::Unsigned) } else { Ok(()) }
    }

    /// Takes what is stored: that somebody replied at an instant, in the log of this id.
    ///
    /// # Errors
    /// As [`check_claim`](Question::check_claim) and [`reply`](Question::reply). Nothing has changed then.
    pub fn take_replied<S: AsRef<str>>(
        &mut self,
        log: &str,
        at: i64,
        body: &RepliedBody<S>,
    ) -> Result<(), Refused> {
        self.check_claim(log, body)?;
        self.reply(Reply::of(at, body))
    }
}

#[cfg(test)]
mod tests;
