//! Signals while a question is open: they become an answer instead of the end of the process.

use std::fs;
use std::io::{self, Read as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use signal_hook::SigId;
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGWINCH};
use signal_hook::low_level::{pipe, unregister};

/// How long a signal may be on its way. A person does not notice it.
const SETTLING: Duration = Duration::from_millis(50);
/// How long the signal may take that follows a hang-up. Nobody is left who waits for an answer.
const HANGING_UP: Duration = Duration::from_secs(1);
/// Whether no question is open: then signals do what they do by default.
static IDLE: AtomicBool = AtomicBool::new(true);
/// The signals to catch, once they are known. Locked while a question is open: a process asks one at a time.
static TO_CATCH: Mutex<Option<Vec<i32>>> = Mutex::new(None);

/// What a signal means for the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interruption {
    /// ^C or ^\: somebody at the terminal wants none of it.
    Keyboard,
    /// The process is to stop, or the terminal is gone: nobody answers any more.
    Stop,
    /// The process was stopped, and goes on: whatever ran meanwhile may have changed screen and terminal.
    Resumed,
    /// The terminal has got another size.
    Resized,
}

/// While this lives, signals are caught.
#[derive(Debug)]
pub(super) struct Signals {
    keyboard: UnixStream,
    stop: UnixStream,
    resumed: UnixStream,
    resized: UnixStream,
    handlers: Vec<SigId>,
    _one_question: MutexGuard<'static, Option<Vec<i32>>>,
}

impl Signals {
    pub(super) fn catch() -> io::Result<Signals> {
        let mut to_catch = TO_CATCH.lock().unwrap_or_else(PoisonError::into_inner);
        let signals = match &*to_catch {
            Some(signals) => signals.clone(),
            None => to_catch.insert(prepare()?).clone(),
        };
        let (keyboard, keyboard_sender) = pair()?;
        let (stop, stop_sender) = pair()?;
        let (resumed, resumed_sender) = pair()?;
        let (resized, resized_sender) = pair()?;
        let handlers = Vec::new();
        let mut caught = Signals { keyboard, stop, resumed, resized, handlers, _one_question: to_catch };
        for signal in signals {
            let sender = match signal {
                SIGINT | SIGQUIT => &keyboard_sender,
                SIGCONT => &resumed_sender,
                SIGWINCH => &resized_sender,
                _ => &stop_sender,
            };
            caught.handlers.push(pipe::register(signal, sender.try_clone()?)?);
        }
        // Only now: until here a signal did what it does by default, and from here on it is in a pipe.
        IDLE.store(false, Ordering::SeqCst);
        Ok(caught)
    }

    /// What to wait on besides the terminal.
    pub(super) fn handles(&self) -> [BorrowedFd<'_>; 4] {
        [self.keyboard.as_fd(), self.stop.as_fd(), self.resumed.as_fd(), self.resized.as_fd()]
    }

    /// What has come in, if anything.
    pub(super) fn received(&self) -> Option<Interruption> {
        let drained = |mut stream: &UnixStream| matches!(stream.read(&mut [0; 64]), Ok(1..));
        let (keyboard, stop) = (drained(&self.keyboard), drained(&self.stop));
        let (resumed, resized) = (drained(&self.resumed), drained(&self.resized));
        // To be told to stop outweighs: it comes from somebody who may not be at this terminal.
        [
            (stop, Interruption::Stop),
            (keyboard, Interruption::Keyboard),
            (resumed, Interruption::Resumed),
            (resized, Interruption::Resized),
        ]
        .into_iter()
        .find_map(|(came, interruption)| came.then_some(interruption))
    }

    /// Waits for signals that are on their way, and tells which have come in.
    ///
    /// Where there are several threads, the handler may run on another one, and a moment after this thread
    /// went on: what was typed while the process was stopped would be read before anyone knows that it was
    /// stopped.
    pub(super) fn settle(&self) -> Option<Interruption> {
        self.wait_for(SETTLING, |_| true)
    }

    /// Waits for the signal that follows when a terminal has gone away. It says so first, and the signal
    /// would end the process before the answer is recorded.
    pub(super) fn await_hang_up(&self) {
        self.wait_for(HANGING_UP, |interruption| interruption == Interruption::Stop);
    }

    fn wait_for(&self, longest: Duration, wanted: impl Fn(Interruption) -> bool) -> Option<Interruption> {
        let deadline = Instant::now() + longest;
        loop {
            let received = self.received().filter(|interruption| wanted(*interruption));
            let left = deadline.saturating_duration_since(Instant::now());
            if received.is_some() || left.is_zero() {
                return received;
            }
            let mut handles = self.handles().map(|handle| PollFd::new(handle, PollFlags::POLLIN));
            // However it ends, what has come in is looked at next.
            let _ = poll(&mut handles, PollTimeout::try_from(left).unwrap_or(PollTimeout::ZERO));
        }
    }

    /// Stops catching, and tells what came in that nobody has heard of yet, so that no signal gets lost.
    pub(super) fn release(mut self) -> Option<Interruption> {
        self.stop_catching();
        self.received()
    }

    fn stop_catching(&mut self) {
        IDLE.store(true, Ordering::SeqCst);
        for handler in self.handlers.drain(..) {
            unregister(handler);
        }
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        self.stop_catching();
    }
}

fn pair() -> io::Result<(UnixStream, UnixStream)> {
    let (receiver, sender) = UnixStream::pair()?;
    receiver.set_nonblocking(true)?;
    Ok((receiver, sender))
}

/// Finds out which signals to catch, and makes sure that they do outside of questions what they did before
/// the first.
///
/// Once a signal has been handled, its handler stays for the life of the process, and doing nothing is what
/// it does when nobody is registered. So a signal that ended the process must be made to do that again; one
/// that the host program handles reaches its handler all the same; and one that is ignored (as `nohup` has
/// it) is left alone.
fn prepare() -> io::Result<Vec<i32>> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let (ignored, handled) = (signal_set(&status, "SigIgn:"), signal_set(&status, "SigCgt:"));
    let mut to_catch = vec![SIGCONT, SIGWINCH];
    for signal in [SIGINT, SIGQUIT, SIGTERM, SIGHUP] {
        let bit = 1_u64 << (signal - 1);
        if ignored & bit != 0 {
            continue;
        }
        if handled & bit == 0 {
            signal_hook::flag::register_conditional_default(signal, &IDLE)?;
        }
        to_catch.push(signal);
    }
    Ok(to_catch)
}

/// A set of signals as the kernel writes it; empty where it does not.
fn signal_set(status: &str, name: &str) -> u64 {
    let set = status.lines().find_map(|line| line.strip_prefix(name));
    set.and_then(|set| u64::from_str_radix(set.trim(), 16).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signal_sets_are_read_as_the_kernel_writes_them() {
        let status = "Name:\tx\nSigIgn:\t0000000000001001\nSigCgt:\t0000000000000440\n";
        assert_eq!((signal_set(status, "SigIgn:"), signal_set(status, "SigCgt:")), (0x1001, 0x440));
        assert_eq!(signal_set("", "SigIgn:"), 0);
        assert_eq!(signal_set("SigIgn: nonsense", "SigIgn:"), 0);
    }
}
