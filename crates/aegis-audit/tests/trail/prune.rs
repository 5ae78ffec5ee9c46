//! The oldest events move to an archive; what is left still verifies, alone and together with the archive.

use std::fs;
use std::io::Read;
use std::path::PathBuf;

use aegis_audit::sqlite::PrunePlan;
use aegis_audit::{Archive, ArchiveError, Journal, RecordError, TrailError, VerifiedPlan};
use aegis_engine::Digest;
use aegis_ledger::answer::{Answer, ResultStatus};
use aegis_ledger::event::{Event, Operator, Pruned, Redacted, Stamped};
use aegis_ledger::filter::Filter;
use aegis_ledger::merkle::Frontier;
use aegis_ledger::receipt::Receipt;
use aegis_ledger::verify::{
    Anchor, Claim, Damage, DamageKind, ExportVerification, Exports, Standing, Verification, verify_exports,
};
use aegis_testkit::{Append as _, Case, Place, append_one, mode};
use chrono::{DateTime, Utc};

use crate::child::child;

const OLD: &str = "2026-01-01T00:00:00Z";
const CUT: &str = "2026-06-01T00:00:00Z";
const NEW: &str = "2026-11-23T00:00:00Z";
const OPERATOR: Operator<'_> = Operator { host: "host", user: "ana", login: None };

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn update(id: &str, at: &str) -> Case {
    Case::new(r#"{"type":"update","target":"crm","params":{"token":"s3cr3t-marker"}}"#)
        .id(id)
        .at(at)
        .answered_by(Answer::Approved, "ana")
}

fn read(id: &str, at: &str) -> Case {
    Case::new(r#"{"type":"read","target":"crm","params":{"token":"s3cr3t-marker"}}"#).id(id).at(at)
}

/// Appends one decision for each of `ids`, in one transaction.
fn decide(trail: &mut Journal, ids: impl IntoIterator<Item = String>, at: &str) {
    let cases: Vec<_> = ids.into_iter().map(|id| read(&id, at)).collect();
    let events: Vec<_> = cases.iter().map(Case::decided).collect();
    for events in events.chunks(1000) {
        let _ = trail.append(events).unwrap();
    }
}

/// A log with `old` decisions from before the cut, and `new` ones from behind it.
fn log(old: usize, new: usize) -> Place {
    let place = Place::new();
    let mut trail = place.open();
    decide(&mut trail, (0..old).map(|index| format!("old{index}")), OLD);
    decide(&mut trail, (0..new).map(|index| format!("new{index}")), NEW);
    place
}

fn plan(place: &Place) -> PrunePlan {
    place.read().plan_prune(instant(CUT), instant(NEW)).unwrap()
}

fn file(place: &Place, name: &str) -> PathBuf {
    place.directory.path().join(name)
}

fn verification(place: &Place) -> Verification {
    place.read().verify(Vec::new(), |_, _| {}).unwrap()
}

/// The plan for a log that is sound.
fn verified(place: &Place) -> VerifiedPlan {
    plan(place).verified(&verification(place)).unwrap()
}

fn archive(place: &Place, name: &str) -> Result<Archive, ArchiveError> {
    Archive::write(&place.read(), &verified(place), &file(place, name), |_| {})
}

/// Prunes, and gives the number of the event that stands for it.
fn prune(place: &Place, name: &str) -> u64 {
    prune_at(place, name, NEW)
}

fn prune_at(place: &Place, name: &str, at: &str) -> u64 {
    let archive = archive(place, name).unwrap();
    let receipts = place.open().prune(&archive, OPERATOR, instant(at), |_| {}).unwrap();
    receipts.seq()
}

fn verify_files(paths: &[PathBuf]) -> ExportVerification {
    let names: Vec<_> = paths.iter().map(|path| path.to_string_lossy().into_owned()).collect();
    let mut open = |index: usize| Ok(Box::new(fs::File::open(&paths[index])?) as Box<dyn Read>);
    let mut exports = Exports { names: &names, open: &mut open, until: None };
    verify_exports(&mut exports, Vec::new(), None, |_| {}).unwrap()
}

/// Verifies the log, and gives its first row and the number of its rows.
fn sound(place: &Place) -> (u64, u64) {
    let verification = place.read().verify(Vec::new(), |_, _| {}).unwrap();
    assert!(verification.is_sound(), "{:?}", verification.damage);
    (verification.start, verification.rows)
}

fn numbers(place: &Place) -> Vec<i64> {
    let connection = place.meddle();
    let mut statement = connection.prepare("SELECT seq FROM events ORDER BY seq").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn old_events_move_and_both_parts_verify() {
    for name in ["old.jsonl", "old.jsonl.zst"] {
        let place = log(10, 5);
        let mut tree = Frontier::default();
        grow(&mut tree, &place);
        assert_eq!(plan(&place).through(), 10);
        assert_eq!(prune(&place, name), 16);
        assert_eq!(numbers(&place), (11..=16).collect::<Vec<_>>());
        assert_eq!(sound(&place), (11, 6));
        assert_eq!(place.records(&Filter::default()).len(), 5);
        // The tree over all events is the one that it would be without pruning.
        grow(&mut tree, &place);
        let pruned = place.read().verify(Vec::new(), |_, _| {}).unwrap().tree.unwrap();
        assert_eq!((pruned.size(), pruned.root()), (16, tree.root()));

        let path = file(&place, name);
        assert_eq!(mode(&path), 0o600);
        let files = verify_files(std::slice::from_ref(&path));
        assert!(files.verification.is_sound(), "{files:?}");
        assert_eq!((files.verification.rows, files.verification.last), (10, 10));
        let body: String = place
            .meddle()
            .query_row("SELECT body FROM events WHERE kind = 'pruned'", [], |row| row.get(0))
            .unwrap();
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body["archive"], name);
        assert_eq!(body["archive_sha256"], Digest::of(&fs::read(&path).unwrap()).to_string());
        assert_eq!((&body["through"], &body["user"]), (&10.into(), &"ana".into()));
        assert_eq!(body["head"], files.verification.head.to_string());
    }
}

#[test]
fn nothing_that_is_younger_goes_and_nothing_behind_it() {
    let place = log(3, 2);
    decide(&mut place.open(), ["late".to_owned()], OLD);
    assert_eq!(plan(&place).through(), 3);
    let nothing = place.read().plan_prune(instant(OLD), instant(NEW)).unwrap();
    assert_eq!((nothing.events(), nothing.held(), nothing.left()), (0, None, 6));
    let everything = place.read().plan_prune(instant("2027-01-01T00:00:00Z"), instant(NEW)).unwrap();
    assert_eq!((everything.events(), everything.left()), (6, 0));
}

#[test]
fn no_action_is_cut_apart() {
    let place = log(2, 0);
    let mut trail = place.open();
    // Rows 3 to 9: the life of `a` spans that of `b`, whose end is young.
    let (a, b) = (update("a", OLD), update("b", OLD));
    let young = update("b", NEW);
    let _ = trail.append(&[a.requested(), b.requested(), a.answered(), a.decided()]).unwrap();
    let _ = trail.append(&[b.answered(), b.decided(), young.ended(ResultStatus::Success, None)]).unwrap();
    let plan = plan(&place);
    assert_eq!(plan.through(), 2);
    let held = plan.held().unwrap();
    // First `b` kept row 4 on, and that kept all of `a`.
    assert_eq!((held.seq, held.action_id.as_str()), (3, "a"));
    assert_eq!(prune(&place, "old.jsonl"), 10);
    assert_eq!(sound(&place), (3, 8));
}

#[test]
fn a_question_is_kept_for_a_week() {
    let place = log(2, 0);
    let _ = place.open().append(&[update("asked", OLD).requested()]).unwrap();
    decide(&mut place.open(), ["other".to_owned()], OLD);
    let through = |now: &str| place.read().plan_prune(instant(CUT), instant(now)).unwrap().through();
    assert_eq!(through("2026-01-07T23:59:59Z"), 2);
    assert_eq!(through("2026-01-08T00:00:01Z"), 4);
    // And not at all once it was answered.
    let _ = place.open().append(&[update("asked", OLD).answered(), update("asked", OLD).decided()]).unwrap();
    assert_eq!(through("2026-01-07T23:59:59Z"), 6);
}

#[test]
fn a_redaction_does_not_keep_its_action() {
    let place = log(3, 1);
    let event = Event::Redacted(Redacted { action_id: "old0", events: &[1], note: None, operator: OPERATOR });
    let _ = place.open().append(&[Stamped { at: instant(NEW), event }]).unwrap();
    place.meddle().execute_batch("UPDATE events SET payload = NULL, salt = NULL WHERE seq = 1").unwrap();
    assert_eq!(plan(&place).through(), 3);
    let _ = prune(&place, "old.jsonl");
    assert_eq!(sound(&place).0, 4);
    let files = verify_files(&[file(&place, "old.jsonl")]);
    assert!(files.verification.is_sound(), "{files:?}");
    assert_eq!((files.verification.removed, files.verification.unchecked_references), (1, 1));
}

/// Verifies a log together with the archive before it.
fn together(place: &Place, name: &str) -> ExportVerification {
    let files = verify_files(&[file(place, name)]);
    let log = place.read().verify(files.end("the end of the archive"), |_, _| {}).unwrap();
    files.join(log, None)
}

#[test]
fn a_payload_that_an_archive_lost_shows_with_the_log_that_knows_of_no_redaction() {
    let place = log(3, 1);
    let event = Event::Redacted(Redacted { action_id: "old0", events: &[1], note: None, operator: OPERATOR });
    let _ = place.open().append(&[Stamped { at: instant(NEW), event }]).unwrap();
    place.meddle().execute_batch("UPDATE events SET payload = NULL, salt = NULL WHERE seq = 1").unwrap();
    let _ = prune(&place, "old.jsonl");
    let whole = together(&place, "old.jsonl").verification;
    assert_eq!((whole.damage.as_slice(), whole.unchecked_references), (&[][..], 0));
    let text = fs::read_to_string(file(&place, "old.jsonl")).unwrap();
    let stripped: Vec<_> = text
        .lines()
        .map(|line| match serde_json::from_str::<serde_json::Value>(line).unwrap() {
            mut event if event["seq"] == 2 => {
                (event["payload"], event["salt"]) = (serde_json::Value::Null, serde_json::Value::Null);
                event.to_string() + "\n"
            }
            _ => line.to_owned() + "\n",
        })
        .collect();
    fs::write(file(&place, "old.jsonl"), stripped.concat()).unwrap();
    let damage = together(&place, "old.jsonl").verification.damage;
    assert_eq!(damage, [Damage { seq: Some(2), kind: DamageKind::PayloadMissing }]);
}

#[test]
fn a_pruning_that_tells_of_another_tree_shows_with_the_archive() {
    let place = log(10, 5);
    let (archived, sound) = (archive(&place, "old.jsonl").unwrap(), verification(&place));
    cut_short_with(&place, archived.events(), &[Digest::of(b"a"), Digest::of(b"b")]);
    let _ = place.open().delete_pruned(&sound, |_| {}).unwrap();
    let damage = together(&place, "old.jsonl").verification.damage;
    assert!(
        matches!(&damage[..], [Damage { seq: Some(10), kind: DamageKind::Differs { .. } }]),
        "{damage:?}"
    );
}

#[test]
fn the_row_that_says_which_log_it_is_stays_bound() {
    for sql in ["UPDATE log SET created_at = created_at + 1", "UPDATE log SET key = randomblob(32)"] {
        let place = log(10, 5);
        let _ = prune(&place, "old.jsonl");
        let before = verification(&place);
        place.tamper(sql);
        let damage = place.read().verify(Vec::new(), |_, _| {}).unwrap().damage;
        assert_eq!(damage, [Damage { seq: None, kind: DamageKind::WrongLog }], "{sql}");
        let plan = place.read().plan_prune(instant("2027-01-01T00:00:00Z"), instant(NEW)).unwrap();
        let plan = plan.verified(&before).unwrap();
        let again = Archive::write(&place.read(), &plan, &file(&place, "again.jsonl"), |_| {});
        assert!(matches!(again, Err(ArchiveError::Trail(TrailError::Corrupt { .. }))), "{again:?}");
    }
}

#[test]
fn a_damaged_log_is_not_pruned() {
    for (sql, row) in [
        ("UPDATE events SET body = replace(body, 'crm', 'web') WHERE seq = 4", 4),
        ("UPDATE events SET payload = '{}' WHERE seq = 5", 5),
        ("DELETE FROM events WHERE seq = 6", 6),
        ("DELETE FROM events WHERE seq = 1", 1),
        ("UPDATE events SET hash = zeroblob(32) WHERE seq = 7", 7),
        ("UPDATE events SET prev_hash = zeroblob(32) WHERE seq = 7", 7),
        ("UPDATE events SET body = CAST(x'ff' AS TEXT) WHERE seq = 8", 8),
        ("UPDATE log SET created_at = created_at + 1", 1),
    ] {
        let place = log(10, 5);
        let sound = verification(&place);
        place.tamper(sql);
        let before = (place.files(), numbers(&place));
        let refused = plan(&place).verified(&verification(&place)).unwrap_err();
        assert!(refused.to_string().starts_with("the log is damaged: "), "{sql}: {refused}");
        // Nor where it was damaged after it was verified.
        let plan = plan(&place).verified(&sound).unwrap();
        let error = Archive::write(&place.read(), &plan, &file(&place, "old.jsonl"), |_| {}).unwrap_err();
        let ArchiveError::Damaged { seq, .. } = error else { panic!("{sql}: {error}") };
        assert_eq!(seq, row, "{sql}");
        assert_eq!((place.files(), numbers(&place)), before, "{sql}");
    }
}

#[test]
fn an_archive_is_never_overwritten() {
    let place = log(3, 1);
    let path = file(&place, "old.jsonl");
    fs::write(&path, "mine").unwrap();
    let error = archive(&place, "old.jsonl").unwrap_err();
    assert!(matches!(error, ArchiveError::Exists { .. }), "{error}");
    assert!(error.help().is_some_and(|help| help.contains("another file")));
    assert_eq!(fs::read(&path).unwrap(), b"mine");
    // Nor what a symbolic link leads to, or would.
    std::os::unix::fs::symlink("nowhere", file(&place, "link.jsonl")).unwrap();
    assert!(matches!(archive(&place, "link.jsonl"), Err(ArchiveError::Exists { .. })));
    assert!(matches!(archive(&place, "no/old.jsonl"), Err(ArchiveError::Write { .. })));
    assert_eq!(numbers(&place).len(), 4);
    assert!(Archive::unfinished(&path).is_empty());
    fs::write(file(&place, "old.jsonl.Xy12Z.new"), "").unwrap();
    assert_eq!(Archive::unfinished(&path), [file(&place, "old.jsonl.Xy12Z.new")]);
}

#[test]
fn a_log_is_pruned_again_and_again() {
    let place = log(5000, 0);
    let mut paths = Vec::new();
    let mut all = Frontier::default();
    for round in 0..4 {
        let name = format!("{round}.jsonl.zst");
        decide(&mut place.open(), (0..100).map(|index| format!("{round}-{index}")), OLD);
        grow(&mut all, &place);
        let seq = prune_at(&place, &name, OLD);
        grow(&mut all, &place);
        assert_eq!(sound(&place), (seq, 1));
        let tree = place.read().verify(Vec::new(), |_, _| {}).unwrap().tree.unwrap();
        assert_eq!((tree.size(), tree.root()), (seq, all.root()));
        paths.push(file(&place, &name));
    }
    let files = verify_files(&paths);
    assert!(files.verification.is_sound(), "{files:?}");
    assert_eq!(files.verification.last, all.size() - 1);
    // Behind the first archive, the `pruned` event in the next one is about it.
    assert_eq!(files.verification.unchecked_references, 0);
    assert_eq!(verify_files(&paths[1..]).verification.start, 5101);
}

/// Adds the events that the tree does not have yet.
fn grow(tree: &mut Frontier, place: &Place) {
    let connection = place.meddle();
    let mut statement = connection.prepare("SELECT hash FROM events WHERE seq > ?1 ORDER BY seq").unwrap();
    for hash in statement.query_map([tree.size()], |row| row.get(0)).unwrap() {
        tree.push(&Digest::from_bytes(hash.unwrap()));
    }
}

#[test]
fn checkpoints_from_before_hold_behind_a_pruning() {
    let place = log(4000, 300);
    let tree = |place: &Place| place.read().verify(Vec::new(), |_, _| {}).unwrap().tree.unwrap();
    let before = tree(&place);
    decide(&mut place.open(), (0..500).map(|index| format!("more{index}")), NEW);
    let _ = prune(&place, "old.jsonl");
    let anchor = |tree: &Frontier| Anchor {
        name: "kept".to_owned(),
        claim: Claim::Root { size: tree.size(), root: tree.root() },
    };
    let standings = |anchors| place.read().verify(anchors, |_, _| {}).unwrap().anchors;
    let verified = standings(vec![anchor(&before)]);
    assert_eq!(verified[0].1, Standing::Holds);
    let mut other = before.clone();
    other.push(&Digest::of(b"another"));
    assert_eq!(standings(vec![anchor(&other)])[0].1, Standing::Broken);
}

#[test]
fn heads_from_around_a_pruning_are_told_apart() {
    let place = log(40, 10);
    let hashes: Vec<Digest> = {
        let connection = place.meddle();
        let mut statement = connection.prepare("SELECT hash FROM events ORDER BY seq").unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(|hash| Digest::from_bytes(hash.unwrap())).collect()
    };
    let _ = prune(&place, "old.jsonl");
    let (start, _) = sound(&place);
    assert_eq!(start, 41);
    let wrong = Digest::of(b"another");
    let right = |seq: u64| hashes[usize::try_from(seq).unwrap() - 1];
    let cases = [
        (0, wrong, Standing::Broken),
        (start - 2, right(start - 2), Standing::Pruned),
        (start - 2, wrong, Standing::Pruned),
        (start - 1, right(start - 1), Standing::Holds),
        (start - 1, wrong, Standing::Broken),
        (start, right(start), Standing::Holds),
        (start, wrong, Standing::Broken),
    ];
    let head = |(seq, hash, _): &(u64, Digest, Standing)| Anchor {
        name: format!("head {seq}"),
        claim: Claim::Head { seq: *seq, hash: *hash },
    };
    // Together, and each alone.
    let found = place.read().verify(cases.iter().map(head).collect(), |_, _| {}).unwrap();
    let standings: Vec<_> = found.anchors.iter().map(|(_, standing)| *standing).collect();
    assert_eq!(standings, cases.map(|(_, _, standing)| standing));
    for case in &cases {
        let found = place.read().verify(vec![head(case)], |_, _| {}).unwrap();
        assert_eq!(found.anchors[0].1, case.2, "{}", case.0);
        assert_eq!(found.is_sound(), case.2 != Standing::Broken, "{}", case.0);
    }
}

#[test]
fn blocks_that_are_cut_are_indexed_anew() {
    // Cut in a block that is full, in one that becomes full later, at the end of one, and with a block in
    // between.
    for (old, new, more) in
        [(3000, 2000, 0), (3000, 200, 4000), (4096, 10, 5000), (8192, 1, 0), (9000, 5000, 100)]
    {
        let place = log(old, new);
        let _ = prune(&place, "old.jsonl");
        let first = old as u64 + 1;
        assert_eq!(sound(&place).0, first, "{old} {new} {more}");
        decide(&mut place.open(), (0..more).map(|index| format!("more{index}")), NEW);
        assert_eq!(sound(&place), (first, (new + more) as u64 + 1), "{old} {new} {more}");
        assert_eq!(place.records(&Filter::default()).len(), new + more);
        let filter = Filter { target: Some("crm".to_owned()), limit: Some(7), ..Filter::default() };
        assert_eq!(place.records(&filter).len(), (new + more).min(7));
    }
}

#[test]
fn a_process_that_has_the_log_open_goes_on() {
    let place = log(10, 0);
    let mut other = place.open();
    let cases = [read("other", OLD)];
    let _ = other.append(&[cases[0].decided()]).unwrap();
    let mut bystander = place.open();
    let _ = prune(&place, "old.jsonl");
    assert_eq!(numbers(&place), [12]);
    let _ = append_one(&mut other, "next").unwrap();
    let _ = append_one(&mut bystander, "another").unwrap();
    assert_eq!(sound(&place), (12, 3));
    // A pruning does not excuse a row that vanished behind it.
    place.tamper("DELETE FROM events WHERE seq >= 13");
    assert!(matches!(append_one(&mut other, "b"), Err(TrailError::Lost { seq: 13, .. })));
}

#[test]
fn a_pruning_that_stands_for_other_rows_excuses_nothing() {
    let place = log(3, 0);
    let mut other = place.open();
    let _ = append_one(&mut other, "mine").unwrap();
    // Somebody cuts off that row, and lets a pruning stand for another one of its number.
    place.tamper("DELETE FROM events WHERE seq = 4");
    decide(&mut place.open(), ["theirs".to_owned()], OLD);
    let _ = prune(&place, "old.jsonl");
    assert!(matches!(append_one(&mut other, "b"), Err(TrailError::Lost { seq: 4, .. })));
}

#[test]
fn what_changed_since_it_was_archived_is_not_deleted() {
    let place = log(10, 5);
    let archived = archive(&place, "old.jsonl").unwrap();
    let event = Event::Redacted(Redacted { action_id: "old0", events: &[1], note: None, operator: OPERATOR });
    let _ = place.open().append(&[Stamped { at: instant(NEW), event }]).unwrap();
    let error = place.open().prune(&archived, OPERATOR, instant(NEW), |_| {}).unwrap_err();
    assert!(matches!(error, RecordError::Trail(TrailError::Outdated { .. })), "{error}");
    assert_eq!(numbers(&place).len(), 16);
    // The other way round: an archive of a log that has been pruned since.
    let place = log(10, 5);
    let [first, second] = ["first.jsonl", "second.jsonl"].map(|name| archive(&place, name).unwrap());
    let _ = place.open().prune(&first, OPERATOR, instant(NEW), |_| {}).unwrap();
    let error = place.open().prune(&second, OPERATOR, instant(NEW), |_| {}).unwrap_err();
    assert!(matches!(error, RecordError::Trail(TrailError::Outdated { .. })), "{error}");
    assert_eq!(numbers(&place).len(), 6);
}

/// Prunes all rows up to that of a receipt.
pub(crate) fn prune_through(place: &Place, receipt: &Receipt) {
    let sound = verification(place);
    cut_short(place, receipt.seq());
    let _ = place.open().delete_pruned(&sound, |_| {}).unwrap();
}

/// A log of which everything up to `through` was pruned, but not deleted yet.
fn cut_short(place: &Place, through: u64) {
    let mut tree = Frontier::default();
    let connection = place.meddle();
    let mut statement = connection.prepare("SELECT hash FROM events WHERE seq <= ?1 ORDER BY seq").unwrap();
    for hash in statement.query_map([through], |row| row.get(0)).unwrap() {
        tree.push(&Digest::from_bytes(hash.unwrap()));
    }
    cut_short_with(place, through, tree.subtrees());
}

fn cut_short_with(place: &Place, through: u64, subtrees: &[Digest]) {
    let connection = place.meddle();
    let blob = |sql: &str, seq: u64| {
        Digest::from_bytes(connection.query_row::<[u8; 32], _, _>(sql, [seq], |row| row.get(0)).unwrap())
    };
    let head = blob("SELECT hash FROM events WHERE seq = ?1", through);
    let genesis = blob("SELECT prev_hash FROM events WHERE seq = ?1", 1);
    let event = Event::Pruned(Pruned {
        through,
        head,
        subtrees,
        genesis,
        archive_sha256: Digest::of(b"archive"),
        archive: "old.jsonl",
        operator: OPERATOR,
    });
    let _ = place.open().append(&[Stamped { at: instant(NEW), event }]).unwrap();
}

#[test]
fn a_pruning_that_was_cut_short_is_finished_by_the_next() {
    let place = log(9000, 100);
    cut_short(&place, 8500);
    assert_eq!(sound(&place), (1, 9101));
    // A writer goes on, and an export has what is left by right.
    let _ = append_one(&mut place.open(), "b").unwrap();
    let range = place.read().event_range(None, None).unwrap();
    assert_eq!(range.events(), 602);
    let again = plan(&place);
    assert_eq!((again.first(), again.through(), again.left_over()), (8501, 9000, 8500));
    let _ = prune(&place, "rest.jsonl");
    assert_eq!(sound(&place), (9001, 103));
    assert_eq!(plan(&place).left_over(), 0);
    // On its own, too.
    let place = log(9000, 100);
    cut_short(&place, 8500);
    let found = verification(&place);
    assert_eq!(place.open().delete_pruned(&found, |_| {}).unwrap(), 8500);
    assert_eq!(place.open().delete_pruned(&found, |_| {}).unwrap(), 0);
    assert_eq!(sound(&place), (8501, 601));
}

#[test]
fn rows_that_are_left_over_are_still_verified() {
    for (sql, row) in [
        ("UPDATE events SET body = replace(body, 'crm', 'web') WHERE seq = 4", 4),
        ("DELETE FROM events WHERE seq = 6", 6),
        ("UPDATE events SET payload = '{}' WHERE seq = 8", 8),
    ] {
        let place = log(10, 5);
        cut_short(&place, 8);
        place.tamper(sql);
        let verification = place.read().verify(Vec::new(), |_, _| {}).unwrap();
        assert_eq!(verification.damage[0].seq, Some(row), "{sql}");
    }
    // Rows that are not those which the event stands for.
    let place = log(10, 5);
    cut_short(&place, 8);
    let other = log(8, 0);
    place.tamper(&format!(
        "ATTACH '{}' AS other; DELETE FROM events WHERE seq <= 8; INSERT INTO events SELECT * FROM other.events",
        other.log.display()
    ));
    assert!(!place.read().verify(Vec::new(), |_, _| {}).unwrap().is_sound());
}

#[test]
fn nothing_of_what_was_pruned_stays_in_the_files() {
    let place = log(300, 0);
    let _ = place.open().append(&[Case::default().id("kept").at(NEW).decided()]).unwrap();
    let archive = archive(&place, "old.jsonl.zst").unwrap();
    // Another connection keeps the write-ahead log from being removed.
    let mut trail = place.open();
    let _bystander = place.open();
    let _ = trail.prune(&archive, OPERATOR, instant(NEW), |_| {}).unwrap();
    let size = fs::metadata(&place.log).unwrap().len();
    let space = trail.settle(false).unwrap();
    assert!(space.journal_emptied && space.free > 100_000, "{space:?}");
    for text in ["s3cr3t-marker", "old17"] {
        let found = place.files_with(text.as_bytes());
        assert!(!found.iter().any(|name| name.starts_with("log.db")), "{found:?} {text}");
    }
    // The free space is taken by what comes next, or given back.
    decide(&mut trail, (0..150).map(|index| format!("next{index}")), NEW);
    assert_eq!(fs::metadata(&place.log).unwrap().len(), size);
    let space = trail.settle(true).unwrap();
    assert_eq!(space.free, 0);
    assert!(fs::metadata(&place.log).unwrap().len() < size);
    assert_eq!(sound(&place).0, 301);
}

#[test]
fn writers_and_readers_go_on_meanwhile() {
    let place = log(20_000, 10);
    let archive = archive(&place, "old.jsonl.zst").unwrap();
    let mut writer = child("append 20", &place.log).spawn().unwrap();
    let mut trail = place.open();
    let mut mine = place.open();
    let mut done = 0;
    let _ = trail
        .prune(&archive, OPERATOR, instant(NEW), |deleted| {
            done = deleted;
            let _ = append_one(&mut mine, &format!("mine{deleted}")).unwrap();
            assert_eq!(sound(&place).0, deleted + 1);
        })
        .unwrap();
    assert_eq!(done, 20_000);
    assert!(writer.wait().unwrap().success());
    let (first, rows) = sound(&place);
    assert_eq!((first, rows), (20_001, 10 + 1 + 20 + 2));
}

#[test]
fn the_end_of_an_action_that_was_pruned_does_no_harm() {
    let place = log(10, 1);
    let archive = archive(&place, "old.jsonl").unwrap();
    let late = read("old3", NEW);
    let _ = place.open().append(&[late.ended(ResultStatus::Success, None)]).unwrap();
    let _ = place.open().prune(&archive, OPERATOR, instant(NEW), |_| {}).unwrap();
    assert_eq!(sound(&place), (11, 3));
    assert_eq!(place.records(&Filter::default()).len(), 1);
    // Nor does it keep what comes later from going.
    let everything = place.read().plan_prune(instant("2027-01-01T00:00:00Z"), instant(NEW)).unwrap();
    assert_eq!(everything.events(), 3);
}

#[test]
fn everything_can_go() {
    let place = log(10, 0);
    let _ = prune(&place, "old.jsonl");
    assert_eq!(sound(&place), (11, 1));
    assert_eq!(place.records(&Filter::default()).len(), 0);
    let _ = append_one(&mut place.open(), "b").unwrap();
    assert_eq!(sound(&place), (11, 2));
}
