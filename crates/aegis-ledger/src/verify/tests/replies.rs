//! Replies that are signed are verified again, as far as their questions are at hand.

use aegis_engine::{ApprovalTerms, KnownBy, NamedApprover};
use base64ct::{Base64, Encoding as _};
use ed25519_dalek::{Signer as _, SigningKey};
use ssh_key::HashAlg;

use super::chain::{AT, Log, OPERATOR, codes, identity, verify, whole};
use crate::answer::{Answer, ApproverIdentity};
use crate::event::{Event, EventBody, EventKind, Opening, Replied};
use crate::question::Question;
use crate::signed_reply::Signable;
use crate::ssh_signature::{assemble, to_be_signed};
use crate::verify::{Referred, Verification, Verifier};

fn strings(strings: &[&[u8]]) -> Vec<u8> {
    let length = |string: &[u8]| u32::try_from(string.len()).unwrap().to_be_bytes();
    strings.iter().flat_map(|string| [&length(string), *string].concat()).collect()
}

fn key() -> (SigningKey, Vec<u8>) {
    let key = SigningKey::from_bytes(&[3; 32]);
    let blob = strings(&[b"ssh-ed25519", key.verifying_key().as_bytes()]);
    (key, blob)
}

fn opening() -> Opening {
    let ssh_key = format!("ssh-ed25519 {}", Base64::encode_string(&key().1));
    let by =
        vec![NamedApprover { name: "bo".to_owned(), known_by: KnownBy::SshKey { ssh_key, touch: false } }];
    let terms = ApprovalTerms { by, evidence: 3, ..ApprovalTerms::default() };
    Opening { key: "k".to_owned(), expires_at: AT + 1_000_000, terms }
}

fn question(log: &Log, row: u64) -> Question {
    let row = &log.rows[usize::try_from(row).unwrap() - 1];
    let body: EventBody = EventBody::read(EventKind::Requested, &row.body).unwrap();
    Question::opened(&row.action_id, row.at, body.entry().unwrap()).unwrap()
}

/// Adds a signed yes to the question in a row; `claim` makes of it what is stored.
fn reply(log: &mut Log, row: u64, claim: impl FnOnce(&mut ApproverIdentity, &mut Option<String>)) -> u64 {
    let (asked, (key, blob)) = (question(log, row), key());
    let id = hex::encode(identity().id);
    let text = asked.to_be_signed(&id, Signable::Approve).unwrap().to_string();
    let made = key.sign(&to_be_signed(&text, HashAlg::Sha512).unwrap()).to_bytes();
    let armoured = assemble(&blob, &strings(&[b"ssh-ed25519", &made]));
    let signer = asked.verify_signature(&id, Answer::Approved, &armoured).unwrap();
    let (mut approver, mut signature) = (signer.identity(), Some(signer.armoured().to_owned()));
    claim(&mut approver, &mut signature);
    let event = Replied {
        action_id: asked.id(),
        answer: Answer::Approved,
        approver: &approver,
        name: Some("bo"),
        note: None,
        signature: signature.as_deref(),
        key: Some(signer.fingerprint()),
        grant: false,
        operator: OPERATOR,
    };
    log.add(Event::Replied(event), Some(row))
}

fn is_sound(found: &Verification, unchecked: u64) -> bool {
    (found.damage.is_empty(), found.unchecked_references) == (true, unchecked)
}

#[test]
fn a_signed_reply_is_sound_and_a_claim_without_it_is_damage() {
    let mut log = Log::default();
    let row = log.asked("a", &opening());
    reply(&mut log, row, |_, _| {});
    assert!(is_sound(&log.verify(), 0), "{:?}", log.damage());
    let bad = reply(&mut log, row, |_, signature| *signature = None);
    let worse = reply(&mut log, row, |by, _| by.user = Some("cy".to_owned()));
    let rows = [bad, worse].map(|row| (i64::try_from(row).unwrap(), "impossible"));
    assert_eq!(codes(&log.damage()), rows);
}

/// To a question that names nobody by a key, nobody signs.
#[test]
fn a_signature_under_other_terms_is_damage() {
    let mut log = Log::default();
    let row = log.asked("a", &opening());
    reply(&mut log, row, |_, _| {});
    let event = log.rows[1].clone();
    let mut other = Log::default();
    other.asked("a", &Opening { terms: ApprovalTerms::default(), ..opening() });
    other.put(&event.kind, &event.action_id, &event.body, None);
    assert_eq!(codes(&other.damage()), [(2, "impossible")]);
}

/// The question was moved to an archive: what cannot be told is said to be so, and what can be is told.
#[test]
fn a_reply_whose_question_is_gone_is_not_called_sound() {
    let mut log = Log::default();
    let row = log.asked("a", &opening());
    reply(&mut log, row, |_, _| {});
    let found = verify(log.start(2), Vec::new(), log.from(2));
    assert!(is_sound(&found, 1), "{:?}", found.damage);
    reply(&mut log, row, |_, signature| *signature = None);
    let found = verify(log.start(2), Vec::new(), log.from(2));
    assert_eq!(codes(&found.damage), [(3, "impossible")]);
}

#[test]
fn many_questions_are_looked_up_or_not_said_to_be_checked() {
    let mut log = Log::default();
    let row = log.asked("a", &opening());
    let Log { rows } = log.clone();
    for number in 0..1 << 12 {
        log.put(&rows[0].kind, &format!("a{number}"), &rows[0].body, rows[0].payload.as_deref());
    }
    reply(&mut log, row, |_, _| {});
    assert!(is_sound(&log.verify(), 1));
    let asked = question(&log, row);
    let looked_up = |log: &Log| {
        let asked = asked.clone();
        let lookup = move |seq| {
            (seq == row).then(|| Referred {
                kind: "requested".to_owned(),
                action_id: "a".to_owned(),
                action_sha256: None,
                question: Some(asked.clone()),
            })
        };
        let mut verifier = Verifier::new(whole(), Vec::new()).with_lookup(lookup);
        log.rows.iter().for_each(|row| verifier.push(row.seq, Ok(row.event())));
        verifier.finish()
    };
    assert!(is_sound(&looked_up(&log), 0));
    let bad = reply(&mut log, row, |by, _| by.evidence = crate::answer::Evidence::Touch);
    assert_eq!(codes(&looked_up(&log).damage), [(i64::try_from(bad).unwrap(), "impossible")]);
}
