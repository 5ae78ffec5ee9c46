//! Which process sees to an action, so that it can be told later whether it still does.

use std::fs;

use aegis_ledger::event::Recorder;

/// The place of the time at which a process began, among the fields of `/proc/PID/stat` behind the name of
/// its program (proc(5): field 22, where the name is the second).
const BEGAN: usize = 19;

/// This process. `None` where the system does not tell.
#[must_use]
pub fn current_recorder() -> Option<Recorder> {
    let pid = std::process::id();
    Some(Recorder { pid, began: began(pid)?, boot: boot()? })
}

/// Whether the process that saw to an action still runs on this machine. Of one on another machine, or in a
/// container that numbers its processes itself, it says no.
#[must_use]
pub fn is_running(recorder: &Recorder) -> bool {
    boot().is_some_and(|boot| boot == recorder.boot) && began(recorder.pid) == Some(recorder.began)
}

/// When a process began, in ticks since the machine was started. `None` for one that is gone, or that has
/// ended and is not yet forgotten.
fn began(pid: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name of the program can hold anything, blanks and brackets too.
    let (_, fields) = text.rsplit_once(')')?;
    let mut fields = fields.split_whitespace();
    if fields.clone().next().is_none_or(|state| matches!(state, "Z" | "X" | "x")) {
        return None;
    }
    fields.nth(BEGAN)?.parse().ok()
}

/// Which start of the machine this is.
fn boot() -> Option<String> {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").ok().map(|id| id.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn this_process_runs_and_one_that_ended_does_not() {
        let recorder = current_recorder().unwrap();
        assert!(is_running(&recorder));
        assert!(!is_running(&Recorder { began: recorder.began + 1, ..recorder.clone() }));
        assert!(!is_running(&Recorder { boot: "another".to_owned(), ..recorder }));
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let recorder = Recorder { pid: child.id(), began: began(child.id()).unwrap(), boot: boot().unwrap() };
        assert!(is_running(&recorder));
        child.kill().unwrap();
        // Dead, and not yet waited for.
        while is_running(&recorder) {}
        child.wait().unwrap();
        assert!(!is_running(&recorder));
    }
}
