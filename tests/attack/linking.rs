//! The binary: what it links, and which data is in it.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Command;

use aegis_testkit::{Program as _, READ};

use crate::environment::{Aegis, TestEnvironment};

const AEGIS: &str = env!("CARGO_BIN_EXE_aegis");
/// The entries of an ELF file's tables that name somebody else: the loader, and a library.
const PT_INTERP: u64 = 3;
const PT_DYNAMIC: u64 = 2;
const DT_NEEDED: u64 = 1;

fn number(bytes: &[u8], at: usize, length: usize) -> u64 {
    bytes[at..at + length].iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn place(bytes: &[u8], at: usize, length: usize) -> usize {
    usize::try_from(number(bytes, at, length)).unwrap()
}

/// Whether a 64-bit ELF file wants a loader, and how many libraries it wants loaded.
fn wants(file: &Path) -> (bool, usize) {
    let bytes = fs::read(file).unwrap();
    assert_eq!(bytes[..6], *b"\x7fELF\x02\x01", "a little-endian ELF file of 64 bits");
    let (table, size, count) = (place(&bytes, 32, 8), place(&bytes, 54, 2), place(&bytes, 56, 2));
    let (mut loader, mut libraries) = (false, 0);
    for header in (0..count).map(|index| table + index * size) {
        match number(&bytes, header, 4) {
            PT_INTERP => loader = true,
            PT_DYNAMIC => {
                let (from, length) = (place(&bytes, header + 8, 8), place(&bytes, header + 32, 8));
                let entries = bytes[from..from + length].chunks_exact(16);
                libraries += entries.filter(|entry| number(entry, 0, 8) == DT_NEEDED).count();
            }
            _ => {}
        }
    }
    (loader, libraries)
}

/// Whether this machine has what a static binary is linked from; the wrapper asks the same.
fn can_link_statically() -> bool {
    let asked = Command::new("cc").arg("-print-file-name=libc.a").output();
    cfg!(target_os = "linux") && asked.is_ok_and(|answer| answer.stdout.starts_with(b"/"))
}

#[test]
fn nothing_is_loaded_with_the_binary() {
    if !can_link_statically() {
        return aegis_testkit::skipped("a static binary", "there is no static C library here");
    }
    assert_eq!(wants(AEGIS.as_ref()), (false, 0));
    // The test itself is an ordinary program.
    let this = std::env::current_exe().unwrap();
    assert!(wants(&this).0 && wants(&this).1 > 0);
}

#[test]
fn ld_preload_is_nobodys_way_in() {
    if !can_link_statically() {
        return aegis_testkit::skipped("preloading", "there is no static C library here");
    }
    let environment = TestEnvironment::new();
    // A library that lies about syncs, and says that it was there.
    let source = r#"
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
int fsync(int fd) { (void)fd; return 0; }
int fdatasync(int fd) { (void)fd; return 0; }
__attribute__((constructor)) static void here(void) { close(open(getenv("HERE"), O_CREAT | O_WRONLY, 0600)); }
"#;
    let (code, library) = (environment.write("lie.c", source), environment.file("lie.so"));
    let built = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&code).status();
    assert!(built.unwrap().success());
    let (here, control) = (environment.file("here"), environment.file("control"));
    let preload = |command: &mut Command, mark: &Path| {
        command.env("LD_PRELOAD", &library).env("LD_LIBRARY_PATH", environment.path()).env("HERE", mark);
    };
    // Nothing else is started on the way, into which it would get.
    let mut aegis = Command::new(Aegis::PATH);
    aegis.args(["check", "read:crm"]).current_dir(environment.path()).env_clear();
    preload(&mut aegis, &here);
    assert_eq!(aegis.output().unwrap().status.code(), Some(0));
    assert!(!here.exists(), "the library was loaded");
    // It does get into a program that is linked dynamically.
    let mut other = Command::new("/bin/sh");
    preload(other.args(["-c", "exit 0"]), &control);
    assert!(other.status().unwrap().success() && control.exists());
}

#[test]
fn an_account_has_the_name_that_the_accounts_file_of_the_machine_gives_it() {
    let environment = TestEnvironment::new();
    assert_eq!(environment.check(READ).json()["allowed"], true);
    let uid = fs::metadata(environment.path()).unwrap().uid();
    let accounts = fs::read_to_string("/etc/passwd").unwrap();
    let name = accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == uid.to_string()).then(|| name.to_owned())
    });
    assert_eq!(environment.records()[0]["user"], name.unwrap_or_else(|| format!("uid {uid}")));
}

/// Laws on time change: a window of the day must be that of the law in force.
#[test]
fn time_zones_are_of_an_edition_that_knows_the_laws_in_force() {
    let policy = "version: \"1\"\nrules:\n  - name: before_noon\n    match: { type: read }\n    conditions: \
                  { time_before: \"12:00\", timezone: America/Vancouver }\n    approval: auto\n";
    let environment = TestEnvironment::with_policy(policy);
    // 19:30 UTC in December is 12:30 there since 2026, where it was 11:30 until 2025.
    for (at, code) in [("2025-12-15T19:30:00Z", 0), ("2026-12-15T19:30:00Z", 3)] {
        let run = environment.aegis(&["check", "read:crm", "--dry-run", "--at", at]);
        assert_eq!(run.code, code, "{at}: {run:?}");
    }
    let version = environment.aegis(&["--version"]).stdout;
    let edition = version.lines().nth(1).and_then(|line| line.strip_prefix("time zones: IANA ")).unwrap();
    assert!(edition >= "2026b" && edition.len() == 5, "{version}");
}
