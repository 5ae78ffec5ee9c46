//! The question at a real pseudo-terminal: what may be answered, by which ways it ends, and what it leaves
//! behind.
//!
//! The program that asks is this one, started again at the pseudo-terminal: see `program`.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod jobs;
#[cfg(test)]
mod looks;
#[cfg(test)]
mod plain;
#[cfg(test)]
mod program;
#[cfg(test)]
mod signals;
#[cfg(test)]
mod terminal;
