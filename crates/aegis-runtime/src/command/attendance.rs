//! Standing for a command: signals that are meant for it reach it, and what it leaves behind stays known.

use std::io;

use rustix::process::{Pid, Signal, getpgid, getpgrp, getpid, getsid, kill_process, set_child_subreaper};
use signal_hook::consts::{SIGCHLD, SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGUSR1, SIGUSR2};
use signal_hook::iterator::exfiltrator::origin::Origin;
use signal_hook::low_level::raise;
use signal_hook::low_level::siginfo::Cause;

use super::descendants::descends_from;
use crate::caught_signals::CaughtSignals;

/// What is sent to this process and meant for the command.
const PASSED_ON: [i32; 6] = [SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2];

/// While this lives, this process stands for the commands that it runs, as a shell's job does: for a program
/// whose only business that is.
///
/// Signals that end a process are survived, and passed on to the command where it has not got them itself, as
/// it has those of the terminal's keys. When the command stops, this process stops with it. Orphans of the
/// command become children of this process, so that a deadline finds them.
#[derive(Debug)]
pub struct Attendance {
    signals: CaughtSignals,
}

impl Attendance {
    /// From here on, signals are for the command.
    ///
    /// # Errors
    /// When the system does not let signals be handled.
    pub fn begin() -> io::Result<Attendance> {
        // A parent that ignores the ends of its children has its own do so too, and nobody learns how a
        // command ended: so that signal is handled in any case.
        let signals = CaughtSignals::catch(&PASSED_ON, &[SIGCHLD, SIGCONT])?;
        // Where that is not possible, orphans are init's as ever.
        let _ = set_child_subreaper(Some(getpid()));
        Ok(Attendance { signals })
    }

    /// What to wait on.
    pub(super) fn signals(&self) -> &CaughtSignals {
        &self.signals
    }

    /// Hands on what has come in.
    pub(super) fn pass_on(&self, command: Pid) {
        Self::hand_on(&self.signals.received(), command);
    }

    fn hand_on(received: &[Origin], command: Pid) {
        for origin in received.iter().filter(|origin| is_for(origin, command)) {
            if let Some(signal) = Signal::from_named_raw(origin.signal) {
                let _ = kill_process(command, signal);
            }
        }
    }

    /// Stops with a command that stopped, and lets it go on when this process does.
    pub(super) fn stop_with(&self, command: Pid) {
        // A job of its own is somebody else's to look after.
        if getpgid(Some(command)).is_ok_and(|group| group != getpgrp()) {
            return;
        }
        let _ = raise(SIGTSTP);
        let received = self.signals.received();
        // Where there is nobody to continue this process, it did not stop.
        if received.iter().any(|origin| origin.signal == SIGCONT) {
            let _ = kill_process(command, Signal::CONT);
        }
        Self::hand_on(&received, command);
    }
}

impl Drop for Attendance {
    fn drop(&mut self) {
        let _ = set_child_subreaper(None);
    }
}

/// Whether a signal was meant for the command, and has not reached it.
///
/// The kernel's own, such as those of the terminal's keys, go to all of the group, but for one. What the
/// command sends may have gone to all of the group, too, and is nothing that it wants back.
fn is_for(origin: &Origin, command: Pid) -> bool {
    if !PASSED_ON.contains(&origin.signal) {
        return false;
    }
    if matches!(origin.cause, Cause::Kernel) {
        // A terminal that goes away tells the leader of its session alone.
        return origin.signal == SIGHUP && getsid(None).is_ok_and(|leader| leader == getpid());
    }
    let sender = origin.process.map_or(0, |process| process.pid);
    sender != getpid().as_raw_nonzero().get() && (sender <= 0 || !descends_from(sender, command))
}
