//! Verifying a chain of events: one after another, in bounded memory, and never stopping at the first damage.
//!
//! A row that is not what was hashed is one damage, not one for every row behind it: the chain is taken up again where
//! rows fit each other. What the rows say about each other, and about the log, is compared too.

mod anchor;
mod bodies;
mod damage;
mod derived;
mod exports;
mod kept;
mod links;
mod log;
mod moves;

use aegis_engine::Digest;
use roaring::RoaringTreemap;

pub use anchor::{Anchor, Claim, Standing};
use bodies::{Bodies, Payloads, Statement};
use damage::Damages;
pub use damage::{Damage, DamageKind};
pub use exports::{ExportVerification, Exports, ExportsError, Places, verify_exports};
pub use kept::KeptReport;
use links::Previous;
use moves::{Run, Suspect};

use crate::chain::{Link, commitment, genesis};
use crate::event_lines::{EventsHeader, Preceding};
use crate::index::{BLOCK, BlockIndex, Indexed, block_of, completes_block};
use crate::merkle::Frontier;
use crate::prune::Pruned;
use crate::stored::StoredEvent;

/// Where a chain begins.
#[derive(Clone, Debug)]
pub struct Start {
    log_id: Vec<u8>,
    /// The number of the first row.
    seq: u64,
    /// What the first row is linked to.
    head: Digest,
    /// The hash before the log's first row, which `pruned` events name; absent where it is not known.
    genesis: Option<Digest>,
    /// The tree over everything before, where that is known.
    before: Option<Frontier>,
    /// Whether what comes first is bound to the log's own row.
    of_log: bool,
    /// The number of the last row that counts as pruned, and what is known of the rows up to it, where some of them are
    /// still there.
    pruned: Option<Pruned>,
    /// Whether it is an export: `pruned` events may stand for rows that are in it, and other rows are elsewhere.
    of_export: bool,
}

impl Start {
    /// A whole log, from its first event. `created_at` is in milliseconds since the Unix epoch.
    #[must_use]
    pub fn of_log(log_id: &[u8], created_at: i64, key_sha256: Digest) -> Start {
        let head = genesis(log_id, created_at, key_sha256);
        Start {
            log_id: log_id.to_owned(),
            seq: 1,
            head,
            genesis: Some(head),
            before: Some(Frontier::default()),
            of_log: true,
            pruned: None,
            of_export: false,
        }
    }

    /// Exported events, with what their header says stands before them.
    #[must_use]
    pub fn of_export(header: &EventsHeader) -> Start {
        let id = header.log_id();
        let start = match header.after() {
            None => Start::after(id, 0, header.genesis(), Some(Frontier::default())),
            Some(after) => Start::after(id, after.seq, after.head, after.tree.clone()),
        };
        Start { of_log: header.after().is_none(), of_export: true, ..start }.in_log(header.genesis())
    }

    /// The same in a log that begins with this hash before its first row.
    pub(crate) fn in_log(self, genesis: Digest) -> Start {
        Start { genesis: Some(genesis), ..self }
    }

    /// What is left of a log whose pruning was cut short: rows from `seq` on, which is linked to `head`, are still there.
    pub(crate) fn left_over(log_id: &[u8], seq: u64, head: Digest, pruned: Pruned) -> Start {
        let start = Start::after(log_id, seq.saturating_sub(1), head, None);
        Start { pruned: Some(pruned), ..start }
    }

    /// What is left of a log of which everything up to `through` was taken out: `head` is that event's hash, and
    /// `before` the tree over everything that is gone, where it is known.
    #[must_use]
    pub fn after(log_id: &[u8], through: u64, head: Digest, before: Option<Frontier>) -> Start {
        let before = before.filter(|before| before.size() == through);
        Start {
            log_id: log_id.to_owned(),
            seq: through.saturating_add(1),
            head,
            genesis: None,
            before,
            of_log: false,
            pruned: None,
            of_export: false,
        }
    }
}

/// What was found out about a chain.
#[derive(Debug)]
#[must_use]
pub struct Verification {
    /// How many rows were looked at.
    pub rows: u64,
    /// The number that the first row should have: more than 1 where older ones were taken out.
    pub start: u64,
    /// The number of the newest row; 0 if there never was one.
    pub last: u64,
    /// The hash of the newest row; what the next one is linked to.
    pub head: Digest,
    /// The Merkle tree over every event that there ever was. Absent where damage keeps it from being computed.
    pub tree: Option<Frontier>,
    /// How many payloads were removed.
    pub removed: u64,
    pub(crate) payloads: Payloads,
    /// How many references between rows could not be checked, because the rows that they lead to were not at hand.
    pub unchecked_references: u64,
    /// What is wrong: at most a thousand of all.
    pub damage: Vec<Damage>,
    /// How much more is wrong.
    pub more_damage: u64,
    /// The anchors, and whether they hold.
    pub anchors: Vec<(Anchor, Standing)>,
    /// The newest row that an anchor stands for; absent where none holds.
    pub anchored: Option<u64>,
}

impl Verification {
    /// Whether nothing is wrong.
    #[must_use]
    pub const fn is_sound(&self) -> bool {
        self.damage.is_empty()
    }

    /// Notes that an anchor outside of the log holds, up to this row.
    pub(crate) fn hold(&mut self, row: u64) {
        self.anchored = Some(self.anchored.map_or(row, |anchored| anchored.max(row)));
    }
}

/// The kind and action of a row that another one refers to.
pub(crate) type Referred = Option<(String, String)>;
/// Finds the kind and action of a row by its number.
pub(crate) type Lookup<'a> = Box<dyn FnMut(u64) -> Referred + 'a>;

/// Verifies a chain, event by event.
pub struct Verifier<'a> {
    start: Start,
    rows: u64,
    /// The number that the next row should have.
    expected: i64,
    last: Option<i64>,
    previous: Option<Previous>,
    /// The newest row that is linked to everything before it.
    sound: Previous,
    tree: Option<Frontier>,
    damages: Damages,
    /// The rows that are damaged.
    damaged: RoaringTreemap,
    edited: u64,
    linked_edits: bool,
    /// Whether the first row is linked to something else than the chain's beginning.
    begins_elsewhere: bool,
    run: Option<Run>,
    suspects: Vec<Suspect>,
    searches: u32,
    bodies: Bodies<'a>,
    anchors: Vec<(Anchor, Standing)>,
    /// The first anchor whose row has not passed by.
    ahead: usize,
    /// The index of the block that passes by, where that is wanted.
    index: Option<BlockIndex>,
    full: Option<FullBlock>,
    /// Whether what comes next could not be read, or stands elsewhere.
    stopped: bool,
    /// Where exports begin and end: what `pruned` events in them may stand for.
    boundaries: Vec<Preceding>,
}

/// A block of which all rows have passed by.
pub(crate) struct FullBlock {
    pub(crate) block: u64,
    /// What its rows give; absent where one of them is damaged.
    pub(crate) index: Option<BlockIndex>,
    /// The hash of its tree; absent where damage keeps it from being computed.
    pub(crate) root: Option<Digest>,
}

/// What a row's own content says of it.
struct Found {
    payload_fits: bool,
    hash: Digest,
    fits: bool,
}

impl<'a> Verifier<'a> {
    /// Begins a chain. The anchors are checked as their rows pass by.
    #[must_use]
    pub fn new(start: Start, mut anchors: Vec<Anchor>) -> Verifier<'a> {
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
            damaged: RoaringTreemap::new(),
            edited: 0,
            linked_edits: true,
            begins_elsewhere: false,
            run: None,
            suspects: Vec::new(),
            searches: 0,
            bodies: Bodies::new(start.seq, start.of_export),
            anchors: anchors.into_iter().map(|anchor| (anchor, Standing::Unchecked)).collect(),
            ahead: 0,
            index: None,
            full: None,
            stopped: false,
            boundaries: Vec::new(),
            start,
        };
        verifier.check_anchors_before_the_start();
        verifier
    }

    /// Lets rows be found that have passed by long ago, and gathers the index of every full block.
    pub(crate) fn with_log(mut self, lookup: Lookup<'a>) -> Verifier<'a> {
        self.bodies.lookup = Some(lookup);
        self.index = Some(BlockIndex::default());
        self
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
                    self.listen(seq, &event);
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
        }
        self.complete_block(seq);
    }

    /// Notes that what comes behind the newest row cannot be read, and gives that row's number.
    pub(crate) fn stop(&mut self, problem: &str) -> i64 {
        let newest = self.expected.saturating_sub(1);
        if !std::mem::replace(&mut self.stopped, true) {
            self.damages.add(newest, DamageKind::Storage { problem: problem.to_owned() });
        }
        newest
    }

    /// Goes on behind rows that cannot be read, which are not missing.
    pub(crate) fn resume_at(&mut self, seq: i64) {
        self.stopped = false;
        self.expected = seq;
        self.previous = None;
        self.tree = None;
        self.index = self.index.take().map(|_| BlockIndex::default());
        self.damaged.insert(seq.unsigned_abs());
    }

    /// Notes something that was found elsewhere.
    pub(crate) fn damage(&mut self, seq: Option<i64>, kind: DamageKind) {
        self.damages.add(seq, kind);
    }

    /// The block that has just become full, once.
    pub(crate) fn take_full_block(&mut self) -> Option<FullBlock> {
        self.full.take()
    }

    /// Ends the chain, and says what was found.
    pub fn finish(mut self) -> Verification {
        self.end_run();
        let payloads = self.bodies.finish(&self.damaged, &mut self.damages);
        self.check_anchors_behind_the_end();
        self.explain_moves();
        self.recognise_another_log();
        let last = self.last.map_or(self.start.seq.saturating_sub(1), i64::unsigned_abs);
        let held = self.anchors.iter().filter(|(_, standing)| *standing == Standing::Holds);
        Verification {
            rows: self.rows,
            start: self.start.seq,
            last,
            head: self.previous.as_ref().map_or(self.start.head, |previous| previous.hash),
            anchored: held.map(|(anchor, _)| anchor.claim.row()).max(),
            tree: self.tree,
            removed: self.bodies.removed(),
            payloads,
            unchecked_references: self.bodies.unchecked,
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
    fn hash_as(&self, seq: i64, event: &StoredEvent<'_>) -> Digest {
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
    fn listen(&mut self, seq: i64, event: &StoredEvent<'_>) {
        let statement = self.bodies.read(seq.unsigned_abs(), event, self.index.is_some());
        let problem = match &statement {
            Err(problem) => Some(problem.clone()),
            Ok(Statement::Checkpoint { size, root }) => self.check_recorded_checkpoint(seq, *size, root),
            Ok(Statement::Pruned(pruned)) => self.check_pruned(pruned),
            Ok(_) => self.bodies.check(seq.unsigned_abs(), event, &statement, &self.damaged),
        };
        if let Some(problem) = problem {
            self.damages.add(seq, DamageKind::False { problem });
            self.damaged.insert(seq.unsigned_abs());
        } else if let (Some(index), Ok(hash)) =
            (&mut self.index, event.hash.try_into().map(Digest::from_bytes))
        {
            let words = match &statement {
                Ok(Statement::Entry(words)) => Some(words),
                _ => None,
            };
            index.add_words(event.seq, event.at, event.kind, hash, words.unwrap_or(&Indexed::default()));
        }
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

    /// What a `pruned` event stands for must be what was there: before the chain begins, or up to the end of an export.
    fn check_pruned(&mut self, pruned: &Pruned) -> Option<String> {
        let Pruned { through, head, tree, genesis } = pruned;
        if genesis.is_some_and(|genesis| self.start.genesis.is_some_and(|known| known != genesis)) {
            self.damages.add_once(None, DamageKind::WrongLog);
        }
        if !self.start.of_export {
            let gone = self.start.pruned.as_ref().map_or(self.start.seq - 1, |pruned| pruned.through);
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

    /// Remembers the place that the chain has come to as the end of an export, or the beginning of the next one.
    pub(crate) fn mark_boundary(&mut self) {
        let (seq, head) = self.newest();
        let tree = self.tree.clone().filter(|tree| tree.size() == seq);
        self.boundaries.push(Preceding { seq, head, tree });
    }

    /// The number and hash of the newest row so far, or of what stands before the first.
    pub(crate) fn newest(&self) -> (u64, Digest) {
        let head = self.previous.as_ref().map_or(self.start.head, |previous| previous.hash);
        (self.expected.saturating_sub(1).unsigned_abs(), head)
    }

    /// Notes that what comes behind the newest row stands elsewhere: anchors of it are left alone.
    pub(crate) fn goes_on_elsewhere(&mut self) {
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

    fn complete_block(&mut self, seq: i64) {
        let seq = seq.unsigned_abs();
        if self.index.is_none() || !completes_block(seq) {
            return;
        }
        let block = block_of(seq);
        let index = self.index.replace(BlockIndex::default());
        let first = block.saturating_mul(BLOCK).saturating_add(1);
        // What is left of a block of which some rows were pruned counts from there.
        let expected = seq - first.max(self.start.seq) + 1;
        let damaged = self.damaged.rank(seq) > self.damaged.rank(first - 1);
        let index = index.filter(|index| !damaged && index.len() == expected);
        let root = self.tree.as_ref().and_then(Frontier::block);
        self.full = Some(FullBlock { block, index, root });
    }
}
