//! Answers that go to a file: there whole or not at all, for its owner alone, and never in the place of the
//! log.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use aegis_audit::is_part_of_log;
use aegis_engine::escape;

use crate::error::CommandError;

/// How much is collected before it is written.
const BUFFER: usize = 256 * 1024;

/// Why writing to a file stopped: the file itself, or whatever was to be written.
pub(crate) enum FileError<E> {
    Io(io::Error),
    Content(E),
}

impl<E> From<io::Error> for FileError<E> {
    fn from(error: io::Error) -> FileError<E> {
        FileError::Io(error)
    }
}

/// Writes beside the file and renames. A device or a pipe is written to as it is: there is nothing whole to
/// keep.
///
/// # Errors
/// When the file cannot be written, or is part of the log at `db`, or `write` says so.
pub(crate) fn write_whole<T, E: Into<CommandError>>(
    path: &Path,
    db: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> Result<T, FileError<E>>,
) -> Result<T, CommandError> {
    let shown = escape(&path.to_string_lossy());
    let failed = |error: io::Error| CommandError::input(format!("cannot write `{shown}`: {error}"));
    if is_part_of_log(path, db) {
        return Err(
            CommandError::usage(format!("`{shown}` is the audit log itself")).help("name another file")
        );
    }
    if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        let file = File::options().write(true).open(path).map_err(failed)?;
        let mut writer = BufWriter::with_capacity(BUFFER, file);
        return match write(&mut writer).and_then(|value| Ok(writer.flush().map(|()| value)?)) {
            Ok(value) => Ok(value),
            Err(FileError::Io(error)) => Err(failed(error)),
            Err(FileError::Content(error)) => Err(error.into()),
        };
    }
    // What a link leads to is replaced, not the link; one that leads nowhere is left alone.
    let path = &match fs::canonicalize(path) {
        Ok(path) => path,
        Err(_) if fs::symlink_metadata(path).is_err() => path.to_owned(),
        Err(error) => return Err(failed(error)),
    };
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let beside = path.with_file_name(name);
    let file = File::options().write(true).create_new(true).mode(0o600).open(&beside).map_err(failed)?;
    let mut writer = BufWriter::with_capacity(BUFFER, file);
    let written = write(&mut writer).and_then(|value| {
        writer.flush()?;
        writer.get_ref().sync_all()?;
        fs::rename(&beside, path)?;
        Ok(value)
    });
    written.map_err(|error| {
        let _ = fs::remove_file(&beside);
        match error {
            FileError::Io(error) => failed(error),
            FileError::Content(error) => error.into(),
        }
    })
}
