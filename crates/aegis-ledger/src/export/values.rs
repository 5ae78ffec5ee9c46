//! Values as several formats write them.

use std::fmt::Write as _;
use std::io;

use crate::answer::ApproverIdentity;
use crate::record::BorrowedRecord;

/// The instant of a record, which two of the formats need as a number.
pub(super) fn instant(record: &BorrowedRecord<'_>) -> io::Result<i64> {
    record
        .at
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a record's timestamp is not RFC 3339"))
}

/// The approver in one word: the way, and the account if a person was asked.
///
/// ```
/// use aegis_ledger::answer::{ApproverIdentity, Evidence, Via};
/// use aegis_ledger::export::approver_word;
/// let ana = ApproverIdentity {
///     via: Via::new("terminal"),
///     user: Some("ana".to_owned()),
///     evidence: Evidence::Terminal,
///     injectable: false,
/// };
/// assert_eq!(approver_word(&ana), "terminal:ana");
/// assert_eq!(approver_word(&ApproverIdentity::rule()), "rule");
/// ```
#[must_use]
pub fn approver_word(approver: &ApproverIdentity) -> String {
    let via = approver.via.as_str();
    match &approver.user {
        Some(user) => format!("{via}:{user}"),
        None => via.to_owned(),
    }
}

/// Appends a number or the like, as it shows itself.
pub(super) fn push_shown(text: &mut String, value: impl std::fmt::Display) {
    let _ = write!(text, "{value}");
}
