//! Rows that could not be shown: counted, and the first of them named.

use std::collections::BTreeMap;
use std::fmt;

use aegis_engine::escape_capped;

/// How many rows are named.
const NAMED: usize = 10;
/// How much is said of one of them.
const MAX_SHOWN: usize = 200;

/// Rows that were left out of what was asked for, because they cannot be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    named: BTreeMap<u64, String>,
    more: u64,
}

impl LeftOut {
    /// Notes a row, and what is wrong with it.
    pub(crate) fn add(&mut self, seq: u64, problem: String) {
        if self.named.contains_key(&seq) {
            return;
        }
        if self.named.len() < NAMED {
            self.named.insert(seq, problem);
        } else {
            self.more = self.more.saturating_add(1);
        }
    }

    /// Whether nothing was left out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.named.is_empty()
    }
}

/// A sentence for a person, escaped.
impl fmt::Display for LeftOut {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.more.saturating_add(self.named.len() as u64);
        let (rows, were) =
            if rows == 1 { ("a row".to_owned(), "is") } else { (format!("{rows} rows"), "are") };
        write!(formatter, "{rows} that cannot be read {were} left out")?;
        for (place, (seq, problem)) in self.named.iter().enumerate() {
            let before = if place == 0 { ": " } else { "; " };
            write!(formatter, "{before}row {seq}: {}", escape_capped(problem, MAX_SHOWN))?;
        }
        if self.more > 0 { write!(formatter, "; and {} more", self.more) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_is_named_once_and_the_rest_are_counted() {
        let mut left_out = LeftOut::default();
        assert!(left_out.is_empty());
        left_out.add(7, "its body cannot be read: \u{1b}".to_owned());
        left_out.add(7, "again".to_owned());
        assert_eq!(
            left_out.to_string(),
            "a row that cannot be read is left out: row 7: its body cannot be read: \\u{1b}"
        );
        for seq in 10..30 {
            left_out.add(seq, "x".to_owned());
        }
        let text = left_out.to_string();
        assert!(text.starts_with("21 rows that cannot be read are left out: row 7: "), "{text}");
        assert!(text.ends_with("; row 18: x; and 11 more"), "{text}");
    }
}
