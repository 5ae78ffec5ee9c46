//! No image of this process on disk: it holds what the log must not, before it was taken out.

use nix::sys::prctl::set_dumpable;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Keeps the kernel from writing what is in memory to a file, and others of this account from looking into
/// it.
///
/// What this process starts may dump again: a program that is executed is what its own file says, and the
/// limit can be raised to what it was.
///
/// # Errors
/// When the system refuses.
pub(crate) fn forbid() -> nix::Result<()> {
    // A limit alone would not do: it does not hold for a program that takes dumps from a pipe.
    let limited =
        getrlimit(Resource::RLIMIT_CORE).and_then(|(_, most)| setrlimit(Resource::RLIMIT_CORE, 0, most));
    set_dumpable(false).and(limited)
}

#[cfg(test)]
mod tests {
    use nix::sys::prctl::get_dumpable;

    use super::*;

    #[test]
    fn nothing_is_dumped() {
        forbid().unwrap();
        assert_eq!(get_dumpable(), Ok(false));
        assert_eq!(getrlimit(Resource::RLIMIT_CORE).unwrap().0, 0);
    }
}
