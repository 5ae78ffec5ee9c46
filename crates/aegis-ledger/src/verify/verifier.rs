//! The verifier: what is known of a chain so far, and what the next row adds to that.

use aegis_engine::Digest;

use crate::chain::{Link, commitment};
use crate::event::{Body, Claimed};
use crate::merkle::Frontier;
use crate::origin::{Origin, Preceding};
use crate::stored_event::StoredEvent;
use crate::verify::anchor::{Anchor, Standing};
use crate::verify::bodies::{Bodies, Referred};
use crate::verify::damage::{DamageKind, Damages};
use crate::verify::grants::{Grants, Told};
use crate::verify::lives::Lives;
use crate::verify::misplaced::{Run, Suspect};
use crate::verify::observer::{Observer, SoFar};
use crate::verify::previous::Previous;
use crate::verify::questions::Questions;
use crate::verify::row_set::RowSet;
use crate::verify::start::Start;
use crate::verify::verification::Verification;

/// Verifies a chain, event by event.
pub struct Verifier<'a, O = ()> {
    pub(super) start: Start,
    pub(super) rows: u64,
    /// The number that the next row should have.
    pub(super) expected: i64,
    pub(super) last: Option<i64>,
    pub(super) previous: Option<Previous>,
    /// The newest row that is linked to everything before it.
    pub(super) sound: Previous,
    pub(super) tree: Option<Frontier>,
    pub(super) damages: Damages,
    /// The rows that are damaged.
    pub(super) damaged: RowSet,
    pub(super) edited: u64,
    pub(super) linked_edits: bool,
    /// Whether the first row is linked to something else than the chain's beginning.
    pub(super) begins_elsewhere: bool,
    pub(super) run: Option<Run>,
    pub(super) suspects: Vec<Suspect>,
    pub(super) searches: u32,
    pub(super) bodies: Bodies<'a>,
    pub(super) lives: Lives,
    pub(super) questions: Questions,
    pub(super) grants: Grants,
    pub(super) anchors: Vec<(Anchor, Standing)>,
    /// The first anchor whose row has not passed by.
    pub(super) ahead: usize,
    /// Whoever derives something from the rows on the way.
    pub(super) observer: O,
    /// Whether what comes next could not be read, or stands elsewhere.
    pub(super) stopped: bool,
    /// Where exports begin and end: what `pruned` events in them may stand for.
    pub(super) boundaries: Vec<Preceding>,
}

/// What a row's own content says of it.
pub(super) struct Found {
    pub(super) payload_fits: bool,
    pub(super) hash: Digest,
    pub(super) fits: bool,
}

impl<'a> Verifier<'a> {
    /// Begins a chain. The anchors are checked as their rows pass by.
    #[must_use]
    pub fn new(start: Start, anchors: Vec<Anchor>) -> Verifier<'a> {
        Verifier::observed(start, anchors, ())
    }
}

impl<'a, O: Observer> Verifier<'a, O> {
    /// Begins a chain that somebody watches: what is derived from the rows is derived again on the way.
    #[must_use]
    pub fn observed(start: Start, mut anchors: Vec<Anchor>, observer: O) -> Verifier<'a, O> {
        anchors.sort_by_key(|anchor| anchor.claim.row());
        let expected = i64::try_from(start.seq).unwrap_or(i64::MAX);
        let sound = Previous::origin(expected.saturating_sub(1), start.head);
        let mut verifier = Verifier {
            rows: 0,
            expected,
            last: None,
            previous: None,
            sound,
            tree: start.before.clone(),
            damages: Damages::default(),
            damaged: RowSet::default(),
            edited: 0,
            linked_edits: true,
            begins_elsewhere: false,
            run: None,
            suspects: Vec::new(),
            searches: 0,
            bodies: Bodies::new(start.seq, start.of_export),
            lives: Lives::followed(),
            questions: Questions::default(),
            grants: Grants::default(),
            anchors: anchors.into_iter().map(|anchor| (anchor, Standing::Unchecked)).collect(),
            ahead: 0,
            observer,
            stopped: false,
            boundaries: Vec::new(),
            start,
        };
        verifier.check_anchors_before_the_start();
        verifier
    }

    /// Lets rows be found that have passed by long ago, by their number. The events of each action will be
    /// told by an index ([`Verifier::indexed`]).
    #[must_use]
    pub fn with_lookup(mut self, lookup: impl FnMut(u64) -> Option<Referred> + 'a) -> Verifier<'a, O> {
        self.bodies.lookup = Some(Box::new(lookup));
        self.lives = Lives::noted();
        self
    }
}

impl<O: Observer> Verifier<'_, O> {
    /// How many rows were looked at so far.
    #[must_use]
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// The number that the first row should have.
    #[must_use]
    pub const fn first(&self) -> u64 {
        self.start.seq
    }

    /// Whoever watches.
    pub const fn observer(&mut self) -> &mut O {
        &mut self.observer
    }

    /// Takes the next row: its number, and the event, or what keeps it from being read.
    pub fn push(&mut self, seq: i64, event: Result<StoredEvent<'_>, String>) {
        self.rows += 1;
        let in_order = self.check_order(seq);
        match event {
            Err(problem) => self.unreadable(seq, problem),
            Ok(event) => {
                let found = self.look_at(seq, &event);
                if !self.is_plain(seq, &event, &found, in_order) {
                    self.diagnose(seq, &event, &found, in_order);
                }
                if found.fits {
                    self.listen(seq, &event, &found);
                }
                if in_order {
                    self.grow(seq, &event, &found);
                    self.follow(seq, &event, &found);
                }
            }
        }
        if in_order {
            self.expected = seq.saturating_add(1);
            self.last = Some(seq);
            let (damaged, tree, first) = (self.damaged.rows(), self.tree.as_ref(), self.start.seq);
            self.observer.passed(seq.unsigned_abs(), SoFar { damaged, tree, first });
        }
    }

    /// Notes that what comes behind the newest row cannot be read, and gives that row's number.
    pub fn stop(&mut self, problem: &str) -> i64 {
        let newest = self.expected.saturating_sub(1);
        if !std::mem::replace(&mut self.stopped, true) {
            self.damages.add(newest, DamageKind::Storage { problem: problem.to_owned() });
        }
        newest
    }

    /// Goes on behind rows that cannot be read, which are not missing.
    pub fn resume_at(&mut self, seq: i64) {
        self.stopped = false;
        self.expected = seq;
        self.previous = None;
        self.tree = None;
        self.observer.interrupted();
        self.damaged.insert(seq.unsigned_abs());
    }

    /// Notes something that was found elsewhere.
    pub fn damage(&mut self, seq: Option<i64>, kind: DamageKind) {
        self.damages.add(seq, kind);
    }

    /// Ends the chain, and says what was found.
    pub fn finish(mut self) -> Verification {
        self.end_run();
        self.end_lives();
        let payloads = self.bodies.finish(&self.damaged, self.lives.is_incomplete(), &mut self.damages);
        self.check_anchors_behind_the_end();
        self.explain_moves();
        self.recognise_another_log();
        let last = self.last.map_or(self.start.seq.saturating_sub(1), i64::unsigned_abs);
        let held = self.anchors.iter().filter(|(_, standing)| *standing == Standing::Holds);
        Verification {
            log: hex::encode(&self.start.log_id),
            rows: self.rows,
            start: self.start.seq,
            last,
            head: self.previous.as_ref().map_or(self.start.head, |previous| previous.hash),
            anchored: held.map(|(anchor, _)| anchor.claim.row()).max(),
            tree: self.tree,
            removed: self.bodies.removed(),
            payloads,
            allowed: self.lives.allowed.into_rows(),
            unchecked_references: self.bodies.unchecked.saturating_add(self.grants.unchecked),
            damage: self.damages.listed,
            more_damage: self.damages.more,
            anchors: self.anchors,
        }
    }

    /// Recomputes what a row's hash covers.
    fn look_at(&self, seq: i64, event: &StoredEvent<'_>) -> Found {
        let payload_fits = match (event.payload, event.salt) {
            (None, None) => true,
            (Some(_), None) => false,
            (payload, Some(salt)) => commitment(payload, salt).as_bytes() == event.commitment,
        };
        let hash = self.hash_as(seq, event);
        Found { payload_fits, hash, fits: hash.as_bytes() == event.hash }
    }

    /// The hash that a row would have under some number.
    pub(super) fn hash_as(&self, seq: i64, event: &StoredEvent<'_>) -> Digest {
        let StoredEvent { at, kind, action_id, body, commitment, prev_hash, .. } = *event;
        Link { log_id: &self.start.log_id, seq, at, kind, action_id, body, commitment, prev_hash }.hash()
    }

    /// Whether a row is as it should be.
    fn is_plain(&self, seq: i64, event: &StoredEvent<'_>, found: &Found, in_order: bool) -> bool {
        let head = self.previous.as_ref().unwrap_or(&self.sound);
        in_order
            && found.payload_fits
            && found.fits
            && head.is_sound
            && head.seq.checked_add(1) == Some(seq)
            && event.prev_hash == head.hash.as_bytes()
    }

    fn unreadable(&mut self, seq: i64, problem: String) {
        self.damages.add(seq, DamageKind::Unreadable { problem });
        self.damaged.insert(seq.unsigned_abs());
        self.tree = None;
        self.previous = Some(Previous::unknown(seq));
    }

    /// Compares what a row says with what is known by now.
    fn listen(&mut self, seq: i64, event: &StoredEvent<'_>, found: &Found) {
        // That a payload is another one has been said; what it is says nothing.
        let payload = event.payload.filter(|_| found.payload_fits);
        let read = StoredEvent { payload, ..*event }.read();
        let subject = read.as_ref().ok().and_then(|(body, _)| body.entry());
        let subject = subject.map(|entry| entry.action_sha256.as_ref());
        self.bodies.remember(seq.unsigned_abs(), event, subject);
        let (body, payload) = match read {
            Ok(read) => read,
            Err(problem) => return self.not_so(seq, DamageKind::Unreadable { problem }),
        };
        let problem = match body.claim() {
            Err(problem) => Some(problem),
            Ok(Claimed::Tree { size, root }) => self.check_recorded_checkpoint(seq, size, root),
            Ok(Claimed::Pruned(origin)) => self.check_pruned(seq, &origin),
            Ok(claim) => self.bodies.check(seq.unsigned_abs(), event.action_id, &claim, &self.damaged),
        };
        if let Some(problem) = problem {
            return self.not_so(seq, DamageKind::False { problem });
        }
        let (row, at, action_id) = (seq.unsigned_abs(), event.at, event.action_id);
        let is_first = row == self.start.seq && row > 1;
        let told = Told { row, is_first, at, action_id, payload: payload.as_ref() };
        let lived = self.check_life(seq, event, &body);
        let proved = lived.and_then(|()| self.check_proof(seq, event, &body));
        if let Err(why) = proved.and_then(|()| self.check_grants(told, &body)) {
            self.not_so(seq, DamageKind::Impossible(why));
        } else if let Ok(hash) = event.hash.try_into().map(Digest::from_bytes) {
            self.observer.sound(event, hash, &body);
        }
    }

    /// Notes that a row which is what was hashed is not to be believed all the same.
    fn not_so(&mut self, seq: i64, kind: DamageKind) {
        self.damages.add(seq, kind);
        self.damaged.insert(seq.unsigned_abs());
    }

    /// What a `checkpoint` event recorded must be what was there: the tree over everything before it.
    fn check_recorded_checkpoint(&self, seq: i64, size: u64, root: &str) -> Option<String> {
        if size.checked_add(1) != Some(seq.unsigned_abs()) {
            return Some(format!("a checkpoint of {size} events"));
        }
        let tree = self.tree.as_ref()?;
        let actual = tree.root().to_string();
        (actual != root).then(|| format!("a checkpoint with the root {root}, where it is {actual}"))
    }

    /// What a `pruned` event stands for must be what was there: before the chain begins, or up to the end of
    /// an export.
    fn check_pruned(&mut self, seq: i64, origin: &Origin) -> Option<String> {
        let Origin { through, head, tree, genesis } = origin;
        if *through >= seq.unsigned_abs() {
            return Some("what it says was pruned makes no sense".to_owned());
        }
        if genesis.is_some_and(|genesis| self.start.genesis.is_some_and(|known| known != genesis)) {
            self.damages.add_once(None, DamageKind::WrongLog);
        }
        if !self.start.of_export {
            let gone =
                self.start.pruned.as_ref().map_or(self.start.seq.saturating_sub(1), |pruned| pruned.through);
            let start = self.start.seq;
            return (*through > gone)
                .then(|| format!("everything up to row {through} was pruned; it begins with row {start}"));
        }
        let Some(known) = self.boundaries.iter().find(|known| known.seq == *through) else {
            self.bodies.unchecked += 1;
            return None;
        };
        let fits = known.head == *head
            && known.tree.as_ref().is_none_or(|known| known.subtrees() == tree.subtrees());
        (!fits).then(|| format!("it stands for other rows up to {through} than those that were exported"))
    }

    /// Remembers the place that the chain has come to as the end of an export, or the beginning of the next
    /// one.
    pub fn mark_boundary(&mut self) {
        let (seq, head) = self.newest();
        let tree = self.tree.clone().filter(|tree| tree.size() == seq);
        self.boundaries.push(Preceding { seq, head, tree });
    }

    /// The number and hash of the newest row so far, or of what stands before the first.
    pub fn newest(&self) -> (u64, Digest) {
        let head = self.previous.as_ref().map_or(self.start.head, |previous| previous.hash);
        (self.expected.saturating_sub(1).unsigned_abs(), head)
    }

    /// Notes that what comes behind the newest row stands elsewhere: anchors of it are left alone.
    pub fn goes_on_elsewhere(&mut self) {
        self.stopped = true;
    }

    /// Where rows that were pruned are still there: takes up the tree behind them, if they are those.
    fn pass_pruned(&mut self, seq: i64, hash: Option<Digest>) {
        let Some(pruned) = self.start.pruned.as_ref().filter(|pruned| pruned.through == seq.unsigned_abs())
        else {
            return;
        };
        if hash == Some(pruned.head) {
            self.tree = Some(pruned.tree.clone());
        } else {
            self.damages.add(seq, DamageKind::WrongStart);
        }
    }

    /// Adds the row to the tree, and compares anchors that name it.
    fn grow(&mut self, seq: i64, event: &StoredEvent<'_>, found: &Found) {
        let hash = event.hash.try_into().ok().map(Digest::from_bytes);
        match (&mut self.tree, hash) {
            (Some(tree), Some(hash))
                if found.fits && tree.size().checked_add(1) == Some(seq.unsigned_abs()) =>
            {
                tree.push(&hash);
            }
            _ => self.tree = None,
        }
        self.pass_pruned(seq, hash);
        self.check_anchors_at(seq, hash);
    }
}
