//! Whoever starts Aegis chooses its umask: it chooses nothing about the files that Aegis makes.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::chown;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use aegis_testkit::{NOBODY, READ, Run, as_nobody, file_names, is_root, mode, set_mode};

use crate::environment::TestEnvironment;

/// What takes nothing away, what is usual, what takes writing away from the owner, and what takes everything.
const UMASKS: [&str; 4] = ["000", "077", "277", "777"];

/// Makes every kind of file that Aegis makes, and uses each again as its owner.
const EVERYTHING: &str = r"
    set -e
    aegis init -o policy.yaml
    aegis test --init policy.yaml -o policy.test.yaml
    aegis man --dir man/pages
    for time in first second; do
        aegis check read:crm --audit jsonl:decisions.jsonl
        aegis audit --format jsonl -o records.jsonl
        aegis audit --events -o events.jsonl.zst
        aegis audit report -o page.html
        aegis man --dir man/pages
    done
    printf '{' >>decisions.jsonl
    aegis check read:crm --audit jsonl:decisions.jsonl
    aegis audit checkpoint --new-key example.com/audit -o audit.key
    aegis audit checkpoint --key audit.key -o today.note
    aegis audit checkpoint --no-record --prove seq:1 -o proof.json
    sleep 1.1
    aegis audit prune --before 1s --archive old.jsonl.zst --yes
    aegis audit verify old.jsonl.zst --db aegis_audit.db
    aegis check read:crm
    aegis init -o policy.yaml --force
";

/// A directory in which an account that is not root works: root may do everything, and would notice nothing.
fn workshop(environment: &TestEnvironment) -> PathBuf {
    let workshop = environment.file("workshop");
    std::fs::create_dir(&workshop).unwrap();
    set_mode(environment.path(), 0o755);
    set_mode(&workshop, 0o755);
    if is_root() {
        chown(&workshop, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    workshop
}

fn in_workshop(environment: &TestEnvironment, script: &str) -> Command {
    let mut command = environment.shell(script);
    command.current_dir(environment.file("workshop"));
    if is_root() {
        as_nobody(&mut command);
    }
    command
}

/// What the file of this name should be.
fn expected(name: &str) -> u32 {
    match name {
        "policy.yaml" | "policy.test.yaml" => 0o644,
        "man" => 0o755,
        _ => 0o600,
    }
}

#[test]
fn every_file_is_what_it_should_be_under_any_umask() {
    for umask in UMASKS {
        let environment = TestEnvironment::empty();
        let workshop = workshop(&environment);
        let script = format!("umask {umask}\n{EVERYTHING}");
        let run = Run::of(in_workshop(&environment, &script).output().unwrap());
        assert_eq!(run.code, 0, "{umask}: {run:?}");
        let names = file_names(&workshop);
        for name in &names {
            assert_eq!(mode(workshop.join(name)), expected(name), "{umask}: {name}");
        }
        assert!(names.iter().any(|name| name.starts_with("decisions.jsonl.torn-")), "{names:?}");
        assert!(names.len() >= 13, "{names:?}");
        let pages = workshop.join("man/pages");
        assert_eq!(mode(&pages), 0o755, "{umask}");
        for page in file_names(&pages) {
            assert_eq!(mode(pages.join(&page)), 0o644, "{umask}: {page}");
        }
    }
}

#[test]
fn what_sqlite_keeps_beside_the_log_has_the_logs_mode() {
    for umask in UMASKS {
        let environment = TestEnvironment::empty();
        let workshop = workshop(&environment);
        let script = format!("umask {umask}\naegis init -o policy.yaml >/dev/null && aegis check --jsonl");
        let mut child = in_workshop(&environment, &script).stdin(Stdio::piped()).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        writeln!(input, "{READ}").unwrap();
        let mut answers = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        answers.read_line(&mut line).unwrap();
        assert!(line.contains("\"allowed\":true"), "{umask}: {line}");
        for suffix in ["", "-wal", "-shm", ".lock"] {
            let name = format!("aegis_audit.db{suffix}");
            assert_eq!(mode(workshop.join(&name)), 0o600, "{umask}: {name}");
        }
        drop(input);
        assert!(child.wait().unwrap().success(), "{umask}");
    }
}
