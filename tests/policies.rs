//! The ready-made policies: valid without a finding; their examples hold, cover them and notice every change.

use std::path::PathBuf;

use aegis_engine::{Document, Policy, Source, Suite, lint, load};
use aegis_testkit::paths_ending;

fn shipped() -> Vec<PathBuf> {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../policies");
    let mut files = paths_ending(directory.as_ref(), ".yaml");
    files.retain(|path| !path.to_string_lossy().ends_with(".test.yaml"));
    files
}

fn load_one(path: &PathBuf) -> (Policy, Document) {
    let text = std::fs::read(path).unwrap();
    let sources = [Source { text: &text }];
    let mut loaded = load(&sources);
    let found = [loaded.diagnostics.clone(), lint(&loaded, &sources)].concat();
    assert!(found.is_empty(), "{}: {found:#?}", path.display());
    (loaded.policy.unwrap(), loaded.documents.remove(0).unwrap())
}

#[test]
fn every_shipped_policy_is_valid_without_a_finding() {
    let files = shipped();
    assert!(files.len() >= 11, "{files:?}");
    for path in files {
        assert!(load_one(&path).0.rules().len() >= 2, "{}", path.display());
    }
}

#[test]
fn every_rule_of_a_shipped_policy_says_why_it_is_there() {
    for path in shipped() {
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<_> = text.lines().collect();
        for (index, line) in lines.iter().enumerate().filter(|(_, line)| line.starts_with("  - name:")) {
            assert!(lines[index - 1].trim_start().starts_with("# "), "{}: {line}", path.display());
        }
    }
}

#[test]
fn every_example_of_a_shipped_policy_holds() {
    let mut held = 0;
    for path in shipped() {
        let (policy, document) = load_one(&path);
        for result in Suite::new(&policy, [&document], &[]).run() {
            assert!(result.passed(), "{}: {result:#?}", path.display());
            held += 1;
        }
    }
    assert!(held > 100, "{held}");
}

#[test]
fn the_examples_of_a_shipped_policy_cover_it_and_notice_every_change() {
    for path in shipped() {
        let (policy, document) = load_one(&path);
        let suite = Suite::new(&policy, [&document], &[]);
        let coverage = suite.coverage();
        assert_eq!(coverage.share().permille(), 1000, "{}: {:#?}", path.display(), coverage.gaps());
        let survivors = suite.mutate().survivors;
        assert!(survivors.is_empty(), "{}: {survivors:#?}", path.display());
    }
}
