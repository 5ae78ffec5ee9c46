//! Exported events, verified without the log or before it.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek as _};
use std::path::{Path, PathBuf};

use aegis_audit::Volatility;
use aegis_audit::sqlite::TrailReader;
use aegis_engine::escape;
use aegis_ledger::event::PathSource;
use aegis_ledger::event_lines::EventReader;
use aegis_ledger::findings::{Findings, GivenCheckpoint, GivenExports, anchors};
use aegis_ledger::verify::{ExportVerification, Exports, ExportsError, Standing, verify_exports};

use super::answer::answer;
use super::args::VerifyArgs;
use super::given::{open, read_checkpoints};
use crate::commands::audit::verifying;
use crate::console::{Console, Progress};
use crate::effective_settings::Settings;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::standard_stream::{is_standard, spooled_stdin};
use crate::unchecked_file::open_regular;

/// From how many bytes on a progress bar is shown.
const LONG_FILES: u64 = 16 << 20;

pub(super) fn run(args: &VerifyArgs, settings: &Settings) -> Result<ExitStatus, CommandError> {
    let names: Vec<_> = args.files.iter().map(|path| path.to_string_lossy().into_owned()).collect();
    let files = Files::new(&args.files)?;
    let log = log_of(&files, &names)?;
    let reader =
        (settings.db_source == PathSource::Argument).then(|| TrailReader::open(&settings.db)).transpose()?;
    if let Some(reader) = reader.as_ref().filter(|reader| reader.id() != log) {
        let message =
            format!("the files are of the log {}, the one at `--db` is {}", escape(&log), reader.id());
        return Err(CommandError::input(message).help("verify them on their own, without `--db`"));
    }
    let checkpoints = read_checkpoints(&args.checkpoint, &log, args.public_key.as_ref())?;
    let mut receipts = args.receipts.as_deref().map(receipts).transpose()?;
    let anchors = anchors(&checkpoints, &args.anchor);
    let anchors_given = receipts.is_some() || !anchors.is_empty();
    let until = reader.as_ref().map(TrailReader::first_row).transpose()?;
    let bar = bytes_bar(&args.files, settings.console);
    let mut exports =
        Exports { names: &names, open: &mut |index| Ok(Box::new(bar.reading(files.open(index)?))), until };
    let kept = receipts.as_mut().map(|lines| lines as &mut dyn BufRead);
    let found = verify_exports(&mut exports, anchors, kept, |_| {});
    bar.end();
    let found = found?;
    let found = match &reader {
        None => found,
        Some(reader) => go_on(found, reader, receipts, &names, settings.console)?,
    };
    let volatility = reader.and_then(|_| Volatility::of(&settings.db));
    let findings = Findings {
        volatility: volatility.map(|volatility| volatility.to_string()),
        ..findings(found, &names, checkpoints, anchors_given)
    };
    answer(&findings, args, settings.console)
}

/// The log that the first file is of.
fn log_of(files: &Files<'_>, names: &[String]) -> Result<String, CommandError> {
    let Some(name) = names.first() else {
        return Err(ExportsError::None.into());
    };
    let first = files
        .open(0)
        .map_err(|error| CommandError::input(format!("cannot read `{}`: {error}", escape(name))))?;
    let reader =
        EventReader::new(first).map_err(|source| ExportsError::Unreadable { name: name.clone(), source })?;
    Ok(reader.header().log())
}

/// Verifies the log that goes on behind the files.
fn go_on(
    found: ExportVerification,
    reader: &TrailReader,
    receipts: Option<BufReader<File>>,
    names: &[String],
    console: Console,
) -> Result<ExportVerification, CommandError> {
    let mut anchors =
        found.end(&format!("the end of `{}`", names.last().map(String::as_str).unwrap_or_default()));
    let left = found.verification.anchors.iter().filter(|(_, standing)| *standing == Standing::Unchecked);
    anchors.extend(left.map(|(anchor, _)| anchor.clone()));
    let bar = verifying::progress(console);
    let progress = |done, total| bar.show(done, total);
    let (verification, report) = match receipts {
        None => (reader.verify(anchors, progress)?, None),
        Some(mut lines) => {
            lines
                .rewind()
                .map_err(|error| CommandError::input(format!("cannot read the receipts again: {error}")))?;
            let (verification, report) = reader.verify_receipts(anchors, &mut lines, progress)?;
            (verification, Some(report))
        }
    };
    bar.end();
    Ok(found.join(verification, report))
}

fn findings(
    found: ExportVerification,
    names: &[String],
    checkpoints: Vec<GivenCheckpoint>,
    anchors_given: bool,
) -> Findings {
    let ExportVerification { log, verification, receipts, places, .. } = found;
    let names = names.iter().map(|name| escape(name)).collect();
    let exports = Some(GivenExports { names, places });
    Findings { log, volatility: None, verification, checkpoints, receipts, anchors_given, exports }
}

/// The receipts, in a file that can be read twice.
fn receipts(path: &Path) -> Result<BufReader<File>, CommandError> {
    let file = if is_standard(path) { spooled_stdin() } else { open(path) };
    Ok(BufReader::new(file?))
}

/// The files, each of which is read from its beginning more than once.
struct Files<'a> {
    paths: &'a [PathBuf],
    /// What standard input held, where it is one of them.
    stdin: Option<File>,
}

impl Files<'_> {
    fn new(paths: &[PathBuf]) -> Result<Files<'_>, CommandError> {
        let stdin = paths.iter().any(|path| is_standard(path)).then(spooled_stdin).transpose()?;
        Ok(Files { paths, stdin })
    }

    fn open(&self, index: usize) -> io::Result<File> {
        let path = self.paths.get(index).ok_or(io::ErrorKind::NotFound)?;
        match &self.stdin {
            Some(stdin) if is_standard(path) => {
                let mut file = stdin.try_clone()?;
                file.rewind()?;
                Ok(file)
            }
            _ => open_regular(path),
        }
    }
}

fn bytes_bar(files: &[PathBuf], console: Console) -> Progress {
    let bar = Progress::through_bytes(LONG_FILES, console);
    let length = |path: &PathBuf| std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    bar.begin(files.iter().map(length).sum());
    bar
}
