//! Questions to whoever sits at the terminal.

use std::io::{self, IsTerminal as _};

use dialoguer::Confirm;

/// Whether there is a terminal to ask at.
pub(crate) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks a question, and says whether the answer was yes. No answer is no.
pub(crate) fn confirmed(question: String) -> bool {
    matches!(Confirm::new().with_prompt(question).default(false).interact_opt(), Ok(Some(true)))
}
