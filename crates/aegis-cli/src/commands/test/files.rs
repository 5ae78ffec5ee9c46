//! The files of a test: policies, and the test files that belong to them.

use std::path::{Path, PathBuf};

use aegis_engine::document::{Document, TestDocument};
use aegis_engine::{Diagnostic, Policy, Severity, Source, SourceId, Span, escape, load};

use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output::Output;
use crate::render::diagnostics::{SourceText, render_diagnostics};
use crate::settings::Settings;
use crate::source::read_source;

/// What the name of a test file ends in, and that of its policy instead.
const ENDINGS: [(&str, &str); 2] = [(".test.yaml", ".yaml"), (".test.yml", ".yml")];

/// One policy, read and compiled, with every file that has examples for it.
#[derive(Debug)]
pub(crate) struct TestFiles {
    paths: Vec<PathBuf>,
    /// Where the lines of each file begin, by the id of the source.
    sources: Vec<SourceText<'static>>,
    /// How many of the paths are the policy's.
    policies: usize,
    policy: Policy,
    documents: Vec<Document>,
    tests: Vec<TestDocument>,
}

/// The file and the line of something in it.
#[derive(Clone, Debug)]
pub(crate) struct Place<'a> {
    /// Escaped.
    pub(crate) file: &'a str,
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) end_line: usize,
}

impl std::fmt::Display for Place<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}:{}", self.file, self.line)
    }
}

impl TestFiles {
    pub(crate) fn policy(&self) -> &Policy {
        &self.policy
    }

    pub(crate) fn documents(&self) -> &[Document] {
        &self.documents
    }

    pub(crate) fn tests(&self) -> &[TestDocument] {
        &self.tests
    }

    /// The paths of the policy's files.
    pub(crate) fn policy_paths(&self) -> &[PathBuf] {
        self.paths.get(..self.policies).unwrap_or_default()
    }

    /// The policy's files, escaped.
    pub(crate) fn name(&self) -> String {
        let names: Vec<_> = self.sources.iter().take(self.policies).map(SourceText::name).collect();
        names.join(", ")
    }

    /// Every file, escaped.
    pub(crate) fn names(&self) -> Vec<String> {
        self.sources.iter().map(|source| source.name().to_owned()).collect()
    }

    pub(crate) fn place(&self, span: Span) -> Place<'_> {
        let source = usize::try_from(span.source.0).ok().and_then(|index| self.sources.get(index));
        let range = span.range();
        let last = range.end.saturating_sub(1).max(range.start);
        source.map_or(Place { file: "", line: 0, column: 0, end_line: 0 }, |source| {
            let start = source.position(range.start);
            let end_line = source.position(last).line;
            Place { file: source.name(), line: start.line, column: start.column, end_line }
        })
    }
}

/// The paths of one policy and of the test files named beside it.
#[derive(Debug, Default)]
struct Group {
    policies: Vec<PathBuf>,
    tests: Vec<PathBuf>,
}

/// Reads what is to be tested. A file that cannot be read is reported, and does not keep the others from being tested.
///
/// # Errors
/// When nothing can be tested; why is on stderr by then.
pub(super) fn read(
    files: &[PathBuf],
    settings: &Settings,
) -> Result<(Vec<TestFiles>, ExitStatus), CommandError> {
    let mut status = ExitStatus::Success;
    let mut read = Vec::new();
    let (groups, errors) = group(files, &settings.policies);
    let results = groups.into_iter().map(|group| read_group(group, settings.output));
    for result in errors.into_iter().map(Err).chain(results) {
        match result {
            Ok(files) => read.push(files),
            Err(error) => {
                settings.output.error(&error);
                status = status.worse(error.status);
            }
        }
    }
    if read.is_empty() { Err(CommandError::shown(ExitStatus::Input)) } else { Ok((read, status)) }
}

/// Brings each test file together with its policy.
fn group(files: &[PathBuf], default: &[PathBuf]) -> (Vec<Group>, Vec<CommandError>) {
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
                    errors.push(error);
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

/// The policy that a test file is for, by its name alone. `None` if the name is not a test file's.
pub(super) fn policy_by_name(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    ENDINGS.iter().find_map(|(ending, instead)| {
        let stem = name.strip_suffix(ending).filter(|stem| !stem.is_empty())?;
        Some(path.with_file_name(format!("{stem}{instead}")))
    })
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
    let bytes = read_source(test)?;
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

fn read_group(group: Group, output: Output) -> Result<TestFiles, CommandError> {
    let Group { policies, mut tests } = group;
    for found in policies.iter().filter_map(|policy| test_beside(policy)) {
        if !tests.iter().any(|test| is_same(test, &found)) {
            tests.push(found);
        }
    }
    let count = policies.len();
    let paths = [policies, tests].concat();
    let bytes = paths.iter().map(|path| read_source(path)).collect::<Result<Vec<_>, _>>()?;
    let (of_policies, of_tests) = bytes.split_at(count.min(bytes.len()));
    let loaded = load(&of_policies.iter().map(|text| Source { text }).collect::<Vec<_>>());
    let mut diagnostics = loaded.diagnostics;
    let mut tests = Vec::new();
    for (text, id) in of_tests.iter().zip(u32::try_from(count).unwrap_or(u32::MAX)..) {
        tests.extend(TestDocument::read(SourceId(id), text, &mut diagnostics));
    }
    let sources: Vec<_> =
        paths.iter().zip(&bytes).map(|(path, text)| SourceText::new(path, text).into_owned()).collect();
    show(&diagnostics, &sources, output);
    let is_wrong = diagnostics.iter().any(|found| found.severity == Severity::Error);
    let policy = loaded.policy.filter(|_| !is_wrong).ok_or(CommandError::shown(ExitStatus::Input))?;
    for (test, path) in tests.iter().zip(paths.iter().skip(count)) {
        belongs(test, path, paths.get(..count).unwrap_or_default())?;
    }
    let documents = loaded.documents.into_iter().flatten().collect();
    Ok(TestFiles { paths, sources, policies: count, policy, documents, tests })
}

fn show(diagnostics: &[Diagnostic], sources: &[SourceText<'_>], output: Output) {
    output.diagnostics(&render_diagnostics(diagnostics, sources, output.colors_stderr()));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_files_are_known_by_their_names() {
        let policy = |path: &str| policy_by_name(Path::new(path)).map(|path| path.display().to_string());
        assert_eq!(policy("a/crm.test.yaml").as_deref(), Some("a/crm.yaml"));
        assert_eq!(policy("crm.test.yml").as_deref(), Some("crm.yml"));
        assert_eq!(policy("crm.yaml"), None);
        assert_eq!(policy("test.yaml"), None);
        assert_eq!(policy(".test.yaml"), None);
    }
}
