//! What would help against an error, for front ends that know by which of their commands.

/// What would help. The texts of the errors' `help` say the same without naming any command; a front end that
/// has one says it with that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Remedy {
    /// Write a policy to start from, or name the one that is there.
    WritePolicy,
}
