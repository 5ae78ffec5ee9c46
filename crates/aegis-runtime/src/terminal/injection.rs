//! Whether other programs can type into the terminal.

use std::fs;

/// What turns it off, for whoever may.
pub(super) const REMEDY: &str = "sysctl dev.tty.legacy_tiocsti=0";

/// Whether the kernel lets any program that has this terminal type into it (`TIOCSTI`): then a `y` may be
/// that of a neighbour of the agent's own account. Where that cannot be told, it does.
pub(super) fn is_possible() -> bool {
    fs::read_to_string("/proc/sys/dev/tty/legacy_tiocsti").map_or(true, |setting| lets_type(&setting))
}

fn lets_type(setting: &str) -> bool {
    setting.trim() != "0"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_says_no_means_no() {
        assert!(!lets_type("0\n"));
        for setting in ["1\n", "", "00\n", "nonsense"] {
            assert!(lets_type(setting), "{setting:?}");
        }
    }
}
