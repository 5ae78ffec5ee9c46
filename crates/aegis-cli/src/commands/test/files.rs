//! The files of a test: policies, and the test files that belong to them.

use std::path::{Path, PathBuf};

use aegis_engine::{SourceId, TestDocument, TestFiles, escape};
use aegis_present::UnreadFile;
use aegis_present::diagnostics::render_diagnostics;

use crate::console::Console;
use crate::effective_settings::Settings;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::remedies;
use crate::unchecked_file::{ENDINGS, policy_by_name, read_unchecked};

/// One policy, read and compiled, with every file that has examples for it.
#[derive(Debug)]
pub(super) struct Tested {
    /// The paths of the policy's files.
    pub(super) policies: Vec<PathBuf>,
    pub(super) files: TestFiles,
}

/// What there is to test.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) tested: Vec<Tested>,
    /// What cannot be tested.
    pub(super) unread: Vec<UnreadFile>,
    /// What that means.
    pub(super) status: ExitStatus,
}

/// The paths of one policy and of the test files named beside it.
#[derive(Debug, Default)]
struct Group {
    policies: Vec<PathBuf>,
    tests: Vec<PathBuf>,
}

/// Reads what is to be tested. A file that cannot be read is reported, and does not keep the others from
/// being tested.
///
/// Why is on stderr by then.
pub(super) fn read(files: &[PathBuf], settings: &Settings) -> Read {
    let mut read = Read { tested: Vec::new(), unread: Vec::new(), status: ExitStatus::Success };
    let (groups, errors) = group(files, &settings.policies);
    let results = groups.into_iter().map(|group| {
        let name = group.policies.first().cloned().unwrap_or_default();
        read_group(group, settings.console).map_err(|error| (name, error))
    });
    for result in errors.into_iter().map(Err).chain(results) {
        match result {
            Ok(files) => read.tested.push(files),
            Err((path, error)) => {
                settings.console.error(&error);
                read.unread.push(error.unread(&path));
                read.status = read.status.worse(error.status);
            }
        }
    }
    read
}

/// Brings each test file together with its policy.
fn group(files: &[PathBuf], default: &[PathBuf]) -> (Vec<Group>, Vec<(PathBuf, CommandError)>) {
    if files.is_empty() {
        return (vec![Group { policies: default.to_vec(), tests: Vec::new() }], Vec::new());
    }
    let mut groups: Vec<Group> = Vec::new();
    let mut errors = Vec::new();
    for file in files {
        let (policy, test) = match policy_by_name(file) {
            None => (file.clone(), None),
            Some(by_name) => match policy_of(file, by_name) {
                Ok(policy) => (policy, Some(file.clone())),
                Err(error) => {
                    errors.push((file.clone(), error));
                    continue;
                }
            },
        };
        let known =
            groups.iter().position(|group| group.policies.iter().any(|known| is_same(known, &policy)));
        let index = known.unwrap_or(groups.len());
        if known.is_none() {
            groups.push(Group { policies: vec![policy], tests: Vec::new() });
        }
        if let Some(group) = groups.get_mut(index) {
            group.tests.extend(test);
        }
    }
    (groups, errors)
}

/// The test file beside a policy, if there is one.
fn test_beside(policy: &Path) -> Option<PathBuf> {
    let name = policy.file_name()?.to_str()?;
    ENDINGS.iter().find_map(|(ending, instead)| {
        let stem = name.strip_suffix(instead)?;
        Some(policy.with_file_name(format!("{stem}{ending}"))).filter(|path| path.exists())
    })
}

/// The policy that a test file names, or else the one beside it.
fn policy_of(test: &Path, by_name: PathBuf) -> Result<PathBuf, CommandError> {
    let bytes = read_unchecked(test)?;
    // What is wrong with the file is reported where it is read for good.
    let document = TestDocument::read(SourceId(0), &bytes, &mut Vec::new());
    let named = document.and_then(|document| document.policy);
    Ok(named.map_or(by_name, |named| beside(test, &named.value)))
}

fn beside(test: &Path, policy: &str) -> PathBuf {
    test.parent().unwrap_or(Path::new("")).join(policy)
}

fn is_same(left: &Path, right: &Path) -> bool {
    let real = |path: &Path| path.canonicalize();
    left == right || matches!((real(left), real(right)), (Ok(left), Ok(right)) if left == right)
}

fn read_group(group: Group, console: Console) -> Result<Tested, CommandError> {
    let Group { policies, mut tests } = group;
    for found in policies.iter().filter_map(|policy| test_beside(policy)) {
        if !tests.iter().any(|test| is_same(test, &found)) {
            tests.push(found);
        }
    }
    let (of_policies, of_tests) = (read_all(&policies)?, read_all(&tests)?);
    let read = TestFiles::read(&borrowed(&of_policies), &borrowed(&of_tests));
    let found = remedies::of_policy(read.diagnostics.clone());
    console.diagnostics(&render_diagnostics(&found, &read.sources, console.colors_stderr()));
    let files = read.files().ok_or(CommandError::shown(ExitStatus::Input))?;
    for (test, path) in files.tests().iter().zip(&tests) {
        belongs(test, path, &policies)?;
    }
    Ok(Tested { policies, files })
}

/// Files with their paths, as text.
fn read_all(paths: &[PathBuf]) -> Result<Vec<(String, Vec<u8>)>, CommandError> {
    paths.iter().map(|path| Ok((path.to_string_lossy().into_owned(), read_unchecked(path)?))).collect()
}

fn borrowed(files: &[(String, Vec<u8>)]) -> Vec<(&str, &[u8])> {
    files.iter().map(|(path, text)| (path.as_str(), text.as_slice())).collect()
}

/// A test file that was picked up by its name must not be about another policy.
fn belongs(test: &TestDocument, path: &Path, policies: &[PathBuf]) -> Result<(), CommandError> {
    let Some(named) = &test.policy else { return Ok(()) };
    let named = beside(path, &named.value);
    if policies.iter().any(|policy| is_same(policy, &named)) {
        return Ok(());
    }
    let shown = |path: &Path| escape(&path.to_string_lossy());
    let policy = policies.first().map_or(String::new(), |policy| shown(policy));
    Err(CommandError::input(format!(
        "`{}` stands beside `{policy}`, but its policy is `{}`",
        shown(path),
        shown(&named)
    ))
    .help("rename it, or write its policy's name at `policy:`, relative to the test file"))
}
