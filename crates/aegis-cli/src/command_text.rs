//! Commands that stand in one text on the command line, and what of the environment they are given.

use std::env;
use std::ffi::OsString;

/// What a program needs to find the desktop of whoever runs this.
const DESKTOP: [&str; 8] = [
    "DBUS_SESSION_BUS_ADDRESS",
    "DISPLAY",
    "HOME",
    "LANG",
    "LC_ALL",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "XDG_RUNTIME_DIR",
];

/// Reads a command in one text, by a shell's quoting and nothing else of it: the program, and what it is
/// given.
pub(crate) fn split_command(text: &str) -> Result<(String, Vec<String>), String> {
    let words = shell_words::split(text).map_err(|_| "a quote in it is not closed".to_owned())?;
    let mut words = words.into_iter();
    match words.next() {
        Some(program) if !program.is_empty() => Ok((program, words.collect())),
        _ => Err("it names no program".to_owned()),
    }
}

/// The variables by which a program finds the desktop, as far as they are set.
pub(crate) fn desktop_variables() -> impl Iterator<Item = (&'static str, OsString)> {
    DESKTOP.into_iter().filter_map(|name| Some((name, env::var_os(name)?)))
}
