//! Ways of asking besides the terminal: what counts as an answer, and that every bad end is none, leaves no
//! question half-open, and is recorded as what it was.

#[cfg(test)]
mod callback;
#[cfg(test)]
mod command;
#[cfg(test)]
mod place;
#[cfg(test)]
mod queue;

/// A file beside this one that is in no module list would never run.
#[test]
fn no_file_of_these_tests_is_forgotten() {
    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/approvers");
    assert_eq!(aegis_testkit::unlisted_modules(here.as_ref(), include_str!("main.rs")), Vec::<String>::new());
}
