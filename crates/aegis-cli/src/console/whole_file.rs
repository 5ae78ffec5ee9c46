//! Answers that go to a file: there whole or not at all, for its owner alone, and never in the place of the
//! log.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use aegis_audit::PRIVATE;
use aegis_engine::escape;
use nix::errno::Errno;
use nix::fcntl::OFlag;

use super::replaced_file::{refuse_link, refuse_log, replace};
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
/// When the file cannot be written, is a symbolic link or part of the log at `db`, or `write` says so.
pub(crate) fn write_whole<T, E: Into<CommandError>>(
    path: &Path,
    db: &Path,
    write: impl FnOnce(&mut BufWriter<&File>) -> Result<T, FileError<E>>,
) -> Result<T, CommandError> {
    let shown = escape(&path.to_string_lossy());
    let failed = |error: io::Error| CommandError::input(format!("cannot write `{shown}`: {error}"));
    refuse_log(path, db)?;
    let told = |error| match error {
        FileError::Io(error) => failed(error),
        FileError::Content(error) => E::into(error),
    };
    if let Some(file) = open_as_it_is(path).map_err(failed)? {
        return into(&file, write).map_err(told);
    }
    refuse_link(path)?;
    let written = replace(path, PRIVATE, |file| into(file, write));
    written.map_err(told)
}

/// Writes to a file by way of a buffer.
fn into<T, E>(
    file: &File,
    write: impl FnOnce(&mut BufWriter<&File>) -> Result<T, FileError<E>>,
) -> Result<T, FileError<E>> {
    let mut writer = BufWriter::with_capacity(BUFFER, file);
    let value = write(&mut writer)?;
    writer.flush()?;
    Ok(value)
}

/// What is written to as it is: a stream of this process under the name that the system has for it, or what
/// is no regular file. `None` for a file, a link, or nothing yet.
fn open_as_it_is(path: &Path) -> io::Result<Option<File>> {
    if let Some(stream) = stream(path)? {
        return Ok(Some(stream));
    }
    let Ok(metadata) = fs::symlink_metadata(path) else { return Ok(None) };
    if metadata.is_file() || metadata.is_symlink() {
        return Ok(None);
    }
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NOCTTY;
    let file = File::options().write(true).custom_flags(flags.bits()).open(path)?;
    // Opened without being emptied, a file that came in its place is as it was.
    if file.metadata()?.is_file() { Err(Errno::EEXIST.into()) } else { Ok(Some(file)) }
}

/// A stream of this process. The system's names for them are links, which are the system's own and lead
/// nowhere else.
fn stream(path: &Path) -> io::Result<Option<File>> {
    let streams = ["/dev", "/dev/fd", "/proc/self/fd"];
    let (Some(directory), Some(name)) = (path.parent().and_then(Path::to_str), path.to_str()) else {
        return Ok(None);
    };
    if !streams.contains(&directory) {
        return Ok(None);
    }
    let handle = match name {
        "/dev/stdout" | "/dev/fd/1" | "/proc/self/fd/1" => io::stdout().as_fd().try_clone_to_owned()?,
        "/dev/stderr" | "/dev/fd/2" | "/proc/self/fd/2" => io::stderr().as_fd().try_clone_to_owned()?,
        _ if directory == "/dev" => return Ok(None),
        // Behind what is in the file already, as the stream itself would be.
        _ => return File::options().append(true).custom_flags(OFlag::O_NOCTTY.bits()).open(path).map(Some),
    };
    Ok(Some(File::from(handle)))
}
