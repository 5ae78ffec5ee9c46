//! `aegis init`, `schema`, `completions` and `man`.

use aegis_testkit::{DELETE, READ};
use serde_json::Value;

use crate::environment::TestEnvironment;

#[test]
fn the_starter_policy_validates_and_decides_as_the_readme_says() {
    let environment = TestEnvironment::empty();
    let run = environment.aegis(&["init"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stdout.contains("aegis validate policy.yaml"), "{run:?}");
    let validated = environment.aegis(&["validate", "policy.yaml"]);
    assert_eq!(validated.code, 0, "{validated:?}");
    assert_eq!((environment.check(READ).code, environment.check(DELETE).code), (0, 1));
}

#[test]
fn nothing_is_overwritten_unasked() {
    let environment = TestEnvironment::empty();
    environment.write("policy.yaml", "mine");
    let run = environment.aegis(&["init"]);
    assert_eq!(run.code, 5);
    assert!(run.stderr.contains("exists already") && run.stderr.contains("--force"), "{run:?}");
    assert_eq!(std::fs::read_to_string(environment.file("policy.yaml")).unwrap(), "mine");
    assert_eq!(environment.aegis(&["init", "--force"]).code, 0);
    assert_eq!(environment.aegis(&["validate"]).code, 0);
    assert_eq!(std::fs::read_dir(environment.path()).unwrap().count(), 1);
}

#[test]
fn every_template_that_is_listed_can_be_written() {
    let environment = TestEnvironment::empty();
    let list = environment.aegis(&["init", "--list"]).stdout;
    assert!(list.lines().count() >= 11, "{list}");
    for line in list.lines() {
        let (name, purpose) = line.split_once(' ').unwrap();
        assert!(!purpose.trim().is_empty());
        let file = format!("{name}.yaml");
        assert_eq!(environment.aegis(&["init", "--template", name, "-o", &file]).code, 0);
        assert_eq!(environment.aegis(&["validate", &file]).code, 0);
    }
    let run = environment.aegis(&["init", "--template", "nonsense"]);
    assert_eq!(run.code, 2);
    assert_eq!(environment.aegis(&["init", "-o", "no/such/directory.yaml"]).code, 5);
}

#[test]
fn every_schema_is_draft_2020_12() {
    let environment = TestEnvironment::empty();
    for subject in ["policy", "action", "decision", "record"] {
        let run = environment.aegis(&["schema", "--of", subject]);
        let schema: Value = run.json();
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        assert!(schema["title"].as_str().unwrap().starts_with("Aegis"), "{subject}");
    }
    let policy = environment.aegis(&["schema"]).json();
    assert_eq!(policy["additionalProperties"], false);
    assert_eq!(policy["required"], serde_json::json!(["version", "rules"]));
}

#[test]
fn completions_and_manual_pages_exist_for_everything() {
    let environment = TestEnvironment::empty();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = environment.aegis(&["completions", shell]).stdout;
        assert!(script.contains("validate"), "{shell}");
        // Elvish and PowerShell complete no values.
        if ["bash", "zsh", "fish"].contains(&shell) {
            for word in ["critical", "duration", "coding-agent", "e-commerce", "journald", "jsonl", "tracing"]
            {
                assert!(script.contains(word), "{shell}: {word}");
            }
        }
    }
    assert!(environment.aegis(&["man"]).stdout.contains(".TH aegis 1"));
    assert!(environment.aegis(&["man", "check"]).stdout.contains(".TH aegis-check 1"));
    assert_eq!(environment.aegis(&["man", "nonsense"]).code, 2);
    assert_eq!(environment.aegis(&["man", "--dir", "pages"]).code, 0);
    assert!(environment.file("pages/aegis-audit.1").exists());
}

#[test]
fn every_manual_page_has_the_sections_that_are_looked_for_and_names_pages_that_exist() {
    let environment = TestEnvironment::empty();
    assert_eq!(environment.aegis(&["man", "--dir", "pages"]).code, 0);
    let names = aegis_testkit::file_names(&environment.file("pages"));
    assert!(names.len() > 15, "{names:?}");
    for name in &names {
        let page = std::fs::read_to_string(environment.file("pages").join(name)).unwrap();
        for section in
            ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "\"EXIT STATUS\"", "ENVIRONMENT", "FILES"]
        {
            assert_eq!(page.matches(&format!(".SH {section}\n")).count(), 1, "{name}: {section}");
        }
        assert!(!page.contains(".SH EXTRA"), "{name}");
        let (_, see) = page.split_once(".SH \"SEE ALSO\"\n").expect(name);
        let see = see.split(".SH").next().unwrap().replace("\\fB", "").replace("\\fR", "").replace('\\', "");
        let pages: Vec<_> = see.trim().split(", ").collect();
        assert!(!pages.is_empty(), "{name}");
        for other in pages {
            let file = other.strip_suffix("(1)").map(|other| format!("{other}.1")).expect(other);
            assert!(names.contains(&file) && file != *name, "{name} names {other}");
        }
        for line in page.lines().filter(|line| line.ends_with("(1)") && !line.contains("fB")) {
            let file = line.replace('\\', "").replace("(1)", ".1");
            assert!(names.contains(&file), "{name} lists {line}");
        }
    }
}
