//! Which file system a path is on, and whether anything can be written there.

use std::path::Path;

use nix::sys::statfs::statfs;
use nix::sys::statvfs::{FsFlags, statvfs};

/// The number by which the system knows a kind of file system. `None` where it does not say.
pub(crate) fn magic(path: &Path) -> Option<u32> {
    // The type's width differs between platforms, and may be signed; its 32 bits do not differ.
    let number = format!("{:x}", statfs(path).ok()?.filesystem_type().0);
    let digits = number.get(number.len().saturating_sub(8)..)?;
    u32::from_str_radix(digits, 16).ok()
}

/// Whether a path is on a file system that is mounted read-only.
pub(crate) fn is_read_only(path: &Path) -> bool {
    statvfs(path).is_ok_and(|found| found.flags().contains(FsFlags::ST_RDONLY))
}
