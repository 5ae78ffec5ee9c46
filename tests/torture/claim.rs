//! What callers were told, held against what is in the log.

use std::collections::HashMap;
use std::fmt;

use aegis_testkit::Log;
use serde_json::Value;

/// An action that somebody was told is allowed, with the receipt for it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Claim {
    pub(crate) log: String,
    pub(crate) seq: usize,
    pub(crate) head: String,
    pub(crate) action_id: String,
}

impl Claim {
    /// What one line of an answer claims. Nothing, if it is no answer or the answer is no.
    pub(crate) fn of(line: &str) -> Option<Claim> {
        let answer: Value = serde_json::from_str(line).ok()?;
        if answer["allowed"] != true {
            return None;
        }
        let text = |value: &Value| value.as_str().map(ToOwned::to_owned);
        let receipt = &answer["receipt"];
        // An answer that allows without a receipt claims a row that cannot be there.
        Some(Claim {
            log: text(&receipt["log"]).unwrap_or_default(),
            seq: receipt["seq"].as_u64().and_then(|seq| seq.try_into().ok()).unwrap_or_default(),
            head: text(&receipt["head"]).unwrap_or_default(),
            action_id: text(&answer["action_id"]).unwrap_or_default(),
        })
    }

    /// What all the lines claim that came to their end.
    pub(crate) fn all_of(output: &str) -> Vec<Claim> {
        output.split_inclusive('\n').filter(|line| line.ends_with('\n')).filter_map(Claim::of).collect()
    }

    /// Whether the log has the row.
    pub(crate) fn holds_in(&self, log: &Log) -> bool {
        let row = self.seq.checked_sub(1).and_then(|index| log.rows.get(index));
        self.log == log.id
            && row.is_some_and(|row| {
                row.kind == "decided"
                    && row.action_id == self.action_id
                    && hex::encode(&row.hash) == self.head
            })
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "row {} of action {} with hash {:.8}", self.seq, self.action_id, self.head)
    }
}

/// The claims for which there is no row.
pub(crate) fn broken<'a>(claims: impl IntoIterator<Item = &'a Claim>, log: &Log) -> Vec<String> {
    claims.into_iter().filter(|claim| !claim.holds_in(log)).map(|claim| format!("lost: {claim}")).collect()
}

/// The claims for which a copy of the log, in JSON lines, has no record, and lines before them that are none.
/// What comes behind the last of them, nobody was told of: a power cut may have garbled it.
pub(crate) fn missing_in_copy<'a>(claims: impl IntoIterator<Item = &'a Claim>, copy: &[u8]) -> Vec<String> {
    let key = |id: &str, hash: &str| (id.to_owned(), hash.to_owned());
    let mut missing: HashMap<_, _> =
        claims.into_iter().map(|claim| (key(&claim.action_id, &claim.head), claim)).collect();
    let (mut garbled, mut problems) = (Vec::new(), Vec::new());
    for line in whole_lines(copy) {
        match line {
            Err(problem) => garbled.push(problem),
            Ok(record) => {
                let text = |field: &str| record[field].as_str().unwrap_or_default().to_owned();
                if missing.remove(&(text("id"), text("hash"))).is_some() {
                    problems.append(&mut garbled);
                }
            }
        }
    }
    problems.extend(missing.values().map(|claim| format!("missing in the copy: {claim}")));
    problems
}

/// The lines of a copy that came to their end and are no records.
pub(crate) fn garbled_in_copy(copy: &[u8]) -> Vec<String> {
    whole_lines(copy).into_iter().filter_map(Result::err).collect()
}

fn whole_lines(copy: &[u8]) -> Vec<Result<Value, String>> {
    let lines = copy.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n"));
    let read = |(index, line)| {
        serde_json::from_slice(line).map_err(|error| format!("line {} of the copy: {error}", index + 1))
    };
    lines.enumerate().map(read).collect()
}

#[test]
fn a_copy_lacks_what_it_lacks() {
    let claim =
        |id: &str| Claim { log: String::new(), seq: 1, head: "ab".to_owned(), action_id: id.to_owned() };
    let copy =
        b"{\"id\":\"a\",\"hash\":\"ab\"}\n{\"id\":\"b\",\"hash\":\"ac\"}\n{\"id\":\"c\",\"hash\":\"ab\"}";
    for (id, missing) in [("a", 0), ("b", 1), ("c", 1), ("d", 1)] {
        assert_eq!(missing_in_copy([&claim(id)], copy).len(), missing, "{id}");
    }
    let garbled = [b"{\0\n", &copy[..], b"\n{\n"].concat();
    assert_eq!(missing_in_copy([], &garbled).len(), 0);
    assert_eq!(missing_in_copy([&claim("a")], &garbled).len(), 1);
    assert_eq!((garbled_in_copy(copy).len(), garbled_in_copy(&garbled).len()), (0, 2));
}

#[test]
fn a_claim_holds_for_its_own_row_and_no_other() {
    use aegis_testkit::{DELETE, READ};

    use crate::environment::TestEnvironment;

    let environment = TestEnvironment::new();
    let input = [READ, DELETE, READ, "{"].join("\n");
    let run = environment.aegis_with_input(&["check", "--jsonl"], input);
    let claims = Claim::all_of(&run.stdout);
    assert_eq!(claims.iter().map(|claim| claim.seq).collect::<Vec<_>>(), [1, 3]);
    let log = Log::read(&environment.file("aegis_audit.db")).unwrap();
    assert_eq!(broken(&claims, &log), Vec::<String>::new());
    let changed = |change: fn(&mut Claim)| {
        let mut claim = claims[1].clone();
        change(&mut claim);
        broken([&claim], &log).len()
    };
    assert_eq!(changed(|claim| claim.seq = 1), 1);
    assert_eq!(changed(|claim| claim.seq = 0), 1);
    assert_eq!(changed(|claim| claim.seq = 4), 1);
    assert_eq!(changed(|claim| claim.head = claim.head.replace(['0', '1', '2'], "3")), 1);
    assert_eq!(changed(|claim| claim.log.clear()), 1);
    assert_eq!(changed(|claim| claim.action_id.clear()), 1);
    let unfinished = run.stdout.lines().next().unwrap();
    assert_eq!(Claim::all_of(unfinished), []);
}
