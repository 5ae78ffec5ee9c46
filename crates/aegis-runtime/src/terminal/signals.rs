//! Signals while a question is open: they become an answer instead of the end of the process, until that
//! answer is recorded.

use std::fs;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGWINCH};
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::origin::{Origin, WithOrigin};
use signal_hook::low_level::raise;
use signal_hook::low_level::siginfo::Cause;

/// How long a signal may be on its way. A person does not notice it.
const SETTLING: Duration = Duration::from_millis(50);
/// How long the signal may take that follows a hang-up. Nobody is left who waits for an answer.
const HANGING_UP: Duration = Duration::from_secs(1);
/// Whether nobody catches signals: then they do what they do by default.
static IDLE: AtomicBool = AtomicBool::new(true);
/// Who catches signals in this process.
static CATCHING: Mutex<Catching> = Mutex::new(Catching { wanted: None, catchers: 0 });
/// Locked while a question is open: a process asks one at a time.
static ASKING: Mutex<()> = Mutex::new(());

/// Waits until this process asks nothing else.
pub(super) fn one_question() -> MutexGuard<'static, ()> {
    ASKING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Which signals are caught, and how many catch them.
struct Catching {
    /// The signals to catch, once they are known.
    wanted: Option<Vec<Wanted>>,
    catchers: usize,
}

/// A signal to catch.
#[derive(Clone, Copy, Debug)]
struct Wanted {
    signal: i32,
    /// Whether the program around this one handles it, too.
    is_handled: bool,
}

/// What a signal means for the question. What comes first outweighs: to be told to stop comes from somebody
/// who may not be at this terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Interruption {
    /// The process is to stop, by the word of another process.
    Stopped,
    /// The terminal is gone: nobody answers any more.
    HungUp,
    /// ^C or ^\: somebody at the terminal wants none of it.
    Keyboard,
    /// The process was stopped, and goes on: whatever ran meanwhile may have changed screen and terminal.
    Resumed,
    /// The terminal has got another size.
    Resized,
}

impl Interruption {
    fn of(origin: &Origin) -> Interruption {
        match origin.signal {
            SIGCONT => Interruption::Resumed,
            SIGWINCH => Interruption::Resized,
            SIGHUP => Interruption::HungUp,
            // The terminal's own keys are the kernel's signals; other processes cannot claim to be it.
            SIGINT | SIGQUIT if matches!(origin.cause, Cause::Kernel) => Interruption::Keyboard,
            _ => Interruption::Stopped,
        }
    }
}

/// While this lives, signals are caught. Those that nobody has heard of when it ends do then what they would
/// have done, so that none gets lost.
#[derive(Debug)]
pub(super) struct Signals {
    delivery: Mutex<SignalDelivery<UnixStream, WithOrigin>>,
    /// What wakes up those who wait for a signal.
    bell: UnixStream,
    wanted: Vec<Wanted>,
    /// Whether the terminal has said that it is gone: it says so several times.
    has_hung_up: AtomicBool,
}

impl Signals {
    pub(super) fn catch() -> io::Result<Signals> {
        let mut catching = CATCHING.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = match &catching.wanted {
            Some(wanted) => wanted.clone(),
            None => catching.wanted.insert(prepare()?).clone(),
        };
        let (receiver, sender) = UnixStream::pair()?;
        receiver.set_nonblocking(true)?;
        let bell = receiver.try_clone()?;
        let signals: Vec<_> = wanted.iter().map(|it| it.signal).collect();
        let delivery =
            Mutex::new(SignalDelivery::with_pipe(receiver, sender, WithOrigin::default(), signals)?);
        // Only now: until here a signal did what it does by default, and from here on it is heard of.
        catching.catchers += 1;
        IDLE.store(false, Ordering::SeqCst);
        Ok(Signals { delivery, bell, wanted, has_hung_up: AtomicBool::new(false) })
    }

    /// What to wait on besides the terminal.
    pub(super) fn bell(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }

    fn origins(&self) -> Vec<Origin> {
        self.delivery.lock().unwrap_or_else(PoisonError::into_inner).pending().collect()
    }

    /// What has come in, if anything; of several, what outweighs.
    pub(super) fn received(&self) -> Option<Interruption> {
        let heaviest = self.origins().iter().map(Interruption::of).min();
        if heaviest == Some(Interruption::HungUp) {
            self.has_hung_up.store(true, Ordering::SeqCst);
        }
        heaviest
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
        self.has_hung_up.store(true, Ordering::SeqCst);
        self.wait_for(HANGING_UP, |it| matches!(it, Interruption::Stopped | Interruption::HungUp));
    }

    fn wait_for(&self, longest: Duration, wanted: impl Fn(Interruption) -> bool) -> Option<Interruption> {
        let deadline = Instant::now() + longest;
        loop {
            let received = self.received().filter(|interruption| wanted(*interruption));
            let left = deadline.saturating_duration_since(Instant::now());
            if received.is_some() || left.is_zero() {
                return received;
            }
            let mut bell = [PollFd::new(self.bell(), PollFlags::POLLIN)];
            // However it ends, what has come in is looked at next.
            let _ = poll(&mut bell, PollTimeout::try_from(left).unwrap_or(PollTimeout::ZERO));
        }
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        {
            let mut catching = CATCHING.lock().unwrap_or_else(PoisonError::into_inner);
            catching.catchers = catching.catchers.saturating_sub(1);
            if catching.catchers == 0 {
                IDLE.store(true, Ordering::SeqCst);
            }
        }
        for origin in self.origins() {
            let is_news = match Interruption::of(&origin) {
                Interruption::Stopped | Interruption::Keyboard => true,
                Interruption::HungUp => !self.has_hung_up.load(Ordering::SeqCst),
                Interruption::Resumed | Interruption::Resized => false,
            };
            let is_handled = self.wanted.iter().any(|it| it.signal == origin.signal && it.is_handled);
            if is_news && !is_handled {
                let _ = raise(origin.signal);
            }
        }
    }
}

/// Finds out which signals to catch, and makes sure that they do outside of questions what they did before
/// the first.
///
/// Once a signal has been handled, its handler stays for the life of the process, and doing nothing is what
/// it does when nobody is registered. So a signal that ended the process must be made to do that again; one
/// that the host program handles reaches its handler all the same; and one that is ignored (as `nohup` has
/// it) is left alone.
fn prepare() -> io::Result<Vec<Wanted>> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let (ignored, handled) = (signal_set(&status, "SigIgn:"), signal_set(&status, "SigCgt:"));
    let harmless = |signal| Wanted { signal, is_handled: true };
    let mut wanted = vec![harmless(SIGCONT), harmless(SIGWINCH)];
    for signal in [SIGINT, SIGQUIT, SIGTERM, SIGHUP] {
        let bit = 1_u64 << (signal - 1);
        if ignored & bit != 0 {
            continue;
        }
        let is_handled = handled & bit != 0;
        if !is_handled {
            signal_hook::flag::register_conditional_default(signal, &IDLE)?;
        }
        wanted.push(Wanted { signal, is_handled });
    }
    Ok(wanted)
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
