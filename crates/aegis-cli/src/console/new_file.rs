//! Files that a person will go on with: readable by all, writable by the owner, never overwritten unasked.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use aegis_audit::set_mode;
use aegis_engine::escape;
use aegis_runtime::{Confirmation, Confirmed};

use super::question::confirmed;
use super::streams::Console;
use super::whole_file::refuse_link;
use crate::error::CommandError;

/// Reading for all, writing for the owner.
const MODE: u32 = 0o644;

/// Writes a new file, or overwrites one: if `force` says so, or a person at a terminal.
pub(crate) fn write_new(path: &Path, text: &str, force: bool, console: Console) -> Result<(), CommandError> {
    let failed = |error: &io::Error| {
        CommandError::input(format!("cannot write `{}`: {error}", escape(&path.to_string_lossy())))
    };
    match create_new(path) {
        Ok(file) => fill(file, text).map_err(|error| failed(&error)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            refuse_link(path)?;
            if !force {
                ask_to_overwrite(path, console)?;
            }
            replace(path, text).map_err(|error| failed(&error))
        }
        Err(error) => Err(failed(&error)),
    }
}

/// Makes a file that is readable by all and writable by the owner alone, whatever the umask: `check` refuses
/// anything laxer.
pub(crate) fn create_new(path: &Path) -> io::Result<File> {
    let file = File::options().write(true).create_new(true).mode(MODE).open(path)?;
    set_mode(&file, MODE)?;
    Ok(file)
}

fn fill(mut file: File, text: &str) -> io::Result<()> {
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Writes beside the old file and renames, so that there is a whole policy at any moment.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let beside = path.with_file_name(name);
    let file = create_new(&beside)?;
    let renamed = fill(file, text).and_then(|()| std::fs::rename(&beside, path));
    if renamed.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    renamed
}

fn ask_to_overwrite(path: &Path, console: Console) -> Result<(), CommandError> {
    let shown = path.to_string_lossy();
    let facts = [("file", shown.clone().into_owned())];
    let title = "Aegis: overwrite what is there?";
    match confirmed(&Confirmation { title, facts: &facts, is_final: false }, console) {
        Confirmed::Yes => Ok(()),
        Confirmed::No | Confirmed::Nobody(_) => {
            Err(CommandError::input(format!("`{}` exists already", escape(&shown)))
                .help("`--force` overwrites it, `--output FILE` writes elsewhere"))
        }
    }
}
