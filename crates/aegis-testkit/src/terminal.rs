//! A pseudo-terminal, its screen and its keyboard. No wait is without a bound. Like a terminal, it says how
//! large it is when it is asked.

use std::fs;
use std::io::Write;
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};

use crate::environment::with_aegis;
use crate::{PATIENCE, Program, TestEnvironment};

/// Columns and lines.
pub type Size = (u16, u16);
/// The size that terminals usually have at least.
pub const USUAL: Size = (80, 24);

type Keyboard = Arc<Mutex<Box<dyn Write + Send>>>;

/// How a program asks where the cursor is, and so how large the terminal is.
const WHERE: &[u8] = b"\x1b[6n";
/// What a question says while no answer to it counts.
const TOO_EARLY: &str = "does not count yet";
/// What a question ends with, once all of it is drawn, or written in plain lines.
const DRAWN: [&[u8]; 3] = [b"\x1b[J", b"] ", b": "];
/// What is asked after a no.
const WHY: &str = "Why not?";

/// What is on the screen, and how it came there.
struct Screen {
    parser: vt100::Parser,
    /// How much of [`WHERE`] the program has just said.
    asking: usize,
    /// How often it has asked: once for each question that it put.
    asked: usize,
    /// Everything that the program has said.
    said: Vec<u8>,
}

impl Screen {
    /// Shows a byte, and tells what the terminal answers to it.
    fn show(&mut self, byte: u8) -> Option<String> {
        self.said.push(byte);
        self.parser.process(&[byte]);
        self.asking = match WHERE.get(self.asking) {
            Some(wanted) if *wanted == byte => self.asking + 1,
            _ => usize::from(WHERE[0] == byte),
        };
        if self.asking < WHERE.len() {
            return None;
        }
        self.asking = 0;
        self.asked += 1;
        let (row, column) = self.parser.screen().cursor_position();
        Some(format!("\x1b[{};{}R", row + 1, column + 1))
    }
}

/// A program at a pseudo-terminal. Where it still runs when this is dropped, it is killed.
pub struct Terminal {
    screen: Arc<(Mutex<Screen>, Condvar)>,
    child: Box<dyn Child + Send + Sync>,
    keyboard: Keyboard,
    master: Box<dyn MasterPty + Send>,
    log: Option<PathBuf>,
}

impl Terminal {
    /// Starts `aegis` with these arguments at a terminal of the usual size.
    pub fn aegis<P: Program>(environment: &TestEnvironment<P>, arguments: &[&str]) -> Terminal {
        let mut command = CommandBuilder::new(P::PATH);
        command.args(arguments);
        Terminal::in_environment(environment, command)
    }

    /// Starts a shell script in which `aegis` is the program.
    pub fn shell<P: Program>(environment: &TestEnvironment<P>, script: &str) -> Terminal {
        Terminal::shell_of(environment, script, USUAL)
    }

    fn in_environment<P: Program>(environment: &TestEnvironment<P>, command: CommandBuilder) -> Terminal {
        Terminal::in_environment_of(environment, command, USUAL)
    }

    fn in_environment_of<P: Program>(
        environment: &TestEnvironment<P>,
        mut command: CommandBuilder,
        size: Size,
    ) -> Terminal {
        command.env_clear();
        for (name, value) in
            [("PATH", "/usr/bin:/bin"), ("TERM", "xterm"), ("LANG", "C.UTF-8"), ("AEGIS", P::PATH)]
        {
            command.env(name, value);
        }
        command.cwd(environment.path());
        Terminal::spawn(command, size)
    }

    /// Starts a shell script in which `aegis` is the program, at a terminal of that size.
    pub fn shell_of<P: Program>(environment: &TestEnvironment<P>, script: &str, size: Size) -> Terminal {
        let mut command = CommandBuilder::new("/bin/sh");
        command.args(["-c", &with_aegis(script)]);
        Terminal::in_environment_of(environment, command, size)
    }

    /// Starts a command at a terminal of that size.
    pub fn spawn(command: CommandBuilder, (columns, lines): Size) -> Terminal {
        let size = PtySize { rows: lines, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let (lines, columns) = (NonZero::new(lines).unwrap(), NonZero::new(columns).unwrap());
        let parser = vt100::Parser::new(lines, columns, 0);
        let screen = Screen { parser, asking: 0, asked: 0, said: Vec::new() };
        let screen = Arc::new((Mutex::new(screen), Condvar::new()));
        let mut output = pair.master.try_clone_reader().unwrap();
        let keyboard: Keyboard = Arc::new(Mutex::new(pair.master.take_writer().unwrap()));
        let (shown, answers) = (Arc::clone(&screen), Arc::clone(&keyboard));
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Some(length) = read_on(&mut *output, &mut buffer) {
                let mut screen = shown.0.lock().unwrap();
                let said: String = buffer[..length].iter().filter_map(|byte| screen.show(*byte)).collect();
                drop(screen);
                shown.1.notify_all();
                // Whoever does not listen any more is not told.
                let _ = answers.lock().unwrap().write_all(said.as_bytes());
            }
        });
        Terminal { screen, child, keyboard, master: pair.master, log: None }
    }

    /// With the path of a file that is shown beside the screen where a wait is in vain.
    pub fn with_log(mut self, log: PathBuf) -> Terminal {
        self.log = Some(log);
        self
    }

    /// The screen as it is seen, without trailing blanks.
    pub fn contents(&self) -> String {
        self.screen.0.lock().unwrap().parser.screen().contents()
    }

    /// The screen with its colours.
    pub fn formatted(&self) -> String {
        self.screen.0.lock().unwrap().parser.screen().contents_formatted()
    }

    /// Everything that the program has said, sequences and all.
    pub fn said(&self) -> String {
        String::from_utf8_lossy(&self.screen.0.lock().unwrap().said).into_owned()
    }

    /// Shows what another program writes to the same terminal.
    pub fn show(&self, bytes: &[u8]) {
        self.screen.0.lock().unwrap().parser.process(bytes);
    }

    /// Gives the terminal another size.
    pub fn resize(&self, (columns, lines): Size) {
        let mut screen = self.screen.0.lock().unwrap();
        screen.parser.screen_mut().set_size(lines.try_into().unwrap(), columns.try_into().unwrap());
        self.master.resize(PtySize { rows: lines, cols: columns, pixel_width: 0, pixel_height: 0 }).unwrap();
    }

    /// Waits until the screen is as `wanted`, and gives it back.
    #[track_caller]
    pub fn wait_until(&self, what: &str, wanted: impl Fn(&vt100::Screen) -> bool) -> String {
        self.wait_for_screen(what, |screen| wanted(screen.parser.screen()))
    }

    #[track_caller]
    fn wait_for_screen(&self, what: &str, wanted: impl Fn(&Screen) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        let mut screen = self.screen.0.lock().unwrap();
        while !wanted(&screen) {
            let contents = screen.parser.screen().contents();
            assert!(Instant::now() < deadline, "waited for {what} in vain:\n{contents}\n{}", self.logged());
            screen = self.screen.1.wait_timeout(screen, Duration::from_millis(200)).unwrap().0;
        }
        screen.parser.screen().contents()
    }

    /// Waits until a question stands there that can be answered, and gives the screen back.
    #[track_caller]
    pub fn wait_for_question(&self) -> String {
        self.wait_for_question_number(1)
    }

    /// Waits until a question can be answered that is this one of those that were put, from 1.
    #[track_caller]
    pub fn wait_for_question_number(&self, number: usize) -> String {
        self.wait_for_screen(&format!("question {number}"), |screen| {
            let contents = screen.parser.screen().contents();
            let asks = contents.contains("/N]") || word_in(&contents).is_some();
            let is_drawn = DRAWN.iter().any(|end| screen.said.ends_with(end));
            screen.asked >= number && asks && is_drawn && !contents.contains(TOO_EARLY)
        })
    }

    /// How many questions were put so far.
    pub fn questions(&self) -> usize {
        self.screen.0.lock().unwrap().asked
    }

    /// The word that the question on the screen wants, if it wants one.
    pub fn word(&self) -> Option<String> {
        word_in(&self.contents())
    }

    /// Says yes to the question on the screen, in the way that it asks for.
    pub fn allow(&mut self) {
        let yes = self.word().unwrap_or_else(|| "y".to_owned());
        self.type_text(&format!("{yes}\n"));
    }

    /// Says no to the question on the screen, and nothing to why.
    #[track_caller]
    pub fn refuse(&mut self) {
        self.refuse_with("n\n");
    }

    /// The same by typing this.
    #[track_caller]
    pub fn refuse_with(&mut self, typed: &str) {
        self.type_text(typed);
        self.wait_for(WHY);
        self.type_text("\n");
    }

    fn logged(&self) -> String {
        self.log.as_ref().and_then(|log| fs::read_to_string(log).ok()).unwrap_or_default()
    }

    /// Waits until `text` is on the screen, and gives all of it back.
    #[track_caller]
    pub fn wait_for(&self, text: &str) -> String {
        self.wait_until(&format!("{text:?}"), |screen| screen.contents().contains(text))
    }

    /// Waits until `text` is on the screen `times` times, and gives all of it back.
    #[track_caller]
    pub fn wait_for_times(&self, text: &str, times: usize) -> String {
        self.wait_until(&format!("{times} times {text:?}"), |screen| {
            screen.contents().matches(text).count() == times
        })
    }

    /// Types bytes.
    pub fn type_bytes(&mut self, bytes: &[u8]) {
        let mut keyboard = self.keyboard.lock().unwrap();
        keyboard.write_all(bytes).unwrap();
        keyboard.flush().unwrap();
    }

    /// Types text.
    pub fn type_text(&mut self, text: &str) {
        self.type_bytes(text.as_bytes());
    }

    /// Sends the program, or the script, a signal.
    pub fn send(&self, signal: Signal) {
        let process = i32::try_from(self.child.process_id().unwrap()).unwrap();
        kill(Pid::from_raw(process), signal).unwrap();
    }

    /// Sends a signal to the program, or the script, and to all that it started.
    pub fn send_to_all(&self, signal: Signal) {
        let leader = i32::try_from(self.child.process_id().unwrap()).unwrap();
        killpg(Pid::from_raw(leader), signal).unwrap();
    }

    /// Whether the program, or the script, has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits until all that a program wrote before its end is on the screen, and gives it back.
    pub fn wait_for_end(&mut self) -> String {
        self.wait();
        let mut before = String::new();
        loop {
            sleep(Duration::from_millis(50));
            let contents = self.contents();
            if contents == before {
                return contents;
            }
            before = contents;
        }
    }

    /// Waits for the end of the program, or of the script.
    #[track_caller]
    pub fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "it does not end:\n{}", self.contents());
            sleep(Duration::from_millis(10));
        }
    }

    /// Waits for the end, and gives the exit status; -1 where a signal killed it.
    #[track_caller]
    pub fn code(&mut self) -> i32 {
        let status = self.wait();
        if status.signal().is_some() { -1 } else { i32::try_from(status.exit_code()).unwrap() }
    }
}

/// Reads what a terminal shows; `None` where nobody is left to show anything.
///
/// Where the last program ends just while the kernel looks for more, it says that there is none, and hands
/// out what was written last to whoever asks again.
fn read_on(output: &mut dyn std::io::Read, buffer: &mut [u8]) -> Option<usize> {
    (0..2).find_map(|_| output.read(buffer).ok().filter(|length| *length > 0))
}

/// The word that the last line of a screen asks to type.
fn word_in(screen: &str) -> Option<String> {
    let line = screen.lines().rev().find(|line| !line.is_empty())?;
    // All of the line, where it is just being drawn.
    let (question, _) = line.split_once(':')?;
    let (_, word) = question.split_once(" type ")?;
    Some(word.chars().take_while(char::is_ascii_lowercase).collect())
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
