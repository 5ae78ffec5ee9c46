//! How examples went: a line for each, what differs below it, then what they cover and what they would not
//! notice.

use std::fmt::Write as _;

use aegis_engine::{
    Action, Coverage, Difference, ExampleField, ExampleResult, Mutation, Share, TestFiles, TestRun,
    canonical_json, escape, escape_capped,
};
use anstyle::Style;
use serde_json::Value;

use crate::quantity::counted;
use crate::style::{BAD, FAINT, GOOD, HELP, UNSURE};

/// The most characters of a word of an example, and of its parameters, that a line shows.
const MAX_WORD: usize = 60;

/// Everything about one policy.
#[must_use]
pub fn render_run(run: &TestRun<'_>) -> String {
    let mut text = String::new();
    for result in &run.results {
        let _ = write!(text, "{}", example(run.files, result));
    }
    if let Some(found) = &run.coverage {
        text.push_str(&coverage(run, found));
    }
    if let Some(found) = &run.mutation {
        text.push_str(&mutation(run.files, found));
    }
    text
}

/// How it all went, in a line.
#[must_use]
pub fn render_summary(runs: &[TestRun<'_>]) -> String {
    let (style, verdict, counts) = summary(runs);
    format!("{style}{verdict}{style:#}  {counts}")
}

/// How it all went: how to paint it, in a word, and in numbers.
pub(crate) fn summary(runs: &[TestRun<'_>]) -> (Style, &'static str, String) {
    let examples: usize = runs.iter().map(|run| run.results.len()).sum();
    let failed: usize = runs.iter().map(TestRun::failed).sum();
    let survivors: usize =
        runs.iter().filter_map(|run| run.mutation.as_ref()).map(|found| found.survivors.len()).sum();
    let mut parts = vec![counted(examples as u64, "example"), format!("{failed} failed")];
    if runs.iter().any(|run| run.mutation.is_some()) {
        parts.push(counted(survivors as u64, "unnoticed change"));
    }
    if runs.iter().any(|run| !run.is_covered()) {
        parts.push("too little covered".to_owned());
    }
    let passed = runs.iter().all(TestRun::passed) && !TestRun::tested_nothing(runs);
    let (style, verdict) = if passed { (GOOD, "ok") } else { (BAD, "failed") };
    (style, verdict, parts.join(", "))
}

/// An action in a few words.
pub(crate) fn render_action(action: &Action) -> String {
    let mut text =
        format!("{} {}", escape_capped(action.kind(), MAX_WORD), escape_capped(action.target(), MAX_WORD));
    if !action.params().is_empty() {
        let params = canonical_json(&Value::Object(action.params().clone()));
        let _ = write!(text, " {}", escape_capped(&params, MAX_WORD));
    }
    if let Some(agent) = action.agent() {
        let _ = write!(text, " by {}", escape_capped(agent, MAX_WORD));
    }
    text
}

/// One field that differs, in words.
pub(crate) fn render_difference(difference: &Difference) -> String {
    let Difference { field, expected, got, .. } = difference;
    let [expected, got] = [expected, got].map(|text| escape_capped(text, 200));
    match field {
        ExampleField::At => format!("depends on the time, and the example names none: {got}"),
        field => format!("{}: expected {expected}, got {got}", field.as_str()),
    }
}

/// The rule that decided, and where it stands.
pub(crate) fn render_decider(files: &TestFiles, result: &ExampleResult<'_>) -> String {
    let name = escape(result.decision.matched_rule());
    match result.decided_by {
        Some(rule) => format!("{name} ({})", files.place(rule.span())),
        None => name,
    }
}

fn example(files: &TestFiles, result: &ExampleResult<'_>) -> String {
    let place = files.place(result.example.span);
    let action = render_action(&result.example.action);
    let Some(first) = result.differences.first() else {
        let (approval, risk) = (result.decision.approval(), result.decision.risk_level());
        return format!("{GOOD}pass{GOOD:#}  {place}  {action}  {FAINT}{approval}, {risk} risk{FAINT:#}\n");
    };
    let outcome = match first.field {
        ExampleField::At => "needs `at`".to_owned(),
        _ => {
            format!("{} → {}", escape_capped(&first.expected, MAX_WORD), escape_capped(&first.got, MAX_WORD))
        }
    };
    let mut text = format!("{BAD}FAIL{BAD:#}  {place}  {action}  {outcome}\n");
    for difference in &result.differences {
        let _ = writeln!(text, "        {}", render_difference(difference));
        if let Some(help) = &difference.help {
            let _ = writeln!(text, "        {HELP}help:{HELP:#} {help}");
        }
    }
    let _ = writeln!(text, "        decided by {}", render_decider(files, result));
    text
}

fn coverage(run: &TestRun<'_>, coverage: &Coverage<'_>) -> String {
    let share = |Share { covered, total }: Share| format!("{covered} of {total}");
    let style = if run.is_covered() { GOOD } else { BAD };
    let mut text = format!(
        "{style}coverage{style:#}  {}: {}; {} rules decide an example, {} conditions hold for one, {} do not \
         for one\n",
        run.files.name(),
        render_percent(coverage.share()),
        share(coverage.rules_share()),
        share(coverage.true_share()),
        share(coverage.false_share()),
    );
    for gap in coverage.gaps() {
        let _ = writeln!(text, "  {}  {}", run.files.place(gap.span), gap.value);
    }
    text
}

/// A share in percent, rounded down to a tenth.
pub(crate) fn render_percent(share: Share) -> String {
    format!("{}.{} %", share.permille() / 10, share.permille() % 10)
}

fn mutation(files: &TestFiles, mutation: &Mutation<'_>) -> String {
    let survivors = mutation.survivors.len();
    let style = if survivors == 0 { GOOD } else { BAD };
    let mut text = format!(
        "{style}mutation{style:#}  {}: {} of {} noticed; {} more would make no difference\n",
        files.name(),
        mutation.noticed,
        counted((mutation.noticed + survivors) as u64, "change"),
        mutation.without_effect.len(),
    );
    for found in &mutation.survivors {
        let (place, rule) = (files.place(found.span), escape(found.rule.name()));
        let _ = writeln!(
            text,
            "  {UNSURE}unnoticed{UNSURE:#}  {place}  `{rule}`: no example fails if {}",
            found.change
        );
    }
    text
}
