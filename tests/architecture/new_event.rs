//! A new kind of event touches at most four files. They are touched here, in a copy of the sources.

use std::fs;
use std::path::Path;
use std::process::Command;

use aegis_testkit::is_long;

use super::at;

/// The file of the new kind, which is the first of the four.
const KIND: (&str, &str) = ("crates/aegis-ledger/src/event/noted.rs", include_str!("new_event/noted.rs.txt"));

/// Where lines are added in the others: the file, a line of it, and what is put before that.
const LINES: [(&str, &str, &str); 4] = [
    (
        "crates/aegis-ledger/src/event/kind.rs",
        "            /// The oldest events were moved to an archive.\n",
        "            /// Somebody noted something about an action.\n            Noted: Noted, NotedBody, \"noted\";\n",
    ),
    ("crates/aegis-ledger/src/event.rs", "mod operator;\n", "mod noted;\n"),
    (
        "crates/aegis-ledger/src/event.rs",
        "pub use operator::Operator;\n",
        "pub use noted::{Noted, NotedBody};\n",
    ),
    (
        "crates/aegis-present/src/lines/history.rs",
        "        // What is about the log itself belongs to no action.\n",
        "        Some(EventBody::Noted(noted)) => format!(\"noted: {}\", text(&noted.note)),\n",
    ),
];

#[test]
fn a_new_kind_of_event_touches_at_most_four_files() {
    let mut touched: Vec<_> = LINES.iter().map(|(path, ..)| *path).chain([KIND.0]).collect();
    touched.sort_unstable();
    touched.dedup();
    assert!(touched.len() <= 4, "{touched:?}");
    let copy = tempfile::tempdir().unwrap();
    for name in ["crates", "Cargo.toml", "Cargo.lock", "policies", "docs", "tests", "README.md"] {
        copy_all(&at(name), &copy.path().join(name));
    }
    assert!(!copy.path().join(KIND.0).exists());
    fs::write(copy.path().join(KIND.0), KIND.1).unwrap();
    for (path, line, added) in LINES {
        let path = copy.path().join(path);
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.matches(line).count(), 1, "{}: {line}", path.display());
        fs::write(&path, text.replace(line, &format!("{added}{line}"))).unwrap();
    }
    // That they are enough takes a compiler, and as long as it needs.
    if is_long() {
        let target = at("target/new-event");
        let checked = Command::new(env!("CARGO"))
            .args(["check", "--workspace", "--lib", "--bins", "--locked", "--offline"])
            .current_dir(copy.path())
            .env("CARGO_TARGET_DIR", &target)
            .output()
            .unwrap();
        fs::remove_dir_all(target).unwrap();
        assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    }
}

fn copy_all(from: &Path, to: &Path) {
    if from.is_file() {
        fs::copy(from, to).unwrap();
        return;
    }
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        copy_all(&entry.path(), &to.join(entry.file_name()));
    }
}
