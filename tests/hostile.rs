//! Strings that try to lie to whoever looks at them.

use aegis_testkit::is_safe_line;

use crate::environment::TestEnvironment;

const HOSTILE: &str =
    "\u{1b}[2J\u{1b}]0;owned\u{7}\r\n\u{202e}gnp.exe\u{2066}\u{200b}\u{e0041}\u{9b}31m\u{3164}=1+1";

fn is_safe(text: &str) -> bool {
    text.split('\n').all(is_safe_line)
}

#[test]
fn nothing_from_an_action_reaches_a_terminal_unescaped() {
    let environment = TestEnvironment::new();
    let hostile = serde_json::to_string(HOSTILE).unwrap();
    let long = "x".repeat(100_000);
    for action in [
        format!(
            r#"{{"type":{hostile},"target":{hostile},"agent":{hostile},"description":{hostile},"params":{{{hostile}:{hostile}}}}}"#
        ),
        format!(
            r#"{{"type":"{long}","target":"{long}","agent":"{long}","description":"{long}","params":{{"a":"{long}"}}}}"#
        ),
        format!(r#"{{"type":"read","target":{hostile},{hostile}:1}}"#),
        format!(
            r#"{{"type":"read","target":{hostile},"agent":{hostile},"params":{{{hostile}:1,{hostile}:2}}}}"#
        ),
    ] {
        for flags in [
            &["check"][..],
            &["check", "--explain"],
            &["check", "--format", "json", "--explain"],
            &["check", "--jsonl"],
        ] {
            let run = environment.aegis_with_input(flags, &action);
            assert_ne!(run.code, 0);
            assert!(is_safe(&run.stdout) && is_safe(&run.stderr), "{flags:?}: {run:?}");
        }
    }
    for format in ["table", "json", "jsonl"] {
        let run = environment.aegis(&["audit", "--format", format]);
        assert!(run.code == 0 && is_safe(&run.stdout) && run.stdout.len() > 500, "{format}: {run:?}");
    }
    let csv = environment.aegis(&["audit", "--format", "csv"]).stdout;
    assert!(is_safe(&csv.replace("\r\n", "\n")), "{csv:?}");
}

#[test]
fn wrong_arguments_are_escaped_too() {
    let environment = TestEnvironment::new();
    for arguments in [
        &["check", HOSTILE][..],
        &["check", "x:crm", "--param", HOSTILE],
        &["check", "--dry-run", "--at", HOSTILE],
        &["check", "--policy", HOSTILE],
        &["check", "read:crm", "--db", &format!("/nowhere/{HOSTILE}")],
        &["audit", "--db", HOSTILE],
        &["check", "--policy-sha256", HOSTILE],
        &[HOSTILE],
        &["check", "--color", HOSTILE],
        &["init", "--template", HOSTILE],
        &["init", "-o", "/nowhere/\u{1b}[2J/x"],
        &["man", HOSTILE],
        &["validate", HOSTILE],
        &["audit", "--since", HOSTILE],
        &["--\u{1b}[2Jx"],
    ] {
        let run = environment.aegis(arguments);
        assert_ne!(run.code, 0, "{arguments:?}");
        assert!(is_safe(&run.stdout) && is_safe(&run.stderr), "{arguments:?}: {run:?}");
    }
}

#[test]
fn a_hostile_policy_is_shown_safely() {
    let environment = TestEnvironment::with_policy(&format!(
        "version: '1'\nrules:\n  - {}: 1\n",
        serde_json::to_string(HOSTILE).unwrap()
    ));
    let run = environment.aegis(&["validate"]);
    assert!(run.code == 1 && is_safe(&run.stdout), "{run:?}");
    environment.write("policy.yaml", "version: '1'\nrules:\n  - \u{1b}[2J\u{202e}: 1 # \u{1b}[2J\n");
    let run = environment.aegis(&["validate"]);
    assert!(run.code == 1 && is_safe(&run.stdout), "{run:?}");
}

#[test]
fn hostile_examples_are_shown_safely() {
    // With a sign that makes GitHub's runner act, and one that ends a CDATA section.
    let hostile = aegis_engine::to_json_line(&format!("{HOSTILE}\n::error::x]]>%0A")).unwrap();
    let environment = TestEnvironment::with_policy(&format!(
        "version: '1'\nrules:\n\
         - {{ name: {hostile}, match: {{ type: {hostile} }}, conditions: {{ param_gt: {{ {hostile}: {hostile} }} }} }}\n\
         - {{ name: last }}\nexamples:\n\
         - action: {{ type: {hostile}, target: {hostile}, agent: {hostile}, params: {{ {hostile}: {hostile} }} }}\n\
         \x20 expect: {{ rule: {hostile}, approval: auto }}\n\
         - {{ action: {{ type: a, target: b }}, expect: {{ rule: {hostile} }} }}\n",
    ));
    for format in ["text", "json", "junit", "github"] {
        let run = environment.aegis(&["test", "--coverage", "--mutate", "--format", format]);
        assert!(run.code == 1 && is_safe(&run.stdout) && is_safe(&run.stderr), "{format}: {run:?}");
        assert_eq!(run.stdout.lines().filter(|line| line.starts_with("::error::")).count(), 0);
    }
    let run = environment.aegis(&["test", "--init"]);
    assert!(run.code == 0 && is_safe(&run.stdout), "{run:?}");
    environment.write("policy.test.yaml", run.stdout);
    assert_eq!(environment.aegis(&["validate"]).code, 0);
    assert!(environment.aegis(&["test", "--filter", "policy.test.yaml"]).code == 0);
}

#[test]
fn csv_cells_are_not_formulas() {
    let environment = TestEnvironment::new();
    for target in ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "＝1"] {
        let action = serde_json::json!({ "type": "read", "target": target }).to_string();
        assert_eq!(environment.check(&action).code, 0);
    }
    let csv = environment.aegis(&["audit", "--format", "csv"]).stdout;
    for line in csv.lines().skip(1) {
        for cell in line.split(',') {
            let cell = cell.trim_start_matches('"');
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r', '＝']), "{line}");
        }
    }
}
