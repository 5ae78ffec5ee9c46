//! The terminal that answers are shown on.

use std::env;
use std::io::{self, IsTerminal as _};

use aegis_present::Charset;

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

/// Whether the terminal has another screen that a question can have to itself.
pub(crate) fn has_alternate_screen() -> bool {
    env::var_os("TERM").is_some_and(|name| !name.is_empty() && name != "dumb" && name != "unknown")
}

/// Whether questions are put in plain lines: because somebody wants to hear them, or because the terminal can
/// do nothing else.
pub(crate) fn is_plain() -> bool {
    let is_wanted = env::var_os("AEGIS_PLAIN").is_some_and(|value| !value.is_empty() && value != "0");
    is_wanted || !has_alternate_screen()
}

/// Which characters the terminal can show, as the locale says.
pub(crate) fn locale_charset() -> Charset {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .filter_map(env::var_os)
        .find(|value| !value.is_empty())
        .map(|value| value.to_string_lossy().to_lowercase())
        .unwrap_or_default();
    if locale.contains("utf-8") || locale.contains("utf8") { Charset::Unicode } else { Charset::Ascii }
}
