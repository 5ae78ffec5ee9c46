//! Permissions of files that were just made: what was meant, whatever the umask takes away.

use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;

/// The bits of a mode.
const BITS: u32 = 0o7777;
/// The mode of what may hold secrets: reading and writing, for the owner alone.
pub const PRIVATE: u32 = 0o600;

/// Gives a file that was just made these permissions (as `chmod` has them): a umask may have taken some away
/// from its owner, who could never open it again.
///
/// # Errors
/// When the system does not set them. On a file system that has no permissions of its own, those that it
/// shows will do where the owner may read and write.
pub fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    let found = file.metadata()?.permissions().mode() & BITS;
    if found == mode {
        return Ok(());
    }
    match file.set_permissions(Permissions::from_mode(mode)) {
        // Of one's own file, only such a file system says so.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied && found & PRIVATE == PRIVATE => Ok(()),
        set => set,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_gets_what_was_meant() {
        let file = tempfile::tempfile().unwrap();
        for (before, meant) in [(0o400, 0o600), (0o666, 0o600), (0, 0o644), (0o644, 0o644)] {
            file.set_permissions(Permissions::from_mode(before)).unwrap();
            set_mode(&file, meant).unwrap();
            assert_eq!(file.metadata().unwrap().permissions().mode() & BITS, meant);
        }
    }
}
