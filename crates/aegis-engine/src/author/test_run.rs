//! Testing one policy as a whole: its files, and what came of their examples.

use std::fmt;

use crate::author::coverage::Coverage;
use crate::author::example::{ExampleResult, Suite};
use crate::author::mutation::Mutation;
use crate::decide::policy::Policy;
use crate::language::code::Severity;
use crate::language::compile::load;
use crate::language::diagnostic::Diagnostic;
use crate::language::document::{Document, TestDocument};
use crate::language::policy_bytes::Source;
use crate::language::source_text::SourceText;
use crate::text::span::{SourceId, Span};

/// One policy, compiled, with every file that has examples for it.
#[derive(Debug)]
pub struct TestFiles {
    /// Where the lines of each file begin, by the id of the source.
    sources: Vec<SourceText<'static>>,
    /// How many of the sources are the policy's; they come first.
    policies: usize,
    policy: Policy,
    documents: Vec<Document>,
    tests: Vec<TestDocument>,
}

/// What was found in the files of a test, whether or not they can be used.
#[derive(Debug)]
pub struct ReadTestFiles {
    /// Everything that was found.
    pub diagnostics: Vec<Diagnostic>,
    /// The files, by the id of the source: those of the policy, then the test files.
    pub sources: Vec<SourceText<'static>>,
    policies: usize,
    policy: Option<Policy>,
    documents: Vec<Document>,
    tests: Vec<TestDocument>,
}

/// The file and the line of something in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// The file's path, escaped. Empty if the file is none of those at hand.
    pub file: &'a str,
    /// The first line, from 1.
    pub line: usize,
    /// The column in that line, from 1.
    pub column: usize,
    /// The last line.
    pub end_line: usize,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.file, self.line)
    }
}

impl ReadTestFiles {
    /// The files, if no finding is an error.
    #[must_use]
    pub fn files(self) -> Option<TestFiles> {
        let ReadTestFiles { diagnostics, sources, policies, policy, documents, tests } = self;
        let is_wrong = diagnostics.iter().any(|found| found.severity == Severity::Error);
        let policy = policy.filter(|_| !is_wrong)?;
        Some(TestFiles { sources, policies, policy, documents, tests })
    }
}

impl TestFiles {
    /// Compiles a policy from the files at some paths, given with their bytes, and reads the test files that
    /// belong to it.
    #[must_use]
    pub fn read(policies: &[(&str, &[u8])], tests: &[(&str, &[u8])]) -> ReadTestFiles {
        let loaded = load(&policies.iter().map(|(_, text)| Source { text }).collect::<Vec<_>>());
        let mut diagnostics = loaded.diagnostics;
        let mut read = Vec::new();
        for ((_, text), id) in tests.iter().zip(u32::try_from(policies.len()).unwrap_or(u32::MAX)..) {
            read.extend(TestDocument::read(SourceId(id), text, &mut diagnostics));
        }
        let sources = policies.iter().chain(tests);
        ReadTestFiles {
            diagnostics,
            sources: sources.map(|(path, text)| SourceText::new(path, text).into_owned()).collect(),
            policies: policies.len(),
            policy: loaded.policy,
            documents: loaded.documents.into_iter().flatten().collect(),
            tests: read,
        }
    }

    /// The policy.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The test files, in the order in which they were given.
    #[must_use]
    pub fn tests(&self) -> &[TestDocument] {
        &self.tests
    }

    /// The paths of the policy's files, escaped.
    #[must_use]
    pub fn name(&self) -> String {
        let names: Vec<_> = self.sources.iter().take(self.policies).map(SourceText::name).collect();
        names.join(", ")
    }

    /// The path of every file, escaped.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.sources.iter().map(|source| source.name().to_owned()).collect()
    }

    /// Where something is.
    #[must_use]
    pub fn place(&self, span: Span) -> Place<'_> {
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

/// What to find out about a policy.
#[derive(Clone, Debug, Default)]
pub struct TestChoice<'t> {
    /// Only examples with this text in their place, in their action or in what they expect.
    pub filter: Option<&'t str>,
    /// What the examples cover.
    pub coverage: bool,
    /// The percentage that they must cover, at most 100. Nothing is demanded of what is not looked at.
    pub min_coverage: Option<u8>,
    /// Which changes to the policy they would not notice.
    pub mutation: bool,
    /// Whether a policy without examples is as it should be. Without, nothing was tested, and that is said.
    pub allow_none: bool,
}

/// What came of testing one policy.
///
/// # Example: a policy whose example holds
/// ```
/// use aegis_engine::{TestChoice, TestFiles, TestRun};
///
/// let policy = b"version: '1'\nrules: [{ match: { type: read }, approval: auto }]\n";
/// let tests = b"examples: [{ action: { type: read, target: crm }, expect: auto }]\n";
/// let read = TestFiles::read(&[("crm.yaml", policy)], &[("crm.test.yaml", tests)]);
/// let files = read.files().expect("nothing is wrong with them");
/// let run = TestRun::new(&files, &TestChoice { min_coverage: Some(50), ..TestChoice::default() });
/// assert!(run.passed());
/// ```
#[derive(Debug)]
pub struct TestRun<'a> {
    /// The files.
    pub files: &'a TestFiles,
    /// How each example went, in the order of the files.
    pub results: Vec<ExampleResult<'a>>,
    /// What the examples cover, where that was asked.
    pub coverage: Option<Coverage<'a>>,
    /// The percentage that the coverage must have.
    pub min_coverage: u8,
    /// Which changes they would not notice, where that was asked.
    pub mutation: Option<Mutation<'a>>,
    /// Whether it would do that there are none, be it that the policy has none or that none was chosen.
    pub allows_none: bool,
    /// Whether the policy has examples, be they chosen or not.
    pub has_examples: bool,
}

impl<'a> TestRun<'a> {
    /// Runs the examples, and whatever else is wanted.
    #[must_use]
    pub fn new(files: &'a TestFiles, choice: &TestChoice<'_>) -> TestRun<'a> {
        let suite = Suite::new(&files.policy, &files.documents, &files.tests);
        let mut results = suite.run();
        let has_examples = !results.is_empty();
        if let Some(text) = choice.filter {
            results.retain(|result| mentions(files, result, text));
        }
        let coverage = (choice.coverage || choice.min_coverage.is_some()).then(|| suite.coverage());
        let mutation = choice.mutation.then(|| suite.mutate());
        TestRun {
            files,
            results,
            coverage,
            min_coverage: choice.min_coverage.unwrap_or_default(),
            mutation,
            allows_none: choice.allow_none,
            has_examples,
        }
    }
}

impl TestRun<'_> {
    /// Whether enough is covered.
    #[must_use]
    pub fn is_covered(&self) -> bool {
        let wanted = usize::from(self.min_coverage) * 10;
        self.coverage.as_ref().is_none_or(|coverage| {
            // Where there is no example, nothing is tested, even if there is nothing to cover.
            coverage.share().permille() >= wanted && !(wanted > 0 && self.results.is_empty())
        })
    }

    /// How many examples do not hold.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.results.iter().filter(|result| !result.passed()).count()
    }

    /// Whether everything is as it should be.
    #[must_use]
    pub fn passed(&self) -> bool {
        let survivors = self.mutation.as_ref().map_or(0, |mutation| mutation.survivors.len());
        self.failed() == 0 && self.is_covered() && survivors == 0 && (self.has_examples || self.allows_none)
    }

    /// Whether none of these policies had an example to run, though that was wanted: nothing was tested then.
    #[must_use]
    pub fn tested_nothing(runs: &[TestRun<'_>]) -> bool {
        runs.iter().all(|run| run.results.is_empty() && !run.allows_none)
    }
}

/// Whether an example has `text` in its place, in its action or in what it expects.
fn mentions(files: &TestFiles, result: &ExampleResult<'_>, text: &str) -> bool {
    let place = files.place(result.example.span).to_string();
    let action = result.example.action.canonical();
    let rule = result.example.expect.rule.as_ref().map_or("", |rule| &rule.value);
    let approval = result.example.expect.approval.map_or("", |approval| approval.value.as_str());
    [&place, &action, rule, approval, result.decision.matched_rule()].iter().any(|part| part.contains(text))
}
