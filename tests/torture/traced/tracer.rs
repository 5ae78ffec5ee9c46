//! Runs processes and stops them at each of their system calls.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::FileExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use aegis_testkit::AWAY;
use nix::errno::Errno;
use nix::libc;
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

/// Nothing takes longer; what does is stuck.
const STUCK: Duration = Duration::from_secs(60);

/// A system call that a process is about to make, or has made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    /// Which of the programs it is.
    pub(crate) program: usize,
    pub(crate) thread: Pid,
    pub(crate) number: i64,
    pub(crate) arguments: [u64; 6],
}

/// What shall become of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is made.
    Proceed,
    /// It is not made, and fails.
    Fail(Errno),
    /// It is not made, and gives 0.
    Pretend,
    /// It is made with half of its length, rounded up.
    Half,
    /// The process is killed before it.
    Kill,
}

/// Who watches the calls.
pub(crate) trait Watcher {
    fn entered(&mut self, call: &Call) -> Verdict;
    /// Only of calls that were made, or failed as told to.
    fn returned(&mut self, call: &Call, result: i64);
}

/// A program to run, and what it reads.
pub(crate) struct Program {
    pub(crate) command: Command,
    pub(crate) feed: Feed,
}

pub(crate) enum Feed {
    /// All of it at once.
    Whole(Vec<u8>),
    /// Line by line, the next one when the one before was answered.
    Lines(Vec<String>),
}

/// How a program ended.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ending {
    /// `None` if it was killed.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// It had to be killed because it did not end.
    pub(crate) stuck: bool,
}

/// Whether processes may be traced here, and if not, why not.
pub(crate) fn tracing() -> Result<(), String> {
    struct Nobody;
    impl Watcher for Nobody {
        fn entered(&mut self, _: &Call) -> Verdict {
            Verdict::Proceed
        }
        fn returned(&mut self, _: &Call, _: i64) {}
    }
    let program = Program { command: Command::new("/bin/true"), feed: Feed::Whole(Vec::new()) };
    trace(vec![program], &mut Nobody).map(drop)
}

/// Runs programs to their end, all at once. Everything but the environment's emptiness is as their commands
/// say.
///
/// # Errors
/// When processes may not be traced here.
pub(crate) fn trace(programs: Vec<Program>, watcher: &mut dyn Watcher) -> Result<Vec<Ending>, String> {
    let mut running = Vec::new();
    for program in programs {
        running.push(Running::start(program)?);
    }
    let mut tracer = Tracer {
        threads: HashMap::new(),
        roots: running.iter().map(|running| running.pid).collect(),
        codes: vec![None; running.len()],
        watcher,
    };
    for running in &mut running {
        running.go();
    }
    let alarm = Alarm::set(tracer.roots.clone());
    tracer.run();
    let stuck = alarm.rang();
    let codes = tracer.codes;
    Ok(running.into_iter().zip(codes).map(|(running, code)| running.end(code, stuck)).collect())
}

/// A program that was started and waits, already traced, to be let go.
struct Running {
    pid: Pid,
    stdin: Option<ChildStdin>,
    feed: Option<Feed>,
    stdout: Option<ChildStdout>,
    fed: Option<JoinHandle<String>>,
    stderr: JoinHandle<String>,
}

impl Running {
    fn start(program: Program) -> Result<Running, String> {
        let given = program.command;
        let mut command = Command::new("/bin/sh");
        // Waits for a line, by which time it is traced; becomes the program then.
        command.args(["-c", "read -r go && exec \"$0\" \"$@\""]);
        // What is traced is the program, and not what takes the terminal away from it.
        let words = std::iter::once(given.get_program()).chain(given.get_args());
        command.args(words.skip_while(|word| *word == AWAY)).env_clear().process_group(0);
        command.envs(given.get_envs().filter_map(|(name, value)| Some((name, value?))));
        if let Some(directory) = given.get_current_dir() {
            command.current_dir(directory);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| error.to_string())?;
        let pid = Pid::from_raw(child.id().try_into().unwrap());
        let options = Options::PTRACE_O_TRACESYSGOOD
            | Options::PTRACE_O_TRACEEXEC
            | Options::PTRACE_O_TRACECLONE
            | Options::PTRACE_O_TRACEFORK
            | Options::PTRACE_O_TRACEVFORK
            | Options::PTRACE_O_EXITKILL;
        if let Err(error) = ptrace::seize(pid, options) {
            let _ = child.kill();
            let _ = child.wait();
            return Err(format!("processes cannot be traced: {error}"));
        }
        let mut stderr = child.stderr.take().unwrap();
        let stderr = std::thread::spawn(move || {
            let mut text = Vec::new();
            let _ = stderr.read_to_end(&mut text);
            String::from_utf8_lossy(&text).into_owned()
        });
        Ok(Running {
            pid,
            stdin: child.stdin.take(),
            feed: Some(program.feed),
            stdout: child.stdout.take(),
            fed: None,
            stderr,
        })
    }

    fn go(&mut self) {
        let (stdin, stdout) = (self.stdin.take().unwrap(), self.stdout.take().unwrap());
        let feed = self.feed.take().unwrap();
        self.fed = Some(std::thread::spawn(move || feed.to(stdin, stdout)));
    }

    fn end(self, code: Option<i32>, stuck: bool) -> Ending {
        let stdout = self.fed.unwrap().join().unwrap();
        Ending { code, stdout, stderr: self.stderr.join().unwrap(), stuck }
    }
}

impl Feed {
    /// Feeds a program and gives what it answered. One that reads no further is not fed any more.
    fn to(self, mut stdin: ChildStdin, stdout: ChildStdout) -> String {
        let _ = stdin.write_all(b"\n");
        let mut answers = BufReader::new(stdout);
        let mut output = Vec::new();
        match self {
            Feed::Whole(bytes) => {
                let writer = std::thread::spawn(move || drop(stdin.write_all(&bytes)));
                let _ = answers.read_to_end(&mut output);
                writer.join().unwrap();
            }
            Feed::Lines(lines) => {
                for line in lines {
                    let written = writeln!(stdin, "{line}");
                    if written.is_err()
                        || answers.read_until(b'\n', &mut output).is_ok_and(|length| length == 0)
                    {
                        break;
                    }
                }
                drop(stdin);
                let _ = answers.read_to_end(&mut output);
            }
        }
        String::from_utf8_lossy(&output).into_owned()
    }
}

/// Kills programs that do not end.
struct Alarm {
    off: mpsc::Sender<()>,
    rang: JoinHandle<bool>,
}

impl Alarm {
    fn set(programs: Vec<Pid>) -> Alarm {
        let (off, wait) = mpsc::channel();
        let rang = std::thread::spawn(move || {
            let late = wait.recv_timeout(STUCK) == Err(mpsc::RecvTimeoutError::Timeout);
            if late {
                for program in programs {
                    let _ = kill(program, Signal::SIGKILL);
                }
            }
            late
        });
        Alarm { off, rang }
    }

    fn rang(self) -> bool {
        drop(self.off);
        self.rang.join().unwrap()
    }
}

struct Tracer<'a> {
    threads: HashMap<Pid, Thread>,
    roots: Vec<Pid>,
    codes: Vec<Option<i32>>,
    watcher: &'a mut dyn Watcher,
}

/// A thread of a traced program, between entering a call and leaving it.
#[derive(Default)]
struct Thread {
    program: usize,
    inside: Option<(Call, Verdict)>,
}

impl Tracer<'_> {
    fn run(&mut self) {
        // Only what this thread started: other tests wait for processes of their own.
        let flags = WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD;
        loop {
            match waitpid(None, Some(flags)) {
                Ok(WaitStatus::PtraceSyscall(thread)) => self.at_call(thread),
                Ok(WaitStatus::PtraceEvent(thread, _, event)) => {
                    if event == libc::PTRACE_EVENT_EXEC {
                        let program = self.roots.iter().position(|root| *root == thread).unwrap_or_default();
                        self.threads.insert(thread, Thread { program, inside: None });
                    }
                    if let Ok(born) = ptrace::getevent(thread)
                        && [libc::PTRACE_EVENT_CLONE, libc::PTRACE_EVENT_FORK, libc::PTRACE_EVENT_VFORK]
                            .contains(&event)
                    {
                        let program = self.threads.get(&thread).map_or(0, |thread| thread.program);
                        let born = Pid::from_raw(born.try_into().unwrap());
                        self.threads.entry(born).or_default().program = program;
                    }
                    resume(thread, None);
                }
                Ok(WaitStatus::Stopped(thread, signal)) => resume(thread, Some(signal)),
                Ok(WaitStatus::Exited(thread, code)) => self.ended(thread, Some(code)),
                Ok(WaitStatus::Signaled(thread, ..)) => self.ended(thread, None),
                Ok(_) | Err(Errno::EINTR) => {}
                Err(_) => break,
            }
        }
    }

    fn ended(&mut self, thread: Pid, code: Option<i32>) {
        self.threads.remove(&thread);
        if let Some(program) = self.roots.iter().position(|root| *root == thread) {
            self.codes[program] = code;
        }
    }

    /// A thread is about to make a call, or has just made it. One that was killed meanwhile is none any more.
    fn at_call(&mut self, thread: Pid) {
        if self.threads.contains_key(&thread) && self.at_call_of_living(thread).is_err() {
            self.threads.remove(&thread);
            return;
        }
        resume(thread, None);
    }

    fn at_call_of_living(&mut self, id: Pid) -> Result<(), Errno> {
        let mut registers = ptrace::getregs(id)?;
        let thread = self.threads.entry(id).or_default();
        if ptrace::syscall_info(id)?.op == libc::PTRACE_SYSCALL_INFO_EXIT {
            // The first that a program or a thread does is to leave the call that it began with.
            let Some((call, verdict)) = thread.inside.take() else { return Ok(()) };
            match verdict {
                Verdict::Fail(error) => registers.rax = (-i64::from(error as i32)).cast_unsigned(),
                Verdict::Pretend => registers.rax = 0,
                Verdict::Half => registers.rdx = call.arguments[2],
                Verdict::Proceed | Verdict::Kill => {}
            }
            if verdict != Verdict::Proceed {
                ptrace::setregs(id, registers)?;
            }
            if verdict != Verdict::Pretend {
                self.watcher.returned(&call, registers.rax.cast_signed());
            }
            return Ok(());
        }
        let arguments =
            [registers.rdi, registers.rsi, registers.rdx, registers.r10, registers.r8, registers.r9];
        let number = registers.orig_rax.cast_signed();
        let call = Call { program: thread.program, thread: id, number, arguments };
        let verdict = self.watcher.entered(&call);
        match verdict {
            Verdict::Proceed => {}
            // There is no such call, so the kernel does nothing.
            Verdict::Fail(_) | Verdict::Pretend => registers.orig_rax = u64::MAX,
            Verdict::Half => registers.rdx = registers.rdx.div_ceil(2),
            Verdict::Kill => kill(id, Signal::SIGKILL)?,
        }
        if verdict != Verdict::Proceed && verdict != Verdict::Kill {
            ptrace::setregs(id, registers)?;
        }
        thread.inside = Some((call, verdict));
        Ok(())
    }
}

fn resume(thread: Pid, signal: Option<Signal>) {
    // One that was killed meanwhile cannot be resumed, and need not be.
    let _ = ptrace::syscall(thread, signal);
}

impl Call {
    /// The bytes at an address of the process.
    pub(crate) fn bytes(&self, address: u64, length: u64) -> Vec<u8> {
        let mut bytes = vec![0; length.try_into().unwrap()];
        let memory = File::open(format!("/proc/{}/mem", self.thread));
        let read = memory.and_then(|memory| memory.read_exact_at(&mut bytes, address));
        if read.is_ok() { bytes } else { Vec::new() }
    }

    /// The text at an address, up to its end.
    pub(crate) fn text(&self, address: u64) -> String {
        let Ok(memory) = File::open(format!("/proc/{}/mem", self.thread)) else { return String::new() };
        let mut bytes = vec![0; 4096];
        // Gives less where the memory ends.
        let read = memory.read_at(&mut bytes, address).unwrap_or_default();
        let text = bytes[..read].split(|byte| *byte == 0).next().unwrap_or_default();
        String::from_utf8_lossy(text).into_owned()
    }
}
