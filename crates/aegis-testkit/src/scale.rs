//! How much to do, and how to say what was done.

use std::fmt::Display;

/// Whether this is the long run behind `make torture`.
pub fn is_long() -> bool {
    std::env::var_os("AEGIS_TORTURE").is_some()
}

/// One number for the runs of every change, another one for the long run.
pub fn scaled(bounded: usize, long: usize) -> usize {
    if is_long() { long } else { bounded }
}

/// The figures of a suite, on one line.
pub fn figures(suite: &str, figures: impl Display) {
    println!("torture: {suite}: {figures}");
}

/// Says that something was not tried, and why.
pub fn skipped(suite: &str, why: impl Display) {
    println!("torture: {suite}: SKIPPED: {why}");
    eprintln!("torture: {suite}: SKIPPED: {why}");
}
