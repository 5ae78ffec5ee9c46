//! Files that a person will go on with: readable by all, writable by the owner, never overwritten unasked.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

use aegis_engine::escape;
use aegis_runtime::{Confirmation, Confirmed};

use super::question::confirmed;
use super::replaced_file::{create, refuse_link, replace};
use super::streams::Console;
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
            replace(path, MODE, |mut file| file.write_all(text.as_bytes())).map_err(|error| failed(&error))
        }
        Err(error) => Err(failed(&error)),
    }
}

/// Makes a file that is readable by all and writable by the owner alone, whatever the umask: `check` refuses
/// anything laxer.
pub(crate) fn create_new(path: &Path) -> io::Result<File> {
    create(path, MODE)
}

fn fill(mut file: File, text: &str) -> io::Result<()> {
    file.write_all(text.as_bytes())?;
    file.sync_all()
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
