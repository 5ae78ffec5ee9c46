//! Directories: private ones, and what is in one.

use std::fs;
use std::path::{Path, PathBuf};

use aegis_audit::Volatility;
use tempfile::TempDir;

/// An empty directory that goes away with the test, on a file system on which a log lasts: with the temporary
/// files of this machine or, where those are in memory alone, with what was built.
pub fn private_directory() -> TempDir {
    let usual = std::env::temp_dir();
    if Volatility::of(&usual.join("log.db")).is_none() {
        return tempfile::tempdir_in(usual).unwrap();
    }
    let program = std::env::current_exe().unwrap();
    tempfile::tempdir_in(program.parent().unwrap()).unwrap()
}

/// The names of what is in a directory, sorted.
pub fn file_names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The names of the files in a directory in which these bytes are, sorted.
pub fn files_with(directory: &Path, bytes: &[u8]) -> Vec<String> {
    let mut names = file_names(directory);
    names.retain(|name| fs::read(directory.join(name)).unwrap().windows(bytes.len()).any(|it| it == bytes));
    names
}

/// The paths of what is in a directory whose names end so, sorted.
pub fn paths_ending(directory: &Path, end: &str) -> Vec<PathBuf> {
    file_names(directory).iter().filter(|name| name.ends_with(end)).map(|name| directory.join(name)).collect()
}
