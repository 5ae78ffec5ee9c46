//! Root at somebody else's log: it acts as that account there.
//!
//! Whoever owns a log owns its directory, mostly, and can put links, pipes or other files there at any
//! moment. So root opens nothing in it with its own rights, and leaves nothing in it that is root's: from the
//! first look on, the process has the rights of the log's owner and no others, and what that account could
//! not open is not opened. Who runs the process stays what it is: the kernel keeps the real user, by which it
//! is recorded who did something, and lets the owner neither signal nor trace the process.
//!
//! What this does not keep off: the file itself is read by a process that could become root again, so a flaw
//! in how it is read would count more than in a process of its owner's. Nothing but the log's own files is
//! read for its owner, and no program is started.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use nix::unistd::{Gid, Uid, geteuid, getuid};

use crate::error::TrailError;
use crate::trust::{Groups, groups_of};

/// Lets this process, where root runs it, act from now on as the account that the log at `path` belongs to.
/// Does nothing where somebody else runs it, or where there is no such file, or it is root's.
///
/// # Errors
/// When the system does not let it, or the log belongs to an account that this machine does not know. Then
/// nothing must be done with the log.
///
/// # Example: root has a look at a log of another account
/// ```
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("log.db");
/// aegis_audit::act_as_owner(&path)?;
/// // From here on, the log's owner could have opened whatever is opened.
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn act_as_owner(path: &Path) -> Result<(), TrailError> {
    if !getuid().is_root() || !geteuid().is_root() {
        return Ok(());
    }
    // A link belongs to whoever made it, and is not followed by what opens the log either.
    let Ok(metadata) = fs::symlink_metadata(path) else { return Ok(()) };
    let owner = Uid::from_raw(metadata.uid());
    if owner.is_root() || !metadata.is_file() {
        return Ok(());
    }
    let unknown = || std::io::Error::other("it belongs to an account that this machine does not know");
    let groups = groups_of(owner.as_raw()).ok_or_else(|| TrailError::io(path, unknown()))?;
    become_user(owner, &groups).map_err(|errno| TrailError::io(path, errno.into()))
}

/// Takes on the effective rights of an account: its groups first, while that is allowed.
#[cfg(target_os = "linux")]
fn become_user(owner: Uid, groups: &Groups) -> nix::Result<()> {
    use nix::unistd::{setegid, seteuid, setgroups};

    let all: Vec<Gid> = groups.all.iter().copied().map(Gid::from_raw).collect();
    setgroups(&all)?;
    setegid(Gid::from_raw(groups.primary))?;
    seteuid(owner)
}

/// Other systems let root's own rights count; the log is not opened then, as it is not root's.
#[cfg(not(target_os = "linux"))]
fn become_user(_: Uid, _: &Groups) -> nix::Result<()> {
    Ok(())
}
