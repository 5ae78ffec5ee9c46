//! A log in memory, to be tampered with and verified.

use std::sync::LazyLock;

use aegis_engine::{Action, Digest, Policy, Source, load};
use serde_json::json;

use crate::action_life::EARLIEST;
use crate::answer::{Answer, ApproverIdentity, Evidence, ResultStatus, Via};
use crate::chain::{Link, LogIdentity, commitment};
use crate::event::{
    Answered, Checkpointed, Decided, Ended, Entry, Event, Observed, Opening, Operator, PathSource, Pruned,
    Redacted, Requested, SessionSource, Started, Verified,
};
use crate::event_lines::{Compression, EventWriter, EventsHeader};
use crate::merkle::Frontier;
use crate::origin::Preceding;
use crate::stored_event::StoredEvent;
use crate::verify::{Anchor, Claim, Damage, DamageKind, Standing, Start, Verification, Verifier};

/// When the first event happened.
pub(super) const AT: i64 = EARLIEST + 1000;

/// Rules that allow, ask and block, by the action's type.
static POLICY: LazyLock<Policy> = LazyLock::new(|| {
    let text = "version: '1'
rules:
  - { name: reads, match: { type: read }, approval: auto }
  - { name: updates, match: { type: update }, approval: approve }
  - { name: deletes, match: { type: delete }, approval: block }
";
    load(&[Source { text: text.as_bytes() }]).policy.unwrap()
});

/// What every log of these tests is.
pub(super) fn identity() -> LogIdentity {
    LogIdentity { id: vec![7; 16], created_at: AT - 1, key: [9; 32] }
}

/// A whole log, from its first event.
pub(super) fn whole() -> Start {
    let LogIdentity { id, created_at, key } = identity();
    Start::of_log(&id, created_at, Digest::of(&key))
}

/// A row as a log stores it.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) seq: i64,
    pub(super) at: i64,
    pub(super) kind: String,
    pub(super) action_id: String,
    pub(super) body: String,
    pub(super) payload: Option<String>,
    pub(super) salt: Option<Vec<u8>>,
    pub(super) commitment: Vec<u8>,
    pub(super) prev_hash: Vec<u8>,
    pub(super) hash: Vec<u8>,
}

impl Row {
    /// The row as a reader has it.
    pub(super) fn event(&self) -> StoredEvent<'_> {
        StoredEvent {
            seq: self.seq.unsigned_abs(),
            at: self.at,
            kind: &self.kind,
            action_id: &self.action_id,
            body: &self.body,
            payload: self.payload.as_deref(),
            salt: self.salt.as_deref(),
            commitment: &self.commitment,
            prev_hash: &self.prev_hash,
            hash: &self.hash,
        }
    }

    /// Gives it the hash that its content has.
    pub(super) fn seal(&mut self) {
        let log_id = identity().id;
        let StoredEvent { at, kind, action_id, body, commitment, prev_hash, .. } = self.event();
        let link = Link { log_id: &log_id, seq: self.seq, at, kind, action_id, body, commitment, prev_hash };
        self.hash = link.hash().as_bytes().to_vec();
    }

    /// Its hash, where it has one.
    pub(super) fn digest(&self) -> Option<Digest> {
        self.hash.as_slice().try_into().ok().map(Digest::from_bytes)
    }
}

/// The rows of a log.
#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    pub(super) rows: Vec<Row>,
}

impl Log {
    /// A log of so many actions that a rule allowed, alike but for their ids: one row each.
    pub(super) fn of(count: usize) -> Log {
        let mut log = Log::default();
        log.auto("a1");
        let Row { kind, body, payload, .. } = log.rows[0].clone();
        for number in 2..=count {
            log.put(&kind, &format!("a{number}"), &body, payload.as_deref());
        }
        log
    }

    /// A log of so many rows that say next to nothing, where there must be many.
    pub(super) fn light(count: usize) -> Log {
        let mut log = Log::default();
        log.redacted("a", &[]);
        let Row { kind, action_id, body, .. } = log.rows[0].clone();
        for _ in 1..count {
            log.put(&kind, &action_id, &body, None);
        }
        log
    }

    /// Adds an event that refers to the row of a number. Gives its own number.
    pub(super) fn add(&mut self, event: Event<'_>, referred: Option<u64>) -> u64 {
        let encoded = event.encode(referred, &identity().key).unwrap();
        let (kind, action_id) = (event.kind().as_str(), encoded.action_id.to_owned());
        self.put(kind, &action_id, &encoded.json, encoded.payload.as_deref())
    }

    /// Adds a row of any content, linked and hashed as it must be.
    pub(super) fn put(&mut self, kind: &str, action_id: &str, body: &str, payload: Option<&str>) -> u64 {
        let prev_hash = self.rows.last().map_or_else(
            || identity().genesis().as_bytes().to_vec(), //
            |row| row.hash.clone(),
        );
        let seq = self.rows.last().map_or(0, |row| row.seq) + 1;
        let salt = vec![u8::try_from(seq % 251).unwrap(); 32];
        let mut row = Row {
            seq,
            at: AT + seq,
            kind: kind.to_owned(),
            action_id: action_id.to_owned(),
            body: body.to_owned(),
            commitment: commitment(payload, &salt).as_bytes().to_vec(),
            payload: payload.map(str::to_owned),
            salt: Some(salt),
            prev_hash,
            hash: Vec::new(),
        };
        row.seal();
        self.rows.push(row);
        seq.unsigned_abs()
    }

    /// An action that a rule allowed.
    pub(super) fn auto(&mut self, id: &str) -> u64 {
        self.decided(("read", id), Answer::Auto, None)
    }

    /// Somebody is asked.
    pub(super) fn requested(&mut self, id: &str) -> u64 {
        entry("update", id, |entry| {
            self.add(Event::Requested(Requested { entry, opening: None, is_put: true }), None)
        })
    }

    /// Somebody is asked, and the question waits.
    pub(super) fn asked(&mut self, id: &str, opening: &Opening) -> u64 {
        let opening = Some(opening);
        entry("update", id, |entry| {
            self.add(Event::Requested(Requested { entry, opening, is_put: true }), None)
        })
    }

    /// Somebody answered.
    pub(super) fn answered(&mut self, action_id: &str, answer: Answer) -> u64 {
        let by = (answer != Answer::Unanswered).then(approver);
        let approver = by.as_ref();
        let event = Answered {
            action_id,
            session_id: "s",
            answer,
            approver,
            note: None,
            waited_ms: None,
            grant: false,
        };
        self.add(Event::Answered(event), None)
    }

    /// It is decided: an action of this type, with this id.
    pub(super) fn decided(&mut self, (kind, id): (&str, &str), answer: Answer, asked: Option<u64>) -> u64 {
        let by = match answer {
            Answer::Auto => Some(ApproverIdentity::rule()),
            Answer::Approved | Answer::Denied => Some(approver()),
            Answer::Block | Answer::Unanswered => None,
        };
        entry(kind, id, |entry| {
            let event = Decided { entry, answer, approver: by.as_ref(), reason: "it is so", grant: None };
            self.add(Event::Decided(event), asked)
        })
    }

    /// Somebody was asked, and approved. Gives the rows of the question and of the decision.
    pub(super) fn approved(&mut self, id: &str) -> (u64, u64) {
        let asked = self.requested(id);
        self.answered(id, Answer::Approved);
        (asked, self.decided(("update", id), Answer::Approved, Some(asked)))
    }

    /// It is about to be done.
    pub(super) fn started(&mut self, action_id: &str, decided: u64) -> u64 {
        self.add(Event::Started(Started { action_id, session_id: "s", recorder: None }), Some(decided))
    }

    /// It was looked at.
    pub(super) fn verified(&mut self, action_id: &str, decided: u64) -> u64 {
        let event = Verified { action_id, session_id: "s", passed: true, error: None, duration_ms: None };
        self.add(Event::Verified(event), Some(decided))
    }

    /// It ended so.
    pub(super) fn ended(&mut self, action_id: &str, decided: u64, status: ResultStatus) -> u64 {
        let (session_id, status) = ("s", Some(status));
        let event = Ended { action_id, session_id, status, error: None, duration_ms: None };
        self.add(Event::Ended(event), Some(decided))
    }

    /// It was done without asking.
    pub(super) fn observed(&mut self, id: &str) -> u64 {
        entry("read", id, |entry| self.add(Event::Observed(Observed { entry }), None))
    }

    /// The payloads of these rows were removed, and are, where there are such rows.
    pub(super) fn redacted(&mut self, action_id: &str, events: &[u64]) -> u64 {
        for row in &mut self.rows {
            if events.contains(&row.seq.unsigned_abs()) {
                (row.payload, row.salt) = (None, None);
            }
        }
        self.add(Event::Redacted(Redacted { action_id, events, note: None, operator: OPERATOR }), None)
    }

    /// A checkpoint was handed out.
    pub(super) fn checkpoint(&mut self, size: u64, root: Digest) -> u64 {
        self.add(Event::Checkpoint(Checkpointed { size, root, signed_by: None, operator: OPERATOR }), None)
    }

    /// Everything up to a row was moved to an archive, as the event says it: that row's hash, and the tree up
    /// to it.
    pub(super) fn pruned(&mut self, through: u64, head: Digest, tree: &Frontier, genesis: Digest) -> u64 {
        let subtrees = tree.subtrees();
        let (archive_sha256, archive, operator) = (Digest::of(b"archive"), "old.jsonl", OPERATOR);
        let event = Pruned { through, head, subtrees, genesis, archive_sha256, archive, operator };
        self.add(Event::Pruned(event), None)
    }

    /// The row of a number, in a log from which nothing is gone.
    pub(super) fn row(&mut self, seq: u64) -> &mut Row {
        &mut self.rows[usize::try_from(seq).unwrap() - 1]
    }

    /// The hash of the row of a number; what stands before the first one has the number 0.
    pub(super) fn hash(&self, seq: u64) -> Digest {
        match usize::try_from(seq).unwrap().checked_sub(1) {
            None => identity().genesis(),
            Some(place) => self.rows[place].digest().unwrap(),
        }
    }

    /// The tree over the first rows.
    pub(super) fn tree(&self, size: u64) -> Frontier {
        let mut tree = Frontier::default();
        (1..=size).for_each(|seq| tree.push(&self.hash(seq)));
        tree
    }

    /// What names the row of a number by its hash.
    pub(super) fn head(&self, seq: u64) -> Anchor {
        named("the receipt", Claim::Head { seq, hash: self.hash(seq) })
    }

    /// What names the first rows by their root.
    pub(super) fn root(&self, size: u64) -> Anchor {
        named("the note", Claim::Root { size, root: self.tree(size).root() })
    }

    /// What stands before a row.
    pub(super) fn before(&self, seq: u64) -> Preceding {
        let last = seq - 1;
        Preceding { seq: last, head: self.hash(last), tree: Some(self.tree(last)) }
    }

    /// Its rows from one on, as a log from which the others are gone.
    pub(super) fn from(&self, seq: u64) -> &[Row] {
        &self.rows[usize::try_from(seq).unwrap() - 1..]
    }

    /// Where that one begins.
    pub(super) fn start(&self, seq: u64) -> Start {
        let Preceding { seq, head, tree } = self.before(seq);
        Start::after(&identity().id, seq, head, tree).in_log(identity().genesis())
    }

    /// These rows as exported events.
    pub(super) fn export(&self, first: u64, last: u64) -> Vec<u8> {
        let header = EventsHeader::new(&identity(), Some(self.before(first)));
        let kept = self.from(first).iter().filter(|row| row.seq.unsigned_abs() <= last);
        write(&header, kept)
    }

    /// Puts its rows in the order of their numbers, as a log gives them.
    pub(super) fn sort(&mut self) {
        self.rows.sort_by_key(|row| row.seq);
    }

    /// Verifies it as a whole log.
    pub(super) fn verify(&self) -> Verification {
        verify(whole(), Vec::new(), &self.rows)
    }

    /// What is wrong with it.
    pub(super) fn damage(&self) -> Vec<Damage> {
        self.verify().damage
    }
}

/// Exported events of these rows.
pub(super) fn write<'a>(header: &EventsHeader, rows: impl Iterator<Item = &'a Row>) -> Vec<u8> {
    let mut writer = EventWriter::new(Vec::new(), Compression::None, header).unwrap();
    for row in rows {
        writer.write(&row.event()).unwrap();
    }
    writer.finish().unwrap().0
}

/// Who works on a log.
pub(super) const OPERATOR: Operator<'_> = Operator { host: "host", user: "root", login: None };

fn approver() -> ApproverIdentity {
    let (via, user) = (Via::new("window"), Some("bo".to_owned()));
    ApproverIdentity { via, user, evidence: Evidence::Account, injectable: false }
}

fn entry<T>(kind: &str, id: &str, with: impl FnOnce(Entry<'_>) -> T) -> T {
    let action = Action::from_value(json!({ "type": kind, "target": id, "params": { "n": 1 } })).unwrap();
    let decision = POLICY.decide(&action, "2026-11-23T08:49:00Z".parse().unwrap());
    with(Entry {
        action_id: id,
        session_id: "s",
        session_source: SessionSource::Argument,
        action: &action,
        action_sha256: action.digest(),
        decision: &decision,
        redaction: POLICY.redaction(),
        policy_sha256: Digest::of(b"policy"),
        host: "host",
        user: "ana",
        login: None,
        policy_source: PathSource::Argument,
        log_source: PathSource::Default,
    })
}

/// An anchor of this name.
pub(super) fn named(name: &str, claim: Claim) -> Anchor {
    Anchor { name: name.to_owned(), claim }
}

/// Verifies rows, and looks at those that do not follow the ones before them once more, as a log does.
pub(super) fn verify(start: Start, anchors: Vec<Anchor>, rows: &[Row]) -> Verification {
    let mut verifier = Verifier::new(start, anchors);
    for row in rows {
        verifier.push(row.seq, Ok(row.event()));
    }
    if verifier.has_suspects() {
        verifier.explain(rows.iter().filter_map(|row| Some((row.seq, row.digest()?))));
        for seq in verifier.suspects() {
            let row = rows.iter().find(|row| row.seq == seq).unwrap();
            verifier.settle(seq, &row.event());
        }
    }
    verifier.finish()
}

/// One damage, at a row.
pub(super) fn at(seq: i64, kind: DamageKind) -> Damage {
    Damage { seq: Some(seq), kind }
}

/// The words for what is wrong, each with its row.
pub(super) fn codes(damage: &[Damage]) -> Vec<(i64, &'static str)> {
    damage.iter().map(|damage| (damage.seq.unwrap_or(-1), damage.kind.code())).collect()
}

/// What became of the anchors.
pub(super) fn standings(found: &Verification) -> Vec<Standing> {
    found.anchors.iter().map(|(_, standing)| *standing).collect()
}
