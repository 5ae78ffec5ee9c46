//! What kind of program a file is, by how it begins.

use super::opened_file::{FileProblem, OpenedFile};

/// How large a program may be.
pub(super) const LARGEST_PROGRAM: u64 = 4 << 30;

/// How the kernel runs a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProgramKind {
    /// By itself.
    Elf,
    /// By the interpreter that its first line names.
    Script,
}

impl ProgramKind {
    /// Looks at how a file begins. What the kernel does not know, the C library would give to a shell, and
    /// that is not what anybody approved.
    pub(super) fn of(program: &OpenedFile) -> Result<ProgramKind, FileProblem> {
        let first = program.beginning()?;
        if first.starts_with(b"\x7fELF") {
            Ok(ProgramKind::Elf)
        } else if first.starts_with(b"#!") {
            Ok(ProgramKind::Script)
        } else {
            Err(FileProblem::UnknownFormat { path: program.path().to_owned() })
        }
    }
}
