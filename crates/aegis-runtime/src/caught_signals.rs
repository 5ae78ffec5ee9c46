//! Signals that are caught for a while, and do what they did before when the while is over.

use std::fs;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use signal_hook::consts::{
    SIGALRM, SIGHUP, SIGINT, SIGPROF, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGVTALRM, SIGXCPU,
};
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::origin::{Origin, WithOrigin};

/// What ends a process by its default, is sent from without, and can be caught. Not those that say that the
/// process itself went wrong, nor those of real time, which nobody can make do what they did.
pub const ENDING: [i32; 10] =
    [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGXCPU];

/// What is known of the signals that were ever caught in this process.
static KNOWN: Mutex<Vec<Known>> = Mutex::new(Vec::new());

/// A signal that was caught at least once.
struct Known {
    signal: i32,
    /// Whether nobody catches it: then it does what it does by default. `None` where that is not ours to
    /// see to.
    idle: Option<Arc<AtomicBool>>,
    /// Whether it is ignored, and so left alone.
    is_ignored: bool,
    catchers: usize,
}

/// While this lives, some signals are heard of instead of doing what they do.
#[derive(Debug)]
pub(crate) struct CaughtSignals {
    delivery: Mutex<SignalDelivery<UnixStream, WithOrigin>>,
    /// What wakes up those who wait for a signal.
    bell: UnixStream,
    /// Those that are caught, with whether the program around this one handles each, too.
    caught: Vec<(i32, bool)>,
    is_released: AtomicBool,
}

impl CaughtSignals {
    /// Catches these signals, but for those that are ignored (as `nohup` has it), and those that harm nobody
    /// in any case.
    ///
    /// Once a signal has been handled, its handler stays for the life of the process, and doing nothing is
    /// what it does when nobody is registered. So a signal that ended the process is made to do that again
    /// while nobody catches it; and one that the host program handles reaches its handler all the same.
    ///
    /// # Errors
    /// When the system has no pipe to give, or does not let a signal be handled.
    pub(crate) fn catch(signals: &[i32], harmless: &[i32]) -> io::Result<CaughtSignals> {
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        let mut caught: Vec<_> = harmless.iter().map(|signal| (*signal, true)).collect();
        for signal in signals {
            let it = look_into(&mut known, *signal)?;
            if !it.is_ignored {
                caught.push((*signal, it.idle.is_none()));
            }
        }
        let (receiver, sender) = UnixStream::pair()?;
        receiver.set_nonblocking(true)?;
        let bell = receiver.try_clone()?;
        let numbers: Vec<_> = caught.iter().map(|(signal, _)| *signal).collect();
        let delivery = SignalDelivery::with_pipe(receiver, sender, WithOrigin::default(), numbers)?;
        // Only now: until here a signal did what it does by default, and from here on it is heard of.
        for it in known.iter_mut().filter(|it| caught.iter().any(|(signal, _)| *signal == it.signal)) {
            it.catchers += 1;
            it.set_idle(false);
        }
        Ok(CaughtSignals {
            delivery: Mutex::new(delivery),
            bell,
            caught,
            is_released: AtomicBool::new(false),
        })
    }

    /// What to wait on for a signal.
    pub(crate) fn bell(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }

    /// What has come in since this was last asked.
    pub(crate) fn received(&self) -> Vec<Origin> {
        self.delivery.lock().unwrap_or_else(PoisonError::into_inner).pending().collect()
    }

    /// Whether the program around this one handles a signal, too.
    pub(crate) fn is_handled(&self, signal: i32) -> bool {
        self.caught.iter().any(|(caught, is_handled)| *caught == signal && *is_handled)
    }

    /// Lets signals do what they do again. What has come in before can still be asked for.
    pub(crate) fn release(&self) {
        if self.is_released.swap(true, Ordering::SeqCst) {
            return;
        }
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        for it in known.iter_mut().filter(|it| self.caught.iter().any(|(signal, _)| *signal == it.signal)) {
            it.catchers = it.catchers.saturating_sub(1);
            if it.catchers == 0 {
                it.set_idle(true);
            }
        }
    }
}

impl Drop for CaughtSignals {
    fn drop(&mut self) {
        self.release();
    }
}

impl Known {
    fn set_idle(&self, is_idle: bool) {
        if let Some(idle) = &self.idle {
            idle.store(is_idle, Ordering::SeqCst);
        }
    }
}

/// Finds out what a signal does, and makes sure that it does so while nobody catches it.
fn look_into(known: &mut Vec<Known>, signal: i32) -> io::Result<&mut Known> {
    let index = match known.iter().position(|it| it.signal == signal) {
        Some(index) => index,
        None => {
            let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
            let is_in = |name| signal_set(&status, name) & (1_u64 << (signal - 1)) != 0;
            let (is_ignored, is_handled) = (is_in("SigIgn:"), is_in("SigCgt:"));
            let idle = (!is_ignored && !is_handled).then(|| Arc::new(AtomicBool::new(true)));
            if let Some(idle) = &idle {
                signal_hook::flag::register_conditional_default(signal, Arc::clone(idle))?;
            }
            known.push(Known { signal, idle, is_ignored, catchers: 0 });
            known.len() - 1
        }
    };
    known.get_mut(index).ok_or_else(|| io::ErrorKind::NotFound.into())
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
