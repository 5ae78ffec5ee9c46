//! This program again, as another process that plays a role.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::Command;

use aegis_audit::sqlite::TrailReader;
use aegis_audit::{Journal, TrailError};
use aegis_ledger::filter::Filter;
use aegis_testkit::{PATIENCE, append_one, mode, records};

/// What the process is told to do, by the environment.
const ROLE: &str = "AEGIS_TEST_ROLE";
const LOG: &str = "AEGIS_TEST_LOG";

/// This program again, as another process that plays `role` on `log`.
pub(crate) fn child(role: &str, log: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "child::plays_its_role", "--nocapture", "--test-threads=1"]);
    command.env(ROLE, role).env(LOG, log);
    command
}

/// Runs a child, and gives what it said between its markers.
pub(crate) fn said(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text.lines().filter_map(|line| line.strip_prefix("said: ")).collect::<Vec<_>>().join("\n")
}

/// The role of this process and the log to play it on, if it is such a child.
fn my_role() -> Option<(String, PathBuf)> {
    Some((std::env::var(ROLE).ok()?, std::env::var_os(LOG)?.into()))
}

#[test]
fn plays_its_role() {
    let Some((role, log)) = my_role() else { return };
    match role.as_str() {
        // A process that comes and goes.
        "open and close" => drop(Journal::open(&log, PATIENCE).unwrap()),
        // Appends, and is killed without a chance to close anything.
        "append and abort" => {
            let mut trail = Journal::open(&log, PATIENCE).unwrap();
            let _ = append_one(&mut trail, "aborted").unwrap();
            std::process::abort();
        }
        "append 20" => {
            for index in 0..20 {
                let mut trail = Journal::open(&log, PATIENCE).unwrap();
                let _ = append_one(&mut trail, &format!("{}-{index}", std::process::id())).unwrap();
            }
        }
        "create under umask 0" => {
            nix::sys::stat::umask(nix::sys::stat::Mode::empty());
            let mut trail = Journal::open(&log, PATIENCE).unwrap();
            let _ = append_one(&mut trail, "a").unwrap();
            for suffix in ["", "-wal", "-shm", ".lock"] {
                let mut path = log.clone().into_os_string();
                path.push(suffix);
                println!("\nsaid: {suffix} {:o}", mode(path));
            }
        }
        // Which process keeps others from taking the database for theirs alone.
        "who holds it" => {
            let file = std::fs::File::open(&log).unwrap();
            let mut lock = nix::libc::flock {
                l_type: i16::try_from(nix::libc::F_WRLCK).unwrap(),
                l_whence: i16::try_from(nix::libc::SEEK_SET).unwrap(),
                l_start: 0x4000_0002,
                l_len: 510,
                l_pid: 0,
            };
            nix::fcntl::fcntl(&file, nix::fcntl::FcntlArg::F_GETLK(&mut lock)).unwrap();
            println!("\nsaid: {}", lock.l_pid);
        }
        "open" => match Journal::open(&log, PATIENCE) {
            Ok(_) => println!("\nsaid: opened"),
            Err(error) => println!("\nsaid: {error}"),
        },
        "read" => match TrailReader::open(&log) {
            Ok(reader) => println!("\nsaid: {} records", records(&reader, &Filter::default()).len()),
            Err(error) => println!("\nsaid: {error}"),
        },
        // Stops after each record until it is told to go on.
        "read step by step" => {
            let reader = TrailReader::open(&log).unwrap();
            let mut lines = std::io::stdin().lines();
            let result = reader.records(&Filter::default(), |_| {
                println!("\nsaid: a record");
                lines.next().unwrap().unwrap();
                Ok::<_, TrailError>(ControlFlow::Continue(()))
            });
            println!("\nsaid: {}", result.map_or_else(|error| error.to_string(), |()| "the end".to_owned()));
        }
        other => panic!("no such role: {other}"),
    }
}
