//! The codes of findings: listed, explained, documented, and reported in every format.

use std::fmt::Write as _;

use aegis_testkit::READ;
use snapbox::Data;

use crate::environment::TestEnvironment;

const SILENCED: &str = "version: \"1\"\n\
    rules:\n\
    \x20 # Restarts lose nothing.\n\
    \x20 # aegis: allow(auto-high-risk) -- restarts are harmless here\n\
    \x20 - name: restarts\n\
    \x20   match: { type: restart }\n\
    \x20   risk_level: high\n\
    \x20   approval: auto\n\
    \x20 - { name: mails, match: { type: mail } } # aegis: allow(same-outcome): the name is wanted\n";

#[test]
fn every_code_is_listed_and_explained() {
    let environment = TestEnvironment::empty();
    let run = environment.aegis(&["validate", "--codes"]);
    assert_eq!(run.code, 0);
    for line in run.stdout.lines() {
        let code = line.split(' ').next().unwrap();
        let explained = environment.aegis(&["validate", "--explain", code]);
        assert_eq!(explained.code, 0, "{code}");
        assert!(explained.stdout.starts_with(&format!("{code} (")), "{explained:?}");
    }
    let run = environment.aegis(&["validate", "--explain", "unreachble-rule"]);
    assert_eq!((run.code, run.stderr.contains("did you mean `unreachable-rule`?")), (2, true), "{run:?}");
}

#[test]
fn generated_reference_of_diagnostics_is_current() {
    let environment = TestEnvironment::empty();
    let mut reference = String::from(
        "# Diagnostics\n\nMade from the program by `make docs`. Errors keep a policy from being used; warnings are \
         about what is\nprobably not meant, and only `aegis validate` looks for them. A comment above the rule, or \
         beside a line of it,\nsilences a warning: `# aegis: allow(code) — reason`. The reason is required.\n",
    );
    for line in environment.aegis(&["validate", "--codes"]).stdout.lines() {
        let code = line.split(' ').next().unwrap();
        let explained = environment.aegis(&["validate", "--explain", code]).stdout;
        let (title, text) = explained.split_once("\n\n").unwrap();
        let level = title.trim_start_matches(code).trim().trim_matches(['(', ')']);
        write!(reference, "\n## `{code}`\n\nLevel: {level}\n\n{}\n", text.trim_end()).unwrap();
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/diagnostics.md");
    let current = Data::read_from(std::path::Path::new(path), None);
    snapbox::Assert::new().normalize_paths(false).action_env("SNAPSHOTS").eq(Data::text(reference), current);
}

#[test]
fn a_comment_with_a_reason_silences_a_warning_above_or_beside_its_rule() {
    let environment = TestEnvironment::with_policy(SILENCED);
    let run = environment.aegis(&["validate", "--deny", "warnings"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, "ok  policy.yaml: 2 rules\n"));
    environment.write("policy.yaml", SILENCED.replace("allow(", "allowed("));
    assert_eq!(environment.aegis(&["validate"]).code, 1);
    let elsewhere =
        SILENCED.replace("  # aegis: allow(auto", "\n  # aegis: allow(auto").replace("here\n", "here\n\n");
    environment.write("policy.yaml", elsewhere);
    let run = environment.aegis(&["validate"]);
    assert_eq!(run.code, 0);
    assert!(
        run.stdout.contains("warning[auto-high-risk]") && run.stdout.contains("warning[unused-allow]"),
        "{run:?}"
    );
}

#[test]
fn warnings_fail_only_where_they_are_denied_and_never_concern_check() {
    let environment = TestEnvironment::with_policy("version: '1'\nrules: [{ approval: auto, name: all }]\n");
    let run = environment.aegis(&["validate"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stdout.contains("ok  policy.yaml: 1 rule, 1 warning"), "{run:?}");
    assert_eq!(environment.aegis(&["validate", "--deny", "warnings"]).code, 1);
    let run = environment.check(READ);
    assert_eq!((run.code, run.stderr.contains("warning")), (0, false), "{run:?}");
}

#[test]
fn findings_come_as_sarif() {
    let environment = TestEnvironment::empty();
    environment.write("a b.yaml", "version: '1'\nrules:\n  - approvel: auto\n");
    let run = environment.aegis(&["validate", "--format", "sarif", "a b.yaml"]);
    let log = run.json();
    assert_eq!((run.code, &log["version"]), (1, &"2.1.0".into()));
    let result = &log["runs"][0]["results"][0];
    assert_eq!((&result["ruleId"], &result["level"]), (&"unknown-key".into(), &"error".into()));
    let rule = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
    assert_eq!(log["runs"][0]["tool"]["driver"]["rules"][rule]["id"], "unknown-key");
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "a%20b.yaml");
    assert_eq!((&place["region"]["startLine"], &place["region"]["startColumn"]), (&3.into(), &5.into()));
}

#[test]
fn findings_come_as_workflow_commands() {
    let environment = TestEnvironment::empty();
    environment.write("a,b.yaml", "version: '1'\nrules:\n  - approvel: auto\n");
    let run = environment.aegis(&["validate", "--format", "github", "a,b.yaml"]);
    assert_eq!(run.code, 1);
    assert_eq!(
        run.stdout,
        "::error file=a%2Cb.yaml,line=3,endLine=3,col=5,endColumn=13,title=unknown-key::\
         a rule has no key `approvel`%0Ahelp: did you mean `approval`?\n"
    );
}

#[test]
fn a_file_that_cannot_be_read_is_named_in_every_report() {
    let environment = TestEnvironment::empty();
    environment.write("good.yaml", "version: '1'\nrules: []\n");
    let validate = |format: &str, files: &[&str]| {
        let run = environment.aegis(&[&["validate", "--format", format], files].concat());
        assert_eq!(run.code, if files.len() > 1 { 5 } else { 0 }, "{run:?}");
        assert_eq!(
            run.stderr.contains("error: there is no policy at `no ne.yaml`"),
            files.len() > 1,
            "{run:?}"
        );
        run
    };
    let both = ["good.yaml", "no ne.yaml"];
    let invocation = |files: &[&str]| validate("sarif", files).json()["runs"][0]["invocations"][0].clone();
    assert_eq!(invocation(&both[..1]), serde_json::json!({ "executionSuccessful": true }));
    let found = invocation(&both);
    let notification = &found["toolExecutionNotifications"][0];
    assert_eq!((&found["executionSuccessful"], &notification["level"]), (&false.into(), &"error".into()));
    let place = &notification["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(place, "no%20ne.yaml");
    assert!(
        notification["message"]["text"].as_str().unwrap().starts_with("there is no policy at `no ne.yaml`")
    );
    let report = validate("json", &both).json();
    assert_eq!((&report["valid"], &report["unreadable"][0]["file"]), (&false.into(), &"no ne.yaml".into()));
    assert_eq!(validate("json", &both[..1]).json()["unreadable"], serde_json::json!([]));
    let line = validate("github", &both).stdout;
    assert!(line.starts_with("::error file=no ne.yaml,title=unreadable::there is no policy at "), "{line}");
    assert_eq!(validate("github", &both[..1]).stdout, "");
    // A directory without a policy is no file that was looked at.
    std::fs::create_dir(environment.file("empty")).unwrap();
    let report = environment.aegis(&["validate", "--format", "json", "empty", "good.yaml"]);
    assert_eq!(report.code, 5, "{report:?}");
    assert_eq!(report.json()["unreadable"][0]["file"], "empty");
}
