//! What is in a directory.

use std::fs;
use std::path::{Path, PathBuf};

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
