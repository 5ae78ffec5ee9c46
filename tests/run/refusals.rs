//! What is not run, and how that is told.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use aegis_testkit::{Run, files_with};

use super::{assert_sound, exists, for_nobody, place, program, result, run, sh};
use crate::environment::TestEnvironment;

#[test]
fn what_is_refused_is_not_run() {
    let environment = place();
    for (name, decision, reason) in [
        ("never:x", "block", "rule `blocked` blocks it"),
        ("ask:x", "unanswered", "there is no terminal to ask at"),
    ] {
        let run = environment.aegis(&["run", name, "--", "touch", "made"]);
        assert_eq!((run.code, run.stdout.as_str()), (126, ""), "{run:?}");
        assert!(run.stderr.contains("refused") && run.stderr.contains(reason), "{run:?}");
        assert!(!exists(&environment.file("made")));
        assert!(result(&environment).ends_with(&format!("({decision})")), "{}", result(&environment));
    }
    assert_sound(&environment);
}

#[test]
fn what_is_not_there_or_cannot_run_is_told_before_anybody_is_asked() {
    let environment = place();
    environment.write("plain", "#!/bin/sh\n");
    program(&environment, "text", "echo no shell takes this\n");
    nix::unistd::mkfifo(&environment.file("fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    for (words, code, told) in [
        (&["nosuch"][..], 127, "`nosuch` was not found"),
        (&["./nosuch"], 127, "was not found"),
        (&["plain/x"], 127, "was not found"),
        (&[""], 127, "was not found"),
        (&["."], 126, "is a directory, not a regular file"),
        (&["/dev/null"], 126, "is a device, not a regular file"),
        (&["./fifo"], 126, "is a FIFO, not a regular file"),
        (&["./plain"], 126, "may not be executed"),
        (&["./text"], 126, "is neither an ELF program nor a script that begins with `#!`"),
    ] {
        let run = run(&environment, words);
        assert_eq!((run.code, run.stdout.as_str()), (code, ""), "{run:?}");
        assert!(run.stderr.contains(told) && run.stderr.contains("help: "), "{run:?}");
    }
    for option in ["--verify", "--rollback"] {
        let run = environment.aegis(&["run", option, "nosuch", "--", "touch", "made"]);
        assert_eq!(run.code, 127, "{run:?}");
    }
    assert!(!exists(&environment.file("made")) && !exists(&environment.file("aegis_audit.db")));
}

#[test]
fn a_missing_interpreter_is_a_recorded_failure() {
    let environment = place();
    program(&environment, "tool", "#!/no/such/interpreter\n");
    let run = run(&environment, &["./tool"]);
    assert_eq!(run.code, 126, "{run:?}");
    assert!(run.stderr.contains("the interpreter that it names is not there"), "{run:?}");
    assert!(result(&environment).starts_with("failed: "), "{}", result(&environment));
    assert_sound(&environment);
}

/// What the kernel does not take, the C library would hand to a shell.
#[test]
fn no_shell_takes_what_the_kernel_does_not() {
    let environment = place();
    program(&environment, "elf", "\x7fELF\ntouch made\n");
    program(&environment, "text", "touch made\n");
    let interpreter = environment.file("text");
    program(&environment, "script", format!("#!{}\ntouch made\n", interpreter.display()));
    for name in ["./elf", "./script"] {
        let run = run(&environment, &[name]);
        assert_eq!(run.code, 126, "{run:?}");
        assert!(result(&environment).contains("cannot be started"), "{}", result(&environment));
    }
    assert!(!exists(&environment.file("made")));
}

#[test]
fn a_program_that_is_being_written_is_not_run() {
    let environment = place();
    let path = program(&environment, "tool", std::fs::read("/usr/bin/true").unwrap());
    let open = std::fs::File::options().append(true).open(path).unwrap();
    let busy = run(&environment, &["./tool"]);
    // Not every kernel minds.
    if busy.code != 0 {
        assert_eq!(busy.code, 126, "{busy:?}");
        assert!(busy.stderr.contains("somebody has it open for writing"), "{busy:?}");
    }
    drop(open);
    assert_eq!(run(&environment, &["./tool"]).code, 0);
}

#[test]
fn a_program_that_may_be_run_and_not_read_ends_the_search() {
    if !aegis_testkit::is_root() {
        return aegis_testkit::skipped("run", "only root can make what others may not read");
    }
    let environment = for_nobody();
    program(&environment, "hidden/tool", "#!/bin/sh\ntouch made\n");
    program(&environment, "open/tool", "#!/bin/sh\ntouch made\n");
    aegis_testkit::set_mode(environment.file("hidden/tool"), 0o711);
    let mut command = environment.command(&["run", "--db", "log/audit.db", "--", "tool"]);
    command.env("PATH", "hidden:open");
    let run = Run::of(aegis_testkit::as_nobody(&mut command).output().unwrap());
    assert_eq!(run.code, 126, "{run:?}");
    assert!(run.stderr.contains("cannot be read"), "{run:?}");
}

#[test]
fn what_is_no_text_is_refused() {
    let environment = place();
    let broken = OsStr::from_bytes(b"a\xffb");
    let mut command = environment.command(&["run", "--", "touch", "made"]);
    let run = Run::of(command.arg(broken).output().unwrap());
    assert_eq!(run.code, 125, "{run:?}");
    assert!(run.stderr.contains("argument 2 is not valid UTF-8"), "{run:?}");
    let run =
        Run::of(environment.command(&["run", "--", "touch", "made"]).env("LD_X", broken).output().unwrap());
    assert_eq!(run.code, 125, "{run:?}");
    assert!(run.stderr.contains("the environment variable `LD_X` is not valid UTF-8"), "{run:?}");
    // What changes nothing may be anything.
    let run = Run::of(environment.command(&["run", "--", "true"]).env("LINES", broken).output().unwrap());
    assert_eq!(run.code, 0, "{run:?}");
    let inside = environment.path().join(broken);
    std::fs::create_dir(&inside).unwrap();
    let policy = environment.file("policy.yaml");
    let mut command = environment.command(&["run", "-p", policy.to_str().unwrap(), "--", "touch", "made"]);
    let run = Run::of(command.current_dir(&inside).output().unwrap());
    assert_eq!(run.code, 125, "{run:?}");
    assert!(!exists(&environment.file("made")) && !exists(&inside.join("made")));
}

#[test]
fn wrong_usage_is_told_as_everywhere() {
    let environment = place();
    for arguments in [
        &["run"][..],
        &["run", "--"],
        &["run", "ls"],
        &["run", "x", "--", "true"],
        &["run", "--timeout", "soon", "--", "true"],
        &["run", "--verify", "'", "--", "true"],
        &["run", "--rollback", " ", "--", "true"],
        &["run", "--explain", "--", "true"],
        &["run", "--param", "a=1", "--param", "a=2", "--", "true"],
    ] {
        let run = environment.aegis(arguments);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{arguments:?}: {run:?}");
    }
    assert!(environment.aegis(&["run", "ls"]).stderr.contains("the command comes after `--`"));
    for name in ["argv", "program", "program_sha256", "cwd", "env", "script", "script_sha256", "verifies"] {
        let run = environment.aegis(&["run", "--param", &format!("{name}=x"), "--", "touch", "made"]);
        assert_eq!(run.code, 125, "{run:?}");
        assert!(
            run.stderr.contains(&format!("the parameter `{name}` is set by the command itself")),
            "{run:?}"
        );
    }
    assert!(!exists(&environment.file("made")));
}

/// Whatever of Aegis fails, nothing is run, and the status says whose failure it was.
#[test]
fn nothing_is_run_where_aegis_fails() {
    let touch = ["--", "touch", "made"];
    let attempt = |environment: &TestEnvironment, arguments: &[&str]| {
        let run = environment.aegis(&[&["run"], arguments, &touch[..]].concat());
        assert_eq!((run.code, run.stdout.as_str()), (125, ""), "{arguments:?}: {run:?}");
        assert!(run.stderr.contains("error"), "{run:?}");
        assert!(!exists(&environment.file("made")), "{arguments:?}");
    };
    let environment = place();
    attempt(&environment, &["--require-log"]);
    attempt(&environment, &["--db", "missing/log.db"]);
    attempt(&environment, &["-p", "missing.yaml"]);
    attempt(&environment, &["--policy-sha256", &"0".repeat(64)]);
    attempt(&environment, &["--audit", "jsonl:missing/x.jsonl"]);
    environment.write("broken.yaml", "rules: [");
    attempt(&environment, &["-p", "broken.yaml"]);
    environment.write("text.db", "no log");
    attempt(&environment, &["--db", "text.db"]);
    let huge = "x".repeat(100_000);
    let arguments: Vec<_> = std::iter::repeat_n(huge.as_str(), 12).collect();
    let run = run(&environment, &[&["touch", "made"], arguments.as_slice()].concat());
    assert_eq!(run.code, 125, "{}", run.stderr.get(..200).unwrap_or(&run.stderr));
    assert!(!exists(&environment.file("made")));
}

#[test]
fn a_log_that_somebody_damages_runs_nothing() {
    let environment = place();
    assert_eq!(sh(&environment, "true").code, 0);
    let database = rusqlite::Connection::open(environment.file("aegis_audit.db")).unwrap();
    for trigger in ["events_are_not_changed", "x"] {
        let _ = database.execute_batch(&format!("DROP TRIGGER {trigger}"));
    }
    drop(database);
    std::fs::write(environment.file("aegis_audit.db"), "not a log any more").unwrap();
    let run = run(&environment, &["touch", "made"]);
    assert_eq!(run.code, 125, "{run:?}");
    assert!(!exists(&environment.file("made")));
}

#[test]
fn secrets_in_arguments_are_in_no_file_of_the_log() {
    let environment = place();
    let secret = "hunter2-and-then-some";
    let sink = environment.file("sink.jsonl");
    let run = environment.aegis(&[
        "run",
        "--audit",
        &format!("jsonl:{}", sink.display()),
        "--",
        "printf",
        "%s\n",
        &format!("--password={secret}"),
        "--token",
        secret,
        &format!("https://ana:{secret}@example.org/"),
        &format!("Authorization: Bearer {secret}"),
    ]);
    // The command gets them as they are.
    assert_eq!((run.code, run.stdout.matches(secret).count()), (0, 4), "{run:?}");
    assert_eq!(files_with(environment.path(), secret.as_bytes()), Vec::<String>::new());
    assert!(!run.stderr.contains(secret), "{run:?}");
    let refused = environment.aegis(&["run", "never:x", "--", "printf", &format!("--password={secret}")]);
    assert!(refused.code == 126 && !refused.stderr.contains(secret), "{refused:?}");
}
