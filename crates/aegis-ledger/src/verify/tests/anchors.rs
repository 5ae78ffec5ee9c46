//! What others kept of a log: it holds, does not hold, or cannot be told.

use aegis_engine::Digest;

use super::chain::{Log, at, codes, identity, named, standings, verify, whole};
use crate::merkle::Frontier;
use crate::verify::{Anchor, Claim, DamageKind, Standing, Start, Verification, Verifier};

const OTHER: Digest = Digest::from_bytes([5; 32]);

fn against(log: &Log, anchors: Vec<Anchor>) -> Verification {
    verify(whole(), anchors, &log.rows)
}

#[test]
fn what_was_kept_holds_up_to_its_row() {
    let log = Log::of(12);
    for anchors in [
        vec![log.head(7)],
        vec![log.root(7)],
        vec![log.root(7), log.head(3), log.head(7), log.root(1), log.head(1)],
    ] {
        let found = against(&log, anchors);
        assert_eq!((found.damage.as_slice(), found.anchored), (&[][..], Some(7)));
        assert!(standings(&found).iter().all(|standing| *standing == Standing::Holds));
    }
    let found = against(&log, vec![log.root(12), log.head(12)]);
    assert_eq!((found.is_sound(), found.anchored), (true, Some(12)));
    // Nothing is a tree as well.
    let found = against(&log, vec![log.root(0)]);
    assert_eq!((found.damage.as_slice(), standings(&found)), (&[][..], vec![Standing::Holds]));
    assert_eq!(log.head(4).claim.row(), 4);
    assert_eq!(log.root(5).claim.row(), 5);
}

#[test]
fn what_was_kept_of_another_log_does_not_hold() {
    let log = Log::of(12);
    for seq in [1, 7, 12] {
        let head = named("it", Claim::Head { seq, hash: OTHER });
        let problem = format!("row {seq} has another hash: what stands up to there was written anew");
        let differs =
            |problem| at(seq.cast_signed(), DamageKind::Differs { anchor: "it".to_owned(), problem });
        let found = against(&log, vec![head, log.head(3)]);
        assert_eq!(found.damage, [differs(problem)]);
        assert_eq!(found.anchored, Some(3));
        let root = named("it", Claim::Root { size: seq, root: OTHER });
        let problem = format!("the first {seq} rows have another root: they were written anew");
        let found = against(&log, vec![root]);
        assert_eq!((found.damage.as_slice(), found.anchored), (&[differs(problem)][..], None));
        assert_eq!(standings(&found), [Standing::Broken]);
    }
    // There is no row 0 to name.
    let found = against(&log, vec![named("it", Claim::Head { seq: 0, hash: identity().genesis() })]);
    assert_eq!((codes(&found.damage), standings(&found)), (vec![(0, "differs")], vec![Standing::Broken]));
    let found = against(&log, vec![named("it", Claim::Root { size: 0, root: OTHER })]);
    assert_eq!(codes(&found.damage), [(0, "differs")]);
}

#[test]
fn an_end_that_was_cut_off_shows() {
    let log = Log::of(12);
    let cut = Log { rows: log.rows[..9].to_vec() };
    let found = against(&cut, vec![log.root(12), log.head(10), log.head(9)]);
    let truncated =
        |anchor: &str, claimed| at(9, DamageKind::Truncated { anchor: anchor.to_owned(), claimed });
    assert_eq!(found.damage, [truncated("the receipt", 10), truncated("the note", 12)]);
    assert_eq!(standings(&found), [Standing::Holds, Standing::Broken, Standing::Broken]);
    assert_eq!((found.anchored, found.last), (Some(9), 9));
    // All of it, too.
    let found = against(&Log::default(), vec![log.head(1)]);
    let kind = DamageKind::Truncated { anchor: "the receipt".to_owned(), claimed: 1 };
    assert_eq!(found.damage, [at(0, kind)]);
    // A row that cannot be read is there.
    let mut verifier = Verifier::new(whole(), vec![log.head(10), log.root(10)]);
    cut.rows.iter().for_each(|row| verifier.push(row.seq, Ok(row.event())));
    verifier.push(10, Err("its body is no text".to_owned()));
    let found = verifier.finish();
    assert_eq!(codes(&found.damage), [(10, "unreadable")]);
    assert_eq!(standings(&found), [Standing::Unchecked, Standing::Unchecked]);
    // What could not be read was not cut off.
    for elsewhere in [false, true] {
        let mut verifier = Verifier::new(whole(), vec![log.head(12)]);
        cut.rows.iter().for_each(|row| verifier.push(row.seq, Ok(row.event())));
        if elsewhere {
            verifier.goes_on_elsewhere();
        } else {
            verifier.stop("a page is damaged");
        }
        let found = verifier.finish();
        assert_eq!(standings(&found), [Standing::Unchecked]);
        assert_eq!(found.damage.len(), usize::from(!elsewhere));
    }
}

#[test]
fn damage_before_a_row_leaves_roots_unchecked_and_heads_not() {
    let mut log = Log::of(12);
    let anchors = vec![log.root(4), log.head(4), log.root(6), log.head(6), log.head(9)];
    log.row(5).at += 1;
    let found = against(&log, anchors.clone());
    let (holds, unchecked) = (Standing::Holds, Standing::Unchecked);
    assert_eq!(standings(&found), [holds, holds, unchecked, holds, holds]);
    assert_eq!((codes(&found.damage), found.anchored), (vec![(5, "edited")], Some(9)));
    // A row that is gone says nothing, nor does one without a hash.
    log.rows.retain(|row| !(5..=6).contains(&row.seq));
    let found = against(&log, anchors.clone());
    assert_eq!(standings(&found), [holds, holds, unchecked, unchecked, holds]);
    assert_eq!(codes(&found.damage), [(5, "missing")]);
    let mut log = Log::of(12);
    log.row(6).hash = vec![];
    assert_eq!(codes(&against(&log, anchors).damage), [(6, "edited"), (6, "differs")]);
}

#[test]
fn what_was_pruned_is_left_to_the_archive() {
    let log = Log::of(12);
    let found = verify(log.start(9), vec![log.head(3), log.head(8), log.root(8), log.head(12)], log.from(9));
    let (holds, pruned) = (Standing::Holds, Standing::Pruned);
    assert_eq!((found.damage.as_slice(), found.anchored), (&[][..], Some(12)));
    assert_eq!(standings(&found), [pruned, holds, holds, holds], "its last row is known");
    // Of a tree, so are the larger perfect ones that it is made of, and no other.
    let roots = [4, 6, 7].map(|size| log.root(size)).to_vec();
    let found = verify(log.start(8), roots.clone(), log.from(8));
    assert_eq!(standings(&found), [holds, holds, holds]);
    let roots_of_nine = [4, 8].map(|size| log.root(size)).to_vec();
    let found = verify(log.start(10), roots_of_nine, log.from(10));
    assert_eq!(standings(&found), [pruned, holds]);
    // Where it is not known, nothing can be said.
    let start = Start::after(&identity().id, 7, log.hash(7), None);
    assert_eq!(standings(&verify(start, roots.clone(), log.from(8))), [pruned, pruned, pruned]);
    // A tree of another size is none.
    let start = Start::after(&identity().id, 7, log.hash(7), Some(log.tree(6)));
    assert_eq!(standings(&verify(start, roots, log.from(8))), [pruned, pruned, pruned]);
    // What contradicts what is known is another log's.
    let other = [Claim::Head { seq: 7, hash: OTHER }, Claim::Root { size: 7, root: OTHER }];
    for claim in other {
        let found = verify(log.start(8), vec![named("it", claim)], log.from(8));
        assert_eq!((codes(&found.damage), found.anchored), (vec![(7, "differs")], None));
    }
    let nothing = named("it", Claim::Head { seq: 0, hash: OTHER });
    assert_eq!(codes(&verify(log.start(8), vec![nothing], log.from(8)).damage), [(0, "differs")]);
}

#[test]
fn rows_that_a_pruning_left_over_are_verified_with_the_tree_behind_them() {
    let mut log = Log::of(12);
    let origin = |log: &Log, through| crate::origin::Origin {
        through,
        head: log.hash(through),
        tree: log.tree(through),
        genesis: Some(identity().genesis()),
    };
    let start = |log: &Log| {
        Start::left_over(&identity().id, 5, log.hash(4), origin(log, 8)).in_log(identity().genesis())
    };
    let anchors = |log: &Log| vec![log.root(7), log.root(8), log.root(10), log.head(8)];
    let found = verify(start(&log), anchors(&log), log.from(5));
    let (holds, unchecked) = (Standing::Holds, Standing::Unchecked);
    assert_eq!(found.damage, []);
    assert_eq!((found.start, found.tree.as_ref()), (5, Some(&log.tree(12))));
    assert_eq!(standings(&found), [unchecked, holds, holds, holds]);
    // They must be those that were pruned.
    let wrong = crate::origin::Origin { head: OTHER, ..origin(&log, 8) };
    let other = Start::left_over(&identity().id, 5, log.hash(4), wrong);
    let found = verify(other, Vec::new(), log.from(5));
    assert_eq!((found.damage.as_slice(), found.tree), (&[at(8, DamageKind::WrongStart)][..], None));
    // A `pruned` event may stand for no more than was pruned.
    let genesis = identity().genesis();
    let started = start(&log);
    let (head, tree) = (log.hash(8), log.tree(8));
    log.pruned(8, head, &tree, genesis);
    assert_eq!(verify(started.clone(), Vec::new(), log.from(5)).damage, []);
    let (head, tree) = (log.hash(9), log.tree(9));
    log.pruned(9, head, &tree, genesis);
    assert_eq!(codes(&verify(started, Vec::new(), log.from(5)).damage), [(14, "false")]);
}

#[test]
fn a_tree_that_grew_from_what_was_pruned_is_that_of_the_whole_log() {
    let log = Log::of(20);
    for first in 1..=20 {
        let found = verify(log.start(first), vec![log.root(20)], log.from(first));
        assert_eq!((found.anchored, found.tree.as_ref().map(Frontier::size)), (Some(20), Some(20)));
    }
}
