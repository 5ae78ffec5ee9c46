//! A gallery of broken policies, one for each code and way of breaking it, each with its report in full.
//!
//! What an error's help says is done here as well, and what comes out must load: by the change that comes
//! with the finding or, where somebody has to choose, as it stands in `gallery/mended/` under the same name.
//!
//! `SNAPSHOTS=overwrite` writes the reports anew.

use std::collections::BTreeSet;
use std::path::PathBuf;

use aegis_engine::{Diagnostic, Severity, Source, apply_fixes, load};
use aegis_testkit::paths_ending;
use snapbox::Data;

use crate::environment::TestEnvironment;

/// What a text file of reasonable size cannot show: its tests are in `validate.rs`.
const NOT_SHOWN: [&str; 1] = ["file-too-large"];

/// How often a file is mended: an error of its YAML hides those behind it.
const MOST_ROUNDS: usize = 10;

const GALLERY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/gallery");

fn policies() -> Vec<PathBuf> {
    paths_ending(GALLERY.as_ref(), ".yaml")
}

/// The errors of a text.
fn errors(text: &[u8]) -> Vec<Diagnostic> {
    let mut found = load(&[Source { text }]).diagnostics;
    found.retain(|found| found.severity == Severity::Error);
    found
}

/// The text with every change made that comes with an error, again and again, and what is wrong with it then.
fn mended(text: &str) -> (String, Vec<Diagnostic>) {
    let mut text = text.to_owned();
    for _ in 0..MOST_ROUNDS {
        let found = errors(text.as_bytes());
        let (next, made) = apply_fixes(&text, found.iter().filter_map(|found| found.fix.as_ref()));
        if made == 0 {
            break;
        }
        text = next;
    }
    let left = errors(text.as_bytes());
    (text, left)
}

#[test]
fn every_error_has_a_help_that_gives_a_policy_which_loads_when_it_is_followed() {
    let mut by_hand: BTreeSet<_> =
        paths_ending(format!("{GALLERY}/mended").as_ref(), ".yaml").into_iter().collect();
    let mut failed = Vec::new();
    let mut followed = 0;
    for path in policies() {
        let name = path.file_name().unwrap().to_str().unwrap();
        let text = std::fs::read(&path).unwrap();
        let found = errors(&text);
        failed.extend(found.iter().filter(|found| found.help.is_none()).map(|_| format!("{name}: no help")));
        if found.is_empty() {
            continue;
        }
        followed += 1;
        let other = path.with_file_name("mended").join(name);
        let (text, left) = if by_hand.remove(&other) {
            let text = std::fs::read_to_string(&other).unwrap();
            let left = errors(text.as_bytes());
            (text, left)
        } else {
            mended(&String::from_utf8_lossy(&text))
        };
        if !left.is_empty() {
            failed.push(format!("{name}: {text}\n{}", left[0].message));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert_eq!(by_hand, BTreeSet::new(), "mended, and not broken");
    assert!(followed >= 130, "{followed}");
}

#[test]
fn what_has_one_right_answer_is_mended_without_leaving_or_making_another_error() {
    for path in policies() {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let found = errors(text.as_bytes());
        let certain: Vec<_> =
            found.iter().filter_map(|found| found.fix.as_ref()).filter(|fix| fix.certain).collect();
        let (next, made) = apply_fixes(&text, certain.iter().copied());
        let left = errors(next.as_bytes());
        // Behind an error of the YAML there may be others, which only then come to light.
        let is_syntax = found.iter().any(|found| found.code.as_str().starts_with("yaml-"));
        assert!(is_syntax || left.len() + made <= found.len(), "{}: {left:?}", path.display());
    }
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
    assert!(policies.len() >= 170, "{}", policies.len());
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
