//! Files that are written anew where they are: there as they were or as they are to be, and never in part.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use aegis_audit::{PRIVATE, is_part_of_log};
use aegis_engine::escape;

use super::whole_file::refuse_link;
use crate::error::CommandError;

/// Writes a file anew, with the mode that it has. `before` is what it is known to hold: what somebody else
/// wrote in the meantime stays.
///
/// # Errors
/// When it cannot be written, is a symbolic link, is part of the log at `db`, or holds something else by now.
pub(crate) fn rewrite(path: &Path, db: &Path, before: &[u8], text: &[u8]) -> Result<(), CommandError> {
    let shown = escape(&path.to_string_lossy());
    if is_part_of_log(path, db) {
        return Err(
            CommandError::usage(format!("`{shown}` is the audit log itself")).help("name another file")
        );
    }
    refuse_link(path)?;
    let failed = |error: io::Error| CommandError::input(format!("cannot write `{shown}`: {error}"));
    if fs::read(path).map_err(failed)? != before {
        return Err(CommandError::input(format!("`{shown}` was changed in the meantime"))
            .help("nothing was written; run the command again"));
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let beside = path.with_file_name(name);
    let written = write_beside(&beside, path, text);
    written.map_err(|error| {
        let _ = fs::remove_file(&beside);
        failed(error)
    })
}

fn write_beside(beside: &Path, path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = File::options().write(true).create_new(true).mode(PRIVATE).open(beside)?;
    file.write_all(text)?;
    file.set_permissions(fs::metadata(path)?.permissions())?;
    file.sync_all()?;
    fs::rename(beside, path)
}
