//! Whole events, in a form that verifies on its own.

use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use aegis_audit::{Compression, EventLinesError, EventRange, RangeError, TrailReader};
use aegis_engine::escape;
use indicatif::{ProgressBar, ProgressStyle};
use tempfile::Builder;

use super::filter::FilterArgs;

use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output::Output;
use crate::output::file::is_part_of_log;
use crate::settings::Settings;

/// From how many events on a progress bar is shown.
const LONG: u64 = 50_000;
/// How many events go by between two looks at the bar.
const STEP: u64 = 1 << 12;

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
    let output = settings.output;
    let export = |reader: &TrailReader| -> Result<u64, RangeError> {
        let range = reader.event_range(since, until)?;
        let bar = bar(range.events(), "events", output);
        let events = match path {
            None => to_stdout(reader, &range, output, &bar),
            Some(path) => to_file(reader, &range, path, &bar),
        };
        bar.finish_and_clear();
        events
    };
    if path.is_some_and(|path| is_part_of_log(path, &settings.db)) {
        return Err(
            CommandError::usage("the export would overwrite the audit log itself").help("name another file")
        );
    }
    let events = match reader.at_one_moment(export) {
        Ok(events) => events,
        // Whoever read it has seen enough.
        Err(RangeError::Write(EventLinesError::Io(error)))
            if path.is_none() && error.kind() == io::ErrorKind::BrokenPipe =>
        {
            return Ok(ExitStatus::Success);
        }
        Err(error) => return Err(failure(error, path)),
    };
    if let Some(path) = path {
        let shown = escape(&path.to_string_lossy());
        output.note(format!("{events} event{} written to `{shown}`", if events == 1 { "" } else { "s" }));
    }
    Ok(ExitStatus::Success)
}

fn to_stdout(
    reader: &TrailReader,
    range: &EventRange,
    output: Output,
    bar: &ProgressBar,
) -> Result<u64, RangeError> {
    let (mut stdout, end) =
        reader.write_events(range, Compression::None, BufWriter::new(output.stdout()), |done| {
            step(bar, done);
        })?;
    stdout.flush().map_err(EventLinesError::from)?;
    Ok(end.events)
}

/// Writes beside the file and renames, so that an export is there whole or not at all.
fn to_file(
    reader: &TrailReader,
    range: &EventRange,
    path: &Path,
    bar: &ProgressBar,
) -> Result<u64, RangeError> {
    let directory = path.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."));
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    let mut file =
        Builder::new().prefix(&name).suffix(".new").tempfile_in(directory).map_err(EventLinesError::from)?;
    let (_, end) =
        reader.write_events(range, Compression::of_name(path), file.as_file_mut(), |done| step(bar, done))?;
    file.as_file().sync_all().map_err(EventLinesError::from)?;
    file.persist(path).map_err(|error| EventLinesError::from(error.error))?;
    Ok(end.events)
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

/// A bar for whoever is watching something long; hidden otherwise.
pub(super) fn bar(total: u64, noun: &str, output: Output) -> ProgressBar {
    if !output.shows_progress() || total < LONG {
        return ProgressBar::hidden();
    }
    let template = format!("{{bar:40}} {{human_pos}}/{{human_len}} {noun}, {{eta}} left");
    let style = ProgressStyle::with_template(&template);
    ProgressBar::new(total).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn step(bar: &ProgressBar, done: u64) {
    if done.is_multiple_of(STEP) {
        bar.set_position(done);
    }
}
