//! The processes that a command has started, and those that these started.

use std::collections::BTreeMap;
use std::fs;
use std::os::fd::{AsFd as _, OwnedFd};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// A process that cannot be mistaken for another one that got its number.
#[derive(Debug)]
pub(super) struct Descendant(OwnedFd);

impl Descendant {
    /// Sends it a signal. Of another account's, nothing can be said.
    pub(super) fn send(&self, signal: Signal) {
        let _ = pidfd_send_signal(&self.0, signal);
    }

    /// Whether it runs, or is stopped.
    pub(super) fn is_alive(&self) -> bool {
        let mut ended = [PollFd::new(self.0.as_fd(), PollFlags::POLLIN)];
        poll(&mut ended, PollTimeout::ZERO).is_ok_and(|ready| ready == 0)
    }
}

/// Everything that descends from a process, itself left out.
pub(super) fn descendants_of(root: Pid) -> Vec<Descendant> {
    let processes = processes();
    let mut found: Vec<(i32, u64)> = Vec::new();
    let mut parents = vec![root.as_raw_nonzero().get()];
    while let Some(parent) = parents.pop() {
        for (pid, it) in processes.iter().filter(|(_, it)| it.parent == parent) {
            if !found.iter().any(|(known, _)| known == pid) {
                found.push((*pid, it.began));
                parents.push(*pid);
            }
        }
    }
    let opened = |(pid, began): (i32, u64)| {
        let process = pidfd_open(Pid::from_raw(pid)?, PidfdFlags::empty()).ok()?;
        // Only now the number stands for what is open.
        (self::process(pid)?.began == began).then_some(Descendant(process))
    };
    found.into_iter().filter_map(opened).collect()
}

/// Whether a process is another one, or descends from it.
pub(super) fn descends_from(process: i32, ancestor: Pid) -> bool {
    let ancestor = ancestor.as_raw_nonzero().get();
    let mut at = process;
    // No line of descent is longer than that, and it cannot be a circle but for numbers that are used again.
    for _ in 0..1000 {
        if at == ancestor {
            return true;
        }
        match self::process(at) {
            Some(found) if found.parent > 1 => at = found.parent,
            _ => return false,
        }
    }
    false
}

/// Whether a process is stopped.
pub(super) fn is_stopped(pid: Pid) -> bool {
    process(pid.as_raw_nonzero().get()).is_some_and(|process| process.is_stopped)
}

/// A process as `/proc` has it.
struct Process {
    is_stopped: bool,
    parent: i32,
    /// When it began, in ticks since the machine did.
    began: u64,
}

fn processes() -> BTreeMap<i32, Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(|pid| Some((pid, process(pid)?)))
        .collect()
}

fn process(pid: i32) -> Option<Process> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let stat = String::from_utf8_lossy(&stat).into_owned();
    // Behind the name, which may hold anything.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let is_stopped = fields.next()? == "T";
    let parent = fields.next()?.parse().ok()?;
    let began = fields.nth(17)?.parse().ok()?;
    Some(Process { is_stopped, parent, began })
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn descendants_are_found_and_can_be_ended() {
        let mut child = Command::new("/bin/sh")
            .args(["-c", "sleep 60 & sleep 60 & wait"])
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let root = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        while descendants_of(root).len() < 2 && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(10));
        }
        let found = descendants_of(root);
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(Descendant::is_alive));
        assert!(descends_from(root.as_raw_nonzero().get(), rustix::process::getpid()));
        assert!(!descends_from(i32::try_from(std::process::id()).unwrap(), root));
        for it in &found {
            it.send(Signal::KILL);
        }
        assert!(child.wait().unwrap().success() || Instant::now() < deadline);
        assert!(!found.iter().any(Descendant::is_alive));
    }
}
