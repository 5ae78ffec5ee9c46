//! Suites that see and change every system call of the program: faults, power cuts, disks that are full from
//! some call on.
//!
//! A process is traced with `ptrace`, as `strace` does it, so that nothing else must be installed. Where
//! tracing is not allowed, these suites say so and are skipped.

mod approvals;
mod faults;
mod image;
mod power_loss;
mod recorder;
mod space;
mod system_call;
mod tracer;
