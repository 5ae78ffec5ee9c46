//! `aegis test --init`: a first set of examples.

use std::fmt::Write as _;
use std::path::Path;

use aegis_engine::{Draft, DraftExample, TestFiles, escape, to_json_line};
use aegis_present::quantity::counted;
use aegis_present::style::GOOD;
use chrono::SecondsFormat;
use serde::Serialize;
use serde_json::value::RawValue;

use super::files::Tested;
use crate::console::write_new;
use crate::effective_settings::Settings;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::standard_stream::output_file;
use crate::unchecked_file::policy_by_name;

const ONE_AT_A_TIME: &str = "`--init` writes the examples of one policy file at a time";

/// An example as it is written: JSON, which is YAML too.
#[derive(Serialize)]
struct Written<'a> {
    action: Box<RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    expect: Expectation<'a>,
}

#[derive(Serialize)]
struct Expectation<'a> {
    approval: &'a str,
    risk_level: &'a str,
    rule: &'a str,
}

/// Writes examples for one policy.
///
/// # Errors
/// When there are several policies, or the file cannot be written or exists.
pub(super) fn run(
    groups: &[Tested],
    output: Option<&Path>,
    settings: &Settings,
) -> Result<ExitStatus, CommandError> {
    let [Tested { policies, files }] = groups else {
        return Err(CommandError::usage(ONE_AT_A_TIME));
    };
    let [policy] = policies.as_slice() else {
        return Err(CommandError::usage(ONE_AT_A_TIME));
    };
    let drafts = files.policy().draft_examples();
    let text = write(files, &named(policy, output), &drafts);
    match output_file(output) {
        None => settings.console.answer(text.trim_end())?,
        Some(path) if policy_by_name(path).is_none() => {
            return Err(CommandError::usage("the name of a test file ends in `.test.yaml`")
                .help("beside its policy and with its name, it is picked up by itself"));
        }
        Some(path) => {
            write_new(path, &text, false, settings.console)?;
            let examples = drafts.iter().map(|draft| draft.examples.len() as u64).sum();
            let shown = escape(&path.to_string_lossy());
            settings.console.tell(format!(
                "{GOOD}wrote{GOOD:#} {shown}: {}\n\nThey say what the policy does now. Read them, correct \
                 them, then:\n  aegis test {shown} --mutate",
                counted(examples, "example")
            ))?;
        }
    }
    Ok(ExitStatus::Success)
}

/// How a test file at `output` names the policy.
fn named(policy: &Path, output: Option<&Path>) -> String {
    let real =
        |path: &Path| if path == Path::new("") { Path::new(".").canonicalize() } else { path.canonicalize() };
    let directory = output.and_then(Path::parent).map(real);
    let is_beside = match (directory, policy.parent().map(real)) {
        (Some(Ok(tests)), Some(Ok(policies))) => tests == policies,
        _ => output.is_none(),
    };
    let name = match (is_beside, policy.file_name(), policy.canonicalize()) {
        (false, _, Ok(absolute)) => absolute,
        (_, Some(name), _) => name.into(),
        _ => policy.to_owned(),
    };
    name.to_string_lossy().into_owned()
}

fn write(files: &TestFiles, policy: &str, drafts: &[Draft<'_>]) -> String {
    let policy = to_json_line(&policy).unwrap_or_default();
    let mut text = format!(
        "# What the policy says now of actions made from its own words, by `aegis test --init`.\n# Read each \
         one: what is not as it should be is a mistake in the policy.\npolicy: {policy}\nexamples:"
    );
    if drafts.iter().all(|draft| draft.examples.is_empty()) {
        text.push_str(" []");
    }
    for Draft { rule, examples } in drafts {
        let title = rule.map_or("<default>".to_owned(), |rule| {
            format!("{} (line {})", escape(rule.name()), files.place(rule.span()).line)
        });
        let missing =
            if examples.is_empty() { ": no action was found that it matches, write one" } else { "" };
        let _ = write!(text, "\n  # {title}{missing}\n");
        for example in examples {
            let _ = writeln!(text, "  - {}", line(example));
        }
    }
    text
}

fn line(example: &DraftExample) -> String {
    let written = Written {
        action: RawValue::from_string(example.action.canonical()).unwrap_or_default(),
        at: example.at.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true)),
        expect: Expectation {
            approval: example.approval.as_str(),
            risk_level: example.risk_level.as_str(),
            rule: &example.matched_rule,
        },
    };
    to_json_line(&written).unwrap_or_default()
}
