//! How files are laid out, named and filled.

use std::fs;

use super::sources::files_below;
use super::{FLOORS, KIT, at};

/// Names that tell a newcomer nothing of what is inside.
const SAY_NOTHING: [&str; 18] = [
    "utils", "util", "helpers", "helper", "common", "misc", "manager", "life", "view", "kept", "moves",
    "links", "standing", "stand_in", "survey", "fields", "pretty", "source",
];

#[test]
fn every_file_holds_one_thing_and_is_named_after_it() {
    let files: Vec<_> = ["crates", "tests"].into_iter().flat_map(files_below).collect();
    assert!(files.len() > 40);
    for path in files {
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(!SAY_NOTHING.contains(&name), "{}", path.display());
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        let most = if path.components().any(|part| part.as_os_str() == "src") { 500 } else { 650 };
        assert!(lines <= most, "{} has {lines} lines", path.display());
    }
}

/// A module is a file, and its children are in the folder beside it.
#[test]
fn a_module_stands_beside_its_folder() {
    for path in FLOORS
        .map(|floor| floor.0)
        .into_iter()
        .chain([KIT])
        .flat_map(|name| files_below(&format!("crates/{name}/src")))
    {
        assert!(!path.ends_with("mod.rs"), "{}", path.display());
    }
}

#[test]
fn comments_keep_to_the_declared_width() {
    let declared = fs::read_to_string(at("rustfmt.toml")).unwrap();
    assert!(declared.contains("max_width = 110"));
    for path in ["crates", "tests", "fuzz/fuzz_targets"].into_iter().flat_map(files_below) {
        let text = fs::read_to_string(&path).unwrap();
        for (index, line) in text.lines().enumerate().filter(|(_, line)| line.trim_start().starts_with("//"))
        {
            // An address, and a line of some format, cannot be broken.
            let unbreakable = line.contains("://") || line.contains("/// {\"") || line.contains("//! {\"");
            let width = line.chars().count();
            assert!(width <= 110 || unbreakable, "{}:{}: {width} columns", path.display(), index + 1);
        }
    }
}

#[test]
fn the_page_of_every_crate_says_what_it_is_for_and_shows_it() {
    for name in FLOORS.map(|floor| floor.0).into_iter().chain([KIT]) {
        let text = fs::read_to_string(at(&format!("crates/{name}/src/lib.rs"))).unwrap();
        let page: String =
            text.lines().take_while(|line| line.starts_with("//!")).collect::<Vec<_>>().join("\n");
        let first = page.lines().next().unwrap();
        assert!(first.ends_with(['.', ',', ':', ';']) || first.len() > 40, "{name}: {first}");
        let example = page.find("//! ```\n").unwrap_or_else(|| panic!("{name}: its page shows nothing"));
        assert!(example > 200, "{name}: its page begins with an example, not with what it is for");
        assert!(
            !page.contains("```ignore") && !page.contains("```no_run"),
            "{name}: its example does not run"
        );
    }
}
