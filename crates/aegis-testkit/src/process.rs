//! What the system says of a process that runs.

use std::fs;
use std::time::Duration;

/// A process, by its number. What it uses is read from `/proc`.
#[derive(Clone, Copy, Debug)]
pub struct Process(pub u32);

impl Process {
    /// How much memory it has, in KiB.
    pub fn resident_kib(self) -> u64 {
        kib(&self.status("VmRSS").unwrap())
    }

    /// The most memory that it ever had, in KiB; `None` where there is no `/proc` to read that from.
    pub fn peak_kib(self) -> Option<u64> {
        self.status("VmHWM").as_deref().map(kib)
    }

    /// How long it has been running on processors, in user mode and in the kernel, to the hundredth of a
    /// second.
    pub fn processor_time(self) -> Duration {
        const TICK: Duration = Duration::from_millis(10);
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0)).unwrap();
        // Behind the name, which may hold anything.
        let fields: Vec<_> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        fields[11..=12].iter().map(|ticks| TICK * ticks.parse::<u32>().unwrap()).sum()
    }

    /// How often it has stopped to wait.
    pub fn waits(self) -> u64 {
        self.status("voluntary_ctxt_switches").unwrap().parse().unwrap()
    }

    /// A line of its status.
    fn status(self, name: &str) -> Option<String> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        Some(line.trim().to_owned())
    }
}

fn kib(text: &str) -> u64 {
    text.strip_suffix(" kB").unwrap().parse().unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_process_uses_is_counted() {
        let process = Process(std::process::id());
        let (before, waits) = (process.processor_time(), process.waits());
        while process.processor_time() < before + Duration::from_millis(20) {}
        assert!(process.waits() >= waits);
        assert!(process.peak_kib().unwrap() >= process.resident_kib());
    }
}
