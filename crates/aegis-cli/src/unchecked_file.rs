//! Files that are looked at and not obeyed: a policy is validated and tested before it is put where it is
//! trusted.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use aegis_engine::{MAX_POLICY_BYTES, escape};

use crate::console::stdin;
use crate::error::CommandError;
use crate::standard_stream::is_standard;

/// What the name of a test file ends in, and that of its policy instead.
pub(crate) const ENDINGS: [(&str, &str); 2] = [(".test.yaml", ".yaml"), (".test.yml", ".yml")];

/// The policy that a test file is for, by its name alone. `None` if the name is not a test file's.
pub(crate) fn policy_by_name(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    ENDINGS.iter().find_map(|(ending, instead)| {
        let stem = name.strip_suffix(ending).filter(|stem| !stem.is_empty())?;
        Some(path.with_file_name(format!("{stem}{instead}")))
    })
}

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
            // In the words of whoever reads it to obey it.
            Err(match (error.kind(), policy_by_name(path)) {
                (io::ErrorKind::NotFound, None) => {
                    CommandError::input(format!("there is no policy at `{shown}`"))
                        .help("`aegis init` writes a starter policy")
                }
                (io::ErrorKind::NotFound, Some(_)) => {
                    CommandError::input(format!("there are no examples at `{shown}`"))
                        .help("`aegis test --init` writes a first set")
                }
                _ => CommandError::input(format!("cannot read `{shown}`: {error}")),
            })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_files_are_known_by_their_names() {
        let policy = |path: &str| policy_by_name(Path::new(path)).map(|path| path.display().to_string());
        assert_eq!(policy("a/crm.test.yaml").as_deref(), Some("a/crm.yaml"));
        assert_eq!(policy("crm.test.yml").as_deref(), Some("crm.yml"));
        assert_eq!(policy("crm.yaml"), None);
        assert_eq!(policy("test.yaml"), None);
        assert_eq!(policy(".test.yaml"), None);
    }
}
