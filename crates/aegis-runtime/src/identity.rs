//! Who is asking, and where, as the kernel knows it.

use std::time::{SystemTime, UNIX_EPOCH};

use aegis_audit::trust::{is_in_first_user_namespace, user_name};
use aegis_ledger::question::{Party, UNPROVEN};
use nix::unistd::{gethostname, getuid};
use uuid::{Builder, Uuid};

/// The name of the account that runs this process, or `uid N` where it has none. Never taken from the
/// environment, and read without the modules of the system's name service ([`user_name`]).
///
/// In a user namespace that somebody made, whoever made it chose the name: it ends in [`UNPROVEN`] then, and
/// counts for nobody's.
#[must_use]
pub fn current_user() -> String {
    user_of(is_in_first_user_namespace())
}

fn user_of(is_proven: bool) -> String {
    let user = getuid();
    let name = user_name(user.as_raw()).unwrap_or_else(|| format!("uid {user}"));
    if is_proven { name } else { name + UNPROVEN }
}

/// The account that logged in to the session in which this process runs, where that is another one than the
/// one that runs it: whoever came by way of `sudo` or `su`. The kernel keeps it through both
/// (`/proc/self/loginuid`), and no environment has a say in it. `None` where nobody logged in, as in a
/// service or a container, where the system does not tell, and in a user namespace that somebody made.
#[must_use]
pub fn current_login() -> Option<String> {
    is_in_first_user_namespace().then(login).flatten()
}

fn login() -> Option<String> {
    let login = login_of(&std::fs::read_to_string("/proc/self/loginuid").ok()?)?;
    (login != getuid().as_raw()).then(|| user_name(login).unwrap_or_else(|| format!("uid {login}")))
}

/// Both accounts of whoever runs this process: [`current_user`] and [`current_login`].
#[must_use]
pub fn current_party() -> Party {
    let is_proven = is_in_first_user_namespace();
    Party { user: user_of(is_proven), login: is_proven.then(login).flatten() }
}

/// The number in that file; none where it stands for nobody.
fn login_of(text: &str) -> Option<u32> {
    text.trim().parse().ok().filter(|login| *login != u32::MAX)
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

/// How many random bits of an id there are, in bytes.
const RANDOM: usize = 10;
/// For how many ids randomness is drawn at once, at most: one question to the system costs more than what it
/// gives.
const DRAWN: usize = 256;

/// Gives ids to actions: UUIDs of version 7 (RFC 9562), so that ids sort by time.
#[derive(Debug)]
pub(crate) struct ActionIds {
    /// Randomness that no id has used yet.
    random: Vec<[u8; RANDOM]>,
    /// Where more of it comes from.
    fill: fn(&mut [u8]) -> Result<(), getrandom::Error>,
}

impl Default for ActionIds {
    fn default() -> ActionIds {
        ActionIds::drawn_from(getrandom::fill)
    }
}

impl ActionIds {
    pub(crate) fn drawn_from(fill: fn(&mut [u8]) -> Result<(), getrandom::Error>) -> ActionIds {
        ActionIds { random: Vec::new(), fill }
    }

    /// A new id. `wanted` tells how many will be asked for in a row, this one included.
    pub(crate) fn next(&mut self, wanted: usize) -> Result<String, getrandom::Error> {
        let random = match self.random.pop() {
            Some(random) => random,
            None => {
                self.random.resize(wanted.clamp(1, DRAWN), [0; RANDOM]);
                if let Err(error) = (self.fill)(self.random.as_flattened_mut()) {
                    // What was not drawn must not be taken for randomness.
                    self.random.clear();
                    return Err(error);
                }
                self.random.pop().unwrap_or_default()
            }
        };
        // A clock before 1970 costs the ids their order, nothing else.
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let millis = u64::try_from(since_epoch.as_millis()).unwrap_or_default();
        let id = Builder::from_unix_timestamp_millis(millis, &random).into_uuid();
        Ok(id.hyphenated().encode_lower(&mut Uuid::encode_buffer()).to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_a_number_that_stands_for_somebody() {
        assert_eq!((login_of("1000\n"), login_of("0")), (Some(1000), Some(0)));
        for nobody in ["4294967295", "", "ana", "-1", "4294967296"] {
            assert_eq!(login_of(nobody), None, "{nobody}");
        }
    }

    #[test]
    fn action_ids_are_uuids_of_version_7_and_differ() {
        let mut ids = ActionIds::default();
        // Alone, in rows that are drawn for at once, and in rows that are longer than that.
        let wanted = (0..100).map(|_| 1).chain((1..=2000).rev());
        let ids: std::collections::HashSet<_> = wanted.map(|wanted| ids.next(wanted).unwrap()).collect();
        assert_eq!(ids.len(), 2100);
        for id in ids {
            let id: uuid::Uuid = id.parse().unwrap();
            assert_eq!(id.get_version_num(), 7);
        }
    }
}
