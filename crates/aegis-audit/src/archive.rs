//! Copying events to a file, and making sure that they are there before they are deleted.

use std::fs::{self, File};
use std::io::{self, Read, Seek as _};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use aegis_engine::{Digest, escape};
use sha2::{Digest as _, Sha256};
use tempfile::{Builder, NamedTempFile};
use thiserror::Error;

use crate::error::TrailError;
use crate::file::{directory_of, resolve, sync_directory};
use crate::file_mode::{PRIVATE, set_mode};
use crate::log_names::is_part_of_log;
use crate::sqlite::{PrunePlan, TrailReader};
use crate::verified_plan::VerifiedPlan;
use aegis_ledger::event_lines::{Compression, EventLinesError, EventReader, EventWriter, EventsHeader};
use aegis_ledger::origin::Origin;
use aegis_ledger::remedy::Remedy;
use aegis_ledger::stored_event::StoredEvent;

/// How many events are read in one go: a reader that stays for long keeps the write-ahead log from being
/// emptied.
const STEP: u64 = 1 << 14;
/// What the name of an archive ends with until it is whole.
const UNFINISHED: &str = ".new";

/// An archive that is whole, synced and verified.
#[derive(Debug)]
pub struct Archive {
    pub(crate) path: PathBuf,
    pub(crate) name: String,
    pub(crate) sha256: Digest,
    /// What it was made by.
    pub(crate) plan: VerifiedPlan,
    /// What is gone once its events are.
    pub(crate) pruned: Origin,
    pub(crate) bytes: u64,
}

/// Why no archive was made. Nothing was deleted.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// The log could not be read.
    #[error(transparent)]
    Trail(#[from] TrailError),
    /// The log's chain is broken.
    #[error("the audit log is damaged at row {seq}: {problem}")]
    Damaged {
        /// The row.
        seq: i64,
        /// What is wrong with it.
        problem: String,
    },
    /// There is a file of that name.
    #[error("`{}` is there already", show(path))]
    Exists {
        /// The archive.
        path: PathBuf,
    },
    /// The archive would be the log itself, or one of the files that belong to it.
    #[error("`{}` is part of the audit log", show(path))]
    PartOfLog {
        /// The archive.
        path: PathBuf,
    },
    /// The name is not text, so that no event can hold it.
    #[error("the name of the archive `{}` is not valid UTF-8", show(path))]
    Name {
        /// The archive.
        path: PathBuf,
    },
    /// The archive could not be written.
    #[error("the archive `{}` cannot be written: {source}", show(path))]
    Write {
        /// The archive.
        path: PathBuf,
        /// What went wrong.
        source: EventLinesError,
    },
    /// What was written is not what can be read.
    #[error("the archive `{}` is not what was written to it: {problem}", show(path))]
    ReadBack {
        /// The archive.
        path: PathBuf,
        /// What differs.
        problem: String,
    },
}

impl ArchiveError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        Some(match self {
            ArchiveError::Trail(error) => return error.help(),
            ArchiveError::Damaged { .. } => {
                "nothing was pruned; verifying the log says everything that is wrong".to_owned()
            }
            ArchiveError::Exists { .. } => {
                "name another file; a pruning that was cut short may have left this one, before anything was deleted"
                    .to_owned()
            }
            ArchiveError::Name { .. } | ArchiveError::PartOfLog { .. } => "name another file".to_owned(),
            ArchiveError::Write { .. } | ArchiveError::ReadBack { .. } => {
                "nothing was pruned; archive to another disk, or free some space".to_owned()
            }
        })
    }

    /// What would help, where a front end may have a command for it.
    #[must_use]
    pub const fn remedy(&self) -> Option<Remedy> {
        match self {
            ArchiveError::Trail(error) => error.remedy(),
            ArchiveError::Damaged { .. } => Some(Remedy::VerifyLog),
            _ => None,
        }
    }

    fn write(path: &Path, error: impl Into<EventLinesError>) -> ArchiveError {
        ArchiveError::Write { path: path.to_owned(), source: error.into() }
    }
}

impl Archive {
    /// Copies the events of a plan to a new file at `path`, compressed where the name ends with `.zst`.
    /// `progress` is told how many events were copied or verified: twice as many as there are, in the end.
    ///
    /// # Errors
    /// When the chain is broken, the file is there already, or it could not be written, synced, read back or
    /// verified. No file is left behind then.
    pub fn write(
        reader: &TrailReader,
        verified: &VerifiedPlan,
        path: &Path,
        mut progress: impl FnMut(u64),
    ) -> Result<Archive, ArchiveError> {
        let (given, plan) = (path, verified.plan());
        let path = resolve(path).map_err(|error| match error {
            TrailError::Io { source, .. } => ArchiveError::write(given, source),
            _ => ArchiveError::write(
                given,
                io::Error::new(io::ErrorKind::NotFound, "its directory is missing"),
            ),
        })?;
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.ok_or_else(|| ArchiveError::Name { path: given.to_owned() })?.to_owned();
        if is_part_of_log(&path, reader.path()) {
            return Err(ArchiveError::PartOfLog { path });
        }
        if fs::symlink_metadata(&path).is_ok() {
            return Err(ArchiveError::Exists { path });
        }
        if plan.gone.genesis.is_some_and(|genesis| genesis != reader.identity().genesis()) {
            let problem =
                "its id, time of creation or key is not the one that its chain begins with".to_owned();
            return Err(TrailError::Corrupt { path: reader.path().to_owned(), problem }.into());
        }
        let failed = |error: io::Error| ArchiveError::write(&path, error);
        let directory = path.parent().unwrap_or(Path::new("/"));
        // Made for its owner alone; dropped, it is removed.
        let mut file = Builder::new()
            .prefix(&format!("{name}."))
            .suffix(UNFINISHED)
            .tempfile_in(directory)
            .map_err(failed)?;
        set_mode(file.as_file(), PRIVATE).map_err(failed)?;
        let header = EventsHeader::new(reader.identity(), Some(plan.gone.preceding()));
        let copied = copy(reader, plan, &path, &header, file.as_file_mut(), &mut progress)?;
        file.as_file().sync_all().map_err(failed)?;
        let (sha256, bytes) = read_back(plan, &path, &header, &mut file, &copied, &mut progress)?;
        file.persist_noclobber(&path).map_err(|error| match error.error.kind() {
            io::ErrorKind::AlreadyExists => ArchiveError::Exists { path: path.clone() },
            _ => failed(error.error),
        })?;
        sync_directory(&path).map_err(|error| ArchiveError::write(&path, io::Error::other(error)))?;
        Ok(Archive { path, name, sha256, plan: verified.clone(), pruned: copied, bytes })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many events it has.
    #[must_use]
    pub const fn events(&self) -> u64 {
        self.plan.plan().events()
    }

    /// How many bytes the file has.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The digest of the file.
    #[must_use]
    pub const fn sha256(&self) -> Digest {
        self.sha256
    }

    /// The files beside `path` that archivings which were cut short may have left behind. They can be
    /// removed, unless one is going on.
    #[must_use]
    pub fn unfinished(path: &Path) -> Vec<PathBuf> {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return Vec::new() };
        let Ok(entries) = fs::read_dir(directory_of(path)) else { return Vec::new() };
        let is_left = |entry: &str| {
            let rest = entry.strip_prefix(name).and_then(|rest| rest.strip_prefix('.'));
            rest.is_some_and(|rest| rest.ends_with(UNFINISHED))
        };
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut found: Vec<_> =
            names.filter(|entry| is_left(entry)).map(|entry| path.with_file_name(entry)).collect();
        found.sort();
        found
    }
}

/// Copies the events, each of which must fit its hash and the one before it.
fn copy(
    reader: &TrailReader,
    plan: &PrunePlan,
    path: &Path,
    header: &EventsHeader,
    file: &mut File,
    progress: &mut impl FnMut(u64),
) -> Result<Origin, ArchiveError> {
    let failed = |error| ArchiveError::write(path, error);
    let mut writer = EventWriter::new(file, Compression::of_name(path), header).map_err(failed)?;
    let mut chain = Chain { log_id: header.log_id(), end: plan.gone.clone() };
    while chain.end.through < plan.through {
        let first = chain.end.through.saturating_add(1);
        let last = plan.through.min(chain.end.through.saturating_add(STEP));
        reader.events(first..=last, |seq, event| {
            let event = event.map_err(|problem| ArchiveError::Damaged { seq, problem })?;
            chain.follow(&event).map_err(|problem| chain.damaged(problem))?;
            writer.write(&event).map_err(failed)?;
            Ok::<_, ArchiveError>(ControlFlow::Continue(()))
        })?;
        if chain.end.through != last {
            return Err(chain.damaged("it is missing"));
        }
        progress(chain.end.through - plan.gone.through);
    }
    writer.finish().map_err(failed)?;
    Ok(chain.end)
}

/// Reads the whole file again, and verifies it as if nothing were known of what was written.
fn read_back(
    plan: &PrunePlan,
    path: &Path,
    header: &EventsHeader,
    file: &mut NamedTempFile,
    expected: &Origin,
    progress: &mut impl FnMut(u64),
) -> Result<(Digest, u64), ArchiveError> {
    let wrong = |problem: String| ArchiveError::ReadBack { path: path.to_owned(), problem };
    file.rewind().map_err(|error| ArchiveError::write(path, error))?;
    let mut hashed = Hashed { reader: file.as_file_mut(), hasher: Sha256::new(), bytes: 0 };
    let mut chain = Chain { log_id: header.log_id(), end: plan.gone.clone() };
    let events = plan.events();
    let reader = EventReader::new(&mut hashed).map_err(|error| wrong(error.to_string()))?;
    if reader.header() != header {
        return Err(wrong("its header is another one".to_owned()));
    }
    let read = reader.events(|line, event| {
        chain.follow(event).map_err(|problem| EventLinesError::Line { line, problem: problem.to_owned() })?;
        let verified = chain.end.through - plan.gone.through;
        if verified.is_multiple_of(STEP) {
            progress(events + verified);
        }
        Ok::<_, EventLinesError>(())
    });
    read.map_err(|error| wrong(error.to_string()))?;
    if chain.end != *expected {
        return Err(wrong("it ends with another event".to_owned()));
    }
    Ok((Digest::from_bytes(hashed.hasher.finalize().into()), hashed.bytes))
}

/// A chain, followed event by event.
struct Chain<'a> {
    log_id: &'a [u8],
    end: Origin,
}

impl Chain<'_> {
    /// What is wrong with the next event.
    fn damaged(&self, problem: &str) -> ArchiveError {
        let seq = i64::try_from(self.end.through).unwrap_or(i64::MAX).saturating_add(1);
        ArchiveError::Damaged { seq, problem: problem.to_owned() }
    }

    /// Goes on to the next event. Otherwise says what is wrong with it.
    fn follow(&mut self, event: &StoredEvent<'_>) -> Result<(), &'static str> {
        if event.seq != self.end.through.saturating_add(1) {
            return Err("it is missing");
        }
        let Ok(hash) = event.checked_hash(self.log_id) else {
            return Err("its hash does not fit its content");
        };
        if event.prev_hash != self.end.head.as_bytes() {
            return Err("it is not linked to the row before it");
        }
        self.end.tree.push(&hash);
        self.end.head = hash;
        self.end.through = event.seq;
        Ok(())
    }
}

/// Hashes what is read.
struct Hashed<'a> {
    reader: &'a mut File,
    hasher: Sha256,
    bytes: u64,
}

impl Read for Hashed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.hasher.update(buffer.get(..read).unwrap_or_default());
        self.bytes += read as u64;
        Ok(read)
    }
}

fn show(path: &Path) -> String {
    escape(&path.to_string_lossy())
}
