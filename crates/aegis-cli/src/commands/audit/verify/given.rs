//! What was kept elsewhere, read from its files.

use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

use aegis_engine::escape;
use aegis_ledger::checkpoint::CheckpointNote;
use aegis_ledger::findings::GivenCheckpoint;
use aegis_ledger::note::VerifierKey;

use crate::console::stdin;
use crate::error::CommandError;
use crate::standard_stream::is_standard;
use crate::unchecked_file::open_regular;

/// A checkpoint or a proof that is larger is none.
const MAX_FILE: u64 = 16 << 20;

/// Reads checkpoints, to be held against the log with this id.
pub(super) fn read_checkpoints(
    paths: &[PathBuf],
    log: &str,
    key: Option<&VerifierKey>,
) -> Result<Vec<GivenCheckpoint>, CommandError> {
    paths.iter().map(|path| read_checkpoint(path, log, key)).collect()
}

fn read_checkpoint(
    path: &Path,
    log: &str,
    key: Option<&VerifierKey>,
) -> Result<GivenCheckpoint, CommandError> {
    let name = path.to_string_lossy();
    let note = CheckpointNote::from_bytes(&read_file(path)?)
        .map_err(|error| CommandError::input(format!("`{}` cannot be read: {error}", escape(&name))))?;
    Ok(GivenCheckpoint::new(&name, note, log, key))
}

pub(super) fn open(path: &Path) -> Result<File, CommandError> {
    let shown = escape(&path.to_string_lossy());
    open_regular(path).map_err(|error| CommandError::input(format!("cannot read `{shown}`: {error}")))
}

pub(super) fn open_lines(path: &Path) -> Result<Box<dyn BufRead>, CommandError> {
    if is_standard(path) {
        return Ok(Box::new(stdin().lock()));
    }
    Ok(Box::new(BufReader::with_capacity(1 << 16, open(path)?)))
}

pub(super) fn read_file(path: &Path) -> Result<Vec<u8>, CommandError> {
    let mut bytes = Vec::new();
    open_lines(path)?.take(MAX_FILE).read_to_end(&mut bytes).map_err(|error| {
        CommandError::input(format!("cannot read `{}`: {error}", escape(&path.to_string_lossy())))
    })?;
    Ok(bytes)
}
