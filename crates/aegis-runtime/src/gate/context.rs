//! Who asks, and where.

use aegis_ledger::event::{PathSource, SessionSource};

/// Who and where: what every record says besides the action itself.
#[derive(Clone, Debug)]
pub struct Context {
    /// Groups the actions of one run of an agent.
    pub session_id: String,
    /// Where the session's id was taken from.
    pub session_source: SessionSource,
    /// The name of this machine.
    pub host: String,
    /// The account that asks, as the kernel knows it.
    pub user: String,
    /// The account that logged in, where that is another one, as the kernel knows it.
    pub login: Option<String>,
    /// Where the policy's path was taken from.
    pub policy_source: PathSource,
    /// Where the log's path was taken from.
    pub log_source: PathSource,
}
