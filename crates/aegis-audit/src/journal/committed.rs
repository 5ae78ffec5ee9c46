//! The proof that something is in the log.

use aegis_ledger::receipt::Receipt;

/// The proof that an account is in the log, synced, and that every sink took it: the account itself, and the
/// receipt of its last event. Made only by [`Journal::record`](crate::Journal::record), after the commit.
#[derive(Debug)]
#[must_use = "a committed answer is what permits an action"]
pub struct Committed<A> {
    account: A,
    receipt: Receipt,
}

impl<A> Committed<A> {
    pub(super) const fn new(account: A, receipt: Receipt) -> Committed<A> {
        Committed { account, receipt }
    }

    /// What is in the log.
    pub const fn account(&self) -> &A {
        &self.account
    }

    /// Where in the log its last event is.
    pub const fn receipt(&self) -> &Receipt {
        &self.receipt
    }

    /// What is in the log, and where.
    pub fn into_parts(self) -> (A, Receipt) {
        (self.account, self.receipt)
    }
}
