//! Disks that are full, and have space again.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use aegis_testkit::{Log, READ, Run, Terminal, figures, is_long, limited, scaled, skipped};

use crate::claim::{Claim, broken};
use crate::environment::TestEnvironment;

const PAGE: usize = 4096;

/// A file system in memory that holds little, unmounted when this is dropped.
struct SmallDisk {
    mount: PathBuf,
}

impl SmallDisk {
    /// `None` where this may not be done: only root may.
    fn new(mount: PathBuf, bytes: usize) -> Option<SmallDisk> {
        fs::create_dir(&mount).unwrap();
        let options = format!("size={bytes},mode=755");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "tmpfs"])
            .arg(&mount)
            .stderr(Stdio::null())
            .status();
        mounted.is_ok_and(|status| status.success()).then_some(SmallDisk { mount })
    }

    fn resize(&self, bytes: usize) {
        let options = format!("remount,size={bytes}");
        assert!(Command::new("mount").args(["-o", &options]).arg(&self.mount).status().unwrap().success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.mount).status();
    }
}

fn check(environment: &TestEnvironment) -> Run {
    environment.aegis_with_input(&["check", "--db", "small/log.db", "--format", "json"], READ)
}

/// What must hold of a log on a disk that was full: every claim has its row, and the next run works.
fn assert_unharmed(environment: &TestEnvironment, log: &Path, claims: &[Claim], what: &str) -> usize {
    let next = check(environment);
    assert_eq!(next.code, 0, "{what}: {next:?}");
    let found = Log::verified(log).unwrap_or_else(|problem| panic!("{what}: {problem}"));
    assert_eq!(
        broken(claims.iter().chain(&Claim::all_of(&next.stdout)), &found),
        Vec::<String>::new(),
        "{what}"
    );
    found.rows.len()
}

#[test]
fn checks_on_a_full_disk_are_refused_until_there_is_space() {
    let sizes = scaled(6, 60);
    let (mut allowed, mut refused, mut created_nothing) = (0, 0, 0);
    for step in 0..sizes {
        let environment = TestEnvironment::new();
        // From so small that no log can be made, up to where the disk fills in the midst of many.
        let bytes = PAGE * (2 + step * 60 / sizes);
        let Some(disk) = SmallDisk::new(environment.file("small"), bytes) else {
            return skipped("full disk", "only root may mount one; see also the limits on files below");
        };
        let mut claims = Vec::new();
        let mut refusals = 0;
        while refusals < 3 {
            let run = check(&environment);
            claims.extend(Claim::all_of(&run.stdout));
            if run.code == 0 {
                assert!(claims.len() < 1000, "the disk does not fill up");
                continue;
            }
            refusals += 1;
            assert_eq!((run.code, run.stdout.as_str()), (4, ""), "{run:?}");
            assert!(run.stderr.contains("is full"), "{run:?}");
        }
        disk.resize(4 << 20);
        let rows =
            assert_unharmed(&environment, &disk.mount.join("log.db"), &claims, &format!("{bytes} bytes"));
        // What was refused left nothing.
        assert_eq!(rows, claims.len() + 1, "{bytes} bytes");
        allowed += claims.len();
        refused += refusals;
        created_nothing += usize::from(claims.is_empty());
    }
    figures(
        "full disk, checks",
        format!(
            "{sizes} sizes ({created_nothing} too small for a log), {allowed} allowed, {refused} refused, 0 violations"
        ),
    );
    assert!(allowed > 0 && refused > 0);
}

#[test]
fn a_stream_on_a_full_disk_refuses_lines_and_goes_on_when_there_is_space() {
    let sizes = scaled(3, 20);
    let (mut allowed, mut refused) = (0, 0);
    for step in 0..sizes {
        let environment = TestEnvironment::new();
        let Some(disk) = SmallDisk::new(environment.file("small"), PAGE * (30 + 3 * step)) else {
            return skipped("full disk, streams", "only root may mount one");
        };
        let mut command = environment.command(&["check", "--jsonl", "--db", "small/log.db"]);
        let mut child = command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let mut answers = BufReader::new(child.stdout.take().unwrap());
        let mut output = String::new();
        let mut ask = |output: &mut String| {
            writeln!(stdin, "{READ}").unwrap();
            answers.read_line(output).unwrap();
            output.lines().last().unwrap().contains(r#""allowed":true"#)
        };
        let mut refusals = 0;
        while refusals < 3 {
            refusals += usize::from(!ask(&mut output));
            assert!(output.lines().count() < 1000, "the disk does not fill up");
        }
        assert!(output.lines().last().unwrap().contains("is full"), "{output}");
        disk.resize(4 << 20);
        assert!(ask(&mut output), "there is space again: {:?}", output.lines().last());
        drop(stdin);
        assert_eq!(child.wait().unwrap().code(), Some(4));
        let claims = Claim::all_of(&output);
        let rows = assert_unharmed(&environment, &disk.mount.join("log.db"), &claims, "stream");
        assert_eq!(rows, claims.len() + 1);
        allowed += claims.len();
        refused += refusals;
    }
    figures(
        "full disk, streams",
        format!("{sizes} sizes, {allowed} lines allowed, {refused} refused, 0 violations"),
    );
}

#[test]
fn files_that_may_not_grow_refuse_and_recover() {
    let limits = scaled(10, 80);
    let (mut allowed, mut refused) = (0, 0);
    let environment = TestEnvironment::new();
    fs::create_dir(environment.file("small")).unwrap();
    let log = environment.file("small/log.db");
    let mut claims = Vec::new();
    for limit in 0..limits {
        let arguments = ["check", "read:crm", "--db", "small/log.db", "--format", "json"];
        let output =
            limited(&environment.command(&arguments), limit * 80 / limits).env_clear().output().unwrap();
        let stdout = String::from_utf8(output.stdout).unwrap();
        claims.extend(Claim::all_of(&stdout));
        match output.status.code() {
            Some(0) => allowed += 1,
            Some(4) => refused += 1,
            other => panic!("{other:?}: {}", String::from_utf8_lossy(&output.stderr)),
        }
        assert_eq!(output.status.code() == Some(0), !Claim::all_of(&stdout).is_empty());
        let next = check(&environment);
        assert_eq!(next.code, 0, "{next:?}");
        claims.extend(Claim::all_of(&next.stdout));
        let found = Log::verified(&log).unwrap();
        assert_eq!(broken(&claims, &found), Vec::<String>::new());
        assert_eq!(found.rows.len(), claims.len(), "what was refused left a row");
    }
    figures(
        "limited files",
        format!("{limits} limits, {allowed} allowed, {refused} refused, {} rows, 0 violations", claims.len()),
    );
    assert!(refused > 0 && (allowed > 0 || !is_long()));
}

/// The question is there, and then the disk is full before it is answered, or before the answer is used.
#[test]
fn a_disk_that_fills_between_question_answer_and_use_leaves_each_whole() {
    let environment = TestEnvironment::with_policy("version: 1\nrules:\n  - { risk_level: low }\n");
    let Some(disk) = SmallDisk::new(environment.file("small"), 4 << 20) else {
        return skipped("full disk, approvals", "only root may mount one");
    };
    let ask = || {
        let script = "exec setsid -w \"$AEGIS\" check pay:shop --db small/log.db --format json";
        Run::of(environment.shell(script).output().unwrap())
    };
    let asked = ask();
    assert_eq!(asked.code, 3, "{asked:?}");
    let id = asked.json()["request"]["id"].as_str().unwrap().to_owned();
    let standing = || {
        let shown =
            environment.aegis(&["approvals", "show", &id, "--db", "small/log.db", "--format", "json"]).json();
        shown["standing"].as_str().unwrap().to_owned()
    };
    let approve = |fills: bool| {
        let mut terminal = Terminal::aegis(&environment, &["approve", &id, "--db", "small/log.db"]);
        terminal.wait_for_question();
        let filled = fills.then(|| Filled::new(&disk));
        terminal.type_text("y\n");
        let (code, said) = (terminal.code(), terminal.wait_for_end());
        drop(filled);
        (code, said)
    };
    let (code, said) = approve(true);
    assert_eq!((code, said.contains("is full")), (4, true), "{said}");
    assert_eq!(standing(), "open");
    assert_eq!(approve(false).0, 0);
    let filled = Filled::new(&disk);
    let used = ask();
    assert_eq!((used.code, used.stdout.as_str()), (4, ""), "{used:?}");
    drop(filled);
    assert_eq!(standing(), "approved");
    assert_eq!(ask().code, 0);
    assert_eq!(standing(), "used");
    let log = Log::verified(&disk.mount.join("log.db")).unwrap();
    let kinds: Vec<_> = log.rows.iter().map(|row| row.kind.as_str()).collect();
    let first = ["requested", "answered", "decided", "replied"];
    assert_eq!(kinds, [&first[..], &["requested", "answered", "consumed", "decided"]].concat());
}

/// A disk that is full while this lives.
struct Filled(PathBuf);

impl Filled {
    fn new(disk: &SmallDisk) -> Filled {
        let path = disk.mount.join("filler");
        let mut file = fs::File::create(&path).unwrap();
        while file.write_all(&[0; PAGE]).is_ok() {}
        Filled(path)
    }
}

impl Drop for Filled {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// The control: these disks do run full in the midst of what is written, and leave half of it.
#[test]
fn a_naive_write_there_is_torn() {
    let environment = TestEnvironment::new();
    let Some(disk) = SmallDisk::new(environment.file("small"), 2 * PAGE) else {
        return skipped("full disk, control", "only root may mount one");
    };
    let path = disk.mount.join("file");
    let written = fs::write(&path, vec![1; 10 * PAGE]);
    assert_eq!(written.unwrap_err().kind(), std::io::ErrorKind::StorageFull);
    let length = fs::metadata(&path).unwrap().len();
    figures("full disk, control", format!("{length} of {} bytes were written", 10 * PAGE));
    assert!(length > 0);
}
