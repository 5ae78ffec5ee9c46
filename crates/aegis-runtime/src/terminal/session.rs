//! The controlling terminal: opened, set up for a question, read with a deadline, and put back.

use std::fs::File;
use std::os::fd::AsFd as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, killpg};
use nix::sys::termios::{
    FlushArg, InputFlags, LocalFlags, OutputFlags, SetArg, SpecialCharacterIndices, Termios, tcflush,
    tcgetattr, tcsetattr,
};
use nix::unistd::{getpgrp, read, tcgetpgrp, write};

use super::no_answer::NoAnswer;
use super::reply::Ended;
use super::screen::{self, Size};
use super::signals::{Interruption, Signals};

/// How much is read at once.
const CHUNK: usize = 4096;
/// How long a terminal may take for what is shown when all is over.
const A_MOMENT: Duration = Duration::from_millis(250);
/// How often to look whether it is our turn.
const TURN_INTERVAL: Duration = Duration::from_millis(50);

/// An open terminal. Dropping it restores the terminal's settings and its screen.
#[derive(Debug)]
pub(super) struct Session {
    terminal: File,
    found: Option<Termios>,
    /// Whether there is another screen that the question can have to itself.
    has_alternate: bool,
    /// Whether the question has been drawn, and the screen not left since.
    has_screen: bool,
    // Dropped last: restoring the settings must not stop the process either.
    _job_control: JobControl,
}

/// While this lives, the terminal answers this thread with an error where it would otherwise stop the
/// process.
///
/// Looking whether the process is in the foreground cannot rule that out: the shell may move it at any
/// moment.
#[derive(Debug)]
struct JobControl(SigSet);

impl JobControl {
    fn hold() -> Result<JobControl, Errno> {
        let mut stopping = SigSet::empty();
        stopping.add(Signal::SIGTTIN);
        stopping.add(Signal::SIGTTOU);
        Ok(JobControl(stopping.thread_swap_mask(SigmaskHow::SIG_BLOCK)?))
    }
}

impl Drop for JobControl {
    fn drop(&mut self) {
        let _ = self.0.thread_set_mask();
    }
}

impl Session {
    /// Opens the controlling terminal, which this process must be in the foreground of.
    pub(super) fn open(has_alternate: bool) -> Result<Session, NoAnswer> {
        let terminal = Session::terminal()?;
        let job_control = JobControl::hold().map_err(|_| NoAnswer::TerminalFailed)?;
        let session =
            Session { terminal, found: None, has_alternate, has_screen: false, _job_control: job_control };
        session.require_foreground()?;
        Ok(session)
    }

    /// Opens the controlling terminal, and does nothing with it.
    pub(super) fn terminal() -> Result<File, NoAnswer> {
        // Not to block: another process may take what the terminal had to read, and ^S holds up what is
        // written.
        let flags = (OFlag::O_NOCTTY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits();
        let opened = File::options().read(true).write(true).custom_flags(flags).open("/dev/tty");
        opened.map_err(|error| match error.raw_os_error().map(Errno::from_raw) {
            Some(Errno::ENXIO | Errno::ENOENT | Errno::ENODEV) => NoAnswer::NoTerminal,
            Some(Errno::EIO) => NoAnswer::HungUp,
            _ => NoAnswer::TerminalFailed,
        })
    }

    /// Looks whether anybody can be asked at the controlling terminal, as far as the kernel knows, and leaves
    /// it alone.
    pub(super) fn look_at_terminal() -> Result<(), NoAnswer> {
        let terminal = Session::terminal()?;
        foreground_of(&terminal)?;
        match size_of(&terminal) {
            Some(size) if !size.holds(Size::SMALLEST) => Err(NoAnswer::TooSmall),
            _ => Ok(()),
        }
    }

    /// Refuses to go on in the background, where the terminal belongs to somebody else.
    fn require_foreground(&self) -> Result<(), NoAnswer> {
        foreground_of(&self.terminal)
    }

    /// Waits until no other process asks at this terminal, so that an answer to one question is not taken for
    /// another's. Nobody can say no by ^C to what is not on the screen yet: that stops the process.
    pub(super) fn wait_for_turn(&self, signals: &Signals, deadline: Option<Instant>) -> Result<(), NoAnswer> {
        loop {
            match signals.received() {
                Some(Interruption::HungUp) => return Err(NoAnswer::HungUp),
                Some(Interruption::Stopped) => return Err(signals.why_stopped()),
                Some(Interruption::Keyboard) => return Err(NoAnswer::Stopped),
                Some(Interruption::Resumed | Interruption::Resized) | None => {}
            }
            if self.take_turn() {
                break;
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return Err(NoAnswer::Timeout);
            }
            std::thread::sleep(TURN_INTERVAL);
            self.require_foreground()?;
        }
        Ok(())
    }

    /// Takes the turn, unless another process has it; it ends when the terminal is closed. Every terminal is
    /// opened by the same name, so what is locked is one byte of it, numbered as our session.
    #[cfg(target_os = "linux")]
    fn take_turn(&self) -> bool {
        use nix::fcntl::{FcntlArg, fcntl};
        use nix::libc;

        let (Ok(kind), Ok(whence), Ok(session)) =
            (i16::try_from(libc::F_WRLCK), i16::try_from(libc::SEEK_SET), nix::unistd::getsid(None))
        else {
            return true;
        };
        let turn = libc::flock {
            l_type: kind,
            l_whence: whence,
            l_start: i64::from(session.as_raw()),
            l_len: 1,
            l_pid: 0,
        };
        // Where a terminal cannot be locked, questions can meet; each still says what it is about.
        !matches!(fcntl(&self.terminal, FcntlArg::F_OFD_SETLK(&turn)), Err(Errno::EAGAIN | Errno::EACCES))
    }

    #[cfg(not(target_os = "linux"))]
    #[expect(clippy::unused_self, reason = "other systems have no locks that belong to an open file")]
    fn take_turn(&self) -> bool {
        true
    }

    /// How large the terminal is, as the kernel was told, if it was.
    pub(super) fn size(&self) -> Option<Size> {
        size_of(&self.terminal)
    }

    /// Sets the terminal up for typing keys, whatever the program before left behind.
    pub(super) fn prepare(&mut self) -> Result<(), Ended> {
        self.require_foreground()?;
        let found = tcgetattr(&self.terminal)?;
        let wanted = for_a_question(&found);
        self.found.get_or_insert(found);
        // Without waiting for what was written to be shown: after ^S that would take for ever.
        tcsetattr(&self.terminal, SetArg::TCSANOW, &wanted)?;
        // Success means that some of the settings were made.
        let made = tcgetattr(&self.terminal)?.local_flags;
        if made.intersects(LocalFlags::ICANON | LocalFlags::ECHO) || !made.contains(LocalFlags::ISIG) {
            return Err(NoAnswer::TerminalFailed.into());
        }
        Ok(())
    }

    /// Takes the screen.
    pub(super) fn enter(&mut self, signals: &Signals, deadline: Option<Instant>) -> Result<(), Ended> {
        let own = if self.has_alternate && !self.has_screen { screen::ENTER } else { "" };
        self.has_screen = true;
        self.write(own, signals, deadline)
    }

    /// Writes all of `text`, or ends as a question would.
    pub(super) fn write(
        &mut self,
        text: &str,
        signals: &Signals,
        deadline: Option<Instant>,
    ) -> Result<(), Ended> {
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            match write(&self.terminal, rest) {
                Ok(written) => rest = rest.get(written..).unwrap_or_default(),
                Err(Errno::EAGAIN) => {
                    self.wait(PollFlags::POLLOUT, signals, deadline, None)?;
                }
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        Ok(())
    }

    pub(super) fn discard_typed_ahead(&self) -> Result<(), Ended> {
        Ok(tcflush(&self.terminal, FlushArg::TCIFLUSH)?)
    }

    /// Reads what was typed: at least a byte, or nothing where nothing was typed `until` then.
    pub(super) fn read(
        &mut self,
        signals: &Signals,
        deadline: Option<Instant>,
        until: Option<Instant>,
    ) -> Result<Vec<u8>, Ended> {
        while self.wait(PollFlags::POLLIN, signals, deadline, until)? {
            self.require_foreground()?;
            let mut bytes = vec![0; CHUNK];
            match read(&self.terminal, &mut bytes) {
                Ok(0) => {
                    // A terminal that went away has nothing to read either.
                    self.require_foreground()?;
                    return Err(Ended::EndOfInput);
                }
                Ok(length) => {
                    bytes.truncate(length);
                    // ^D may be another key here.
                    if let Some(end) = self.end_of_input() {
                        bytes.iter_mut().filter(|byte| **byte == end).for_each(|byte| *byte = 0x04);
                    }
                    return Ok(bytes);
                }
                Err(Errno::EAGAIN | Errno::EINTR) => {}
                Err(errno) => {
                    // The terminal says EIO to a process that has just got into the background, too.
                    self.require_foreground()?;
                    return Err(errno.into());
                }
            }
        }
        Ok(Vec::new())
    }

    /// The key that ends input where this terminal was found, if there is one.
    fn end_of_input(&self) -> Option<u8> {
        let key = self.found.as_ref()?.control_chars.get(SpecialCharacterIndices::VEOF as usize)?;
        // Nothing that belongs to an answer ends it.
        Some(*key).filter(|key| key.is_ascii_control() && *key != 0)
    }

    /// Waits until the terminal can be read or written, and tells whether it can: it cannot where `until` has
    /// come first.
    fn wait(
        &self,
        what: PollFlags,
        signals: &Signals,
        deadline: Option<Instant>,
        until: Option<Instant>,
    ) -> Result<bool, Ended> {
        let has_come = |instant: Option<Instant>| instant.is_some_and(|instant| Instant::now() >= instant);
        loop {
            let mut handles =
                [PollFd::new(self.terminal.as_fd(), what), PollFd::new(signals.bell(), PollFlags::POLLIN)];
            let next = [deadline, until, signals.next_look()].into_iter().flatten().min();
            let polled = poll(&mut handles, remaining(next));
            let terminal = handles.first().and_then(PollFd::revents).unwrap_or(PollFlags::empty());
            if let Some(interruption) = signals.received() {
                return Err(Ended::Interrupted(interruption));
            }
            if has_come(deadline) {
                return Err(NoAnswer::Timeout.into());
            }
            match polled {
                // The longest time that can be waited for at once has passed, or a signal of somebody else's
                // came.
                Ok(0) | Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
                // Before what can be read: a terminal that went away can always be read.
                Ok(_)
                    if terminal.intersects(PollFlags::POLLHUP | PollFlags::POLLERR | PollFlags::POLLNVAL) =>
                {
                    return Err(NoAnswer::HungUp.into());
                }
                Ok(_) if terminal.intersects(what) && !has_come(until) => return Ok(true),
                Ok(_) => {}
            }
            if has_come(until) {
                return Ok(false);
            }
        }
    }

    /// Puts the terminal back as it was found. In the background that is for those to do who have it now.
    pub(super) fn restore(&mut self) {
        if let Some(found) = self.found.take()
            && self.require_foreground().is_ok()
        {
            if std::mem::take(&mut self.has_screen) && self.has_alternate {
                self.write_briefly(&screen::leave());
            }
            // What was typed after the answer was not meant for the program that reads next, either.
            let _ = tcflush(&self.terminal, FlushArg::TCIFLUSH);
            let _ = tcsetattr(&self.terminal, SetArg::TCSANOW, &found);
        }
    }

    /// Stops the job, as ^Z does, with the terminal as it was found.
    pub(super) fn suspend(&mut self) {
        self.restore();
        // Where nobody could let it go on, the system does not stop it.
        let _ = killpg(getpgrp(), Signal::SIGTSTP);
    }

    /// Leaves a line on the screen, on a line of its own, in whatever settings the terminal has.
    ///
    /// The answer stands, whether or not this can still be shown, so it is not waited for long.
    pub(super) fn leave(&self, line: &str) {
        if self.require_foreground().is_ok() {
            self.write_briefly(&format!("\r\n{line}\r\n"));
        }
    }

    /// Writes all of `text` that a terminal takes within a moment.
    fn write_briefly(&self, text: &str) {
        let deadline = Instant::now() + A_MOMENT;
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            match write(&self.terminal, rest) {
                Ok(written) => rest = rest.get(written..).unwrap_or_default(),
                Err(Errno::EAGAIN | Errno::EINTR) if Instant::now() < deadline => {
                    let mut terminal = [PollFd::new(self.terminal.as_fd(), PollFlags::POLLOUT)];
                    // However it ends, it is tried again, or the moment is over.
                    let _ = poll(&mut terminal, remaining(Some(deadline)));
                }
                Err(_) => return,
            }
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.restore();
    }
}

/// Whether this process is in the foreground of a terminal.
fn foreground_of(terminal: &File) -> Result<(), NoAnswer> {
    match tcgetpgrp(terminal) {
        Ok(group) if group == getpgrp() => Ok(()),
        Ok(_) => Err(NoAnswer::Background),
        Err(Errno::ENOTTY) => Err(NoAnswer::NoTerminal),
        Err(Errno::EIO) => Err(NoAnswer::HungUp),
        Err(_) => Err(NoAnswer::TerminalFailed),
    }
}

/// How large a terminal is, as the kernel was told, if it was.
fn size_of(terminal: &File) -> Option<Size> {
    let size = rustix::termios::tcgetwinsize(terminal).ok()?;
    let size = Size { columns: size.ws_col.into(), rows: size.ws_row.into() };
    (size.columns > 0 && size.rows > 0).then_some(size)
}

/// The settings for typing keys, which are shown by whoever reads them; ^C and ^\ are signals.
fn for_a_question(found: &Termios) -> Termios {
    let mut wanted = found.clone();
    wanted.local_flags |= LocalFlags::ISIG;
    wanted.local_flags.remove(
        LocalFlags::ICANON
            | LocalFlags::IEXTEN
            | LocalFlags::ECHO
            | LocalFlags::ECHONL
            | LocalFlags::NOFLSH
            | LocalFlags::EXTPROC,
    );
    wanted.input_flags |= InputFlags::ICRNL | InputFlags::IXON;
    // With ISTRIP, other characters would become `y`.
    wanted
        .input_flags
        .remove(InputFlags::IGNCR | InputFlags::INLCR | InputFlags::ISTRIP | InputFlags::PARMRK);
    wanted.output_flags |= OutputFlags::OPOST | OutputFlags::ONLCR;
    wanted.output_flags.remove(OutputFlags::OCRNL | OutputFlags::ONOCR | OutputFlags::ONLRET);
    let mut set = |index: SpecialCharacterIndices, to: fn(u8) -> u8| {
        if let Some(key) = wanted.control_chars.get_mut(index as usize) {
            *key = to(*key);
        }
    };
    // A key of somebody's own choice is kept; none at all would leave no way out.
    set(SpecialCharacterIndices::VINTR, |key| if key == 0 { 0x03 } else { key });
    set(SpecialCharacterIndices::VQUIT, |key| if key == 0 { 0x1C } else { key });
    // The job is not stopped with its screen up: ^Z is read, and the screen given back first.
    set(SpecialCharacterIndices::VSUSP, |_| 0);
    set(SpecialCharacterIndices::VMIN, |_| 1);
    set(SpecialCharacterIndices::VTIME, |_| 0);
    wanted
}

fn remaining(deadline: Option<Instant>) -> PollTimeout {
    let Some(deadline) = deadline else { return PollTimeout::NONE };
    let left = deadline.saturating_duration_since(Instant::now());
    // Rounded up, so that the deadline has passed when the time is over.
    let millis = left.as_millis().saturating_add(u128::from(left.subsec_nanos() % 1_000_000 != 0));
    PollTimeout::try_from(millis).unwrap_or(PollTimeout::MAX)
}
