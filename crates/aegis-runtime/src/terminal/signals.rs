//! Signals while a question is open: they become an answer instead of the end of the process, until that
//! answer is recorded.

use std::io;
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGWINCH};
use signal_hook::iterator::exfiltrator::origin::Origin;
use signal_hook::low_level::raise;
use signal_hook::low_level::siginfo::Cause;

use super::no_answer::NoAnswer;
use crate::caught_signals::{CaughtSignals, ENDING};

/// How long a signal may be on its way. A person does not notice it.
const SETTLING: Duration = Duration::from_millis(50);
/// How long it takes at most until a question ends that whoever asked it has given up.
const A_LOOK: Duration = Duration::from_millis(100);
/// How long the signal may take that follows a hang-up. Nobody is left who waits for an answer.
const HANGING_UP: Duration = Duration::from_secs(1);
/// Locked while a question is open: a process asks one at a time.
static ASKING: Mutex<()> = Mutex::new(());

/// Waits until this process asks nothing else.
pub(super) fn one_question() -> MutexGuard<'static, ()> {
    ASKING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a signal means for the question. What comes first outweighs: to be told to stop comes from somebody
/// who may not be at this terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Interruption {
    /// The process is to stop, by the word of another process; or whoever asks has given up.
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
    caught: CaughtSignals,
    /// Whether the terminal has said that it is gone: it says so several times.
    has_hung_up: AtomicBool,
    /// Set when whoever asks does not want to know any more, where they can say so.
    given_up: Option<Arc<AtomicBool>>,
}

impl Signals {
    pub(super) fn catch(given_up: Option<Arc<AtomicBool>>) -> io::Result<Signals> {
        let caught = CaughtSignals::catch(&ENDING, &[SIGCONT, SIGWINCH])?;
        Ok(Signals { caught, has_hung_up: AtomicBool::new(false), given_up })
    }

    /// Until when something is waited for at the longest before [`received`](Signals::received) is asked
    /// again: nothing rings the bell for whoever gives up.
    pub(super) fn next_look(&self) -> Option<Instant> {
        self.given_up.as_ref().map(|_| Instant::now() + A_LOOK)
    }

    fn is_given_up(&self) -> bool {
        self.given_up.as_ref().is_some_and(|given_up| given_up.load(Ordering::SeqCst))
    }

    /// Why nobody answers who was told to stop.
    pub(super) fn why_stopped(&self) -> NoAnswer {
        if self.is_given_up() { NoAnswer::GivenUp } else { NoAnswer::Stopped }
    }

    /// What to wait on besides the terminal.
    pub(super) fn bell(&self) -> BorrowedFd<'_> {
        self.caught.bell()
    }

    /// What has come in, if anything; of several, what outweighs.
    pub(super) fn received(&self) -> Option<Interruption> {
        let heaviest = self.caught.received().iter().map(Interruption::of).min();
        if heaviest == Some(Interruption::HungUp) {
            self.has_hung_up.store(true, Ordering::SeqCst);
        }
        if self.is_given_up() { Some(Interruption::Stopped) } else { heaviest }
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
        // From here on, what is raised does what it does.
        self.caught.release();
        for origin in self.caught.received() {
            let is_news = match Interruption::of(&origin) {
                Interruption::Stopped | Interruption::Keyboard => true,
                Interruption::HungUp => !self.has_hung_up.load(Ordering::SeqCst),
                Interruption::Resumed | Interruption::Resized => false,
            };
            if is_news && !self.caught.is_handled(origin.signal) {
                let _ = raise(origin.signal);
            }
        }
    }
}
