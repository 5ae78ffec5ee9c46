//! Another program that is asked.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write as _};
use std::os::fd::AsFd as _;
use std::path::PathBuf;
use std::process::{ChildStdin, Stdio};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use process_wrap::std::{ChildWrapper, CommandWrap, ProcessSession};
use rustix::io::{Errno, ioctl_fionbio};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, WaitIdStatus, kill_process_group, waitid};

use super::command_program::{ApproverCommandError, PATH, check, find};
use super::stop_signals::StopSignals;
use crate::approval::{Approval, ApprovalRequest, Approver, Hold, Unanswered};
use crate::identity::current_user;
use crate::witness::Witness;

/// How long an answer is waited for, unless another deadline is set.
const DEADLINE: Duration = Duration::from_secs(5 * 60);
/// How often it is looked at what nothing wakes up for.
const OFTEN: Duration = Duration::from_millis(50);
/// How long the end of what was killed is waited for.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Asks another program, which gets the question on its standard input as JSON
/// ([`ApprovalRequestV1`](crate::ApprovalRequestV1)) and answers by its exit status:
///
/// | it | is |
/// |---|---|
/// | exits with 0 | a yes |
/// | exits with 1 | a no, which is recorded as one |
/// | exits with anything else, is killed, cannot be started, or takes too long | no answer |
///
/// It runs without a shell, in a session of its own (and so without the terminal), with an environment that
/// holds a fixed `PATH` and what it was given by [`env`](CommandApprover::env), and what it writes is thrown
/// away. When it has ended, and at the deadline, what is left of its session is killed. Signals that
/// would end this process meanwhile end the asking, and nobody answered.
///
/// What it says counts as evidence 1: it is a program of the asking account. The program must be trusted as a
/// policy file is ([`PolicyFile`](crate::PolicyFile)), each time that it is asked.
///
/// # Example
/// ```no_run
/// use std::time::Duration;
///
/// use aegis_runtime::CommandApprover;
///
/// let approver = CommandApprover::new("/usr/local/bin/ask-the-operator", ["--team", "web"])?
///     .env("LANG", "C.UTF-8")
///     .deadline(Duration::from_secs(120));
/// # let _ = approver;
/// # Ok::<(), aegis_runtime::ApproverCommandError>(())
/// ```
#[derive(Clone, Debug)]
pub struct CommandApprover {
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    deadline: Duration,
    /// What catches signals, while somebody [holds](Approver::hold) them.
    held: Weak<StopSignals>,
}

/// How asking ended.
enum End {
    /// The program did.
    Exited(i32),
    Killed(i32),
    /// It did not, and was ended.
    TimedOut,
    Stopped,
    Lost(String),
}

impl CommandApprover {
    /// Asks this program with these arguments. A name without a `/` is looked for in `/usr/local/bin`,
    /// `/usr/bin` and `/bin`.
    ///
    /// # Errors
    /// When there is no such program, or it is not trusted.
    pub fn new<A: Into<OsString>>(
        program: impl AsRef<OsStr>,
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<CommandApprover, ApproverCommandError> {
        let program = find(program.as_ref())?;
        check(&program)?;
        let arguments = arguments.into_iter().map(Into::into).collect();
        Ok(CommandApprover {
            program,
            arguments,
            environment: Vec::new(),
            deadline: DEADLINE,
            held: Weak::new(),
        })
    }

    /// Waits so long for an answer, instead of five minutes.
    #[must_use]
    pub fn deadline(self, deadline: Duration) -> CommandApprover {
        CommandApprover { deadline, ..self }
    }

    /// With a variable in its environment, which is empty otherwise but for `PATH`.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> CommandApprover {
        self.environment.push((name.into(), value.into()));
        self
    }

    fn signals(&self) -> io::Result<Arc<StopSignals>> {
        self.held.upgrade().map_or_else(|| StopSignals::catch().map(Arc::new), Ok)
    }

    /// Starts the program, and waits for its end.
    fn run(&self, question: &[u8]) -> Result<End, String> {
        let signals = self.signals().map_err(|error| format!("signals cannot be caught: {error}"))?;
        let begun = Instant::now();
        // As long ago as it was found, it may have been exchanged since.
        check(&self.program).map_err(|error| error.to_string())?;
        let mut command = CommandWrap::with_new(&self.program, |command| {
            command.args(&self.arguments).env_clear();
            command.envs(self.environment.iter().map(|(name, value)| (name, value))).env("PATH", PATH);
            command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        });
        let started = command.wrap(ProcessSession).spawn();
        let mut child =
            started.map_err(|error| format!("the approver's command cannot be started: {error}"))?;
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let input = Input::new(child.stdin().take(), question);
        let end = match pid {
            Some(pid) => self.wait_for(pid, input, &signals, begun),
            None => End::Lost("it has no number".to_owned()),
        };
        // Until its end was looked at, nobody else has its number.
        if let Some(pid) = pid {
            let _ = kill_process_group(pid, Signal::KILL);
        }
        put_away(child.as_mut());
        Ok(end)
    }

    fn wait_for(&self, pid: Pid, mut input: Input<'_>, signals: &StopSignals, begun: Instant) -> End {
        loop {
            // First what may have come in, then what has become of the command.
            let was_told = signals.was_told();
            let found = waitid(
                WaitId::Pid(pid),
                WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT,
            );
            match found {
                _ if was_told => return End::Stopped,
                Ok(Some(status)) => return ended(&status),
                Ok(None) | Err(Errno::INTR) => {}
                Err(errno) => return End::Lost(io::Error::from(errno).to_string()),
            }
            let left = self.deadline.saturating_sub(begun.elapsed());
            if left.is_zero() {
                return End::TimedOut;
            }
            input.feed();
            let bell = PollFd::new(signals.bell(), PollFlags::POLLIN);
            let mut woken = vec![bell];
            woken.extend(input.handle().map(|handle| PollFd::new(handle.as_fd(), PollFlags::POLLOUT)));
            // However it ends, everything is looked at next.
            let _ = poll(&mut woken, PollTimeout::try_from(left.min(OFTEN)).unwrap_or(PollTimeout::ZERO));
        }
    }
}

/// What is still to be written to the program, which need not read it.
struct Input<'q> {
    pipe: Option<ChildStdin>,
    left: &'q [u8],
}

impl<'q> Input<'q> {
    fn new(pipe: Option<ChildStdin>, question: &'q [u8]) -> Input<'q> {
        // Where that fails, nothing is written: it could hold this up for ever.
        Input { pipe: pipe.filter(|pipe| ioctl_fionbio(pipe, true).is_ok()), left: question }
    }

    /// What becomes writable, while there is something to write.
    const fn handle(&self) -> Option<&ChildStdin> {
        self.pipe.as_ref()
    }

    /// Writes what the pipe takes, and closes it behind the last of it.
    fn feed(&mut self) {
        while let Some(pipe) = &mut self.pipe {
            match pipe.write(self.left) {
                Ok(written) => {
                    self.left = self.left.get(written..).unwrap_or_default();
                    if self.left.is_empty() || written == 0 {
                        self.pipe = None;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // It reads no more. By its exit status it can answer all the same.
                Err(_) => self.pipe = None,
            }
        }
    }
}

fn ended(status: &WaitIdStatus) -> End {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => End::Exited(code),
        (None, Some(signal)) => End::Killed(signal),
        (None, None) => End::Lost("the system gave another answer than how it ended".to_owned()),
    }
}

/// Lets the system forget what has ended or was killed.
fn put_away(child: &mut dyn ChildWrapper) {
    let deadline = Instant::now() + LAST_WORDS;
    while matches!(child.try_wait(), Ok(None)) && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(1));
    }
}

impl Approver for CommandApprover {
    fn hold(&mut self) -> Hold {
        Hold::caught(self.signals(), &mut self.held)
    }

    fn ask(&mut self, request: &ApprovalRequest<'_>) -> Approval {
        let Ok(question) = serde_json::to_string(&request.to_json()) else {
            return request.nobody(Unanswered::new("the question cannot be written as JSON"));
        };
        let nobody = |why: String| request.nobody(Unanswered::new(why));
        match self.run((question + "\n").as_bytes()) {
            Ok(End::Exited(0)) => request.approve(Witness::command(current_user())),
            Ok(End::Exited(1)) => request.deny(Witness::command(current_user()), None),
            Ok(End::Exited(code)) => nobody(format!("the approver's command gave no answer (status {code})")),
            Ok(End::Killed(signal)) => {
                nobody(format!("the approver's command was killed by signal {signal}"))
            }
            Ok(End::TimedOut) => nobody("the approver's command did not answer in time".to_owned()),
            Ok(End::Stopped) => {
                nobody("the process was told to stop before the approver's command answered".to_owned())
            }
            Ok(End::Lost(why)) => nobody(format!("it is not known how the approver's command ended: {why}")),
            Err(why) => nobody(why),
        }
    }
}
