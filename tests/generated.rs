//! Documents that are made from the program: `make docs` makes them anew, and these tests fail where they
//! differ.

use std::fmt::Write as _;

use snapbox::Data;

use crate::environment::TestEnvironment;

/// The words that call each command, in the order of the reference.
const COMMANDS: [&str; 25] = [
    "",
    "init",
    "validate",
    "fmt",
    "schema",
    "check",
    "run",
    "test",
    "approvals",
    "approvals show",
    "approve",
    "deny",
    "grants",
    "grants revoke",
    "audit",
    "audit verify",
    "audit checkpoint",
    "audit show",
    "audit record",
    "audit stats",
    "audit report",
    "audit redact",
    "audit prune",
    "completions",
    "man",
];

fn document(name: &str) -> Data {
    Data::read_from(std::path::Path::new(&format!("{}/../../docs/{name}", env!("CARGO_MANIFEST_DIR"))), None)
}

#[test]
fn generated_schemas_are_current() {
    let environment = TestEnvironment::empty();
    for subject in ["policy", "test", "action", "question", "decision", "record", "statistics"] {
        let schema = environment.aegis(&["schema", "--of", subject]).stdout;
        let file = document(&format!("schema/{subject}.schema.json"));
        snapbox::Assert::new().normalize_paths(false).action_env("SNAPSHOTS").eq(Data::text(schema), file);
    }
}

#[test]
fn generated_command_reference_is_current() {
    let environment = TestEnvironment::empty();
    let mut reference = String::from("# Command reference\n\nMade from the program by `make docs`.\n");
    for command in COMMANDS {
        let arguments: Vec<_> = command.split_whitespace().chain(["--help"]).collect();
        let help = environment.aegis(&arguments).stdout;
        let title = format!("aegis {command}");
        let help: Vec<_> = help.lines().map(str::trim_end).collect();
        write!(reference, "\n## `{}`\n\n```text\n{}\n```\n", title.trim_end(), help.join("\n").trim_end())
            .unwrap();
    }
    snapbox::Assert::new()
        .normalize_paths(false)
        .action_env("SNAPSHOTS")
        .eq(Data::text(reference), document("reference/commands.md"));
}

#[test]
fn generated_manual_pages_are_current() {
    let environment = TestEnvironment::empty();
    let directory = environment.file("pages");
    assert_eq!(environment.aegis(&["man", "--dir", directory.to_str().unwrap()]).code, 0);
    assert_eq!(std::fs::read_dir(directory).unwrap().count(), COMMANDS.len());
    for command in COMMANDS {
        let arguments: Vec<_> = std::iter::once("man").chain(command.split_whitespace()).collect();
        let page = environment.aegis(&arguments).stdout;
        let name = format!("man/aegis-{}.1", command.replace(' ', "-")).replace("-.1", ".1");
        snapbox::Assert::new()
            .normalize_paths(false)
            .action_env("SNAPSHOTS")
            .eq(Data::text(page), document(&name));
    }
}
