//! Files that are looked at and not obeyed: a policy is validated and tested before it is put where it is
//! trusted.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use aegis_engine::{MAX_POLICY_BYTES, escape};

use crate::console::stdin;
use crate::error::CommandError;
use crate::standard_stream::is_standard;

/// Reads a policy or a file of examples, whoever owns it; `-` is standard input.
///
/// # Errors
/// When it cannot be read, or is not a regular file.
pub(crate) fn read_unchecked(path: &Path) -> Result<Vec<u8>, CommandError> {
    let limit = u64::try_from(MAX_POLICY_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    let mut text = Vec::new();
    let result = if is_standard(path) {
        stdin().lock().take(limit).read_to_end(&mut text)
    } else {
        open_regular(path).and_then(|file| file.take(limit).read_to_end(&mut text))
    };
    match result {
        Ok(_) => Ok(text),
        Err(error) => {
            let shown = escape(&path.to_string_lossy());
            let help = "`aegis init` writes a starter policy";
            let wrong = CommandError::input(format!("cannot read `{shown}`: {error}"));
            Err(if error.kind() == io::ErrorKind::NotFound { wrong.help(help) } else { wrong })
        }
    }
}

/// Opens without waiting: a FIFO would have no end, a device no meaning.
pub(crate) fn open_regular(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let flags = nix::fcntl::OFlag::O_NONBLOCK | nix::fcntl::OFlag::O_NOCTTY;
    let file = File::options().read(true).custom_flags(flags.bits()).open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a directory"));
    }
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    Ok(file)
}
