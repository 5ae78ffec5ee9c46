//! The border between Python and Rust: the interpreter is let go while Rust works, and no panic crosses it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::prelude::*;

use crate::failure::Failure;

/// Works without holding the interpreter, so that other threads of Python go on. A panic becomes an error:
/// Python's own for it is no `Exception`, and would pass by those who guard against failure.
pub(crate) fn outside<T: Send>(
    py: Python<'_>,
    work: impl FnOnce() -> Result<T, Failure> + Send,
) -> PyResult<T> {
    let done = py.detach(|| catch_unwind(AssertUnwindSafe(work)));
    match done {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(failure)) => Err(failure.raise(py)),
        Err(panic) => Err(Failure::panicked(&*panic).raise(py)),
    }
}

/// Refuses to work in a process that was forked from the one in which something was made: its threads are
/// not there, and its connections belong to another.
pub(crate) fn check_process(made_in: u32) -> Result<(), Failure> {
    if std::process::id() == made_in {
        return Ok(());
    }
    Err(Failure::usage("this was made in another process, and this one was forked from it")
        .help("make a runtime of its own in each process; `aegis.Runtime` does so by itself"))
}
