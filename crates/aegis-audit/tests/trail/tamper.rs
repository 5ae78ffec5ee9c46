//! A tamper matrix: random single edits of a log, of every kind that somebody with the file can make, all of
//! which must be found; and a control, a verifier that looks at less and misses some.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use aegis_audit::sqlite::TrailReader;
use aegis_audit::{Journal, TrailError};
use aegis_ledger::answer::{Answer, ResultStatus};
use aegis_ledger::event::{Event, Operator, Redacted, Stamped};
use aegis_ledger::filter::Filter;
use aegis_ledger::receipt::Receipt;
use aegis_ledger::verify::{Anchor, Claim, Verification};
use aegis_testkit::{
    Append as _, Case, Chance, PATIENCE, Place, append_one, figures, rehash, scaled, without_triggers,
};
use rusqlite::Connection;
use rusqlite::types::Value;

use crate::prune::prune_through;

/// How many rows the log has.
const ROWS: i64 = 1000;

/// The number of any of the rows.
fn any_row(chance: &mut Chance) -> i64 {
    1 + i64::try_from(chance.below(ROWS.unsigned_abs().try_into().unwrap())).unwrap()
}

/// A log with events of every kind, and the receipt of its newest row.
fn original(place: &Place) -> Receipt {
    let mut trail = place.open();
    let asked = Case::new(r#"{"type":"update","target":"crm"}"#).answered_by(Answer::Approved, "ana");
    let operator = Operator { host: "host", user: "ana", login: None };
    let mut last = None;
    let mut left = usize::try_from(ROWS).unwrap();
    let mut number = 0;
    while left > 0 {
        number += 1;
        let id = format!("a{number}");
        let case = if number % 3 == 0 {
            Case { id, ..Case::new(r#"{"type":"update","target":"crm"}"#) }
                .answered_by(Answer::Approved, "ana")
        } else {
            Case::default().id(&id)
        };
        let mut events = vec![case.decided()];
        if number % 3 == 0 {
            events = vec![
                case.requested(),
                case.answered(),
                case.decided(),
                case.ended(ResultStatus::Success, None),
            ];
        }
        events.truncate(left);
        left -= events.len();
        last = trail.append(&events).unwrap().pop();
        if number == 10 {
            let event = Event::Redacted(Redacted { action_id: "a1", events: &[1], note: None, operator });
            last = trail.append(&[Stamped { at: asked.at, event }]).unwrap().pop();
            left -= 1;
        }
    }
    drop(trail);
    let connection = place.meddle();
    connection.execute_batch("UPDATE events SET payload = NULL, salt = NULL WHERE seq = 1").unwrap();
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE").unwrap();
    last.unwrap()
}

/// Another value of the same kind, different from `value` by a little.
fn another(value: Value, chance: &mut Chance) -> Value {
    match value {
        Value::Null => Value::Blob(vec![7; 32]),
        Value::Integer(number) => Value::Integer(number ^ (1 << chance.below(40))),
        Value::Real(number) => Value::Real(number + 1.0),
        Value::Text(text) => {
            let mut bytes = text.into_bytes();
            if bytes.is_empty() {
                return Value::Text("x".to_owned());
            }
            let place = usize::try_from(chance.next() % bytes.len() as u64).unwrap();
            bytes[place] = if bytes[place] == b'x' { b'y' } else { b'x' };
            Value::Text(String::from_utf8_lossy(&bytes).into_owned())
        }
        Value::Blob(mut bytes) => {
            if bytes.is_empty() {
                return Value::Blob(vec![1]);
            }
            let bit = chance.next();
            let place = usize::try_from((bit >> 3) % bytes.len() as u64).unwrap();
            bytes[place] ^= 1 << (bit % 8);
            Value::Blob(bytes)
        }
    }
}

/// Changes one column of one row of a table. Gives what was done.
fn edit(connection: &Connection, table: &str, key: &str, column: &str, chance: &mut Chance) -> String {
    let count: usize =
        connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap();
    let offset = chance.below(count);
    let (rowid, value): (Value, Value) = connection
        .query_row(
            &format!("SELECT {key}, {column} FROM {table} ORDER BY {key} LIMIT 1 OFFSET {offset}"),
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    // A text stays UTF-8, and a payload that is null becomes a text.
    let value = match another(value, chance) {
        Value::Blob(_) if column == "payload" => Value::Text("{}".to_owned()),
        value => value,
    };
    let sql = format!("UPDATE OR REPLACE {table} SET {column} = ?1 WHERE {key} = ?2");
    let done = format!("{column} of row {rowid:?} of {table}");
    connection.execute(&sql, (value, rowid)).unwrap();
    done
}

/// Does one edit of a log that was pruned, and has an index over full blocks. Gives what was done.
fn tamper_with_pruned(connection: &Connection, chance: &mut Chance) -> String {
    const COLUMNS: [(&str, &str, &str); 18] = [
        ("events", "seq", "seq"),
        ("events", "seq", "at"),
        ("events", "seq", "kind"),
        ("events", "seq", "action_id"),
        ("events", "seq", "body"),
        ("events", "seq", "payload"),
        ("events", "seq", "salt"),
        ("events", "seq", "hash"),
        ("log", "only", "id"),
        ("log", "only", "created_at"),
        ("log", "only", "key"),
        ("blocks", "block", "block"),
        ("blocks", "block", "earliest"),
        ("blocks", "block", "latest"),
        ("blocks", "block", "root"),
        ("terms", "field || ' ' || value || ' ' || block", "field"),
        ("terms", "field || ' ' || value || ' ' || block", "value"),
        ("terms", "field || ' ' || value || ' ' || block", "events"),
    ];
    let rows = |sql: String| {
        connection.execute_batch(&sql).unwrap();
        sql
    };
    match chance.below(21) {
        18 => rows("DELETE FROM terms WHERE value = 'decided'".to_owned()),
        19 => rows("DELETE FROM blocks".to_owned()),
        20 => rows(format!("DELETE FROM events WHERE seq = {}", 101 + chance.below(4000))),
        column => {
            let (table, key, column) = COLUMNS[column];
            edit(connection, table, key, column, chance)
        }
    }
}

/// Does one edit. Gives what was done.
fn tamper(connection: &Connection, chance: &mut Chance) -> String {
    const COLUMNS: [&str; 10] =
        ["seq", "at", "kind", "action_id", "body", "payload", "salt", "commitment", "prev_hash", "hash"];
    let run = |sql: String| {
        connection.execute_batch(&sql).unwrap();
        sql
    };
    let (row, other) = (any_row(chance), any_row(chance));
    match chance.below(16) {
        0..=6 => {
            let column = COLUMNS[chance.below(10)];
            edit(connection, "events", "seq", column, chance)
        }
        7 => {
            let column = ["id", "created_at", "key"][chance.below(3)];
            edit(connection, "log", "only", column, chance)
        }
        8 => run(format!("DELETE FROM events WHERE seq = {row}")),
        9 => run(format!("DELETE FROM events WHERE seq > {}", row.min(ROWS - 1))),
        10 => {
            let other = if other == row { row % ROWS + 1 } else { other };
            run(format!(
                "UPDATE events SET seq = -1 WHERE seq = {row}; UPDATE events SET seq = {row} WHERE seq = {other};
                 UPDATE events SET seq = {other} WHERE seq = -1"
            ))
        }
        11 => run(format!(
            "DELETE FROM events WHERE seq = {row}; UPDATE events SET seq = -seq WHERE seq > {row};
             UPDATE events SET seq = -seq - 1 WHERE seq < 0"
        )),
        12 => run(format!(
            "UPDATE events SET seq = -seq WHERE seq > {row}; UPDATE events SET seq = -seq + 1 WHERE seq < 0;
             INSERT INTO events SELECT {row} + 1, at, kind, 'forged', body, payload, salt, commitment, hash, hash
             FROM events WHERE seq = {row}"
        )),
        13 => {
            let from = row.min(ROWS - 1);
            let sql = run(format!(
                "INSERT INTO events SELECT {ROWS} + 1, at, kind, 'forged', body, payload, salt, commitment, hash, hash
                 FROM events WHERE seq = {from}"
            ));
            rehash(connection, ROWS + 1);
            sql
        }
        14 => run(format!("UPDATE events SET payload = NULL, salt = NULL WHERE seq = {}", row.max(2))),
        _ => {
            let sql = run(format!("UPDATE events SET at = at + 1 WHERE seq = {row}"));
            rehash(connection, row);
            sql
        }
    }
}

type Tamper = fn(&Connection, &mut Chance) -> String;

/// Tampers with a copy, and gives it back in the form in which a log has its triggers.
fn tampered(copy: &Path, chance: &mut Chance, tamper: Tamper) -> String {
    let connection = Connection::open(copy).unwrap();
    connection
        .execute_batch("PRAGMA synchronous = OFF; PRAGMA ignore_check_constraints = ON; BEGIN")
        .unwrap();
    let done = without_triggers(&connection, |connection| tamper(connection, chance));
    connection.execute_batch("COMMIT").unwrap();
    done
}

/// A verifier that only looks whether each row's hash is that of its content: the control.
fn weak(found: &Verification) -> bool {
    found.damage.iter().any(|damage| matches!(damage.kind.code(), "edited" | "payload-edited"))
}

/// Behind how many edits it is tried to append.
const APPENDED: usize = 300;

#[test]
fn every_single_edit_is_found() {
    let edits = scaled(300, 20_000);
    let place = Place::new();
    let receipt = original(&place);
    let bytes = std::fs::read(&place.log).unwrap();
    let copy = place.directory.path().join("copy.db");
    let verify = || {
        let claim = Claim::Head { seq: receipt.seq(), hash: receipt.head() };
        let anchor = Anchor { name: "the receipt".to_owned(), claim };
        // A log that is refused is found out as well.
        TrailReader::open(&copy).ok().and_then(|reader| reader.verify(vec![anchor], |_, _| {}).ok())
    };
    std::fs::write(&copy, &bytes).unwrap();
    let untouched = verify().unwrap();
    assert_eq!((untouched.damage.as_slice(), untouched.rows), (&[][..], 1000));
    assert_eq!((untouched.anchored, untouched.removed), (Some(1000), 1));

    let (mut chance, mut missed_by_weak, mut refused) = (Chance::new(4), 0, 0);
    for number in 0..edits {
        std::fs::write(&copy, &bytes).unwrap();
        let done = tampered(&copy, &mut chance, tamper);
        if let Some(found) = verify() {
            assert!(!found.is_sound(), "edit {number} was missed: {done}");
            // One edit is one damage, or a few where it says several things.
            assert!(found.damage.len() <= 6, "edit {number}, {done}: {:#?}", found.damage);
            missed_by_weak += u32::from(!weak(&found));
        }
        // An append is synced, which takes longer than all the rest.
        if number < APPENDED {
            let appended = Journal::open(&copy, PATIENCE).and_then(|mut log| append_one(&mut log, "more"));
            refused += usize::from(appended.is_err());
        }
    }
    // An append does not look at everything, and yet finds what concerns the newest rows or the numbers.
    figures("tampered logs of 1000 rows", format!("{refused} of {APPENDED} take no more"));
    assert!(refused * 4 > APPENDED, "{refused} of {APPENDED}");
    assert!(missed_by_weak > 0, "the control must miss some");
}

#[test]
fn every_single_edit_of_a_pruned_log_is_found() {
    let edits = scaled(40, 2000);
    let place = Place::new();
    let cases: Vec<_> = (0..4200).map(|number| Case::default().id(&format!("a{number}"))).collect();
    let (mut trail, mut receipts) = (place.open(), Vec::new());
    for cases in cases.chunks(100) {
        receipts
            .push(trail.append(&cases.iter().map(Case::decided).collect::<Vec<_>>()).unwrap().pop().unwrap());
    }
    drop(trail);
    prune_through(&place, &receipts[0]);
    place.meddle().execute_batch("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE").unwrap();
    let bytes = std::fs::read(&place.log).unwrap();
    let copy = place.directory.path().join("copy.db");
    let verify =
        || TrailReader::open(&copy).ok().and_then(|reader| reader.verify(Vec::new(), |_, _| {}).ok());
    std::fs::write(&copy, &bytes).unwrap();
    let untouched = verify().unwrap();
    assert_eq!((untouched.damage.as_slice(), untouched.start, untouched.rows), (&[][..], 101, 4101));
    let mut chance = Chance::new(5);
    for number in 0..edits {
        std::fs::write(&copy, &bytes).unwrap();
        let done = tampered(&copy, &mut chance, tamper_with_pruned);
        assert!(verify().is_none_or(|found| !found.is_sound()), "edit {number} was missed: {done}");
    }
}

/// Whatever the file holds, it is read to its end, or refused: nothing is calculated with what was not
/// looked at.
#[test]
fn bytes_flipped_at_random_never_end_in_a_panic() {
    let flips = scaled(300, 20_000);
    let place = Place::new();
    let _ = original(&place);
    let bytes = std::fs::read(&place.log).unwrap();
    let copy = place.directory.path().join("copy.db");
    let mut chance = Chance::new(6);
    for number in 0..flips {
        let mut flipped = bytes.clone();
        for _ in 0..=chance.below(4) {
            // The header, or anywhere.
            let place = if chance.percent(10) { chance.below(4096) } else { chance.below(bytes.len()) };
            flipped[place] ^= 1 << chance.below(8);
        }
        std::fs::write(&copy, &flipped).unwrap();
        let read = std::panic::catch_unwind(|| {
            let reader = TrailReader::open(&copy).ok()?;
            let _ = reader.count(&Filter::default());
            let _ = reader.records(&Filter::default(), |_| Ok::<_, TrailError>(ControlFlow::Continue(())));
            let _ = reader.statistics(&Filter::default(), 5, |_| ());
            let _ = reader.history("a3");
            let verification = reader.verify(Vec::new(), |_, _| {}).ok()?;
            let operator = Operator { host: "host", user: "ana", login: None };
            let at = Case::default().at;
            Journal::open(&copy, Duration::ZERO)
                .ok()?
                .record_checkpoint(&verification, at, None, operator)
                .ok()
        });
        assert!(read.is_ok(), "flip {number}");
    }
}
