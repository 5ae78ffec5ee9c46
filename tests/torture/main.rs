//! Torture of the audit log: kills, faults, power cuts, full disks, load. All of them are about one law: exit
//! status 0, or `"allowed":true` on a line of a stream, means that the row is in the log for good; and
//! whatever happened, the next run works.
//!
//! Bounded by default, long with `AEGIS_TORTURE=1`. Each suite has a control: the same checks, let loose on
//! something that breaks the law, must fail. What the suites measured is printed with `--nocapture`.

#[cfg(test)]
mod chain;
#[cfg(test)]
mod claim;
#[cfg(test)]
#[path = "../environment.rs"]
mod environment;
#[cfg(test)]
mod full_disk;
#[cfg(test)]
mod kill;
#[cfg(test)]
mod load;
#[cfg(test)]
mod memory;
#[cfg(test)]
mod naive;
#[cfg(test)]
#[cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]
mod traced;

/// What needs to see and change the system calls of a process is written for one kind of machine.
#[cfg(not(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64")))]
#[test]
fn faults_and_power_cuts_are_skipped_here() {
    aegis_testkit::skipped(
        "faults and power cuts",
        "system calls can be traced on x86-64 Linux with glibc only",
    );
}

/// A file beside this one that is in no module list would never run.
#[test]
fn no_torture_file_is_forgotten() {
    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/torture");
    let listed = concat!(include_str!("main.rs"), include_str!("traced.rs"));
    for directory in [here.to_owned(), format!("{here}/traced")] {
        let forgotten = aegis_testkit::unlisted_modules(directory.as_ref(), listed);
        assert_eq!(forgotten, Vec::<String>::new());
    }
}
