//! `-`, which stands for standard input or output wherever a file is named.

use std::fs::File;
use std::io;
use std::path::Path;

use crate::console::stdin;
use crate::error::CommandError;

/// Whether this is `-`.
pub(crate) fn is_standard(path: &Path) -> bool {
    path == Path::new("-")
}

/// The file to write to; `None` is standard output.
pub(crate) fn output_file(path: Option<&Path>) -> Option<&Path> {
    path.filter(|path| !is_standard(path))
}

/// Refuses `-` for what must be a file, as `because` says.
///
/// # Errors
/// When it is `-`.
pub(crate) fn require_file(path: &Path, because: &str) -> Result<(), CommandError> {
    if is_standard(path) {
        return Err(CommandError::usage(because).help("name a file; one that is called `-` is `./-`"));
    }
    Ok(())
}

/// Refuses to read several things from standard input, which is there once.
///
/// # Errors
/// When more than one of them is `-`.
pub(crate) fn at_most_one<'p>(paths: impl IntoIterator<Item = &'p Path>) -> Result<(), CommandError> {
    if paths.into_iter().filter(|path| is_standard(path)).count() > 1 {
        return Err(CommandError::usage("`-` is given more than once, and there is one standard input")
            .help("name files for the others"));
    }
    Ok(())
}

/// Standard input in a file that has no name, for those who read it more than once.
///
/// # Errors
/// When it cannot be read, or kept.
pub(crate) fn spooled_stdin() -> Result<File, CommandError> {
    let spool = || -> io::Result<File> {
        let mut file = tempfile::tempfile()?;
        io::copy(&mut stdin().lock(), &mut file)?;
        io::Seek::rewind(&mut file)?;
        Ok(file)
    };
    spool().map_err(|error| CommandError::input(format!("cannot read standard input: {error}")))
}
