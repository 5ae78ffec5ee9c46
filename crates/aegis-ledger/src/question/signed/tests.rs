use aegis_engine::{ApprovalTerms, NamedApprover};
use base64ct::{Base64, Encoding as _};
use ed25519_dalek::{Signer as _, SigningKey};
use sha2::{Digest as _, Sha256};
use ssh_key::HashAlg;

use super::*;
use crate::event::Opening;
use crate::question::{Party, Standing};
use crate::ssh_signature::{SshSignatureError, assemble, to_be_signed};

const LOG: &str = "aa";
const SK: &str = "sk-ssh-ed25519@openssh.com";

fn strings(strings: &[&[u8]]) -> Vec<u8> {
    let length = |string: &[u8]| u32::try_from(string.len()).unwrap().to_be_bytes();
    strings.iter().flat_map(|string| [&length(string), *string].concat()).collect()
}

/// Somebody with a key of software: an ordinary one, or one like that of a security key.
struct Person {
    name: &'static str,
    key: SigningKey,
    touches: bool,
}

impl Person {
    fn new(name: &'static str, seed: u8) -> Person {
        Person { name, key: SigningKey::from_bytes(&[seed; 32]), touches: false }
    }

    fn blob(&self, kind: &str) -> Vec<u8> {
        let public = self.key.verifying_key();
        let parts: [&[u8]; 3] = [kind.as_bytes(), public.as_bytes(), b"ssh:"];
        strings(if kind == SK { &parts } else { &parts[..2] })
    }

    fn named(&self, kind: &str, touch: bool) -> NamedApprover {
        let ssh_key = format!("{kind} {}", Base64::encode_string(&self.blob(kind)));
        NamedApprover { name: self.name.to_owned(), known_by: KnownBy::SshKey { ssh_key, touch } }
    }

    fn sign(&self, kind: &str, text: &str) -> String {
        let signed = to_be_signed(text, HashAlg::Sha512).unwrap();
        let trailer = [u8::from(self.touches), 0, 0, 0, 9];
        let made = if kind == SK {
            let signed = [&Sha256::digest("ssh:")[..], &trailer, &Sha256::digest(&signed)].concat();
            [&strings(&[SK.as_bytes(), &self.key.sign(&signed).to_bytes()])[..], &trailer].concat()
        } else {
            strings(&[kind.as_bytes(), &self.key.sign(&signed).to_bytes()])
        };
        assemble(&self.blob(kind), &made)
    }
}

fn question(id: &str, terms: ApprovalTerms) -> Question {
    let opening = Opening { key: "k".to_owned(), expires_at: 2_000, terms };
    let asker = Party { user: "agent".to_owned(), login: None };
    Question::new(id, 1_000, None, asker, &opening).about("bb", "cc")
}

fn by(named: Vec<NamedApprover>) -> ApprovalTerms {
    ApprovalTerms { by: named, evidence: 3, ..ApprovalTerms::default() }
}

fn text(question: &Question, answer: Signable) -> String {
    question.to_be_signed(LOG, answer).unwrap().to_string()
}

fn body(signer: &Signer, answer: Answer) -> RepliedBody {
    RepliedBody {
        decision: answer,
        approver: signer.identity(),
        name: Some(signer.name().to_owned()),
        note: None,
        signature: Some(signer.armoured().to_owned()),
        key: Some(signer.fingerprint().to_owned()),
        grant: false,
        host: "host".to_owned(),
        user: "carrier".to_owned(),
        login: None,
        requested_seq: Some(1),
    }
}

#[test]
fn a_signature_answers_the_one_question_that_it_is_over() {
    let bo = Person::new("bo", 1);
    let asked = question("q", by(vec![bo.named("ssh-ed25519", false)]));
    let signature = bo.sign("ssh-ed25519", &text(&asked, Signable::Approve));
    let signer = asked.verify_signature(LOG, Answer::Approved, &signature).unwrap();
    assert_eq!((signer.name(), signer.identity().evidence), ("bo", Evidence::Signature));
    assert_eq!(signer.identity().via.as_str(), "signature");
    let wrong = Err(Refused::Signature(SshSignatureError::Wrong));
    assert_eq!(asked.verify_signature(LOG, Answer::Denied, &signature), wrong, "the other answer");
    assert_eq!(asked.verify_signature("ab", Answer::Approved, &signature), wrong, "another log");
    assert_eq!(asked.verify_signature(LOG, Answer::Unanswered, &signature), Err(Refused::NoAnswer));
    let terms = asked.terms().clone();
    for other in [
        question("r", terms.clone()),
        question("q", terms.clone()).about("bb", "cd"),
        question("q", terms.clone()).about("bc", "cc"),
        Question { expires_at: 2_001, ..asked.clone() },
    ] {
        assert_eq!(other.verify_signature(LOG, Answer::Approved, &signature), wrong);
    }
    let unknown = Question { subject: None, ..asked };
    assert_eq!(unknown.verify_signature(LOG, Answer::Approved, &signature), Err(Refused::Unsigned));
}

#[test]
fn only_keys_that_the_terms_name_sign() {
    let (bo, mallory) = (Person::new("bo", 1), Person::new("bo", 2));
    let asked = question("q", by(vec![bo.named("ssh-ed25519", false)]));
    let text = text(&asked, Signable::Approve);
    let of = |person: &Person, kind: &str| {
        asked.verify_signature(LOG, Answer::Approved, &person.sign(kind, &text))
    };
    assert!(of(&bo, "ssh-ed25519").is_ok());
    assert_eq!(of(&mallory, "ssh-ed25519"), Err(Refused::NotNamed));
    // The same number as another type of key is another key.
    assert_eq!(of(&bo, SK), Err(Refused::NotNamed));
    let anybody = question("q", ApprovalTerms::default());
    assert_eq!(
        anybody.verify_signature(LOG, Answer::Approved, &bo.sign("ssh-ed25519", &text)),
        Err(Refused::NotNamed)
    );
}

#[test]
fn a_touch_is_what_the_key_says_it_is() {
    let (touching, waiting) = (Person { touches: true, ..Person::new("cy", 3) }, Person::new("cy", 3));
    for (touch, person, expected) in [
        (true, &touching, Ok(Evidence::Touch)),
        (false, &touching, Ok(Evidence::Touch)),
        (false, &waiting, Ok(Evidence::Signature)),
        (true, &waiting, Err(Refused::Untouched)),
    ] {
        for answer in [Signable::Approve, Signable::Deny] {
            let asked = question("q", by(vec![person.named(SK, touch)]));
            let signature = person.sign(SK, &text(&asked, answer));
            let signer = asked.verify_signature(LOG, answer.answer(), &signature);
            assert_eq!(signer.map(|signer| signer.identity().evidence), expected);
        }
    }
    // Where the evidence of a touch is wanted, a mere signature is a no at most.
    let mut asked = question("q", ApprovalTerms { evidence: 4, ..by(vec![waiting.named(SK, false)]) });
    let signature = waiting.sign(SK, &text(&asked, Signable::Approve));
    let signer = asked.verify_signature(LOG, Answer::Approved, &signature).unwrap();
    let weak = asked.take_replied(LOG, 1_100, &body(&signer, Answer::Approved));
    assert_eq!(weak, Err(Refused::TooWeak { needed: 4, given: 3 }));
}

#[test]
fn what_is_stored_claims_no_more_than_it_proves() {
    let (bo, cy) = (Person::new("bo", 1), Person::new("cy", 2));
    let asked = question("q", by(vec![bo.named("ssh-ed25519", false), cy.named("ssh-ed25519", false)]));
    let sign = |person: &Person| person.sign("ssh-ed25519", &text(&asked, Signable::Approve));
    let signer = asked.verify_signature(LOG, Answer::Approved, &sign(&bo)).unwrap();
    let sound = body(&signer, Answer::Approved);
    let refused = |body: RepliedBody| {
        let mut question = asked.clone();
        let refused = question.take_replied(LOG, 1_100, &body).unwrap_err();
        assert_eq!(question, asked, "nothing has changed");
        refused
    };
    let approver = sound.approver.clone();
    let touched = ApproverIdentity { evidence: Evidence::Touch, ..approver.clone() };
    let terminal = ApproverIdentity { evidence: Evidence::Terminal, ..approver.clone() };
    let other = ApproverIdentity { user: Some("cy".to_owned()), ..approver };
    for (forged, why) in [
        (RepliedBody { signature: None, ..sound.clone() }, Refused::Unsigned),
        (RepliedBody { signature: None, key: None, ..sound.clone() }, Refused::Unsigned),
        (RepliedBody { signature: None, key: None, approver: terminal, ..sound.clone() }, Refused::Unsigned),
        (RepliedBody { signature: Some(sign(&cy)), ..sound.clone() }, Refused::Misstated),
        (RepliedBody { name: Some("cy".to_owned()), ..sound.clone() }, Refused::Misstated),
        (RepliedBody { name: None, ..sound.clone() }, Refused::Misstated),
        (RepliedBody { key: None, ..sound.clone() }, Refused::Misstated),
        (RepliedBody { approver: touched, ..sound.clone() }, Refused::Misstated),
        (RepliedBody { approver: other, ..sound.clone() }, Refused::Misstated),
        (
            RepliedBody { decision: Answer::Denied, ..sound.clone() },
            Refused::Signature(SshSignatureError::Wrong),
        ),
        (
            RepliedBody { signature: Some(String::new()), ..sound.clone() },
            Refused::Signature(SshSignatureError::Unreadable),
        ),
    ] {
        assert_eq!(refused(forged.clone()), why, "{forged:?}");
    }
    let mut question = asked.clone();
    question.take_replied(LOG, 1_100, &sound).unwrap();
    assert!(matches!(question.standing(1_100), Standing::Approved { .. }));
    assert_eq!(question.take_replied("ab", 1_100, &sound), Err(Refused::Signature(SshSignatureError::Wrong)));
}

/// A quorum is of people: the same key twice is one of them, however its signature is written.
#[test]
fn the_same_key_twice_is_one_approver() {
    let people = [Person::new("bo", 1), Person::new("cy", 2)];
    let named = people.iter().map(|person| person.named(SK, false)).collect();
    let mut asked = question("q", ApprovalTerms { quorum: 2, ..by(named) });
    let signed = |person: &Person, asked: &Question| {
        let signature = person.sign(SK, &text(asked, Signable::Approve));
        body(&asked.verify_signature(LOG, Answer::Approved, &signature).unwrap(), Answer::Approved)
    };
    let first = signed(&people[0], &asked);
    asked.take_replied(LOG, 1_100, &first).unwrap();
    assert_eq!(asked.take_replied(LOG, 1_200, &first), Err(Refused::Twice));
    let again = signed(&Person { touches: true, ..Person::new("bo", 1) }, &asked);
    assert_ne!(again.signature, first.signature);
    let elsewhere = RepliedBody { user: "root".to_owned(), ..again };
    assert_eq!(asked.take_replied(LOG, 1_200, &elsewhere), Err(Refused::Twice));
    let second = signed(&people[1], &asked);
    asked.take_replied(LOG, 1_300, &second).unwrap();
    assert!(matches!(asked.standing(1_300), Standing::Approved { .. }));
}

#[test]
fn whoever_asks_does_not_bring_their_own_answer_where_that_is_refused() {
    let bo = Person::new("bo", 1);
    let terms = ApprovalTerms { self_approval: false, ..by(vec![bo.named("ssh-ed25519", false)]) };
    let mut asked = question("q", terms);
    let signature = bo.sign("ssh-ed25519", &text(&asked, Signable::Approve));
    let signer = asked.verify_signature(LOG, Answer::Approved, &signature).unwrap();
    let own = RepliedBody { user: "agent".to_owned(), ..body(&signer, Answer::Approved) };
    assert_eq!(asked.take_replied(LOG, 1_100, &own), Err(Refused::OwnQuestion));
    asked.take_replied(LOG, 1_100, &body(&signer, Answer::Approved)).unwrap();
}

/// Whoever can write rows can write any key into them; what was signed is compared with what is asked.
#[test]
fn a_question_is_the_same_only_where_all_of_it_is() {
    let terms = ApprovalTerms::default();
    let digest = aegis_engine::Digest::of(b"x");
    let asked = crate::event::Asked {
        action_sha256: digest,
        policy_sha256: digest,
        rule: "r",
        agent: None,
        user: "agent",
        login: None,
        terms: &terms,
    };
    let opening = Opening { key: asked.key(), expires_at: 2_000, terms: terms.clone() };
    let party = Party { user: "agent".to_owned(), login: None };
    let digest = digest.to_string();
    let same = Question::new("q", 1_000, None, party, &opening).about(&digest, &digest);
    assert!(same.is_about(&asked));
    let weaker = ApprovalTerms { evidence: 0, ..terms.clone() };
    for other in [
        Question { terms: weaker, ..same.clone() },
        Question { key: "k".to_owned(), ..same.clone() },
        Question { subject: None, ..same.clone() },
        same.clone().about("bb", &digest),
        same.clone().about(&digest, "bb"),
    ] {
        assert!(!other.is_about(&asked), "{other:?}");
    }
}
