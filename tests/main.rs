//! End-to-end tests of the built binary: one file for each feature, all in one program so that it is linked
//! once.

#[cfg(test)]
mod approvals;
#[cfg(test)]
mod architecture;
#[cfg(test)]
mod archive;
#[cfg(test)]
mod attack;
#[cfg(test)]
mod audit;
#[cfg(test)]
mod check;
#[cfg(test)]
mod concurrency;
#[cfg(test)]
mod confirmation;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod diagnostics;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod environment;
#[cfg(test)]
mod exports;
#[cfg(test)]
mod fmt;
#[cfg(test)]
mod follow;
#[cfg(test)]
mod gallery;
#[cfg(test)]
mod gallery_mended;
#[cfg(test)]
mod generated;
#[cfg(test)]
mod grants;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod init;
#[cfg(test)]
mod policies;
#[cfg(test)]
mod prompt;
#[cfg(test)]
mod reasons;
#[cfg(test)]
mod record;
#[cfg(test)]
mod report;
#[cfg(test)]
mod run;
#[cfg(test)]
mod run_http;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod show;
#[cfg(test)]
mod sinks;
#[cfg(test)]
mod standard_stream;
#[cfg(test)]
mod stats;
#[cfg(test)]
mod stream;
#[cfg(test)]
mod test_command;
#[cfg(test)]
mod tool_calls;
#[cfg(test)]
mod validate;
#[cfg(test)]
mod verify_trail;

/// A file in `tests/` that is not named above would never run.
#[test]
fn no_test_file_is_forgotten() {
    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests");
    let forgotten = aegis_testkit::unlisted_modules(here.as_ref(), include_str!("main.rs"));
    assert_eq!(forgotten, Vec::<String>::new());
}
