//! A file of JSON lines, one a record: private, locked while it is written, synced before anyone is answered.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::torn::mend;
use crate::error::TrailError;
use crate::file::{Writes, open_private, resolve_trusted, sync_directory};
use crate::lock::{Held, hold};
use crate::sink::{Sink, SinkError, SinkRecord};

/// Appends each record as a line of JSON: the fields of [`Record`](aegis_ledger::record::Record), as exports
/// of JSON lines writes them. `seq` and `hash` tell where in the log the event is, so that each line can be
/// checked against it.
///
/// Many processes may write one file, and log rotation may rename or truncate it at any time: for each append
/// the file is opened by its name, checked and locked. A last line without its newline is what a writer left
/// that was killed: it is moved to a file beside this one, `NAME.torn-TIME`, and a line says so.
#[derive(Debug)]
pub struct JsonlSink {
    path: PathBuf,
    wait: Duration,
}

impl JsonlSink {
    /// Opens the file at `path`, or makes it for its owner alone. Waits for at most `wait` where another
    /// process is writing.
    ///
    /// # Errors
    /// When the file cannot be used or must not be trusted, or holds something else than JSON lines.
    pub fn open(path: &Path, wait: Duration) -> Result<JsonlSink, SinkError> {
        let path = resolve_trusted(path).map_err(SinkError::File)?;
        // Nobody waits longer than a day, whatever they ask for: instants beyond it need not exist.
        let sink = JsonlSink { path, wait: wait.min(Duration::from_secs(24 * 60 * 60)) };
        drop(sink.hold()?);
        Ok(sink)
    }

    /// Opens the file that has the name now, and locks it.
    fn hold(&self) -> Result<Held, SinkError> {
        let open = |path: &Path| open_private(path, Writes::AtTheEnd);
        let held = hold(&self.path, Instant::now() + self.wait, open).map_err(|error| match error {
            TrailError::Locked { path } => SinkError::Locked { path },
            TrailError::Full { path } => SinkError::Full { path },
            other => SinkError::File(other),
        })?;
        let length = self.length(held.file())?;
        if length == 0 {
            // It may be new, and whoever made it killed since: its name must last as long as what is in it.
            sync_directory(&self.path).map_err(SinkError::File)?;
        } else {
            let mut first = [0];
            held.file().read_exact_at(&mut first, 0).map_err(|error| SinkError::io(&self.path, error))?;
            if first != [b'{'] {
                return Err(SinkError::NotJsonLines { path: self.path.clone() });
            }
        }
        Ok(held)
    }

    fn length(&self, file: &File) -> Result<u64, SinkError> {
        file.metadata().map(|metadata| metadata.len()).map_err(|error| SinkError::io(&self.path, error))
    }
}

impl Sink for JsonlSink {
    fn name(&self) -> String {
        format!("jsonl:{}", self.path.to_string_lossy())
    }

    fn file(&self) -> Option<&Path> {
        Some(&self.path)
    }

    fn append(&mut self, records: &[SinkRecord]) -> Result<(), SinkError> {
        let mut lines = Vec::new();
        for record in records {
            lines.extend(record.line()?.bytes());
            lines.push(b'\n');
        }
        let held = self.hold()?;
        if let Some(note) = mend(&self.path, held.file())? {
            lines.splice(0..0, note.into_bytes());
        }
        let before = self.length(held.file())?;
        write_synced(held.file(), &lines).map_err(|error| {
            // What was written of it would be a torn line, or a record of what was never answered.
            cut_back(held.file(), before);
            SinkError::io(&self.path, error)
        })
    }
}

/// Writes everything, in one piece where the system takes it, and syncs it.
fn write_synced(mut file: &File, lines: &[u8]) -> io::Result<()> {
    file.write_all(lines)?;
    file.sync_data()
}

/// Gives a file its old length back. Where that fails too, the next writer finds what is too much as a torn
/// line.
fn cut_back(file: &File, length: u64) {
    // Whoever made it shorter meanwhile has rotated it.
    if file.metadata().is_ok_and(|metadata| metadata.len() > length) && file.set_len(length).is_ok() {
        let _ = file.sync_data();
    }
}
