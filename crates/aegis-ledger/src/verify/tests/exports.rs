//! Exported events without their log.

use std::io::{self, Read};

use aegis_engine::Digest;
use serde_json::Value;

use super::chain::{Log, at, codes, identity, named, standings, write};
use super::receipts::{receipt, text};
use crate::chain::LogIdentity;
use crate::event_lines::EventsHeader;
use crate::remedy::Remedy;
use crate::verify::{
    Anchor, Claim, DamageKind, ExportVerification, Exports, ExportsError, Standing, verify_exports,
};

/// What is given besides the exports.
#[derive(Default)]
pub(super) struct Given<'a> {
    pub(super) anchors: Vec<Anchor>,
    pub(super) receipts: Option<&'a str>,
    pub(super) until: Option<u64>,
}

/// Verifies exports, which are called `1`, `2` and so on.
pub(super) fn check(files: &[Vec<u8>], given: Given<'_>) -> Result<ExportVerification, ExportsError> {
    let names: Vec<String> = (1..=files.len()).map(|number| number.to_string()).collect();
    let mut open = |place: usize| Ok(Box::new(io::Cursor::new(files[place].clone())) as Box<dyn Read>);
    let mut exports = Exports { names: &names, open: &mut open, until: given.until };
    let mut lines = given.receipts.map(str::as_bytes);
    let receipts = lines.as_mut().map(|lines| lines as &mut dyn io::BufRead);
    verify_exports(&mut exports, given.anchors, receipts, |_| ())
}

/// The same without anything else.
fn alone(files: &[Vec<u8>]) -> ExportVerification {
    check(files, Given::default()).unwrap()
}

/// Lines of an export changed by hand.
fn changed(export: &[u8], change: impl FnOnce(&mut Vec<String>)) -> Vec<u8> {
    let mut lines: Vec<String> =
        String::from_utf8(export.to_vec()).unwrap().lines().map(str::to_owned).collect();
    change(&mut lines);
    (lines.join("\n") + "\n").into_bytes()
}

#[test]
fn exports_that_follow_each_other_are_one_chain() {
    let log = Log::of(12);
    for cuts in [vec![12], vec![5, 12], vec![1, 2, 11, 12]] {
        let mut first = 1;
        let mut files = Vec::new();
        for last in &cuts {
            files.push(log.export(first, *last));
            first = last + 1;
        }
        let found = alone(&files);
        let verification = &found.verification;
        assert_eq!((verification.damage.as_slice(), verification.rows, verification.last), (&[][..], 12, 12));
        assert_eq!((verification.head, verification.tree.as_ref()), (log.hash(12), Some(&log.tree(12))));
        assert_eq!((found.log.as_str(), found.receipts.is_none()), (identity().name().as_str(), true));
        // Where each row is: behind the header.
        let mut before = 0;
        for (file, last) in cuts.iter().enumerate() {
            for row in before + 1..=*last {
                assert_eq!(found.places.of(row), Some((file, row - before + 1)));
            }
            before = *last;
        }
        assert_eq!((found.places.of(0), found.places.of(13)), (None, None));
    }
    // One that begins within the log.
    let found = alone(&[log.export(5, 8), log.export(9, 12)]);
    assert_eq!((found.verification.start, found.verification.last), (5, 12));
    assert_eq!(found.verification.damage, []);
    assert_eq!(found.verification.tree, Some(log.tree(12)));
    assert_eq!((found.places.of(4), found.places.of(5)), (None, Some((0, 2))));
}

#[test]
fn exports_that_are_no_chain_are_refused() {
    let log = Log::of(12);
    let refused = |files: &[Vec<u8>]| check(files, Given::default()).unwrap_err();
    let error = refused(&[]);
    assert_eq!(
        (error.to_string().as_str(), error.help(), error.remedy()),
        ("there is no export to verify", None, None)
    );
    for (files, begins, ends) in [
        ([log.export(1, 5), log.export(7, 12)], 7, 5),
        ([log.export(1, 5), log.export(5, 12)], 5, 5),
        ([log.export(6, 12), log.export(1, 5)], 1, 12),
    ] {
        let error = refused(&files);
        let told = format!("`2` begins with row {begins}; what stands before it ends with row {ends}");
        assert_eq!(error.to_string(), told);
        assert!(error.help().unwrap().contains("oldest first"));
    }
    let other =
        |identity: LogIdentity| write(&EventsHeader::new(&identity, Some(log.before(6))), log.from(6).iter());
    for identity in [
        LogIdentity { id: vec![8; 16], ..identity() },
        LogIdentity { created_at: 5, ..identity() },
        LogIdentity { key: [1; 32], ..identity() },
    ] {
        let name = identity.name();
        let error = refused(&[log.export(1, 5), other(identity)]);
        assert_eq!(error.to_string(), format!("`1` is of the log {}, `2` is of {name}", "07".repeat(16)));
        assert!(error.help().unwrap().contains("each log on their own"));
    }
    // What is something else altogether.
    let error = refused(&[b"{}\n".to_vec()]);
    assert_eq!((error.remedy(), error.help().is_some()), (Some(Remedy::ExportEvents), true));
    assert!(matches!(refused(&[log.export(1, 5), b"{}\n".to_vec()]), ExportsError::Unreadable { .. }));
    assert!(error.to_string().starts_with("`1`: "), "{error}");
    // What cannot be opened.
    let names = ["x\u{1b}".to_owned()];
    let mut open = |_| Err(io::Error::other("no such file"));
    let mut exports = Exports { names: &names, open: &mut open, until: None };
    let error = verify_exports(&mut exports, Vec::new(), None, |_| ()).unwrap_err();
    assert_eq!(error.to_string(), "`x\\u{1b}`: no such file");
}

/// A file that cannot be read on at its end.
struct Failing(io::Cursor<Vec<u8>>);

impl Read for Failing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(io::Error::other("the disk is gone")),
            read => Ok(read),
        }
    }
}

#[test]
fn damage_of_a_file_is_damage_of_the_log_that_it_tells_of() {
    let log = Log::of(12);
    let cut = changed(&log.export(1, 6), |lines| lines.truncate(4));
    let found = alone(&[cut.clone(), log.export(7, 12)]);
    let problem = "1: the exported events are cut off after line 4".to_owned();
    assert_eq!(found.verification.damage, [at(3, DamageKind::Storage { problem })]);
    assert_eq!((found.verification.rows, found.verification.last), (3, 3));
    // A file that is damaged from its first line on.
    let damaged = changed(&log.export(7, 12), |lines| {
        lines[0] = lines[0].replace("null", "[]").replace("subtrees", "x");
    });
    let found = alone(&[log.export(1, 6), damaged.clone(), log.export(7, 12)]);
    assert_eq!(codes(&found.verification.damage), [(6, "storage")]);
    assert!(check(&[damaged], Given::default()).is_err(), "as the first one, it is no export at all");
    // What was kept of rows behind the damage cannot be told.
    let found = check(&[cut], Given { anchors: vec![log.head(2), log.head(6)], ..Given::default() }).unwrap();
    assert_eq!(standings(&found.verification), [Standing::Holds, Standing::Unchecked]);
    // A file that cannot be read on is no damage of the log.
    let cut = changed(&log.export(1, 6), |lines| lines.truncate(4));
    let names = ["1".to_owned()];
    let mut open = |_| Ok(Box::new(Failing(io::Cursor::new(cut.clone()))) as Box<dyn Read>);
    let mut exports = Exports { names: &names, open: &mut open, until: None };
    let error = verify_exports(&mut exports, Vec::new(), None, |_| ()).unwrap_err();
    assert_eq!(error.to_string(), "`1`: the disk is gone");
}

#[test]
fn rows_of_an_export_are_verified_like_those_of_a_log() {
    let mut log = Log::of(12);
    log.row(5).at += 1;
    let found = alone(&[log.export(1, 12)]);
    assert_eq!(found.verification.damage, [at(5, DamageKind::Edited)]);
    // Disorder, and where the rows are then.
    let mut log = Log::of(12);
    let row = log.rows.remove(4);
    log.rows.insert(7, row);
    let header = EventsHeader::new(&identity(), None);
    let found = alone(&[write(&header, log.rows.iter())]);
    assert_eq!(found.verification.damage, [at(5, DamageKind::OutOfOrder { after: 8 })]);
    let places = [4, 6, 8, 5, 9, 12].map(|row| found.places.of(row));
    assert_eq!(places, [5, 6, 8, 9, 10, 13].map(|line| Some((0, line))));
    // The first row of an export of the whole log binds what the log is; of another one, what stands before.
    let mut log = Log::of(3);
    log.row(1).prev_hash = vec![1; 32];
    log.row(1).seal();
    let found = alone(&[write(&header, log.rows[..1].iter())]);
    assert_eq!(codes(&found.verification.damage), [(-1, "wrong-log")]);
    let log = Log::of(3);
    let mut before = log.before(3);
    before.head = Digest::of(b"x");
    let found = alone(&[write(&EventsHeader::new(&identity(), Some(before)), log.from(3).iter())]);
    assert_eq!(codes(&found.verification.damage), [(3, "wrong-start")]);
}

#[test]
fn progress_is_told_every_so_many_rows() {
    let log = Log::light(16_390);
    let file = log.export(1, 16_390);
    let names = ["1".to_owned()];
    let mut open = |_| Ok(Box::new(io::Cursor::new(file.clone())) as Box<dyn Read>);
    let mut exports = Exports { names: &names, open: &mut open, until: None };
    let mut told = Vec::new();
    let found = verify_exports(&mut exports, Vec::new(), None, |rows| told.push(rows)).unwrap();
    assert!(found.verification.is_sound());
    assert_eq!(told, [8192, 16_384]);
    // Where rows are takes no room for each of them.
    assert_eq!(found.places.of(16_390), Some((0, 16_391)));
}

#[test]
fn rows_in_disorder_are_found_up_to_a_number_of_them() {
    let mut log = Log::light(10_002);
    log.rows.reverse();
    let found = alone(&[write(&EventsHeader::new(&identity(), None), log.rows.iter())]);
    let places = [10_002, 10_001, 3, 2, 1].map(|row| found.places.of(row));
    assert_eq!(places, [Some((0, 2)), Some((0, 3)), Some((0, 10_001)), None, None]);
}

#[test]
fn what_an_export_cannot_tell_is_counted_as_unchecked() {
    let mut log = Log::of(3);
    (log.row(2).payload, log.row(2).salt) = (None, None);
    let found = alone(&[log.export(1, 3)]).verification;
    assert_eq!((found.damage.as_slice(), found.unchecked_references, found.removed), (&[][..], 1, 1));
    // The event that accounts for it may be in the next one.
    log.redacted("a2", &[2]);
    let found = alone(&[log.export(1, 3), log.export(4, 4)]).verification;
    assert_eq!((found.damage.as_slice(), found.unchecked_references, found.removed), (&[][..], 0, 1));
    // What is said to be gone, and is there, is told all the same.
    let mut log = Log::of(3);
    let kept = log.clone();
    log.redacted("a2", &[2]);
    log.rows[..3].clone_from_slice(&kept.rows);
    assert_eq!(codes(&alone(&[log.export(1, 4)]).verification.damage), [(2, "payload-kept")]);
}

#[test]
fn pruned_events_in_exports_stand_for_what_was_exported() {
    let genesis = identity().genesis();
    let mut log = Log::of(6);
    let (head, tree) = (log.hash(4), log.tree(4));
    let pruned = log.pruned(4, head, &tree, genesis);
    log.auto("b");
    // Rows 1 to 4 are in the first file, which is the archive; the next begins behind it.
    let found = alone(&[log.export(1, 4), log.export(5, 8)]).verification;
    assert_eq!((found.damage.as_slice(), found.unchecked_references), (&[][..], 0));
    // Where no file ends there, nobody can tell.
    let found = alone(&[log.export(1, 8)]).verification;
    assert_eq!((found.damage.as_slice(), found.unchecked_references), (&[][..], 1));
    let found = alone(&[log.export(5, 8)]).verification;
    assert_eq!((found.damage.as_slice(), found.unchecked_references), (&[][..], 0), "it begins there");
    // It must be of those rows.
    let wrong_tree = log.tree(4);
    for (head, tree) in [
        (Digest::of(b"x"), wrong_tree),
        (head, {
            let mut other = Log::of(4);
            other.row(1).hash = vec![1; 32];
            other.tree(4)
        }),
    ] {
        let mut log = Log::of(6);
        log.pruned(4, head, &tree, genesis);
        let found = alone(&[log.export(1, 4), log.export(5, 7)]).verification;
        let problem = "it stands for other rows up to 4 than those that were exported".to_owned();
        assert_eq!(found.damage, [at(pruned.cast_signed(), DamageKind::False { problem })]);
    }
    // And name the beginning of the log.
    let mut log = Log::of(6);
    log.pruned(4, head, &tree, Digest::of(b"x"));
    let found = alone(&[log.export(1, 4), log.export(5, 7)]).verification;
    assert_eq!(codes(&found.damage), [(-1, "wrong-log")]);
}

fn receipts_of(log: &Log, rows: &[u64]) -> String {
    text(&rows.iter().map(|row| receipt(log, *row)).collect::<Vec<Value>>())
}

#[test]
fn receipts_are_held_against_exports() {
    let log = Log::of(12);
    let files = [log.export(1, 6), log.export(7, 12)];
    let lines = receipts_of(&log, &[12, 2, 7, 2]);
    let found = check(&files, Given { receipts: Some(&lines), ..Given::default() }).unwrap();
    let report = found.receipts.unwrap();
    assert_eq!((found.verification.damage.as_slice(), found.verification.anchored), (&[][..], Some(12)));
    assert_eq!((report.receipts, report.hold, report.pruned), (4, 4, 0));
    assert_eq!(report.uncovered, [1, 3, 4, 5, 6, 8, 9, 10, 11]);
    // Wrong, cut off, before the first one, of another log, and of a row that is missing.
    let mut log = Log::of(12);
    let lines = receipts_of(&log, &[8, 12, 3, 6, 9]);
    let other = receipts_of(&log, &[9]).replace(&identity().name(), "ab");
    log.rows.truncate(11);
    log.row(9).hash = log.row(9).commitment.clone();
    let file = log.export(5, 11);
    let lines = format!("{lines}{other}");
    let found = check(&[file], Given { receipts: Some(&lines), ..Given::default() }).unwrap();
    let report = found.receipts.unwrap();
    assert_eq!((report.receipts, report.hold, report.pruned, report.of_other_logs), (6, 2, 1, 1));
    let (anchor, claimed) = ("the receipt in line 2".to_owned(), 12);
    let problem = "row 9 has another hash: what stands up to there was written anew".to_owned();
    let damage = &found.verification.damage;
    assert!(damage.contains(&at(9, DamageKind::Edited)), "{damage:?}");
    assert!(damage.contains(&at(11, DamageKind::Truncated { anchor, claimed })), "{damage:?}");
    let anchor = "the receipt in line 5".to_owned();
    assert!(damage.contains(&at(9, DamageKind::Differs { anchor, problem })), "{damage:?}");
    assert_eq!((damage.len(), found.verification.anchored), (3, Some(8)));
    // A row that is missing has been told of.
    let mut log = Log::of(4);
    let lines = receipts_of(&log, &[2, 3]);
    log.rows.remove(1);
    let header = EventsHeader::new(&identity(), None);
    let found =
        check(&[write(&header, log.rows.iter())], Given { receipts: Some(&lines), ..Given::default() });
    let found = found.unwrap();
    assert_eq!((codes(&found.verification.damage), found.receipts.unwrap().hold), (vec![(2, "missing")], 1));
}

#[test]
fn receipts_that_are_more_than_one_pass_takes_are_all_held_against_exports() {
    let log = Log::of(4);
    // Each line has more than half of what one pass takes.
    let padding = " ".repeat(3 << 20);
    let long = |rows: &[u64]| receipts_of(&log, rows).replace('\n', &format!("{padding}\n"));
    let lines = long(&[4, 3, 2, 1]) + &receipts_of(&log, &[2]);
    let files = [log.export(1, 2), log.export(3, 4)];
    let found = check(&files, Given { receipts: Some(&lines), ..Given::default() }).unwrap();
    let report = found.receipts.unwrap();
    assert_eq!((report.receipts, report.hold, report.uncovered.len()), (5, 5, 0));
    assert_eq!((found.verification.damage.as_slice(), found.verification.anchored), (&[][..], Some(4)));
    // Of a file that is damaged, as far as it goes.
    let cut = changed(&log.export(3, 4), |lines| lines.truncate(2));
    let found =
        check(&[log.export(1, 2), cut], Given { receipts: Some(&lines), ..Given::default() }).unwrap();
    let report = found.receipts.unwrap();
    assert_eq!((report.receipts, report.hold), (5, 4));
    let codes = codes(&found.verification.damage);
    assert_eq!(codes, [(3, "storage"), (3, "truncated")]);
    // One that cannot be opened any more is an error.
    let names = ["1".to_owned()];
    let mut opened = 0;
    let file = log.export(1, 4);
    let mut open = |_| {
        opened += 1;
        if opened == 1 {
            Ok(Box::new(io::Cursor::new(file.clone())) as Box<dyn Read>)
        } else {
            Err(io::Error::other("gone"))
        }
    };
    let mut exports = Exports { names: &names, open: &mut open, until: None };
    let error = verify_exports(&mut exports, Vec::new(), Some(&mut lines.as_bytes()), |_| ()).unwrap_err();
    assert_eq!(error.to_string(), "`1`: gone");
}

#[test]
fn receipts_that_cannot_be_read_are_an_error() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is gone"))
        }
    }
    let file = Log::of(1).export(1, 1);
    let names = ["1".to_owned()];
    let mut open = |_| Ok(Box::new(io::Cursor::new(file.clone())) as Box<dyn Read>);
    let mut exports = Exports { names: &names, open: &mut open, until: None };
    let mut lines = io::BufReader::new(Failing);
    let error = verify_exports(&mut exports, Vec::new(), Some(&mut lines), |_| ()).unwrap_err();
    assert_eq!(error.to_string(), "the receipts cannot be read: the disk is gone");
    assert_eq!((error.help(), error.remedy()), (None, None));
}

#[test]
fn what_is_also_elsewhere_is_left_to_be_checked_there() {
    let log = Log::of(12);
    let lines = receipts_of(&log, &[3, 8, 9, 12, 11]);
    let wrong = receipts_of(&log, &[10]).replace(&log.hash(10).to_string(), &"0".repeat(64));
    let lines = format!("{lines}{wrong}");
    let anchors = vec![log.head(12), named("it", Claim::Head { seq: 15, hash: log.hash(1) })];
    let given = Given { receipts: Some(&lines), until: Some(9), anchors };
    let found = check(&[log.export(1, 12)], given).unwrap();
    let report = found.receipts.unwrap();
    assert_eq!((found.verification.damage.as_slice(), report.receipts, report.hold), (&[][..], 6, 2));
    assert_eq!(standings(&found.verification), [Standing::Holds, Standing::Unchecked]);
    assert_eq!(report.uncovered, [1, 2, 4, 5, 6, 7]);
    // A receipt of a row behind the end is left to the log as well.
    let lines = receipts_of(&log, &[12]);
    let given = Given { receipts: Some(&lines), until: Some(5), ..Given::default() };
    let found = check(&[log.export(1, 4)], given).unwrap();
    assert_eq!((found.verification.damage.as_slice(), found.receipts.unwrap().hold), (&[][..], 0));
}
