//! Other accounts than the one that runs the tests.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// The user and the group of an account that owns nothing.
pub const NOBODY: u32 = 65_534;

/// The command as another account, which is not root. Only root may start it.
pub fn as_nobody(command: &mut Command) -> &mut Command {
    command.uid(NOBODY).gid(NOBODY)
}

/// Whether this process may become another account.
pub fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}
