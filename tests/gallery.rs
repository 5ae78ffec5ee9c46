//! A gallery of broken policies, one for each code and way of breaking it, each with its report in full.
//!
//! `SNAPSHOTS=overwrite` writes the reports anew.

use std::collections::BTreeSet;
use std::path::PathBuf;

use aegis_testkit::paths_ending;
use snapbox::Data;

use crate::environment::TestEnvironment;

/// What a text file of reasonable size cannot show: its tests are in `validate.rs`.
const NOT_SHOWN: [&str; 1] = ["file-too-large"];

fn policies() -> Vec<PathBuf> {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/gallery");
    paths_ending(directory.as_ref(), ".yaml")
}

#[test]
fn every_broken_policy_is_reported_as_it_should_be() {
    let environment = TestEnvironment::empty();
    let mut failed = Vec::new();
    for path in policies() {
        let name = path.file_name().unwrap().to_str().unwrap();
        environment.write(name, std::fs::read(&path).unwrap());
        let run = environment.aegis(&["validate", "--deny", "warnings", name]);
        let expected = Data::read_from(&path.with_extension("txt"), None);
        let compared = snapbox::Assert::new().normalize_paths(false).action_env("SNAPSHOTS").try_eq(
            Some(&name),
            Data::text(run.stdout),
            expected,
        );
        if let Err(error) = compared {
            failed.push(error.to_string());
        }
        assert_eq!((run.code, run.stderr.as_str()), (1, ""), "{name}");
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn the_gallery_shows_every_code_and_each_file_what_its_name_says() {
    let environment = TestEnvironment::empty();
    let codes = environment.aegis(&["validate", "--codes"]).stdout;
    let codes: BTreeSet<_> = codes.lines().map(|line| line.split(' ').next().unwrap()).collect();
    let mut shown = BTreeSet::new();
    let policies = policies();
    assert!(policies.len() >= 60, "{}", policies.len());
    for path in policies {
        let report = std::fs::read_to_string(path.with_extension("txt")).unwrap();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let code = codes.iter().filter(|code| name.starts_with(**code)).max_by_key(|code| code.len());
        let code = code.unwrap_or_else(|| panic!("{name} is called after no code"));
        assert!(report.contains(&format!("[{code}]")), "{name}:\n{report}");
        shown.insert(*code);
    }
    shown.extend(NOT_SHOWN);
    assert_eq!(codes, shown);
}
