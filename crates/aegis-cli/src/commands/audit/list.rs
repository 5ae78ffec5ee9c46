//! Records, filtered, as a table or for other programs.

use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use aegis_audit::{ExportFormat, Filter, RecordWriter, TrailError, TrailReader};
use aegis_engine::escape;
use aegis_present::table::RecordTable;
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use super::events;
use super::filter::FilterArgs;
use super::follow;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output::Output;
use crate::output::file::{FileError, write_whole};
use crate::settings::Settings;

/// How many records a table shows where nobody says.
const TABLE_LIMIT: u64 = 1000;
/// From how many records on an export shows a progress bar.
const LONG_EXPORT: u64 = 20_000;
/// After how many records it moves.
const PROGRESS_STEP: u64 = 1024;
/// How much of an export is written at once.
const BUFFER: usize = 256 * 1024;

/// Show records.
#[derive(Debug, Default, PartialEq, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// How to show them
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Write to this file instead of standard output; the count goes to standard error
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Show the newest records, then go on with what is appended, until ^C: each action when it is answered, and again
    /// when its end is recorded [default limit: 10]
    #[arg(long, short, conflicts_with_all = ["reverse", "output"])]
    follow: bool,
    /// Whole events instead of records, as JSON lines that `aegis audit verify FILE` can check without the log. Only
    /// --since and --until select: a chain with gaps cannot be verified. Compressed where -o ends with `.zst`
    #[arg(long, conflicts_with_all = ["follow", "format"])]
    events: bool,
}

/// How to show records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table for a person
    #[default]
    #[value(alias = "text")]
    Table,
    /// One array
    Json,
    /// One object a line
    Jsonl,
    /// Comma-separated values (RFC 4180), safe for spreadsheets
    Csv,
    /// Open Cybersecurity Schema Framework 1.9, API Activity: one event a line
    Ocsf,
    /// Common Event Format: one event a line
    Cef,
}

impl Format {
    /// What other programs get; nothing for a person's table.
    const fn export(self) -> Option<ExportFormat> {
        Some(match self {
            Format::Table => return None,
            Format::Json => ExportFormat::Json,
            Format::Jsonl => ExportFormat::Jsonl,
            Format::Csv => ExportFormat::Csv,
            Format::Ocsf => ExportFormat::Ocsf,
            Format::Cef => ExportFormat::Cef,
        })
    }
}

pub(crate) fn run(args: &ListArgs, settings: &Settings) -> Result<ExitStatus, CommandError> {
    let output = settings.output;
    if args.events {
        return events::run(&args.filter, args.output.as_deref(), settings);
    }
    let filter = args.filter.filter(settings);
    if args.follow {
        follow::run(filter, args.format.export(), settings)?;
        return Ok(ExitStatus::Success);
    }
    let reader = TrailReader::open(&settings.db)?;
    match &args.output {
        None => {
            let written = match args.format.export() {
                None => write_table(&reader, filter, output.stdout(), output),
                Some(format) => {
                    let stdout = BufWriter::with_capacity(BUFFER, Output::plain_stdout());
                    write(&reader, &filter, format, stdout, output)
                }
            };
            match written {
                // Whoever read it has seen enough.
                Err(Stop::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {}
                Err(Stop::Output(error)) => {
                    return Err(CommandError::input(format!("cannot write to standard output: {error}")));
                }
                Err(Stop::Trail(error)) => return Err(error.into()),
                Ok(_) => {}
            }
        }
        Some(path) => {
            let count = write_file(&reader, filter, args.format, path, settings)?;
            let shown = escape(&path.to_string_lossy());
            output.note(format!("{count} record{} written to `{shown}`", if count == 1 { "" } else { "s" }));
        }
    }
    Ok(ExitStatus::Success)
}

/// Why writing records stopped.
enum Stop {
    Trail(TrailError),
    Output(io::Error),
}

impl From<TrailError> for Stop {
    fn from(error: TrailError) -> Stop {
        match error {
            TrailError::Export(error) => Stop::Output(error),
            error => Stop::Trail(error),
        }
    }
}

/// Writes records for other programs, and sees them out.
fn write(
    reader: &TrailReader,
    filter: &Filter,
    format: ExportFormat,
    writer: impl Write,
    output: Output,
) -> Result<u64, Stop> {
    let progress = progress(reader, filter, output)?;
    let mut records = RecordWriter::new(format, writer).map_err(Stop::Output)?;
    let count = reader.export(filter, &mut records, |count| {
        if count.is_multiple_of(PROGRESS_STEP) {
            progress.set_position(count);
        }
    })?;
    records.finish().map_err(Stop::Output)?;
    progress.finish_and_clear();
    Ok(count)
}

fn write_table(
    reader: &TrailReader,
    mut filter: Filter,
    mut writer: impl Write,
    output: Output,
) -> Result<u64, Stop> {
    let total = if filter.limit.is_none() { reader.count(&filter)? } else { 0 };
    filter.limit = filter.limit.or(Some(TABLE_LIMIT));
    let mut table = RecordTable::new(output.colors_stdout());
    let mut count = 0;
    reader.records(&filter, |record| {
        table.add(&record);
        count += 1;
        Ok::<_, Stop>(ControlFlow::Continue(()))
    })?;
    if count == 0 {
        output.note("no record matches");
        return Ok(0);
    }
    writeln!(writer, "{table}").and_then(|()| writer.flush()).map_err(Stop::Output)?;
    if total > TABLE_LIMIT {
        output.note(format!("the newest {TABLE_LIMIT} of {total} records; `--limit N` shows more"));
    }
    Ok(count)
}

/// A bar for whoever is watching a long export; hidden otherwise.
fn progress(reader: &TrailReader, filter: &Filter, output: Output) -> Result<ProgressBar, Stop> {
    if !output.shows_progress() {
        return Ok(ProgressBar::hidden());
    }
    let total = reader.count(filter)?;
    if total < LONG_EXPORT {
        return Ok(ProgressBar::hidden());
    }
    let style = ProgressStyle::with_template("{bar:40} {human_pos}/{human_len} records, {eta} left");
    Ok(ProgressBar::new(total).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())))
}

/// Writes beside the file and renames, so that an export is there whole or not at all.
fn write_file(
    reader: &TrailReader,
    filter: Filter,
    format: Format,
    path: &Path,
    settings: &Settings,
) -> Result<u64, CommandError> {
    let plain = Output { color: anstream::ColorChoice::Never, ..settings.output };
    write_whole(path, &settings.db, |writer| {
        let written = match format.export() {
            None => write_table(reader, filter, writer, plain),
            Some(format) => write(reader, &filter, format, writer, plain),
        };
        written.map_err(|stop| match stop {
            Stop::Trail(error) => FileError::Content(error),
            Stop::Output(error) => FileError::Io(error),
        })
    })
}
