//! Whole events, in a form that verifies on its own.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use aegis_audit::sqlite::{EventRange, RangeError, TrailReader};
use aegis_engine::escape;
use aegis_ledger::event_lines::{Compression, EventLinesError};
use aegis_present::quantity::counted;

use super::filter::FilterArgs;
use crate::console::{Console, FileError, Progress, write_whole};
use crate::effective_settings::Settings;
use crate::error::CommandError;
use crate::exit::ExitStatus;

/// From how many events on a progress bar is shown.
const LONG: u64 = 50_000;

/// Writes the events of some time to a file or to standard output.
pub(super) fn run(
    filter: &FilterArgs,
    path: Option<&Path>,
    settings: &Settings,
) -> Result<ExitStatus, CommandError> {
    let (since, until) = (filter.since, filter.until);
    let only_times = *filter == FilterArgs { since, until, ..FilterArgs::default() };
    if !only_times || settings.session_flag().is_some() || settings.agent_flag().is_some() {
        return Err(CommandError::usage("`--events` takes no filters but `--since` and `--until`").help(
            "a chain with gaps cannot be verified; leave `--events` out for records that are filtered",
        ));
    }
    let reader = TrailReader::open(&settings.db)?;
    let console = settings.console;
    reader.at_one_moment(|reader| {
        let range = reader.event_range(since, until).map_err(|error| failure(error, path))?;
        let bar = Progress::through("events", LONG, console);
        bar.begin(range.events());
        let written = match path {
            None => to_stdout(reader, &range, console, &bar),
            Some(path) => write_whole(path, &settings.db, |file| to_file(reader, &range, path, file, &bar)),
        };
        bar.end();
        let events = written?;
        if let Some(path) = path {
            let shown = escape(&path.to_string_lossy());
            console.note(format!("{} written to `{shown}`", counted(events, "event")));
        }
        Ok(ExitStatus::Success)
    })
}

fn to_stdout(
    reader: &TrailReader,
    range: &EventRange,
    console: Console,
    bar: &Progress,
) -> Result<u64, CommandError> {
    let stdout = BufWriter::new(console.stdout());
    let written =
        reader.write_events(range, Compression::None, stdout, |done| bar.advance(done)).and_then(|written| {
            let (mut stdout, end) = written;
            stdout.flush().map_err(EventLinesError::from)?;
            Ok(end.events)
        });
    match written {
        // Whoever read it has seen enough.
        Err(RangeError::Write(EventLinesError::Io(error))) if error.kind() == io::ErrorKind::BrokenPipe => {
            Ok(0)
        }
        written => written.map_err(|error| failure(error, None)),
    }
}

fn to_file(
    reader: &TrailReader,
    range: &EventRange,
    path: &Path,
    file: &mut BufWriter<&File>,
    bar: &Progress,
) -> Result<u64, FileError<CommandError>> {
    match reader.write_events(range, Compression::of_name(path), file, |done| bar.advance(done)) {
        Ok((_, end)) => Ok(end.events),
        Err(RangeError::Write(EventLinesError::Io(error))) => Err(FileError::Io(error)),
        Err(error) => Err(FileError::Content(failure(error, Some(path)))),
    }
}

fn failure(error: RangeError, path: Option<&Path>) -> CommandError {
    match error {
        RangeError::Trail(error) => error.into(),
        RangeError::Split { .. } => CommandError::usage(error.to_string())
            .help("an export with gaps could not be verified; give other times, or none for all events"),
        RangeError::Write(error) => {
            let place = path.map_or_else(
                || "to standard output".to_owned(),
                |path| format!("`{}`", escape(&path.to_string_lossy())),
            );
            CommandError::input(format!("cannot write {place}: {error}"))
        }
        other => CommandError::input(other.to_string()),
    }
}
