//! Which file system a path is on.

use std::path::Path;

use nix::sys::statfs::statfs;

/// The number by which the system knows a kind of file system. `None` where it does not say.
pub(crate) fn magic(path: &Path) -> Option<u32> {
    // The type's width differs between platforms, and may be signed; its 32 bits do not differ.
    let number = format!("{:x}", statfs(path).ok()?.filesystem_type().0);
    let digits = number.get(number.len().saturating_sub(8)..)?;
    u32::from_str_radix(digits, 16).ok()
}
