//! Waiting for a command: passing signals on, keeping its time, ending it and what it started.

use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitOptions, WaitStatus, getpid, kill_process, pidfd_open, wait, waitpid,
};
use signal_hook::consts::{SIGTSTP, SIGTTIN, SIGTTOU};

use super::attendance::Attendance;
use super::descendants::{Descendant, descendants_of, is_stopped};
use super::end::HowItEnded;

/// How long a command may take to end when it is asked to.
const GRACE: Duration = Duration::from_secs(10);
/// How long it may take when it is not asked any more.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// How long two processes may take to hear the same signal.
const A_MOMENT: Duration = Duration::from_millis(20);
/// How often it is looked at what nothing wakes up for.
const OFTEN: Duration = Duration::from_millis(50);

/// What a command is waited for with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms<'a> {
    pub(super) limit: Option<Duration>,
    pub(super) attendance: Option<&'a Attendance>,
    pub(super) stop: Option<&'a AtomicBool>,
}

/// A command that is waited for.
struct Waiting<'a> {
    pid: Pid,
    /// What becomes readable when it ends, where the system has that.
    process: Option<OwnedFd>,
    terms: Terms<'a>,
    began: Instant,
    /// How it ended, once it has.
    end: Option<Result<WaitStatus, Errno>>,
    ending: Option<Ending>,
}

/// A command that is being ended.
struct Ending {
    because: Because,
    /// When it was asked to end.
    asked: Instant,
    /// What it had started by then.
    left: Vec<Descendant>,
}

/// Why a command is ended.
#[derive(Clone, Copy)]
enum Because {
    TimeIsOver(Duration),
    NotWanted,
}

/// Waits until a command has ended; where it is to be ended, also for all that it started.
pub(super) fn wait_for(pid: Pid, began: Instant, terms: Terms<'_>) -> HowItEnded {
    let process = pidfd_open(pid, PidfdFlags::empty()).ok();
    Waiting { pid, process, terms, began, end: None, ending: None }.run()
}

impl Waiting<'_> {
    fn run(mut self) -> HowItEnded {
        loop {
            // First what may have come in, then what has become of the command: the other way round, word of
            // it could be heard and not be heeded.
            if let Some(attendance) = self.terms.attendance
                && self.end.is_none()
            {
                attendance.pass_on(self.pid);
            }
            self.look();
            match &self.ending {
                None => {
                    if let Some(end) = self.end {
                        return how(end);
                    }
                    if let Some(because) = self.is_over() {
                        self.ask_to_end(because);
                    }
                }
                Some(ending) => {
                    if let Some(is_left) = self.is_ended(ending) {
                        return match ending.because {
                            Because::TimeIsOver(limit) => HowItEnded::TimedOut { limit, is_left },
                            Because::NotWanted => HowItEnded::Stopped { is_left },
                        };
                    }
                }
            }
            self.sleep();
        }
    }

    /// Looks at what has become of the command, and lets go of orphans that have ended.
    fn look(&mut self) {
        while self.end.is_none() {
            // Only who stands for a command has no other children.
            let options = WaitOptions::NOHANG | WaitOptions::UNTRACED;
            let found = match self.terms.attendance {
                Some(_) => wait(options),
                None => waitpid(Some(self.pid), WaitOptions::NOHANG),
            };
            match found {
                Ok(None) => return,
                Ok(Some((pid, status))) if pid == self.pid => self.noted(status),
                Ok(Some(_)) | Err(Errno::INTR) => {}
                Err(errno) => self.end = Some(Err(errno)),
            }
        }
    }

    fn noted(&mut self, status: WaitStatus) {
        match status.stopping_signal() {
            None => self.end = Some(Ok(status)),
            // While it is being ended, nobody waits for it to go on.
            Some(SIGTSTP | SIGTTIN | SIGTTOU) if self.ending.is_none() => {
                if let Some(attendance) = self.terms.attendance {
                    // Where both were stopped, this process may go on a moment before the command does.
                    std::thread::sleep(A_MOMENT);
                    if is_stopped(self.pid) {
                        attendance.stop_with(self.pid);
                    }
                }
            }
            Some(_) => {}
        }
    }

    /// Whether the command is to be ended.
    fn is_over(&self) -> Option<Because> {
        if self.terms.stop.is_some_and(|stop| stop.load(Ordering::SeqCst)) {
            return Some(Because::NotWanted);
        }
        self.terms.limit.filter(|limit| self.began.elapsed() >= *limit).map(Because::TimeIsOver)
    }

    fn ask_to_end(&mut self, because: Because) {
        let left = self.descendants();
        self.send(Signal::TERM, &left);
        // What is stopped hears nothing.
        self.send(Signal::CONT, &left);
        self.ending = Some(Ending { because, asked: Instant::now(), left });
    }

    /// Whether a command that is being ended has ended, and if so, whether something of it is left.
    fn is_ended(&self, ending: &Ending) -> Option<bool> {
        let is_left = self.end.is_none() || ending.left.iter().any(Descendant::is_alive);
        let for_how_long = ending.asked.elapsed();
        if !is_left && !self.descendants().iter().any(Descendant::is_alive) {
            return Some(false);
        }
        if for_how_long >= GRACE {
            self.send(Signal::KILL, &ending.left);
            self.send(Signal::KILL, &self.descendants());
        }
        (for_how_long >= GRACE + LAST_WORDS).then_some(true)
    }

    /// What the command has started, as far as that can be told: who stands for it is handed its orphans.
    fn descendants(&self) -> Vec<Descendant> {
        match (self.terms.attendance, self.end) {
            (Some(_), _) => descendants_of(getpid()),
            (None, None) => descendants_of(self.pid),
            (None, Some(_)) => Vec::new(),
        }
    }

    fn send(&self, signal: Signal, descendants: &[Descendant]) {
        // Until its end was looked at, nobody else has its number.
        if self.end.is_none() {
            let _ = kill_process(self.pid, signal);
        }
        for descendant in descendants {
            descendant.send(signal);
        }
    }

    /// Waits until there may be something to do.
    fn sleep(&self) {
        let now = self.began.elapsed();
        let mut longest = self.terms.limit.map(|limit| limit.saturating_sub(now));
        let nothing_tells = self.process.is_none() && self.terms.attendance.is_none();
        if self.ending.is_some() || self.terms.stop.is_some() || nothing_tells {
            longest = Some(OFTEN);
        }
        let timeout = longest.map_or(PollTimeout::NONE, |longest| {
            // A little later rather than a little earlier, so as not to look in vain.
            PollTimeout::try_from(longest.saturating_add(Duration::from_millis(1)))
                .unwrap_or(PollTimeout::MAX)
        });
        let bell = self.terms.attendance.map(|attendance| attendance.signals().bell());
        // What has ended already is readable for ever.
        let process = self.process.as_ref().filter(|_| self.end.is_none()).map(OwnedFd::as_fd);
        let mut woken: Vec<_> =
            bell.into_iter().chain(process).map(|it| PollFd::new(it, PollFlags::POLLIN)).collect();
        // However it ends, everything is looked at next.
        let _ = poll(&mut woken, timeout);
    }
}

fn how(end: Result<WaitStatus, Errno>) -> HowItEnded {
    match end {
        Ok(status) => match (status.exit_status(), status.terminating_signal()) {
            (Some(code), _) => HowItEnded::Exited(code),
            (None, Some(signal)) => HowItEnded::Killed(signal),
            (None, None) => {
                HowItEnded::Unknown("the system gave another answer than how it ended".to_owned())
            }
        },
        Err(errno) => HowItEnded::Unknown(std::io::Error::from(errno).to_string()),
    }
}
