//! A pseudo-terminal, its screen and its keyboard. No wait is without a bound.

use std::fs;
use std::io::{Read as _, Write};
use std::num::NonZero;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant};

use aegis_runtime::current_user;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use tempfile::TempDir;

use crate::program::{PROGRAM, SETTINGS, Settings};

/// How long anything may take before a test fails instead of waiting on.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// A question for a yes, which begins a line of its own.
pub(crate) const QUESTION: &str = "\n  Allow this action? [y/N]";

/// Columns and lines.
pub(crate) type Size = (u16, u16);
/// The size that terminals usually have at least.
pub(crate) const USUAL: Size = (80, 24);
/// The program, in a script.
const ITSELF: &str = "\"$@\"";

type Screen = Arc<(Mutex<vt100::Parser>, Condvar)>;

/// The program at a pseudo-terminal.
pub(crate) struct Terminal {
    directory: TempDir,
    screen: Screen,
    child: Box<dyn Child + Send + Sync>,
    keyboard: Box<dyn Write + Send>,
    _master: Box<dyn MasterPty + Send>,
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
        let pair = native_pty_system()
            .openpty(PtySize { rows: size.1, cols: size.0, pixel_width: 0, pixel_height: 0 })
            .unwrap();
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let screen = Arc::new((Mutex::new(parser(size)), Condvar::new()));
        let mut output = pair.master.try_clone_reader().unwrap();
        let shown = Arc::clone(&screen);
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = output.read(&mut buffer) {
                shown.0.lock().unwrap().process(&buffer[..length]);
                shown.1.notify_all();
            }
        });
        let keyboard = pair.master.take_writer().unwrap();
        Terminal { directory, screen, child, keyboard, _master: pair.master }
    }

    /// The screen as it is seen, without trailing blanks.
    pub(crate) fn contents(&self) -> String {
        self.screen.0.lock().unwrap().screen().contents()
    }

    /// The screen with its colours.
    pub(crate) fn formatted(&self) -> String {
        self.screen.0.lock().unwrap().screen().contents_formatted()
    }

    /// Waits until the screen is as `wanted`, and gives it back.
    #[track_caller]
    pub(crate) fn wait_until(&self, what: &str, wanted: impl Fn(&vt100::Screen) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        let mut screen = self.screen.0.lock().unwrap();
        while !wanted(screen.screen()) {
            let contents = screen.screen().contents();
            let log = fs::read_to_string(self.directory.path().join("log")).unwrap_or_default();
            assert!(Instant::now() < deadline, "waited for {what} in vain:\n{contents}\n{log}");
            screen = self.screen.1.wait_timeout(screen, Duration::from_millis(200)).unwrap().0;
        }
        screen.screen().contents()
    }

    #[track_caller]
    pub(crate) fn wait_for(&self, text: &str) -> String {
        self.wait_until(&format!("{text:?}"), |screen| screen.contents().contains(text))
    }

    /// Waits until `text` has been shown `times` times.
    #[track_caller]
    pub(crate) fn wait_for_times(&self, text: &str, times: usize) -> String {
        self.wait_until(&format!("{times} times {text:?}"), |screen| {
            screen.contents().matches(text).count() == times
        })
    }

    pub(crate) fn type_bytes(&mut self, bytes: &[u8]) {
        self.keyboard.write_all(bytes).unwrap();
        self.keyboard.flush().unwrap();
    }

    pub(crate) fn type_text(&mut self, text: &str) {
        self.type_bytes(text.as_bytes());
    }

    /// Lets a program go on that waits before or after asking.
    pub(crate) fn go(&self) {
        fs::write(self.directory.path().join("go"), "").unwrap();
    }

    pub(crate) fn send(&self, signal: Signal) {
        let process = i32::try_from(self.child.process_id().unwrap()).unwrap();
        kill(Pid::from_raw(process), signal).unwrap();
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

    /// Waits for the end of the program, or of the script.
    #[track_caller]
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "it does not end:\n{}", self.contents());
            sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Once its end was waited for, the number may be another's.
        if let Ok(None) = self.child.try_wait() {
            self.send(Signal::SIGKILL);
            let _ = self.child.wait();
        }
    }
}

/// A blank screen.
pub(crate) fn parser(size: Size) -> vt100::Parser {
    vt100::Parser::new(NonZero::new(size.1).unwrap(), NonZero::new(size.0).unwrap(), 0)
}

/// The command that runs `script` in an empty environment, with nothing at the terminal but what the approver shows.
pub(crate) fn command(script: &str, settings: &Settings, directory: &Path) -> CommandBuilder {
    let mut command = CommandBuilder::new("/bin/sh");
    let log = directory.join("log");
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
