//! The report on the examples of policies.

use aegis_engine::{
    Coverage, ExampleResult, Mutant, Mutation, Share, Span, TestFiles, TestRun, to_json_line,
};
use serde::Serialize;
use serde_json::Value;

use super::instant::timestamp;
use super::unread_file::UnreadFileV1;
use crate::unread_file::UnreadFile;

/// What came of testing policies.
#[derive(Debug, Serialize)]
pub struct TestReportV1 {
    passed: bool,
    policies: Vec<PolicyV1>,
    /// The files that were not looked at.
    unreadable: Vec<UnreadFileV1>,
}

#[derive(Debug, Serialize)]
struct PolicyV1 {
    files: Vec<String>,
    passed: bool,
    examples: Vec<ExampleV1>,
    #[serde(skip_serializing_if = "Option::is_none")]
    coverage: Option<CoverageV1>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mutation: Option<MutationV1>,
}

#[derive(Debug, Serialize)]
struct PlaceV1 {
    file: String,
    line: usize,
    column: usize,
}

#[derive(Debug, Serialize)]
struct ExampleV1 {
    #[serde(flatten)]
    place: PlaceV1,
    passed: bool,
    action: Value,
    at: String,
    approval: &'static str,
    risk_level: &'static str,
    matched_rule: String,
    /// Null where no rule decided.
    decided_by: Option<PlaceV1>,
    differences: Vec<DifferenceV1>,
}

#[derive(Debug, Serialize)]
struct DifferenceV1 {
    field: &'static str,
    expected: String,
    got: String,
    help: Option<String>,
}

#[derive(Debug, Serialize)]
struct CoverageV1 {
    /// In tenths, so that it is exact: 1000 is everything.
    permille: usize,
    rules: ShareV1,
    conditions_true: ShareV1,
    conditions_false: ShareV1,
    gaps: Vec<GapV1>,
}

#[derive(Debug, Serialize)]
struct ShareV1 {
    covered: usize,
    total: usize,
}

#[derive(Debug, Serialize)]
struct GapV1 {
    #[serde(flatten)]
    place: PlaceV1,
    message: String,
}

#[derive(Debug, Serialize)]
struct MutationV1 {
    noticed: usize,
    survivors: Vec<MutantV1>,
    /// What makes no difference to any action that was tried.
    without_effect: Vec<MutantV1>,
}

#[derive(Debug, Serialize)]
struct MutantV1 {
    #[serde(flatten)]
    place: PlaceV1,
    rule: String,
    kind: &'static str,
    change: String,
}

impl TestReportV1 {
    /// The report on these policies; `passed` says whether all that was to be tested could be, and is as it
    /// should be.
    #[must_use]
    pub fn new(runs: &[TestRun<'_>], unread: &[UnreadFile], passed: bool) -> TestReportV1 {
        let unreadable = unread.iter().map(UnreadFileV1::of).collect();
        TestReportV1 { passed, policies: runs.iter().map(policy).collect(), unreadable }
    }

    /// The report as one object on one line.
    #[must_use]
    pub fn to_line(&self) -> String {
        to_json_line(self).unwrap_or_default()
    }
}

fn policy(run: &TestRun<'_>) -> PolicyV1 {
    PolicyV1 {
        files: run.files.names(),
        passed: run.passed(),
        examples: run.results.iter().map(|result| example(run.files, result)).collect(),
        coverage: run.coverage.as_ref().map(|found| coverage(run.files, found)),
        mutation: run.mutation.as_ref().map(|found| mutation(run.files, found)),
    }
}

fn place(files: &TestFiles, span: Span) -> PlaceV1 {
    let place = files.place(span);
    PlaceV1 { file: place.file.to_owned(), line: place.line, column: place.column }
}

fn example(files: &TestFiles, result: &ExampleResult<'_>) -> ExampleV1 {
    let differences = result.differences.iter().map(|difference| DifferenceV1 {
        field: difference.field.as_str(),
        expected: difference.expected.clone(),
        got: difference.got.clone(),
        help: difference.help.clone(),
    });
    ExampleV1 {
        place: place(files, result.example.span),
        passed: result.passed(),
        action: serde_json::to_value(&result.example.action).unwrap_or_default(),
        at: timestamp(result.at),
        approval: result.decision.approval().as_str(),
        risk_level: result.decision.risk_level().as_str(),
        matched_rule: result.decision.matched_rule().to_owned(),
        decided_by: result.decided_by.map(|rule| place(files, rule.span())),
        differences: differences.collect(),
    }
}

fn coverage(files: &TestFiles, coverage: &Coverage<'_>) -> CoverageV1 {
    let share = |Share { covered, total }: Share| ShareV1 { covered, total };
    let gaps = coverage.gaps().into_iter();
    CoverageV1 {
        permille: coverage.share().permille(),
        rules: share(coverage.rules_share()),
        conditions_true: share(coverage.true_share()),
        conditions_false: share(coverage.false_share()),
        gaps: gaps.map(|gap| GapV1 { place: place(files, gap.span), message: gap.value }).collect(),
    }
}

fn mutation(files: &TestFiles, mutation: &Mutation<'_>) -> MutationV1 {
    let mutants = |mutants: &[Mutant<'_>]| mutants.iter().map(|found| mutant(files, found)).collect();
    MutationV1 {
        noticed: mutation.noticed,
        survivors: mutants(&mutation.survivors),
        without_effect: mutants(&mutation.without_effect),
    }
}

fn mutant(files: &TestFiles, mutant: &Mutant<'_>) -> MutantV1 {
    MutantV1 {
        place: place(files, mutant.span),
        rule: mutant.rule.name().to_owned(),
        kind: mutant.change.kind(),
        change: mutant.change.to_string(),
    }
}
