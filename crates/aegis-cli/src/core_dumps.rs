//! No image of this process on disk: it holds what the log must not, before it was taken out.

use nix::sys::prctl::set_dumpable;
use nix::sys::resource::{Resource, getrlimit, rlim_t, setrlimit};

/// Keeps the kernel from writing what is in memory to a file, and others of this account from looking into
/// it.
///
/// What this process starts may dump again: a program that is executed is what its own file says, and the
/// limit can be raised to what it was, which is given back.
///
/// # Errors
/// When the system refuses.
pub(crate) fn forbid() -> nix::Result<rlim_t> {
    // A limit alone would not do: it does not hold for a program that takes dumps from a pipe.
    let limited = getrlimit(Resource::RLIMIT_CORE)
        .and_then(|(own, most)| setrlimit(Resource::RLIMIT_CORE, 0, most).map(|()| own));
    set_dumpable(false).and(limited)
}

/// Lets what this process starts dump as it might have before. This process itself still may not: that needs
/// no limit.
pub(crate) fn let_others(limit: Option<rlim_t>) {
    if let Some(limit) = limit {
        let _ = getrlimit(Resource::RLIMIT_CORE)
            .and_then(|(_, most)| setrlimit(Resource::RLIMIT_CORE, limit, most));
    }
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
