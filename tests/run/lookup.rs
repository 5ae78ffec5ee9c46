//! Which program a name stands for.

use aegis_testkit::Run;
use serde_json::Value;

use super::{place, program, run};
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

#[test]
fn a_script_has_the_path_that_it_would_have_without_aegis() {
    let environment = place();
    program(&environment, "bin/tool", "#!/bin/sh\necho \"$0 $1\"\n");
    std::os::unix::fs::symlink("bin/tool", environment.file("other-name")).unwrap();
    for (words, said) in [
        (&["./bin/tool", "x"][..], "./bin/tool x\n"),
        (&["./other-name", "x"], "./other-name x\n"),
        (&["sh", "./bin/tool", "x"], "./bin/tool x\n"),
    ] {
        let run = run(&environment, words);
        assert_eq!((run.code, run.stdout.as_str()), (0, said), "{run:?}");
    }
    for (path, said) in [("bin:/usr/bin:/bin", "bin/tool x\n"), ("/nowhere:bin", "bin/tool x\n")] {
        let run = with_path(&environment, Some(path), &["tool", "x"]);
        assert_eq!((run.code, run.stdout.as_str()), (0, said), "{run:?}");
    }
    let run = with_path(&environment, Some(""), &["other-name", "x"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, "./other-name x\n"), "{run:?}");
}

#[test]
fn a_script_finds_what_lies_beside_it_unless_it_is_sealed() {
    let environment = place();
    environment.write("lib.sh", "word=found\n");
    program(&environment, "main.sh", "#!/bin/sh\n. \"$(dirname \"$0\")/lib.sh\"; echo $word\n");
    for words in [&["./main.sh"][..], &["sh", "main.sh"]] {
        let called = run(&environment, words);
        assert_eq!((called.code, called.stdout.as_str()), (0, "found\n"), "{called:?}");
        let sealed = environment.aegis(&[&["run", "--sealed", "--"], words].concat());
        assert_ne!(sealed.code, 0, "{sealed:?}");
        assert_eq!(environment.records().pop().unwrap()["action_params"]["sealed"], true);
    }
    let params = environment.records().pop().unwrap()["action_params"].clone();
    assert_eq!(params["script"].as_str(), environment.file("main.sh").canonicalize().unwrap().to_str());
    assert!(params["script_sha256"].is_string());
}

#[test]
fn a_sealed_script_gets_its_arguments_as_ever() {
    let environment = place();
    program(&environment, "tool", "#!/bin/sh\necho \"$#:$1:$2\"\n");
    for words in [&["./tool", "a b", ""][..], &["sh", "./tool", "a b", ""], &["env", "sh", "tool", "a b", ""]]
    {
        let run = environment.aegis(&[&["run", "--sealed", "-q", "--"], words].concat());
        assert_eq!((run.code, run.stdout.as_str()), (0, "2:a b:\n"), "{run:?}");
    }
}
