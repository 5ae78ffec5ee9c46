//! Whether the numbers of accounts are those of the machine.
//!
//! Whoever makes a user namespace (`user_namespaces(7)`, which needs no rights) chooses which number an
//! account has in it, and sees the files that they mounted, the list of accounts among them. What such a
//! process calls its account is its own word.

use std::os::fd::OwnedFd;

use rustix::fs::{Mode, OFlags, PROC_SUPER_MAGIC, ResolveFlags, fstat, fstatfs, open, openat2};

/// The inode of the root of every `/proc` (`PROC_ROOT_INO` of Linux).
const ROOT_OF_PROC: u64 = 1;
/// The mapping of the first user namespace, which nobody made: every number stands for itself.
const EVERY_NUMBER: [&str; 3] = ["0", "0", "4294967295"];

/// Whether this process is in the user namespace that the machine began with, so that the kernel and its own
/// list of accounts say which account it runs as. Where that cannot be told, it is not.
#[must_use]
pub fn is_in_first_user_namespace() -> bool {
    own_mapping().is_some_and(|mapping| is_of_every_number(&mapping))
}

/// What the kernel says of this process. Whoever could mount something could put another file in the place of
/// this one, or of all of `/proc`: so nothing may be mounted on the way, and the way begins at a root that
/// only the kernel makes.
fn own_mapping() -> Option<String> {
    let proc = open("/proc", OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).ok()?;
    if !is_proc(&proc) || fstat(&proc).ok()?.st_ino != ROOT_OF_PROC {
        return None;
    }
    let flags = ResolveFlags::NO_XDEV | ResolveFlags::NO_MAGICLINKS | ResolveFlags::BENEATH;
    let file = openat2(&proc, "self/uid_map", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty(), flags).ok()?;
    if !is_proc(&file) {
        return None;
    }
    // A mapping has at most 340 lines; the one that is looked for has one.
    let mut text = [0; 128];
    let length = rustix::io::read(&file, &mut text).ok()?;
    String::from_utf8(text.get(..length)?.to_vec()).ok()
}

fn is_proc(file: &OwnedFd) -> bool {
    fstatfs(file).is_ok_and(|found| found.f_type == PROC_SUPER_MAGIC)
}

fn is_of_every_number(mapping: &str) -> bool {
    mapping.lines().count() == 1 && mapping.split_whitespace().eq(EVERY_NUMBER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_mapping_that_nobody_made_is_that_of_every_number() {
        assert!(is_of_every_number("         0          0 4294967295\n"));
        for other in [
            "",
            "\n",
            "0 1000 1\n",
            "0 0 1\n",
            "0 4294967295 4294967295\n",
            "0 0 4294967294\n",
            "0 0 4294967295 0\n",
            "         0          0 4294967295\n         1          1          1\n",
        ] {
            assert!(!is_of_every_number(other), "{other:?}");
        }
    }

    #[test]
    fn what_the_kernel_says_of_this_process_is_read() {
        let said = std::fs::read_to_string("/proc/self/uid_map").unwrap();
        assert_eq!(own_mapping().as_deref(), Some(&*said));
    }
}
