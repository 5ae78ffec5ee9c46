//! A grant that was given, as it is shown.

use aegis_ledger::event::EntryBody;
use aegis_ledger::grant::Grant;

/// A grant that was given, and the action with which it was.
#[derive(Clone, Copy, Debug)]
pub struct Granted<'a> {
    /// The grant, and what is left of it.
    pub grant: &'a Grant,
    /// The action that was asked about, and what the policy said of it.
    pub entry: &'a EntryBody,
    /// The id of the log.
    pub log: &'a str,
}
