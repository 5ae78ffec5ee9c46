//! A question that waits, as it is shown.

use aegis_ledger::event::{EntryBody, Payload};
use aegis_ledger::question::Question;

/// A question that waits for an answer, or waited, and what it is about.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// What is asked, and what was said to it so far.
    pub question: &'a Question,
    /// The action, and what the policy said of it.
    pub entry: &'a EntryBody,
    /// What the operation is given, and the agent's own words; absent where they were removed.
    pub payload: Option<&'a Payload>,
    /// The id of the log.
    pub log: &'a str,
}

/// The fewest characters of an id that are shown: its time, to the millisecond.
const FEWEST: usize = "01939f2b-4a5c".len();

/// How many characters of these ids are enough to tell each from the others.
///
/// # Example
/// ```
/// use aegis_present::enough_of_ids;
///
/// let ids = ["01939f2b-4a5c-7000-8000-000000000001", "01939f2b-4a5c-7000-9000-000000000002"];
/// assert_eq!(enough_of_ids(ids), 20);
/// ```
pub fn enough_of_ids<'i>(ids: impl IntoIterator<Item = &'i str>) -> usize {
    let mut sorted: Vec<&str> = ids.into_iter().collect();
    sorted.sort_unstable();
    sorted.dedup();
    let alike = |one: &str, other: &str| one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    let pairs = sorted.iter().zip(sorted.iter().skip(1));
    let longest = pairs.map(|(one, other)| alike(one, other) + 1).max().unwrap_or_default();
    longest.max(FEWEST)
}
