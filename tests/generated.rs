//! Documents that are made from the program: `make docs` makes them anew, and these tests fail where they differ.

use std::fmt::Write as _;

use snapbox::Data;

use crate::environment::TestEnvironment;

fn document(name: &str) -> Data {
    Data::read_from(std::path::Path::new(&format!("{}/../../docs/{name}", env!("CARGO_MANIFEST_DIR"))), None)
}

#[test]
fn generated_schemas_are_current() {
    let environment = TestEnvironment::empty();
    for subject in ["policy", "test", "action", "decision", "record"] {
        let schema = environment.aegis(&["schema", "--of", subject]).stdout;
        let file = document(&format!("schema/{subject}.schema.json"));
        snapbox::Assert::new().normalize_paths(false).action_env("SNAPSHOTS").eq(Data::text(schema), file);
    }
}

#[test]
fn generated_command_reference_is_current() {
    let environment = TestEnvironment::empty();
    let mut reference = String::from("# Command reference\n\nMade from the program by `make docs`.\n");
    for command in ["", "init", "validate", "schema", "check", "test", "audit", "completions", "man"] {
        let arguments: Vec<_> = [command, "--help"].into_iter().filter(|word| !word.is_empty()).collect();
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
    for command in ["", "init", "validate", "schema", "check", "test", "audit", "completions", "man"] {
        let arguments: Vec<_> = ["man", command].into_iter().filter(|word| !word.is_empty()).collect();
        let page = environment.aegis(&arguments).stdout;
        let name = format!("man/aegis-{command}.1").replace("-.1", ".1");
        snapbox::Assert::new()
            .normalize_paths(false)
            .action_env("SNAPSHOTS")
            .eq(Data::text(page), document(&name));
    }
}
