//! `aegis` at a real pseudo-terminal, and the screen that it leaves behind.

use std::io::{Read as _, Write};
use std::num::NonZeroU16;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::environment::TestEnvironment;

/// How long anything may take before a test fails instead of waiting on.
const PATIENCE: Duration = Duration::from_secs(30);
const ROWS: NonZeroU16 = NonZeroU16::new(24).unwrap();
const COLUMNS: NonZeroU16 = NonZeroU16::new(80).unwrap();

pub(crate) struct Terminal {
    screen: Arc<(Mutex<vt100::Parser>, Condvar)>,
    pub(crate) child: Box<dyn Child + Send + Sync>,
    keyboard: Box<dyn Write + Send>,
    _master: Box<dyn MasterPty + Send>,
}

impl Terminal {
    pub(crate) fn aegis(environment: &TestEnvironment, arguments: &[&str]) -> Terminal {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_aegis"));
        command.args(arguments);
        Terminal::spawn(environment, command)
    }

    /// A shell script in which `aegis` is the built binary.
    pub(crate) fn shell(environment: &TestEnvironment, script: &str) -> Terminal {
        let mut command = CommandBuilder::new("/bin/sh");
        command.args(["-c", &format!("aegis() {{ \"$AEGIS\" \"$@\"; }}; {script}")]);
        Terminal::spawn(environment, command)
    }

    fn spawn(environment: &TestEnvironment, mut command: CommandBuilder) -> Terminal {
        command.env_clear();
        for (name, value) in
            [("PATH", "/usr/bin:/bin"), ("TERM", "xterm"), ("AEGIS", env!("CARGO_BIN_EXE_aegis"))]
        {
            command.env(name, value);
        }
        command.cwd(environment.path());
        let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let screen = Arc::new((Mutex::new(vt100::Parser::new(ROWS, COLUMNS, 0)), Condvar::new()));
        let mut output = pair.master.try_clone_reader().unwrap();
        let fed = Arc::clone(&screen);
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = output.read(&mut buffer) {
                fed.0.lock().unwrap().process(&buffer[..length]);
                fed.1.notify_all();
            }
        });
        let keyboard = pair.master.take_writer().unwrap();
        Terminal { screen, child, keyboard, _master: pair.master }
    }

    pub(crate) fn contents(&self) -> String {
        self.screen.0.lock().unwrap().screen().contents()
    }

    #[track_caller]
    pub(crate) fn wait_for(&self, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        let mut screen = self.screen.0.lock().unwrap();
        while !screen.screen().contents().contains(text) {
            assert!(
                Instant::now() < deadline,
                "waited for {text:?} in vain:\n{}",
                screen.screen().contents()
            );
            screen = self.screen.1.wait_timeout(screen, Duration::from_millis(200)).unwrap().0;
        }
    }

    pub(crate) fn type_text(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).unwrap();
    }

    /// The exit status; killed by a signal, it is -1.
    #[track_caller]
    pub(crate) fn wait(&mut self) -> i64 {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return if status.signal().is_some() { -1 } else { i64::from(status.exit_code()) };
            }
            assert!(Instant::now() < deadline, "it does not end:\n{}", self.contents());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let process = i32::try_from(self.child.process_id().unwrap()).unwrap();
        kill(Pid::from_raw(process), signal).unwrap();
    }
}
