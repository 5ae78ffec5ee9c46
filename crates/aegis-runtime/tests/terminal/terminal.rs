//! The program at a pseudo-terminal, and the directory in which it tells what came of asking.

use std::fs;
use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use aegis_runtime::current_user;
use aegis_testkit::{PATIENCE, Size, USUAL};
use portable_pty::CommandBuilder;
use tempfile::TempDir;

use crate::program::{PROGRAM, SETTINGS, Settings};

/// The program, in a script.
const ITSELF: &str = "\"$@\"";
/// What the program says of itself is here.
const LOG: &str = "log";

/// The terminal of the program, which ends before its directory goes away.
pub(crate) struct Terminal {
    terminal: aegis_testkit::Terminal,
    directory: TempDir,
}

impl Terminal {
    /// Starts the program at a terminal of 80 columns and 24 lines.
    pub(crate) fn start(change: impl FnOnce(&mut Settings)) -> Terminal {
        Terminal::script("exec \"$@\"", USUAL, change)
    }

    /// Starts a shell script in which `"$@"` is the program, at a terminal of that size.
    pub(crate) fn script(script: &str, size: Size, change: impl FnOnce(&mut Settings)) -> Terminal {
        let directory = TempDir::new().unwrap();
        let mut settings = Settings::new(directory.path());
        change(&mut settings);
        let command = command(script, &settings, directory.path());
        Terminal::spawn(directory, command, size)
    }

    /// Starts the program where there is a terminal, but none that is its own.
    pub(crate) fn detached() -> Terminal {
        let directory = TempDir::new().unwrap();
        let mut command = command("exec \"$@\"", &Settings::new(directory.path()), directory.path());
        command.set_controlling_tty(false);
        Terminal::spawn(directory, command, USUAL)
    }

    fn spawn(directory: TempDir, command: CommandBuilder, size: Size) -> Terminal {
        let log = directory.path().join(LOG);
        Terminal { terminal: aegis_testkit::Terminal::spawn(command, size).with_log(log), directory }
    }

    /// Lets a program go on that waits before or after asking.
    pub(crate) fn go(&self) {
        fs::write(self.directory.path().join("go"), "").unwrap();
    }

    /// What came of asking, once it is known.
    #[track_caller]
    pub(crate) fn result(&self) -> String {
        self.result_named("result")
    }

    #[track_caller]
    pub(crate) fn result_named(&self, name: &str) -> String {
        wait_for_file(self.directory.path(), name)
    }
}

impl Deref for Terminal {
    type Target = aegis_testkit::Terminal;

    fn deref(&self) -> &aegis_testkit::Terminal {
        &self.terminal
    }
}

impl DerefMut for Terminal {
    fn deref_mut(&mut self) -> &mut aegis_testkit::Terminal {
        &mut self.terminal
    }
}

/// The command that runs `script` in an empty environment, with nothing at the terminal but what the approver
/// shows.
pub(crate) fn command(script: &str, settings: &Settings, directory: &Path) -> CommandBuilder {
    let mut command = CommandBuilder::new("/bin/sh");
    let log = directory.join(LOG);
    // The test harness of the program says things on standard output that are not what is tested here.
    command.args(["-c", &script.replace(ITSELF, &format!("{ITSELF} >>\"$LOG\" 2>&1")), "sh"]);
    command.arg(std::env::current_exe().unwrap());
    command.args(["--exact", PROGRAM, "--nocapture"]);
    command.env_clear();
    command.env("PATH", "/usr/bin:/bin");
    // Whoever answers is who the kernel says, whatever is claimed here.
    command.env("USER", "mallory");
    command.env("LOGNAME", "mallory");
    command.env("LOG", log);
    // Not the settings themselves: they may hold more than a process can be given.
    let file = directory.join("settings");
    fs::write(&file, serde_json::to_string(settings).unwrap()).unwrap();
    command.env(SETTINGS, file);
    command.cwd(directory);
    command
}

#[track_caller]
pub(crate) fn wait_for_file(directory: &Path, name: &str) -> String {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Ok(contents) = fs::read_to_string(directory.join(name)) {
            return contents.replace(&format!("by {} (1)", current_user()), "by us");
        }
        assert!(Instant::now() < deadline, "no file {name:?} in {}", directory.display());
        sleep(Duration::from_millis(10));
    }
}
