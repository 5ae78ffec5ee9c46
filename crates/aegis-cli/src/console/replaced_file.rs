//! A file put in the place of another: whoever looks finds the one or the other, and never a part.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use aegis_audit::{is_part_of_log, set_mode};
use aegis_engine::escape;

use crate::error::CommandError;

/// Makes a file of this mode, whatever the umask, where there is none.
pub(super) fn create(path: &Path, mode: u32) -> io::Result<File> {
    let file = File::options().write(true).create_new(true).mode(mode).open(path)?;
    set_mode(&file, mode)?;
    Ok(file)
}

/// Writes beside the file, and renames. Where that fails, what was written goes.
pub(super) fn replace<T, E: From<io::Error>>(
    path: &Path,
    mode: u32,
    write: impl FnOnce(&File) -> Result<T, E>,
) -> Result<T, E> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let beside = path.with_file_name(name);
    let file = create(&beside, mode)?;
    let replaced = write(&file).and_then(|value| {
        file.sync_all()?;
        fs::rename(&beside, path)?;
        Ok(value)
    });
    if replaced.is_err() {
        let _ = fs::remove_file(&beside);
    }
    replaced
}

/// Refuses what belongs to the log at `db`.
///
/// # Errors
/// When `path` does.
pub(crate) fn refuse_log(path: &Path, db: &Path) -> Result<(), CommandError> {
    if !is_part_of_log(path, db) {
        return Ok(());
    }
    let shown = escape(&path.to_string_lossy());
    Err(CommandError::usage(format!("`{shown}` is the audit log itself")).help("name another file"))
}

/// Refuses a symbolic link: whoever made it would choose which file is written, and not who named it.
///
/// # Errors
/// When `path` is one.
pub(super) fn refuse_link(path: &Path) -> Result<(), CommandError> {
    if !path.is_symlink() {
        return Ok(());
    }
    let shown = escape(&path.to_string_lossy());
    Err(CommandError::input(format!("`{shown}` is a symbolic link, and nothing is written through one"))
        .help("name the file that is meant, or remove the link"))
}
