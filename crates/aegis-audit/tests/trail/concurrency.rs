//! Many writers at once, as threads and as processes: every append is there, in one chain.

use std::collections::HashSet;
use std::process::Stdio;
use std::sync::Barrier;

use aegis_ledger::filter::Filter;
use aegis_testkit::{Place, append_one};

use crate::child::child;

/// Every number from 1 on, each linked to the one before.
fn assert_one_chain(place: &Place, length: usize) {
    let connection = place.meddle();
    let mut statement = connection.prepare("SELECT seq, prev_hash, hash FROM events ORDER BY seq").unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    let mut head: Option<Vec<u8>> = None;
    let mut count = 0_u32;
    for row in rows {
        let (seq, prev_hash, hash): (u32, Vec<u8>, Vec<u8>) = row.unwrap();
        count += 1;
        assert_eq!(seq, count);
        assert!(head.is_none_or(|head| head == prev_hash), "row {seq}");
        head = Some(hash);
    }
    assert_eq!(usize::try_from(count).unwrap(), length);
    let sound: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok");
}

#[test]
fn threads_that_create_the_log_together_and_append_to_it() {
    let place = Place::new();
    let (threads, each) = (16, 25);
    let start = Barrier::new(threads);
    let receipts: Vec<_> = std::thread::scope(|scope| {
        let work = |thread: usize| {
            let (place, start) = (&place, &start);
            move || {
                start.wait();
                let mut trail = place.open();
                let append = |index| {
                    let id = format!("{thread}-{index}");
                    (id.clone(), append_one(&mut trail, &id).unwrap().remove(0))
                };
                let receipts: Vec<_> = (0..each).map(append).collect();
                (trail.created(), receipts)
            }
        };
        let handles: Vec<_> = (0..threads).map(|thread| scope.spawn(work(thread))).collect();
        handles.into_iter().map(|handle| handle.join().unwrap()).collect()
    });
    assert_eq!(receipts.iter().filter(|(created, _)| *created).count(), 1);
    let receipts: Vec<_> = receipts.into_iter().flat_map(|(_, receipts)| receipts).collect();
    let numbers: HashSet<_> = receipts.iter().map(|(_, receipt)| receipt.seq()).collect();
    let logs: HashSet<_> = receipts.iter().map(|(_, receipt)| receipt.log()).collect();
    assert_eq!((numbers.len(), logs.len()), (threads * each, 1));
    assert_one_chain(&place, threads * each);
    // Each receipt is for its own row.
    let records = place.records(&Filter::default());
    for (id, receipt) in &receipts {
        let record = records.iter().find(|record| record.seq == receipt.seq()).unwrap();
        assert_eq!((&record.id, &record.hash), (id, &receipt.head().to_string()));
    }
}

#[test]
fn processes_and_threads_at_once_while_others_read() {
    let place = Place::new();
    let mut processes: Vec<_> =
        (0..8).map(|_| child("append 20", &place.log).stdout(Stdio::null()).spawn().unwrap()).collect();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let place = &place;
            scope.spawn(move || {
                for index in 0..20 {
                    let _ = append_one(&mut place.open(), &format!("{thread}-{index}")).unwrap();
                    let seen = place.records(&Filter::default());
                    assert!(seen.windows(2).all(|pair| pair[0].seq + 1 == pair[1].seq));
                }
            });
        }
    });
    for process in &mut processes {
        assert!(process.wait().unwrap().success());
    }
    assert_one_chain(&place, 12 * 20);
    assert_eq!(place.files(), ["log.db", "log.db.lock"]);
}

#[test]
fn processes_that_are_killed_at_any_moment_leave_one_chain() {
    let place = Place::new();
    let mut acknowledged = 0;
    for round in 0..12 {
        let mut processes: Vec<_> =
            (0..3).map(|_| child("append 20", &place.log).stdout(Stdio::null()).spawn().unwrap()).collect();
        std::thread::sleep(std::time::Duration::from_millis(5 + 7 * round));
        for process in &mut processes {
            process.kill().unwrap();
            process.wait().unwrap();
        }
        acknowledged += append_one(&mut place.open(), &format!("mine {round}")).unwrap().len();
    }
    let records = place.records(&Filter::default());
    assert_eq!(records.iter().filter(|record| record.id.starts_with("mine")).count(), acknowledged);
    assert_one_chain(&place, records.len());
}
