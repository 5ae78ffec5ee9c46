//! The receipt of how an action ended.

use aegis_ledger::receipt::Receipt;
use serde::Serialize;

use super::receipt::ReceiptV1;

/// How an action ended, once that is recorded.
#[derive(Debug, Serialize)]
pub struct EndedV1<'a> {
    /// The id of the action.
    action_id: &'a str,
    /// How it ended.
    result_status: &'a str,
    /// The proof that this is in the audit trail.
    receipt: ReceiptV1<'a>,
}

impl<'a> EndedV1<'a> {
    /// With the id of the action, and the word for how it ended.
    #[must_use]
    pub fn new(action_id: &'a str, result_status: &'a str, receipt: &'a Receipt) -> EndedV1<'a> {
        EndedV1 { action_id, result_status, receipt: ReceiptV1::new(receipt) }
    }
}
