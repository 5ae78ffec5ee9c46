//! What a log tells of grants can have happened.

use std::sync::LazyLock;

use aegis_engine::{Action, Digest, Policy, Source, load};
use serde_json::{Value, json};

use super::chain::{AT, Log, at, verify, whole};
use crate::action_life::Impossible;
use crate::answer::{Answer, ApproverIdentity, Evidence, Via};
use crate::event::{
    Answered, Decided, Entry, Event, GrantUse, Operator, PathSource, Requested, Revoked, SessionSource, Used,
};
use crate::grant::{GrantStanding, NoGrant};
use crate::verify::{Damage, DamageKind, Verifier};

const MINUTE: i64 = 60_000;

static POLICY: LazyLock<Policy> = LazyLock::new(|| {
    let text = "version: '1'
redact: [pin]
rules:
  - { name: notes, match: { type: note }, approval: { grant: { for: 15m, uses: 2, same: [target, pin] } } }
";
    load(&[Source { text: text.as_bytes() }]).policy.unwrap()
});

fn giver(via: Via) -> ApproverIdentity {
    ApproverIdentity { via, user: Some("ana".to_owned()), evidence: Evidence::Account, injectable: false }
}

/// A log of grants, in which so much time passes before each row.
#[derive(Clone, Default)]
struct Told {
    log: Log,
    now: i64,
}

impl Told {
    fn add(&mut self, event: Event<'_>, referred: Option<u64>) -> u64 {
        let seq = self.log.add(event, referred);
        let row = self.log.row(seq);
        row.at = AT + self.now;
        row.seal();
        seq
    }

    fn entry<T>(&mut self, id: &str, target: &str, with: impl FnOnce(&mut Told, Entry<'_>) -> T) -> T {
        let params = json!({ "pin": "1234", "n": id });
        let action = json!({ "type": "note", "target": target, "agent": "bot", "params": params });
        let action = Action::from_value(action).unwrap();
        let decision = POLICY.decide(&action, "2026-11-23T12:00:00Z".parse().unwrap());
        let entry = Entry {
            action_id: id,
            session_id: "s",
            session_source: SessionSource::Argument,
            action: &action,
            action_sha256: action.digest(),
            decision: &decision,
            redaction: POLICY.redaction(),
            policy_sha256: Digest::of(b"p"),
            host: "host",
            user: "bot",
            login: None,
            policy_source: PathSource::Argument,
            log_source: PathSource::Argument,
        };
        with(self, entry)
    }

    /// Somebody is asked, says yes, and gives the grant, or not. Gives the number of the question.
    fn given(&mut self, id: &str, grant: bool) -> u64 {
        let asked = self.entry(id, "wiki", |told, entry| {
            told.add(Event::Requested(Requested { entry, opening: None, is_put: true }), None)
        });
        self.answered(id, &giver(Via::new("terminal")), grant);
        self.decided(id, "wiki", asked, None);
        asked
    }

    fn answered(&mut self, action_id: &str, by: &ApproverIdentity, grant: bool) -> u64 {
        let (answer, approver) = (Answer::Approved, Some(by));
        let (note, waited_ms) = (None, None);
        let event = Answered { action_id, session_id: "s", answer, approver, note, waited_ms, grant };
        self.add(Event::Answered(event), None)
    }

    fn decided(&mut self, id: &str, target: &str, asked: u64, grant: Option<&GrantUse>) -> u64 {
        let via = if grant.is_some() { Via::GRANT } else { Via::new("terminal") };
        self.decided_by(&giver(via), (id, target), asked, grant)
    }

    fn decided_by(
        &mut self,
        by: &ApproverIdentity,
        (id, target): (&str, &str),
        asked: u64,
        grant: Option<&GrantUse>,
    ) -> u64 {
        self.entry(id, target, |told, entry| {
            let (answer, approver, reason) = (Answer::Approved, Some(by), "it is so");
            told.add(Event::Decided(Decided { entry, answer, approver, reason, grant }), Some(asked))
        })
    }

    /// A use of the grant `a`, offered in row 1. Gives the number of the row that tells of it.
    fn used(&mut self, id: &str, target: &str, uses_left: u32) -> u64 {
        self.used_as(id, target, &use_of("a", 0, uses_left))
    }

    fn used_as(&mut self, id: &str, target: &str, grant: &GrantUse) -> u64 {
        let asked = self.entry(id, target, |told, entry| {
            told.add(Event::Requested(Requested { entry, opening: None, is_put: false }), None)
        });
        self.answered(id, &giver(Via::GRANT), false);
        let used = self.add(Event::Used(Used { action_id: &grant.id, by: id }), Some(1));
        self.decided(id, target, asked, Some(grant));
        used
    }

    fn revoked(&mut self, id: &str, asked: u64) -> u64 {
        let operator = Operator { host: "host", user: "eve", login: None };
        self.add(Event::Revoked(Revoked { action_id: id, note: None, operator }), Some(asked))
    }

    /// Changes what a row tells, and makes the hashes of it and all behind it fit.
    fn forge(&mut self, seq: u64, change: impl FnOnce(&mut Value)) {
        let row = self.log.row(seq);
        let mut body: Value = serde_json::from_str(&row.body).unwrap();
        change(&mut body);
        row.body = body.to_string();
        self.relink();
    }

    fn relink(&mut self) {
        let mut before = None;
        for row in &mut self.log.rows {
            if let Some(hash) = before.take() {
                row.prev_hash = hash;
            }
            row.seal();
            before = Some(row.hash.clone());
        }
    }

    /// What is wrong, by a verifier that has an index, and by one that has none.
    fn damage(&self) -> Vec<Damage> {
        let found = self.log.damage();
        let mut verifier = Verifier::new(whole(), Vec::new()).with_lookup(|_| None);
        self.log.rows.iter().for_each(|row| verifier.push(row.seq, Ok(row.event())));
        assert_eq!(found, verifier.finish().damage);
        found
    }
}

fn use_of(id: &str, given_at: i64, uses_left: u32) -> GrantUse {
    let given_at = AT + given_at;
    GrantUse { id: id.to_owned(), given_at, expires_at: given_at + 15 * MINUTE, uses_left }
}

fn told(why: Impossible, seq: u64) -> Damage {
    at(i64::try_from(seq).unwrap(), DamageKind::Impossible(why))
}

fn no(why: NoGrant, seq: u64) -> Damage {
    told(Impossible::Grant(why), seq)
}

#[test]
fn a_grant_that_is_given_used_and_taken_back_can_have_happened() {
    let mut log = Told::default();
    log.given("a", true);
    log.used("b", "wiki", 1);
    log.now = 15 * MINUTE - 1;
    log.used("c", "wiki", 0);
    let asked = log.given("d", true);
    log.revoked("d", asked);
    let found = log.log.verify();
    assert_eq!((found.damage, found.unchecked_references), (Vec::new(), 0));
}

#[test]
fn more_uses_than_were_given_are_found() {
    let mut log = Told::default();
    log.given("a", true);
    log.used("b", "wiki", 1);
    log.used("c", "wiki", 0);
    let third = log.used("d", "wiki", 0);
    assert_eq!(log.damage(), [no(NoGrant::Over(GrantStanding::Spent), third)]);
}

#[test]
fn a_use_without_a_grant_is_found() {
    let mut log = Told::default();
    log.given("a", false);
    let used = log.used("b", "wiki", 1);
    assert_eq!(log.damage(), [no(NoGrant::NotGiven, used)], "a plain yes");
    // Nothing was offered.
    let mut log = Told::default();
    log.entry("a", "wiki", |told, entry| {
        told.add(Event::Requested(Requested { entry, opening: None, is_put: false }), None)
    });
    let used = log.used("b", "wiki", 1);
    assert_eq!(log.damage(), [no(NoGrant::NotGiven, used)]);
}

#[test]
fn a_use_after_the_end_is_found_whatever_the_clock_said() {
    let mut log = Told::default();
    log.given("a", true);
    log.now = 15 * MINUTE;
    let late = log.used("b", "wiki", 1);
    assert_eq!(log.damage(), [no(NoGrant::Over(GrantStanding::Expired), late)]);
    let mut log = Told::default();
    log.given("a", true);
    log.now = 16 * MINUTE;
    log.given("x", false);
    log.now = MINUTE;
    let late = log.used("b", "wiki", 1);
    assert_eq!(log.damage(), [no(NoGrant::Over(GrantStanding::Expired), late)], "set back");
    let mut log = Told::default();
    log.given("a", true);
    log.revoked("a", 1);
    let late = log.used("b", "wiki", 1);
    assert_eq!(log.damage(), [no(NoGrant::Over(GrantStanding::Revoked), late)]);
    let again = log.revoked("a", 1);
    assert!(log.damage().contains(&no(NoGrant::Over(GrantStanding::Revoked), again)));
}

/// What is done to a row.
type Change = fn(&mut Value);

#[test]
fn a_use_for_another_action_is_found() {
    let mut log = Told::default();
    log.given("a", true);
    log.used("b", "blog", 1);
    let decided = log.log.rows.len() as u64;
    assert_eq!(log.damage(), [no(NoGrant::OtherAction, decided)]);
    let what_else: [(&str, Change); 6] = [
        ("session", |body| body["session_id"] = "t".into()),
        ("agent", |body| body["agent"] = "eve".into()),
        ("rule", |body| body["matched_rule"] = "other".into()),
        ("policy", |body| body["policy_sha256"] = "0".repeat(64).into()),
        ("account", |body| body["user"] = "eve".into()),
        ("risk", |body| body["risk_level"] = "high".into()),
    ];
    for (what, change) in what_else {
        let mut log = Told::default();
        log.given("a", true);
        log.used("b", "wiki", 1);
        let decided = log.log.rows.len() as u64;
        log.forge(decided, change);
        assert_eq!(log.damage(), [no(NoGrant::OtherAction, decided)], "{what}");
    }
}

#[test]
fn a_use_that_is_moved_or_names_another_grant_is_found() {
    let mut log = Told::default();
    log.given("a", true);
    let used = log.used("b", "wiki", 1);
    let not_used = |seq| told(Impossible::Contradiction("it names a grant that was not used for it"), seq);
    let mut other = log.clone();
    other.forge(used, |body| body["by"] = "c".into());
    assert_eq!(other.damage(), [not_used(used + 1)]);
    let mut other = log.clone();
    other.forge(used + 1, |body| body["grant"]["id"] = "z".into());
    assert_eq!(other.damage(), [not_used(used + 1)]);
    // The use stands elsewhere.
    let mut moved = log.clone();
    let place = usize::try_from(used).unwrap() - 1;
    moved.log.rows.swap(place - 1, place);
    for (seq, row) in (1..).zip(&mut moved.log.rows) {
        row.seq = seq;
    }
    moved.relink();
    assert!(moved.damage().contains(&not_used(used + 1)), "{:?}", moved.damage());
    // It was left out.
    let mut gone = log;
    gone.log.rows.remove(place);
    for (seq, row) in (1..).zip(&mut gone.log.rows) {
        row.seq = seq;
    }
    gone.relink();
    assert!(gone.damage().contains(&not_used(used)), "{:?}", gone.damage());
}

#[test]
fn a_grant_that_is_made_larger_or_better_known_is_found() {
    let not_as_given = Impossible::Contradiction("it names a grant that is not as it was given");
    let what: [fn(&mut Value); 5] = [
        |body| body["grant"]["uses_left"] = 2.into(),
        |body| body["grant"]["expires_at"] = (AT + 99 * MINUTE).into(),
        |body| body["grant"]["given_at"] = (AT + 1).into(),
        |body| body["approver"]["evidence"] = 1.into(),
        |body| body["approver"]["user"] = "root".into(),
    ];
    for change in what {
        let mut log = Told::default();
        log.given("a", true);
        log.used("b", "wiki", 1);
        let decided = log.log.rows.len() as u64;
        log.forge(decided, change);
        assert_eq!(log.damage(), [told(not_as_given.clone(), decided)]);
    }
    // What was offered is bound to its own action, and to its terms.
    let bound = Impossible::Contradiction("the grant that it offers is one for other actions");
    let mut log = Told::default();
    log.given("a", true);
    log.forge(1, |body| body["offer"]["terms"]["grant"]["uses"] = 99.into());
    assert!(log.damage().contains(&told(bound, 1)), "{:?}", log.damage());
}

#[test]
fn what_is_told_of_a_grant_does_not_contradict_itself() {
    let contradiction = |seq: u64, change: fn(&mut Value)| {
        let mut log = Told::default();
        log.given("a", true);
        log.used("b", "wiki", 1);
        log.forge(seq, change);
        let first = log.damage().into_iter().next().map(|damage| damage.to_string()).unwrap_or_default();
        first.split(": ").last().unwrap_or_default().to_owned()
    };
    let decided = 7;
    for (seq, change, why) in [
        (
            1,
            (|body| body["risk_level"] = "critical".into()) as fn(&mut Value),
            "that no rule lets anybody give",
        ),
        (1, |body| body["offer"]["terms"]["grant"] = Value::Null, "that no rule lets anybody give"),
        (2, |body| body["decision"] = "denied".into(), "a grant was given without a yes"),
        (
            decided,
            |body| body["risk_level"] = "critical".into(),
            "a grant let something of critical risk happen",
        ),
        (decided, |body| body["grant"] = Value::Null, "it was approved by a grant, and names none"),
        (decided, |body| body["approver"]["via"] = "terminal".into(), "and was not approved by one"),
        (6, |body| body["requested_seq"] = Value::Null, "it is about a grant that was not offered"),
    ] {
        let found = contradiction(seq, change);
        assert!(found.ends_with(why), "row {seq}: {found}");
    }
}

#[test]
fn what_was_removed_or_pruned_is_not_held_against_a_grant() {
    let mut log = Told::default();
    log.given("a", true);
    let used = log.used("b", "wiki", 1);
    for seq in [1, used + 1] {
        let row = log.log.row(seq);
        (row.payload, row.salt) = (None, None);
    }
    log.log.redacted("a", &[1]);
    log.log.redacted("b", &[used + 1]);
    let found = log.log.verify();
    assert_eq!((found.damage, found.unchecked_references), (Vec::new(), 1));
    // The log begins behind the offer, or behind the use.
    for first in [4, used + 1] {
        let found = verify(log.log.start(first), Vec::new(), log.log.from(first));
        let grants = |damage: &Damage| matches!(damage.kind, DamageKind::Impossible(_));
        assert!(!found.damage.iter().any(grants), "{:?}", found.damage);
        assert!(found.unchecked_references > 0);
    }
}
