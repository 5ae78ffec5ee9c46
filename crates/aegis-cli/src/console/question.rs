//! Questions to whoever sits at the terminal.

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use aegis_present::Charset;
use aegis_runtime::{Confirmation, Confirmed, TerminalOptions, confirm};
use dialoguer::Select;
use dialoguer::theme::SimpleTheme;

use super::streams::Console;
use super::terminal::{is_plain, locale_charset};
use crate::error::CommandError;
use crate::exit::ExitStatus;

/// How long a question waits for its answer: as long as that of `check` does, unless it is told otherwise.
const TIMEOUT: Duration = Duration::from_secs(300);

/// Asks a question by the rules of the approval prompt. Whatever else comes of it than a yes is none.
pub(super) fn confirmed(confirmation: &Confirmation<'_>, console: Console) -> Confirmed {
    confirm(confirmation, terminal_options(TIMEOUT, console))
}

/// Goes on where somebody says yes. `nothing` is what has come of it otherwise, such as `nothing was pruned`;
/// where nobody could be asked, `help` tells how to do without.
///
/// # Errors
/// With this status, when nobody said yes.
pub(crate) fn require_yes(
    confirmation: &Confirmation<'_>,
    (status, nothing, help): (ExitStatus, &str, &str),
    console: Console,
) -> Result<(), CommandError> {
    match confirmed(confirmation, console) {
        Confirmed::Yes => Ok(()),
        Confirmed::No => Err(CommandError::new(status, nothing)),
        Confirmed::Nobody(why) => Err(CommandError::new(status, format!("{nothing}: {why}")).help(help)),
    }
}

/// How questions are put at this terminal.
pub(crate) fn terminal_options(timeout: Duration, console: Console) -> TerminalOptions {
    let ascii = locale_charset() == Charset::Ascii;
    TerminalOptions { timeout, color: console.colors_stderr(), plain: is_plain(), ascii }
}

/// Lets a person choose one of these lines with the arrow keys. `None` where nothing was chosen, or nobody is
/// there: for choices from which nothing follows that cannot be undone.
pub(crate) fn chosen(lines: &[String]) -> Option<usize> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return None;
    }
    Select::with_theme(&SimpleTheme).items(lines).default(0).interact_opt().ok().flatten()
}
