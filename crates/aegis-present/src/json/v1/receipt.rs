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
}

impl<'a> ReceiptV1<'a> {
    /// The same as JSON has it.
    #[must_use]
    pub fn new(receipt: &'a Receipt) -> ReceiptV1<'a> {
        ReceiptV1 { log: receipt.log(), seq: receipt.seq(), head: receipt.head().to_string() }
    }
}
