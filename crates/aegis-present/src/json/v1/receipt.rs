//! Where in which audit trail a record is.

use aegis_ledger::receipt::Receipt;
use schemars::JsonSchema;
use serde::Serialize;

/// Where in which audit trail a record is.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Receipt")]
pub struct ReceiptV1<'a> {
    /// The id of the log.
    pub(super) log: &'a str,
    /// The record's number in it.
    pub(super) seq: u64,
    /// The hash of the record, which covers everything before it.
    pub(super) head: String,
    /// True where the log is on a file system on which nothing lasts, and else absent.
    #[serde(default, skip_serializing_if = "is_lasting")]
    pub(super) volatile: bool,
}

impl<'a> ReceiptV1<'a> {
    /// The same as JSON has it.
    #[must_use]
    pub fn new(receipt: &'a Receipt) -> ReceiptV1<'a> {
        ReceiptV1 {
            log: receipt.log(),
            seq: receipt.seq(),
            head: receipt.head().to_string(),
            volatile: receipt.is_volatile(),
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over references")]
const fn is_lasting(volatile: &bool) -> bool {
    !*volatile
}
