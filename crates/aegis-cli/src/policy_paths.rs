//! Which files a path on the command line stands for.

use std::fs;
use std::path::{Path, PathBuf};

use aegis_engine::escape;

use crate::error::CommandError;
use crate::unchecked_file::policy_by_name;

/// How deep directories are looked into: deeper ones go in circles, or hold no policies.
const DEEPEST: usize = 32;

/// The policies at a path: the file itself, or those in the directory and below it, in the order of their
/// names.
///
/// # Errors
/// When a directory cannot be read, or holds no policy: then nothing would be looked at.
pub(crate) fn policies_at(path: &Path) -> Result<Vec<PathBuf>, CommandError> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    collect(path, DEEPEST, &mut found)?;
    if found.is_empty() {
        let shown = escape(&path.to_string_lossy());
        return Err(CommandError::input(format!("`{shown}` holds no policy"))
            .help("policies are looked for in files that end in `.yaml` or `.yml`"));
    }
    found.sort();
    Ok(found)
}

fn collect(directory: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), CommandError> {
    let failed = |error: std::io::Error| {
        let shown = escape(&directory.to_string_lossy());
        CommandError::input(format!("cannot read the directory `{shown}`: {error}"))
    };
    for entry in fs::read_dir(directory).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with('.') {
            continue;
        }
        // A link to a directory could lead in a circle; one to a file is looked at under its own name.
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_dir() && depth > 0 {
            collect(&entry.path(), depth - 1, found)?;
        } else if is_policy(&name) && !kind.is_dir() && entry.path().is_file() {
            found.push(entry.path());
        }
    }
    Ok(())
}

/// Whether a file of this name holds a policy, and not examples for one.
fn is_policy(name: &str) -> bool {
    let path = Path::new(name);
    let is_yaml = path.extension().is_some_and(|kind| kind == "yaml" || kind == "yml");
    is_yaml && policy_by_name(path).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_known_by_their_names() {
        assert!(is_policy("crm.yaml") && is_policy("crm.yml"));
        for other in ["crm.test.yaml", "crm.json", ".yaml", "yaml", "crm.yaml.new"] {
            assert!(!is_policy(other), "{other}");
        }
    }
}
