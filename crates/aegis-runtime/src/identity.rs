//! Who is asking, and where, as the kernel knows it.

use std::time::{SystemTime, UNIX_EPOCH};

use nix::unistd::{User, gethostname, getuid};
use uuid::Builder;

/// The name of the account that runs this process, or `uid N` where it has none. Never taken from the environment.
#[must_use]
pub fn current_user() -> String {
    let user = getuid();
    User::from_uid(user).ok().flatten().map_or_else(|| format!("uid {user}"), |account| account.name)
}

/// The name of this machine, or an empty string where it has none.
#[must_use]
pub fn current_host() -> String {
    gethostname().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// A new session id: 12 random hexadecimal digits.
///
/// # Errors
/// When the system has no randomness to give.
pub fn new_session_id() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 6];
    getrandom::fill(&mut bytes)?;
    Ok(hex::encode(bytes))
}

/// A new id for an action: a UUID of version 7 (RFC 9562), so that ids sort by time.
pub(crate) fn new_action_id() -> Result<String, getrandom::Error> {
    let mut random = [0; 10];
    getrandom::fill(&mut random)?;
    // A clock before 1970 costs the ids their order, nothing else.
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let millis = u64::try_from(since_epoch.as_millis()).unwrap_or_default();
    Ok(Builder::from_unix_timestamp_millis(millis, &random).into_uuid().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn action_ids_are_uuids_of_version_7_and_differ() {
        let ids: std::collections::HashSet<_> = (0..100).map(|_| new_action_id().unwrap()).collect();
        assert_eq!(ids.len(), 100);
        for id in ids {
            let id: uuid::Uuid = id.parse().unwrap();
            assert_eq!(id.get_version_num(), 7);
        }
    }
}
