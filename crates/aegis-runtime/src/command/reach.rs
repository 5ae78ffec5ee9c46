//! Whether this account could exchange a file that is run by its path.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::fs::{Access, AtFlags, CWD, accessat};
use rustix::process::{geteuid, getuid};

/// Whether nobody who acts for this account can change a file, or what leads to it. The path has no links in
/// it. What cannot be looked at could be changed.
pub(super) fn is_beyond_reach(path: &Path) -> bool {
    let own = [geteuid().as_raw(), getuid().as_raw()];
    path.ancestors().all(|part| {
        // Whoever owns it can make it writable.
        let is_another_s = std::fs::symlink_metadata(part)
            .is_ok_and(|found| !found.is_symlink() && !own.contains(&found.uid()));
        let cannot_write = accessat(CWD, part, Access::WRITE_OK, AtFlags::EACCESS)
            .is_err_and(|errno| matches!(errno, rustix::io::Errno::ACCESS | rustix::io::Errno::PERM));
        is_another_s && cannot_write
    })
}
