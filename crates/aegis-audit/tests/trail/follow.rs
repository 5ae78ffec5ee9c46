//! Following a log: each record exactly once, in order, without keeping the log busy.

use std::fs;
use std::time::{Duration, Instant};

use aegis_audit::sqlite::{Followed, Follower};
use aegis_audit::{EndStatus, Ending, TrailError, Watch, Woken};
use aegis_ledger::answer::{Answer, ResultStatus};
use aegis_ledger::filter::Filter;
use aegis_ledger::record::Record;
use aegis_testkit::{Append as _, Case, PATIENCE, Place, append_one};

use crate::prune::prune_through;

const DONE: Ending<'_> = Ending { status: EndStatus::Success, error: None, duration_ms: None };

fn follower(place: &Place, filter: Filter) -> Follower {
    Follower::new(&place.log, filter).unwrap()
}

fn next(follower: &mut Follower) -> Result<Vec<Followed>, TrailError> {
    let mut told = Vec::new();
    follower.catch_up(|followed| {
        told.push(followed);
        Ok::<_, TrailError>(())
    })?;
    Ok(told)
}

/// What was told, in short: the number of a record and its result, or a word for anything else.
fn short(told: &[Followed]) -> Vec<String> {
    let word = |record: &Record| record.result_status.map_or("-", ResultStatus::as_str).to_owned();
    told.iter()
        .map(|followed| match followed {
            Followed::Record(record) => format!("{} {}", record.seq, word(record)),
            Followed::Absent => "absent".to_owned(),
            Followed::Appeared { .. } => "appeared".to_owned(),
            Followed::Skipped { first, last } => format!("skipped {first}-{last}"),
            Followed::Unreadable { seq, .. } => format!("{seq} unreadable"),
        })
        .collect()
}

fn told(follower: &mut Follower) -> Vec<String> {
    short(&next(follower).unwrap())
}

#[test]
fn it_begins_with_the_newest_and_goes_on_with_what_is_appended() {
    let place = Place::with_decisions(5);
    let mut follower = follower(&place, Filter { limit: Some(2), ..Filter::default() });
    assert_eq!(told(&mut follower), ["4 -", "5 -"]);
    assert_eq!(told(&mut follower), [""; 0]);
    let mut trail = place.open();
    let _ = append_one(&mut trail, "b").unwrap();
    assert_eq!(told(&mut follower), ["6 -"]);
    // An action is told again with its result when its end is recorded, and by then only.
    let _ = trail.end_action("a0", DONE).unwrap();
    let _ = append_one(&mut trail, "c").unwrap();
    let _ = trail.end_action("c", DONE).unwrap();
    assert_eq!(told(&mut follower), ["1 success", "8 -", "8 success"]);
    assert_eq!(told(&mut follower), [""; 0]);
}

#[test]
fn what_is_told_does_not_depend_on_when_it_is_looked_at() {
    let (seldom, often) = (Place::new(), Place::new());
    let everything = |place: &Place, each: &mut dyn FnMut()| {
        let mut trail = place.open();
        each();
        for index in 0..240 {
            let id = format!("a{index}");
            let _ = append_one(&mut trail, &id).unwrap();
            if index % 3 == 0 {
                let _ = trail.end_action(&id, DONE).unwrap();
            }
            if index % 50 == 0 {
                each();
            }
        }
        each();
    };
    let mut at_once = follower(&seldom, Filter::default());
    let mut seen_at_once = told(&mut at_once);
    everything(&seldom, &mut || {});
    seen_at_once.extend(told(&mut at_once));
    let mut by_and_by = follower(&often, Filter::default());
    let mut seen = told(&mut by_and_by);
    everything(&often, &mut || seen.extend(told(&mut by_and_by)));
    assert_eq!(seen, seen_at_once);
    assert_eq!(seen.len(), 2 + 240 + 80);
}

#[test]
fn a_filter_judges_each_record_as_the_index_does() {
    let place = Place::new();
    let mut trail = place.open();
    let denied =
        Case::new(r#"{"type":"update","target":"hr","agent":"bob"}"#).answered_by(Answer::Denied, "ana");
    let cases = [
        Case::default().id("a").session("s1"),
        denied.id("b").session("s2").at("2026-11-24T00:00:00.001Z"),
        Case::new(r#"{"type":"delete","target":"crm"}"#).id("c").at("2026-11-25T00:00:00Z"),
    ];
    let text = |text: &str| Some(text.to_owned());
    let instant = |text: &str| Some(text.parse().unwrap());
    let filters = [
        Filter::default(),
        Filter { session: text("s2"), ..Filter::default() },
        Filter { agent: text("bot"), ..Filter::default() },
        Filter { action_type: text("delete"), target: text("crm"), ..Filter::default() },
        Filter { rule: text("updates_need_approval"), ..Filter::default() },
        Filter { risk: vec![aegis_engine::RiskLevel::Low], ..Filter::default() },
        Filter { approval: vec![aegis_engine::ApprovalMode::Block], ..Filter::default() },
        Filter { decision: vec![Answer::Denied, Answer::Auto], ..Filter::default() },
        Filter { result: vec![ResultStatus::Denied, ResultStatus::Success], ..Filter::default() },
        Filter { since: instant("2026-11-24T00:00:00.0005Z"), ..Filter::default() },
        Filter { until: instant("2026-11-24T00:00:00.001Z"), ..Filter::default() },
        Filter { target: text("nowhere"), ..Filter::default() },
    ];
    let mut followers: Vec<_> = filters.iter().map(|filter| follower(&place, filter.clone())).collect();
    for follower in &mut followers {
        assert_eq!(told(follower), [""; 0]);
    }
    for case in &cases {
        let _ = trail.append(&[case.decided()]).unwrap();
    }
    let _ = trail.end_action("a", DONE).unwrap();
    for (filter, follower) in filters.iter().zip(&mut followers) {
        let mut seen: Vec<_> = next(follower)
            .unwrap()
            .into_iter()
            .map(|followed| match followed {
                Followed::Record(record) => record.seq,
                other => panic!("{other:?}"),
            })
            .collect();
        seen.sort_unstable();
        seen.dedup();
        let expected: Vec<_> = place.records(filter).iter().map(|record| record.seq).collect();
        assert_eq!(seen, expected, "{filter:?}");
    }
}

#[test]
fn a_log_that_is_not_there_yet_is_waited_for() {
    let place = Place::new();
    let mut follower = follower(&place, Filter { limit: Some(1), ..Filter::default() });
    assert_eq!(told(&mut follower), ["absent"]);
    assert_eq!(told(&mut follower), [""; 0]);
    // Half of a log is none.
    fs::write(&place.log, b"").unwrap();
    assert_eq!(told(&mut follower), [""; 0]);
    let mut trail = place.open();
    let _ = append_one(&mut trail, "a").unwrap();
    let _ = append_one(&mut trail, "b").unwrap();
    // Whatever is in it was appended while it was waited for.
    assert_eq!(told(&mut follower), ["appeared", "1 -", "2 -"]);
    assert!(matches!(
        Follower::new(&place.directory.path().join("no/log.db"), Filter::default()),
        Err(TrailError::DirectoryMissing { .. })
    ));
}

#[test]
fn a_log_that_is_replaced_is_read_to_its_end_first() {
    let place = Place::with_decisions(1);
    let mut follower = follower(&place, Filter::default());
    assert_eq!(told(&mut follower), ["1 -"]);
    let _ = append_one(&mut place.open(), "last").unwrap();
    for suffix in ["", "-wal", "-shm", ".lock"] {
        let _ = fs::rename(place.beside(suffix), place.directory.path().join(format!("old.db{suffix}")));
    }
    assert_eq!(told(&mut follower), ["2 -", "absent"]);
    let _ = append_one(&mut place.open(), "new").unwrap();
    assert_eq!(told(&mut follower), ["appeared", "1 -"]);
}

#[test]
fn a_log_that_was_cut_off_or_changed_is_refused() {
    for (change, cut_off) in [
        ("DELETE FROM events WHERE seq > 2", true),
        ("DELETE FROM events", true),
        ("UPDATE events SET hash = zeroblob(32) WHERE seq = 3", true),
        ("UPDATE events SET body = replace(body, 'crm', 'crx') WHERE seq = 4", false),
    ] {
        let place = Place::with_decisions(3);
        let mut follower = follower(&place, Filter::default());
        assert_eq!(told(&mut follower).len(), 3);
        if !cut_off {
            let _ = append_one(&mut place.open(), "b").unwrap();
        }
        place.tamper(change);
        let refused = next(&mut follower);
        assert!(
            matches!(
                (&refused, cut_off),
                (Err(TrailError::CutOff { seq: 3, .. }), true)
                    | (Err(TrailError::Tampered { seq: 4, .. }), false)
            ),
            "{change}: {refused:?}"
        );
    }
}

#[test]
fn a_log_that_was_put_back_is_refused() {
    let place = Place::with_decisions(1);
    let copy = place.directory.path().join("copy.db");
    fs::copy(&place.log, &copy).unwrap();
    let _ = append_one(&mut place.open(), "b").unwrap();
    let mut follower = follower(&place, Filter::default());
    assert_eq!(told(&mut follower), ["1 -", "2 -"]);
    for suffix in ["-wal", "-shm"] {
        let _ = fs::remove_file(place.beside(suffix));
    }
    fs::rename(&copy, &place.log).unwrap();
    let refused = next(&mut follower);
    assert!(matches!(refused, Err(TrailError::CutOff { seq: 2, .. })), "{refused:?}");
}

#[test]
fn what_was_pruned_before_it_was_told_is_said() {
    let place = Place::with_decisions(2);
    let mut follower = follower(&place, Filter::default());
    assert_eq!(told(&mut follower), ["1 -", "2 -"]);
    let mut trail = place.open();
    let receipts: Vec<_> =
        ["c", "d", "e"].into_iter().flat_map(|id| append_one(&mut trail, id).unwrap()).collect();
    drop(trail);
    prune_through(&place, &receipts[1]);
    assert_eq!(told(&mut follower), ["skipped 3-4", "5 -"]);
    let _ = append_one(&mut place.open(), "f").unwrap();
    assert_eq!(told(&mut follower), ["7 -"]);
}

#[test]
fn idle_or_telling_it_holds_up_no_checkpoint() {
    let place = Place::with_decisions(50);
    let mut follower = follower(&place, Filter::default());
    let checkpoint = || -> (u32, u32, u32) {
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        place.meddle().query_row("PRAGMA wal_checkpoint(RESTART)", [], row).unwrap()
    };
    let mut trail = place.open();
    let mut during = 0;
    follower
        .catch_up(|_| {
            if during < 3 {
                let _ = append_one(&mut trail, &format!("d{during}")).unwrap();
                let (busy, written, moved) = checkpoint();
                assert_eq!((busy, written), (0, moved));
                during += 1;
            }
            Ok::<_, TrailError>(())
        })
        .unwrap();
    assert_eq!(during, 3);
    let _ = append_one(&mut trail, "after").unwrap();
    let (busy, written, moved) = checkpoint();
    assert_eq!((busy, written), (0, moved));
}

#[test]
fn writers_at_once_are_told_in_order_and_none_is_missed_or_told_twice() {
    let place = Place::new();
    let mut follower = follower(&place, Filter::default());
    let mut seen = told(&mut follower);
    let watch = Watch::new(&place.log).unwrap();
    let output = fs::File::create("/dev/null").unwrap();
    let (writers, each) = (4, 50);
    std::thread::scope(|scope| {
        for writer in 0..writers {
            let place = &place;
            scope.spawn(move || {
                for index in 0..each {
                    let _ = append_one(&mut place.open(), &format!("{writer}-{index}")).unwrap();
                }
            });
        }
        let deadline = Instant::now() + PATIENCE;
        while seen.len() < 2 + writers * each && Instant::now() < deadline {
            let _: Woken = watch.wait(Duration::from_millis(500), std::os::fd::AsFd::as_fd(&output)).unwrap();
            seen.extend(told(&mut follower));
        }
    });
    seen.extend(told(&mut follower));
    let expected: Vec<_> = ["absent".to_owned(), "appeared".to_owned()]
        .into_iter()
        .chain((1..=writers * each).map(|seq| format!("{seq} -")))
        .collect();
    assert_eq!(seen, expected);
}
