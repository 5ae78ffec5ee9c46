//! Test files that nobody would miss.

use std::path::Path;

use crate::paths_ending;

/// The modules with a file in `directory` of which `listed`, a source text, does not say `mod`: their tests
/// would never run. `main.rs` and `mod.rs` are what lists the others.
pub fn unlisted_modules(directory: &Path, listed: &str) -> Vec<String> {
    let files = paths_ending(directory, ".rs");
    let names = files.iter().map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned());
    names
        .filter(|name| !["main", "mod"].contains(&name.as_str()))
        .filter(|name| !listed.contains(&format!("mod {name};")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_no_list_names_is_told() {
        let directory = tempfile::tempdir().unwrap();
        for name in ["main.rs", "listed.rs", "forgotten.rs", "notes.txt"] {
            std::fs::write(directory.path().join(name), "").unwrap();
        }
        assert_eq!(unlisted_modules(directory.path(), "mod listed;\nmod other;\n"), ["forgotten"]);
    }
}
