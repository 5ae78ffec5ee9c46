//! Questions to whoever sits at the terminal.

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use aegis_runtime::{Confirmation, Confirmed, TerminalOptions, confirm};
use dialoguer::Select;
use dialoguer::theme::SimpleTheme;

use super::streams::Console;
use super::terminal::has_alternate_screen;

/// How long a question waits for its answer: as long as that of `check` does, unless it is told otherwise.
const TIMEOUT: Duration = Duration::from_secs(300);

/// Asks a question by the rules of the approval prompt. Whatever else comes of it than a yes is none.
pub(crate) fn confirmed(confirmation: &Confirmation<'_>, console: Console) -> Confirmed {
    confirm(confirmation, terminal_options(TIMEOUT, console))
}

/// How questions are put at this terminal.
pub(crate) fn terminal_options(timeout: Duration, console: Console) -> TerminalOptions {
    TerminalOptions { timeout, color: console.colors_stderr(), alternate_screen: has_alternate_screen() }
}

/// Lets a person choose one of these lines with the arrow keys. `None` where nothing was chosen, or nobody is
/// there: for choices from which nothing follows that cannot be undone.
pub(crate) fn chosen(lines: &[String]) -> Option<usize> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return None;
    }
    Select::with_theme(&SimpleTheme).items(lines).default(0).interact_opt().ok().flatten()
}
