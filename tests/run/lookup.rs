//! Which program a name stands for.

use aegis_testkit::{Run, as_nobody, is_root};
use serde_json::Value;

use super::{for_nobody, place, program, run};
use crate::environment::TestEnvironment;

fn with_path(environment: &TestEnvironment, path: Option<&str>, words: &[&str]) -> Run {
    let mut command = environment.command(&[&["run", "--"], words].concat());
    if let Some(path) = path {
        command.env("PATH", path);
    }
    Run::of(command.output().unwrap())
}

fn ran(environment: &TestEnvironment) -> Value {
    environment.records().pop().unwrap()["action_params"]["program"].clone()
}

#[test]
fn a_program_that_shadows_another_is_named_as_what_it_is() {
    let environment = place();
    let shadow = program(&environment, "bin/ls", "#!/bin/sh\necho shadow\n");
    let run = with_path(&environment, Some("bin:/usr/bin:/bin"), &["ls"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, "shadow\n"), "{run:?}");
    assert_eq!(ran(&environment), shadow.canonicalize().unwrap().to_str().unwrap());
    let run = with_path(&environment, Some("/usr/bin:bin"), &["ls", "-d", "."]);
    assert_eq!((run.code, run.stdout.as_str()), (0, ".\n"), "{run:?}");
    assert_eq!(ran(&environment), "/usr/bin/ls");
}

#[test]
fn no_path_is_the_usual_one_and_an_empty_one_is_here() {
    let environment = place();
    program(&environment, "tool", "#!/bin/sh\necho here\n");
    assert_eq!(with_path(&environment, None, &["tool"]).code, 127);
    assert_eq!(with_path(&environment, None, &["true"]).code, 0);
    for path in ["", ":", "/usr/bin:"] {
        let run = with_path(&environment, Some(path), &["tool"]);
        assert_eq!((run.code, run.stdout.as_str()), (0, "here\n"), "{path}: {run:?}");
    }
    assert_eq!(with_path(&environment, Some("/nowhere"), &["tool"]).code, 127);
    assert_eq!(with_path(&environment, Some(""), &["true"]).code, 127);
}

#[test]
fn a_link_is_followed_and_the_program_keeps_the_name_that_it_was_called_by() {
    let environment = place();
    std::os::unix::fs::symlink("/bin/sh", environment.file("harmless")).unwrap();
    let run = run(&environment, &["./harmless", "-c", "echo $0"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, "./harmless\n"), "{run:?}");
    let record = environment.records().pop().unwrap();
    assert_eq!(record["action_target"], "harmless");
    let real = std::fs::canonicalize("/bin/sh").unwrap();
    assert_eq!(record["action_params"]["program"], real.to_str().unwrap());
}

#[test]
fn a_program_finds_what_lies_beside_it() {
    let environment = place();
    // What loaders and languages go by to find their own files.
    let run = run(&environment, &["readlink", "/proc/self/exe"]);
    assert_eq!(run.code, 0, "{run:?}");
    let real = std::fs::canonicalize("/usr/bin/readlink").unwrap();
    assert_eq!(run.stdout.trim_end(), real.to_str().unwrap());
}

/// Where this account can exchange neither a script nor what leads to it, its path is as good as a copy.
#[test]
fn a_script_of_the_system_keeps_its_path() {
    let environment = for_nobody();
    let mut command = environment.command(&["run", "-q", "--db", "log/audit.db", "--", "gunzip", "--help"]);
    if is_root() {
        assert!(run(&environment, &["gunzip", "--help"]).stdout.contains("/proc/self/fd/"));
        as_nobody(&mut command);
    }
    let run = Run::of(command.output().unwrap());
    assert!(run.code == 0 && run.stdout.starts_with("Usage: /usr/bin/gunzip "), "{run:?}");
}

#[test]
fn a_script_that_is_given_to_its_interpreter_keeps_its_path() {
    let environment = place();
    environment.write("lib.sh", "word=found\n");
    program(&environment, "main.sh", "#!/bin/sh\n. \"$(dirname \"$0\")/lib.sh\"; echo $0 $word\n");
    let called = run(&environment, &["sh", "./main.sh"]);
    assert_eq!((called.code, called.stdout.as_str()), (0, "./main.sh found\n"), "{called:?}");
    let params = environment.records().pop().unwrap()["action_params"].clone();
    assert_eq!(params["script"].as_str(), environment.file("main.sh").canonicalize().unwrap().to_str());
    assert!(params["script_sha256"].is_string());
    // By itself, it runs from a copy that nobody can change, and a note says what to do where that is in its
    // way.
    let alone = run(&environment, &["./main.sh"]);
    assert_ne!(alone.code, 0, "{alone:?}");
    assert!(alone.stderr.contains("ran from a sealed copy"), "{alone:?}");
}
