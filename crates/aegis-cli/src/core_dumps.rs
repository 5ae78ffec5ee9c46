//! No image of this process on disk: it holds what the log must not, before it was taken out.

use rustix::io;
use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};

/// Keeps the kernel from writing what is in memory to a file, and others of this account from looking into it.
///
/// What this process starts may dump again: a program that is executed is what its own file says, and the
/// limit can be raised to what it was.
///
/// # Errors
/// When the system refuses. Even without a limit nothing is dumped then where the first step was taken.
pub(crate) fn forbid() -> io::Result<()> {
    let before = getrlimit(Resource::Core);
    // The limit alone would not do: it does not hold for a program that takes dumps from a pipe.
    let limited = setrlimit(Resource::Core, Rlimit { current: Some(0), ..before });
    set_dumpable_behavior(DumpableBehavior::NotDumpable).and(limited)
}

#[cfg(test)]
mod tests {
    use rustix::process::dumpable_behavior;

    use super::*;

    #[test]
    fn nothing_is_dumped() {
        forbid().unwrap();
        assert!(matches!(dumpable_behavior(), Ok(DumpableBehavior::NotDumpable)));
        assert_eq!(getrlimit(Resource::Core).current, Some(0));
    }
}
