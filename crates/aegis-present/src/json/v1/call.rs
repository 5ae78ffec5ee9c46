//! The call of a framework that an action was read from, and the answers to calls that no policy decides.

use aegis_ledger::receipt::Receipt;
use schemars::JsonSchema;
use serde::Serialize;

use super::receipt::ReceiptV1;
use crate::answered::Named;

/// The call of a framework that an action was read from.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Call")]
pub struct CallV1<'a> {
    /// The format that it is written in.
    pub format: &'a str,
    /// Its id, as it is written; null where it has none.
    pub id: Option<&'a str>,
    /// Where in the input it stands: a JSON Pointer (RFC 6901), or `/` for all of it.
    pub place: &'a str,
}

/// A call that could not be answered.
#[derive(Debug, Serialize)]
pub struct RefusedCallV1<'a> {
    /// The call.
    pub call: CallV1<'a>,
    /// Always false.
    pub allowed: bool,
    /// Why.
    pub error: &'a str,
}

/// A call that the provider ran itself: nobody decided about it.
#[derive(Debug, Serialize)]
pub struct ObservedCallV1<'a> {
    /// The call.
    call: CallV1<'a>,
    /// Always false.
    allowed: bool,
    /// Always true.
    observed: bool,
    /// The id of the action in the audit trail. Null in a dry run.
    action_id: Option<&'a str>,
    /// The kind of operation, without secrets.
    r#type: &'a str,
    /// The system acted upon, without secrets.
    target: &'a str,
    /// The proof that it is recorded as observed. Null in a dry run.
    receipt: Option<ReceiptV1<'a>>,
}

impl<'a> ObservedCallV1<'a> {
    /// With the action's id and its place in the log, where it was recorded.
    #[must_use]
    pub fn new(
        call: CallV1<'a>,
        named: Named<'a>,
        recorded: Option<(&'a str, &'a Receipt)>,
    ) -> ObservedCallV1<'a> {
        ObservedCallV1 {
            call,
            allowed: false,
            observed: true,
            action_id: recorded.map(|(action_id, _)| action_id),
            r#type: named.kind,
            target: named.target,
            receipt: recorded.map(|(_, receipt)| ReceiptV1::new(receipt)),
        }
    }
}
