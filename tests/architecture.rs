//! Rules about the sources that no lint can express.

use std::fs;
use std::path::{Path, PathBuf};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
/// What tests and benches share.
const KIT: &str = "aegis-testkit";

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn dependencies_point_one_way() {
    for (name, allowed) in [
        ("aegis-engine", &[][..]),
        ("aegis-ledger", &["aegis-engine"]),
        ("aegis-audit", &["aegis-engine", "aegis-ledger"]),
        ("aegis-runtime", &["aegis-audit", "aegis-engine", "aegis-ledger"]),
        ("aegis-present", &["aegis-engine", "aegis-ledger"]),
        ("aegis-cli", &["aegis-audit", "aegis-engine", "aegis-ledger", "aegis-present", "aegis-runtime"]),
        (KIT, &["aegis-audit", "aegis-engine", "aegis-ledger"]),
    ] {
        let manifest = fs::read_to_string(format!("{ROOT}/crates/{name}/Cargo.toml")).unwrap();
        let mut found: Vec<_> = manifest
            .lines()
            .filter_map(|line| line.strip_suffix(".workspace = true"))
            .filter(|dependency| dependency.starts_with("aegis-") && *dependency != KIT)
            .collect();
        found.sort_unstable();
        found.dedup();
        assert_eq!(found, allowed, "{name}");
    }
}

/// What is shipped needs nothing of what is there for tests.
#[test]
fn only_tests_and_benches_depend_on_the_kit_for_them() {
    let crates = fs::read_dir(format!("{ROOT}/crates")).unwrap().map(|entry| entry.unwrap().path());
    let mut users = 0;
    for directory in crates.chain([Path::new(ROOT).join("fuzz")]) {
        if directory.ends_with(KIT) {
            continue;
        }
        let manifest = fs::read_to_string(directory.join("Cargo.toml")).unwrap();
        let mut section = "";
        for line in manifest.lines() {
            section = if line.starts_with('[') { line } else { section };
            if line.contains(KIT) {
                assert_eq!(section, "[dev-dependencies]", "{}: {line}", directory.display());
                users += 1;
            }
        }
    }
    assert!(users > 0);
}

#[test]
fn every_file_holds_one_thing_and_is_named_after_it() {
    let mut files = Vec::new();
    for place in ["crates", "tests"] {
        sources(&Path::new(ROOT).join(place), &mut files);
    }
    assert!(files.len() > 40);
    for path in files {
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(
            !["utils", "util", "helpers", "helper", "common", "misc", "manager"].contains(&name),
            "{}",
            path.display()
        );
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= 650, "{} has {lines} lines", path.display());
    }
}

#[test]
fn every_dependency_says_why_it_is_there() {
    let manifest = fs::read_to_string(format!("{ROOT}/Cargo.toml")).unwrap();
    let dependencies =
        manifest.split("[workspace.dependencies]").nth(1).unwrap().split("\n[").next().unwrap();
    for line in dependencies.lines().filter(|line| line.contains(" = ") && !line.starts_with('#')) {
        let own = line.starts_with("aegis-");
        let explained = line.contains("# ") || line.starts_with("serde_yaml");
        assert!(own || explained, "{line}");
    }
}
