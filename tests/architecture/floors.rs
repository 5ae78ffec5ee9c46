//! Which crate may name which, and what the pure ones must not reach.

use std::fs;

use super::sources::{code, files_below};
use super::{FLOORS, KIT, at};

#[test]
fn dependencies_point_one_way() {
    let kit = (KIT, &["aegis-audit", "aegis-engine", "aegis-ledger"][..]);
    for (name, allowed) in FLOORS.into_iter().chain([kit]) {
        let manifest = fs::read_to_string(at(&format!("crates/{name}/Cargo.toml"))).unwrap();
        // What the examples of a library show beside it is no part of it.
        let needed = manifest.split("[dev-dependencies]").next().unwrap();
        let mut found: Vec<_> = needed
            .lines()
            .filter_map(|line| line.strip_suffix(".workspace = true"))
            .filter(|dependency| dependency.starts_with("aegis-") && *dependency != KIT)
            .collect();
        found.sort_unstable();
        found.dedup();
        assert_eq!(found, allowed, "{name}");
    }
    // Every crate that there is has a floor.
    let crates = fs::read_dir(at("crates")).unwrap().count();
    assert_eq!(crates, FLOORS.len() + 1);
}

/// What is shipped needs nothing of what is there for tests.
#[test]
fn only_tests_and_benches_depend_on_the_kit_for_them() {
    let mut users = 0;
    for name in FLOORS.map(|floor| format!("crates/{}", floor.0)).into_iter().chain(["fuzz".to_owned()]) {
        let manifest = fs::read_to_string(at(&name).join("Cargo.toml")).unwrap();
        let mut section = "";
        for line in manifest.lines() {
            section = if line.starts_with('[') { line } else { section };
            if line.contains(KIT) {
                assert_eq!(section, "[dev-dependencies]", "{name}: {line}");
                users += 1;
            }
        }
    }
    assert!(users > 0);
}

#[test]
fn what_is_pure_reaches_no_database_no_file_no_clock_and_no_process() {
    for (name, also) in
        [("aegis-engine", ""), ("aegis-ledger", ""), ("aegis-adapters", ""), ("aegis-present", "")]
    {
        let lints = fs::read_to_string(at(&format!("crates/{name}/clippy.toml"))).unwrap();
        for reach in ["std::fs::read", "std::fs::File::open", "std::env::var", "chrono::Utc::now"] {
            assert!(lints.contains(&format!("\"{reach}\"")), "{name} may call {reach}");
        }
        for path in files_below(&format!("crates/{name}/src")) {
            let code = code(&path);
            for reach in ["rusqlite", "std::fs", "std::process", "std::net", "std::env", "tempfile", "nix::"]
            {
                assert!(!code.contains(reach), "{} names {reach}{also}", path.display());
            }
        }
        let manifest = fs::read_to_string(at(&format!("crates/{name}/Cargo.toml"))).unwrap();
        let dependencies = manifest.split("[dev-dependencies]").next().unwrap();
        for reach in ["rusqlite", "nix", "rustix", "tempfile"] {
            assert!(!dependencies.contains(&format!("\n{reach}.workspace")), "{name} depends on {reach}");
        }
    }
}

#[test]
fn sql_stands_in_one_room() {
    let mut outside = 0;
    for (name, _) in FLOORS {
        for path in files_below(&format!("crates/{name}/src")) {
            if path.starts_with(at("crates/aegis-audit/src/sqlite")) || path.ends_with("src/sqlite.rs") {
                continue;
            }
            outside += 1;
            let code = code(&path);
            assert!(!code.contains("rusqlite"), "{} names rusqlite", path.display());
            for sql in ["SELECT ", "INSERT INTO ", "DELETE FROM ", "CREATE TABLE", "PRAGMA "] {
                assert!(!code.contains(sql), "{} holds SQL: {sql}", path.display());
            }
        }
    }
    assert!(outside > 200);
}

/// One list of what a progress bar, a question and a stream are made of.
#[test]
fn only_the_console_talks_to_people() {
    for path in files_below("crates/aegis-cli/src") {
        if path.starts_with(at("crates/aegis-cli/src/console")) {
            continue;
        }
        let code = code(&path);
        for reach in ["indicatif", "dialoguer", "anstream", "rustix", "std::io::stdout", "std::io::stderr"] {
            assert!(!code.contains(reach), "{} names {reach}", path.display());
        }
    }
}

#[test]
fn every_dependency_says_why_it_is_there() {
    let manifest = fs::read_to_string(at("Cargo.toml")).unwrap();
    let dependencies =
        manifest.split("[workspace.dependencies]").nth(1).unwrap().split("\n[").next().unwrap();
    for line in dependencies.lines().filter(|line| line.contains(" = ") && !line.starts_with('#')) {
        let own = line.starts_with("aegis-");
        let explained = line.contains("# ") || line.starts_with("serde_yaml");
        assert!(own || explained, "{line}");
    }
}
