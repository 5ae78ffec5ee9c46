//! Every command that the documents show is run, and prints what they say.
//!
//! A fenced block marked `console` is a session: `$ ` begins a command, what follows is its output, standard
//! error included, in which `[..]` stands for anything on a line and `...` for any lines. The blocks of a
//! document run one after another in one directory of their own, which holds a copy of the repository's
//! `policies`.

mod two_terminals;

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use aegis_testkit::{PATIENCE, Terminal};
use nix::sys::signal::Signal;
use snapbox::{Redactions, assert::Action, data::Data};

use crate::environment::TestEnvironment;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

fn is_markdown(path: &str) -> bool {
    std::path::Path::new(path).extension().is_some_and(|extension| extension == "md")
}

/// A command, and what the document says that it prints.
#[derive(Debug, PartialEq, Eq)]
struct Step {
    line: usize,
    command: String,
    printed: String,
}

fn steps(document: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut inside = false;
    for (index, line) in document.lines().enumerate() {
        if line.starts_with("```") {
            inside = !inside && line == "```console";
        } else if let (true, Some(command)) = (inside, line.strip_prefix("$ ")) {
            steps.push(Step { line: index + 1, command: command.to_owned(), printed: String::new() });
        } else if let (true, Some(step)) = (inside, steps.last_mut()) {
            // A command goes on where its line ends in a backslash, or a quote or a here-document is still
            // open.
            match line.strip_prefix("> ").or(line.strip_prefix(">")).filter(|_| step.printed.is_empty()) {
                Some(more) => {
                    step.command.push('\n');
                    step.command.push_str(more);
                }
                None => {
                    step.printed.push_str(line);
                    step.printed.push('\n');
                }
            }
        }
    }
    steps
}

/// Runs all commands in one shell, so that `$?` and variables last, and splits what it prints.
fn run(environment: &TestEnvironment, steps: &[Step]) -> Vec<String> {
    let mut script = String::from("exec 2>&1\nstatus=0\n");
    for step in steps {
        let _ = write!(script, "echo '@@@'\n(exit $status)\n{}\nstatus=$?\n", step.command);
    }
    let output = environment.shell(&script).env("HOME", "/nonexistent").output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    printed.split("@@@\n").skip(1).map(str::to_owned).collect()
}

/// What is said where nobody can be asked, and where whoever is asked says nothing before the process is told
/// to stop.
const NOBODY: [&str; 2] =
    ["there is no terminal to ask at", "the process was told to stop before anyone answered"];

/// The same at a terminal, which is large enough for all that is printed. Nobody answers a question.
fn run_at_a_terminal(environment: &TestEnvironment, steps: &[Step]) -> Vec<String> {
    let mut script = String::from("trap : TERM\nstatus=0\n");
    for step in steps {
        let _ = write!(script, "echo '@@@'\n(exit $status)\n{}\nstatus=$?\n", step.command);
    }
    let mut terminal = Terminal::shell_of(environment, &script, (1500, 300));
    let (deadline, mut left) = (Instant::now() + PATIENCE, 0);
    while !terminal.has_ended() {
        assert!(Instant::now() < deadline, "it does not end:\n{}", terminal.contents());
        if terminal.questions() > left {
            left += 1;
            // What the terminal says of itself was read by then, and nobody else is told it.
            terminal.wait_for_question_number(left);
            terminal.send_to_all(Signal::SIGTERM);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let shown = terminal.wait_for_end();
    let mut printed = Vec::new();
    for step in shown.split("@@@\n").skip(1) {
        let asked = step.lines().position(|line| line.starts_with("  no answer: refused: "));
        let lines = step.lines().enumerate().filter(|(index, _)| {
            // A line of its own is above what is left of a question.
            asked.is_none_or(|asked| *index != asked && *index + 1 != asked)
        });
        let text: String = lines.map(|(_, line)| line.to_owned() + "\n").collect();
        printed.push(text.replace(NOBODY[1], NOBODY[0]));
    }
    printed
}

#[test]
fn the_readme_and_the_tutorial_say_what_happens_at_a_terminal_too() {
    for path in ["README.md", "docs/tutorial.md"] {
        check(path, run_at_a_terminal);
    }
}

#[track_caller]
fn check(path: &str, run: impl FnOnce(&TestEnvironment, &[Step]) -> Vec<String>) {
    let document = std::fs::read_to_string(format!("{ROOT}/{path}")).unwrap();
    let steps = steps(&document);
    let environment = TestEnvironment::empty();
    for entry in std::fs::read_dir(format!("{ROOT}/policies")).unwrap() {
        let entry = entry.unwrap();
        std::fs::create_dir_all(environment.file("policies")).unwrap();
        environment.write(
            &format!("policies/{}", entry.file_name().to_str().unwrap()),
            std::fs::read(entry.path()).unwrap(),
        );
    }
    let printed = run(&environment, &steps);
    assert_eq!(printed.len(), steps.len(), "{path}: a command ended the shell:\n{printed:?}");
    // Somebody at a terminal is asked there, so that no question is left to wait.
    let at_a_terminal = ["README.md", "docs/tutorial.md"].contains(&path);
    let is_note = |line: &&str| line.starts_with("note: the question waits until ");
    let without_note = |text: &str| -> String {
        text.split_inclusive('\n').filter(|line| !(at_a_terminal && is_note(line))).collect()
    };
    let session = |printed: &mut dyn Iterator<Item = &str>| {
        let steps = steps.iter().zip(printed).map(|(step, printed)| {
            format!(
                "{path}:{}
$ {}
{}
",
                step.line,
                step.command,
                without_note(printed).trim_end()
            )
        });
        steps.collect::<Vec<_>>().concat()
    };
    let shown = session(&mut steps.iter().map(|step| step.printed.as_str()));
    let found = session(&mut printed.iter().map(String::as_str));
    snapbox::Assert::new()
        .action(Action::Verify)
        .normalize_paths(false)
        .redact_with(Redactions::new())
        .eq(Data::text(found), Data::text(shown));
}

#[test]
fn every_session_in_the_documents_is_what_happens() {
    let mut documents = vec!["README.md".to_owned(), "policies/README.md".to_owned()];
    let mut directories = vec!["docs".to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(format!("{ROOT}/{directory}")).unwrap() {
            let entry = entry.unwrap();
            let path = format!("{directory}/{}", entry.file_name().to_str().unwrap());
            // The pages about Python run programs in between: the tests of the Python package run those.
            if path == "docs/python" {
                continue;
            }
            if entry.file_type().unwrap().is_dir() {
                directories.push(path);
            } else if is_markdown(&path) {
                documents.push(path);
            }
        }
    }
    documents.sort();
    let sessions: Vec<_> = documents
        .iter()
        .filter(|path| {
            std::fs::read_to_string(format!("{ROOT}/{path}")).is_ok_and(|text| !steps(&text).is_empty())
        })
        .collect();
    assert!(sessions.len() >= 2, "{sessions:?}");
    for path in sessions {
        check(path, run);
    }
}

#[test]
fn every_link_between_the_documents_leads_somewhere() {
    let mut pending =
        vec!["README.md".to_owned(), "policies/README.md".to_owned(), "CHANGELOG.md".to_owned()];
    let mut seen = Vec::new();
    while let Some(path) = pending.pop() {
        if seen.contains(&path) {
            continue;
        }
        let text = std::fs::read_to_string(format!("{ROOT}/{path}"))
            .unwrap_or_else(|error| panic!("{path}: {error}"));
        let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
        seen.push(path.clone());
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = link.split('#').next().unwrap_or_default();
            if target.is_empty() || target.contains("://") {
                continue;
            }
            let joined = std::path::Path::new(directory).join(target);
            assert!(
                std::path::Path::new(ROOT).join(&joined).exists(),
                "{path} links to {target}, which is not there"
            );
            if is_markdown(target) {
                let canonical = std::fs::canonicalize(std::path::Path::new(ROOT).join(&joined)).unwrap();
                let root = std::fs::canonicalize(ROOT).unwrap();
                pending.push(canonical.strip_prefix(&root).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    assert!(seen.len() > 5, "{seen:?}");
}

#[test]
fn a_document_is_split_into_its_steps() {
    let found = steps("text\n```console\n$ echo a \\\n> b\na b\n$ true\n```\n```sh\n$ not this\n```\n");
    let step =
        |line, command: &str, printed: &str| Step { line, command: command.into(), printed: printed.into() };
    assert_eq!(found, [step(3, "echo a \\\nb", "a b\n"), step(6, "true", "")]);
}
