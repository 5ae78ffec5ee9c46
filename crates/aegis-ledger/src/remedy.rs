//! What would help against an error, for front ends that know by which of their commands.

/// What would help. The texts of the errors' `help` say the same without naming any command; a front end that
/// has one says it with that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Remedy {
    /// Decide about a first action, which creates the log, or name the log that is there.
    CreateLog,
    /// Make the log, or its file system, writable, or keep the log elsewhere.
    MakeWritable,
    /// Remove the other name of the log's file, or keep the log elsewhere.
    RemoveOtherName,
    /// Name another file as the log: this one is none.
    NameAnotherLog,
    /// Name another file as the log: the log must belong to root or to the caller.
    NameOwnLog,
    /// Keep the damaged log as evidence, and start another one.
    StartAnotherLog,
    /// Verify the damaged log, which names everything that is wrong; keep it as evidence, and start another
    /// one.
    LookAtDamage,
    /// Read the log with the program that wrote it, and start another one.
    LeaveOldLog,
    /// Export events: only then there is a file of them.
    ExportEvents,
    /// Verify the log, which names everything that is wrong; nothing was pruned.
    VerifyLog,
    /// Take the action's id from the answer to it, or name another log.
    TakeIdFromAnswer,
    /// Ask for another try, as another action.
    AskAgain,
    /// List the actions with their ids, or name another log.
    ListActions,
    /// Start the journal's service, or leave that sink out.
    StartJournal,
}
