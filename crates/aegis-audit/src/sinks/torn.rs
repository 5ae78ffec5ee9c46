//! The end of a file of lines that lacks its newline: kept elsewhere, never dropped in silence.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use aegis_engine::{Digest, to_json_line};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::file::{beside, create_new, sync_directory};
use crate::sink::SinkError;

/// How much is read at once.
const PIECE: usize = 64 * 1024;
/// How many names are tried for what is kept.
const NAMES: u32 = 1000;

/// What a line says of a torn one that stood in its place.
#[derive(Debug, Serialize)]
struct TornTail<'a> {
    event: &'static str,
    timestamp: String,
    /// How many bytes were torn off.
    bytes: u64,
    sha256: String,
    /// The name of the file that they are in now, beside this one.
    kept_in: &'a str,
}

/// Moves a last line without its newline to a file of its own. Returns the line that says so, to be written
/// next.
///
/// The file must be locked. Only once the bytes are safe elsewhere, they are cut off.
pub(super) fn mend(path: &Path, file: &File) -> Result<Option<String>, SinkError> {
    let failed = |error| SinkError::io(path, error);
    let length = file.metadata().map_err(failed)?.len();
    let start = end_of_lines(file, length).map_err(failed)?;
    if start == length {
        return Ok(None);
    }
    let now = crate::clock::now();
    let (kept, mut copy) = create_beside(path, now).map_err(failed)?;
    let digest =
        copy_range(file, start, length, &mut copy).and_then(|digest| copy.sync_all().map(|()| digest));
    let digest = digest.map_err(|error| {
        // A part of it is of no use to anyone, and takes space that may be what is missing.
        let _ = std::fs::remove_file(&kept);
        failed(error)
    })?;
    sync_directory(path).map_err(SinkError::File)?;
    file.set_len(start).map_err(failed)?;
    let kept_in = kept.file_name().unwrap_or_default().to_string_lossy();
    let line = to_json_line(&TornTail {
        event: "torn_tail",
        timestamp: now.to_rfc3339_opts(SecondsFormat::Millis, true),
        bytes: length - start,
        sha256: digest.to_string(),
        kept_in: &kept_in,
    })?;
    Ok(Some(format!("{line}\n")))
}

/// Where the last whole line ends.
fn end_of_lines(file: &File, length: u64) -> io::Result<u64> {
    let mut last = [0];
    if length == 0 {
        return Ok(0);
    }
    file.read_exact_at(&mut last, length - 1)?;
    if last == [b'\n'] {
        return Ok(length);
    }
    let mut piece = vec![0; PIECE];
    let mut end = length;
    while end > 0 {
        let start = end.saturating_sub(PIECE as u64);
        let read = piece.get_mut(..usize::try_from(end - start).unwrap_or(PIECE)).unwrap_or_default();
        file.read_exact_at(read, start)?;
        if let Some(index) = read.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + index as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

fn create_beside(path: &Path, now: DateTime<Utc>) -> io::Result<(PathBuf, File)> {
    let stem = format!(".torn-{}", now.format("%Y%m%dT%H%M%S%.3fZ"));
    for number in 0..NAMES {
        let kept = beside(path, &if number == 0 { stem.clone() } else { format!("{stem}-{number}") });
        match create_new(&kept) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            created => return created.map(|file| (kept, file)),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// Copies a part of a file, and tells its digest.
fn copy_range(from: &File, mut start: u64, end: u64, to: &mut File) -> io::Result<Digest> {
    let mut hasher = Sha256::new();
    let mut piece = vec![0; PIECE];
    while start < end {
        let length = usize::try_from(end - start).unwrap_or(PIECE).min(PIECE);
        let read = piece.get_mut(..length).unwrap_or_default();
        from.read_exact_at(read, start)?;
        to.write_all(read)?;
        hasher.update(&*read);
        start += length as u64;
    }
    Ok(Digest::from_bytes(hasher.finalize().into()))
}
