//! Files that are written anew where they are: there as they were or as they are to be, and never in part.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use aegis_engine::escape;

use super::replaced_file::{refuse_link, refuse_log, replace};
use crate::error::CommandError;

/// Writes a file anew, with the mode that it has. `before` is what it is known to hold: what somebody else
/// wrote in the meantime stays.
///
/// # Errors
/// When it cannot be written, is a symbolic link, is part of the log at `db`, or holds something else by now.
pub(crate) fn rewrite(path: &Path, db: &Path, before: &[u8], text: &[u8]) -> Result<(), CommandError> {
    let shown = escape(&path.to_string_lossy());
    refuse_log(path, db)?;
    refuse_link(path)?;
    let failed = |error: io::Error| CommandError::input(format!("cannot write `{shown}`: {error}"));
    if fs::read(path).map_err(failed)? != before {
        return Err(CommandError::input(format!("`{shown}` was changed in the meantime"))
            .help("nothing was written; run the command again"));
    }
    let mode = fs::metadata(path).map_err(failed)?.permissions().mode() & 0o7777;
    replace(path, mode, |mut file| file.write_all(text)).map_err(failed)
}
