//! The terminal that answers are shown on.

use std::io::{self, IsTerminal as _};

/// How many columns the terminal on standard output has. `None` if that is no terminal, or does not know.
pub(crate) fn stdout_width() -> Option<usize> {
    let stdout = io::stdout();
    if !stdout.is_terminal() {
        return None;
    }
    rustix::termios::tcgetwinsize(&stdout)
        .ok()
        .map(|size| usize::from(size.ws_col))
        .filter(|width| *width > 0)
}
