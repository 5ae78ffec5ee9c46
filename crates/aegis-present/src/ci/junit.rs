//! JUnit XML, as CI services read it: a suite for each policy, with a case for each example.

use aegis_engine::TestRun;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use thiserror::Error;

use crate::lines::{render_action, render_decider, render_difference, render_percent};
use crate::unread_file::UnreadFile;

/// Why a report could not be written as XML.
#[derive(Debug, Error)]
#[error(transparent)]
pub struct JunitError(#[from] quick_junit::SerializeError);

/// The report, under the name of whatever made it. What was not asked for has no suite; a file that was not
/// looked at has one with an error.
///
/// # Errors
/// When it cannot be written as XML.
pub fn render_junit(name: &str, runs: &[TestRun<'_>], unread: &[UnreadFile]) -> Result<String, JunitError> {
    let mut report = Report::new(name);
    report.add_test_suites(runs.iter().flat_map(suites));
    if TestRun::tested_nothing(runs) && unread.is_empty() {
        // A report without a case would look like one in which all is well.
        let mut suite = TestSuite::new("examples");
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_message("no example was run");
        suite.add_test_case(TestCase::new("at least one example is run", status));
        report.add_test_suite(suite);
    }
    report.add_test_suites(unread.iter().map(unreadable));
    Ok(as_jenkins_reads_it(report.to_string()?.trim_end()))
}

/// The report without the attribute that Jenkins' schema (`junit-10.xsd`) does not know: a suite may count
/// what was skipped, all suites together may not. Nothing here is ever skipped.
fn as_jenkins_reads_it(report: &str) -> String {
    const ALL: &str = "<testsuites ";
    let Some((before, (attributes, after))) =
        report.split_once(ALL).and_then(|(before, rest)| Some((before, rest.split_once('>')?)))
    else {
        return report.to_owned();
    };
    format!("{before}{ALL}{}>{after}", attributes.replacen(" skipped=\"0\"", "", 1))
}

fn unreadable(file: &UnreadFile) -> TestSuite {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    status.set_message(file.problem.as_str());
    let mut case = TestCase::new("the file is read", status);
    case.set_classname(file.name.as_str());
    let mut suite = TestSuite::new(file.name.as_str());
    suite.add_test_case(case);
    suite
}

fn suites(run: &TestRun<'_>) -> Vec<TestSuite> {
    let mut suites = vec![examples(run)];
    if let Some(coverage) = &run.coverage {
        let mut suite = TestSuite::new(format!("{}: coverage", run.files.name()));
        let gaps = coverage.gaps();
        let words = gaps.iter().map(|gap| format!("{}: {}", run.files.place(gap.span), gap.value));
        let wanted =
            format!("{} is covered, {} % is wanted", render_percent(coverage.share()), run.min_coverage);
        let failure = (!run.is_covered()).then(|| (wanted, words.collect::<Vec<_>>().join("\n")));
        suite.add_test_case(case(run, "coverage", failure));
        suites.push(suite);
    }
    if let Some(mutation) = &run.mutation {
        let mut suite = TestSuite::new(format!("{}: mutation", run.files.name()));
        suite.add_test_case(case(run, &format!("{} changes are noticed", mutation.noticed), None));
        for found in &mutation.survivors {
            let name = format!(
                "{}: `{}`: {}",
                run.files.place(found.span),
                aegis_engine::escape(found.rule.name()),
                found.change
            );
            suite.add_test_case(case(run, &name, Some(("no example fails".to_owned(), String::new()))));
        }
        suites.push(suite);
    }
    suites
}

fn examples(run: &TestRun<'_>) -> TestSuite {
    let mut suite = TestSuite::new(run.files.name());
    for result in &run.results {
        let name =
            format!("{}: {}", run.files.place(result.example.span), render_action(&result.example.action));
        let failure = result.differences.first().map(|first| {
            let mut words: Vec<_> = result.differences.iter().map(render_difference).collect();
            words.push(format!("decided by {}", render_decider(run.files, result)));
            (render_difference(first), words.join("\n"))
        });
        suite.add_test_case(case(run, &name, failure));
    }
    suite
}

/// A case that passed, or failed with a message and more words.
fn case(run: &TestRun<'_>, name: &str, failure: Option<(String, String)>) -> TestCase {
    let status = failure.map_or_else(TestCaseStatus::success, |(message, words)| {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_message(message).set_description(words);
        status
    });
    let mut case = TestCase::new(name, status);
    case.set_classname(run.files.name());
    case
}
