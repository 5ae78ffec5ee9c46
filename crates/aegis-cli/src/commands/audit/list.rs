//! Records, filtered, as a table or for other programs.

use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use aegis_audit::TrailError;
use aegis_audit::sqlite::TrailReader;
use aegis_engine::escape;
use aegis_ledger::answer::Answer;
use aegis_ledger::export::{ExportFormat, RecordWriter};
use aegis_ledger::filter::Filter;
use aegis_ledger::record::Record;
use aegis_present::quantity::counted;
use aegis_present::table::{Column, RecordTable, TableLook, Times};
use clap::{Args, ValueEnum};

use super::events;
use super::filter::{FilterArgs, words};
use super::follow;
use crate::console::{Console, FileError, Progress, local_times, stdout, stdout_width, write_whole};
use crate::effective_settings::Settings;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::standard_stream::output_file;

/// How many records a table on standard output shows where nobody says.
const TABLE_LIMIT: u64 = 1000;
/// From how many records on an export shows a progress bar.
const LONG_EXPORT: u64 = 20_000;
/// How much of an export is written at once.
const BUFFER: usize = 256 * 1024;

/// Show records.
#[derive(Debug, Default, PartialEq, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// How to show them
    #[arg(long, value_enum, default_value_t = RecordFormat::Table)]
    format: RecordFormat,
    /// The columns of a table, from left to right [default: those that the terminal has room for]
    #[arg(long, value_name = "COLUMN,...", value_delimiter = ',',
        value_parser = words(Column::ALL, Column::as_str, Column::from_word))]
    columns: Vec<Column>,
    /// Show times in a table as UTC, instead of as clocks show them here; other formats always have UTC
    #[arg(long)]
    utc: bool,
    /// Write to this file instead of standard output; the count goes to standard error
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Show the newest records, then go on with what is appended, until ^C: each action when it is answered,
    /// and again when its end is recorded [default limit: 10]
    #[arg(long, short, conflicts_with_all = ["reverse", "output"])]
    follow: bool,
    /// Whole events instead of records, as JSON lines that `aegis audit verify FILE` can check without the
    /// log. Only --since and --until select: a chain with gaps cannot be verified. Compressed where -o ends
    /// with `.zst`
    #[arg(long, conflicts_with_all = ["follow", "format", "columns", "utc"])]
    events: bool,
}

/// How to show records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum RecordFormat {
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

impl RecordFormat {
    /// What other programs get; nothing for a person's table.
    const fn export(self) -> Option<ExportFormat> {
        Some(match self {
            RecordFormat::Table => return None,
            RecordFormat::Json => ExportFormat::Json,
            RecordFormat::Jsonl => ExportFormat::Jsonl,
            RecordFormat::Csv => ExportFormat::Csv,
            RecordFormat::Ocsf => ExportFormat::Ocsf,
            RecordFormat::Cef => ExportFormat::Cef,
        })
    }
}

impl ListArgs {
    /// How a table looks that is `width` columns wide.
    fn look(&self, width: Option<usize>, color: bool) -> TableLook {
        let columns = (!self.columns.is_empty()).then(|| self.columns.clone());
        TableLook { width, columns, times: if self.utc { Times::Utc } else { local_times() }, color }
    }
}

pub(crate) fn run(args: &ListArgs, settings: &Settings) -> Result<ExitStatus, CommandError> {
    let (console, output) = (settings.console, output_file(args.output.as_deref()));
    if args.events {
        return events::run(&args.filter, output, settings);
    }
    let filter = args.filter.filter(settings);
    let format = args.format.export();
    if format.is_some() && !args.columns.is_empty() {
        return Err(CommandError::usage("`--columns` are those of a table")
            .help("leave `--format` out, or take the fields from what it writes: `--format csv`, `jsonl`"));
    }
    if args.follow {
        follow::run(filter, format, args.look(stdout_width(), console.colors_stdout()), settings)?;
        return Ok(ExitStatus::Success);
    }
    let reader = TrailReader::open(&settings.db)?;
    match output {
        None => {
            let written = match format {
                None => {
                    let look = args.look(stdout_width(), console.colors_stdout());
                    write_newest(&reader, filter, look, console.stdout(), console)
                }
                Some(format) => {
                    let stdout = BufWriter::with_capacity(BUFFER, stdout().lock());
                    write(&reader, &filter, format, stdout, console)
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
            let count = write_file(&reader, &filter, args, path, settings)?;
            let shown = escape(&path.to_string_lossy());
            console.note(format!("{} written to `{shown}`", counted(count, "record")));
        }
    }
    reader.check_left_out()?;
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
    console: Console,
) -> Result<u64, Stop> {
    let progress = Progress::through("records", LONG_EXPORT, console);
    if progress.is_wanted() {
        progress.begin(reader.count(filter)?);
    }
    let mut records = RecordWriter::new(format, writer).map_err(Stop::Output)?;
    let count = reader.export(filter, &mut records, |count| progress.advance(count))?;
    records.finish().map_err(Stop::Output)?;
    progress.end();
    Ok(count)
}

/// Writes a table for somebody who looks at it: of the newest records, where nobody says how many.
fn write_newest(
    reader: &TrailReader,
    mut filter: Filter,
    look: TableLook,
    writer: impl Write,
    console: Console,
) -> Result<u64, Stop> {
    let total = if filter.limit.is_none() { reader.count(&filter)? } else { 0 };
    filter.limit = filter.limit.or(Some(TABLE_LIMIT));
    let count = write_table(reader, &filter, look, writer)?;
    if count == 0 && reader.check_left_out().is_ok() {
        console.note("no record matches");
    }
    if total > TABLE_LIMIT {
        console.note(format!("the newest {TABLE_LIMIT} of {total} records; `--limit N` shows more"));
    }
    Ok(count)
}

fn write_table(
    reader: &TrailReader,
    filter: &Filter,
    look: TableLook,
    mut writer: impl Write,
) -> Result<u64, Stop> {
    let mut table = RecordTable::new(look);
    let mut count = 0;
    reader.records(filter, |record| {
        count += 1;
        let unfinished = unfinished(reader, &record)?;
        if let Some(lines) = table.add(&record, unfinished) {
            writeln!(writer, "{lines}").map_err(Stop::Output)?;
        }
        Ok::<_, Stop>(ControlFlow::Continue(()))
    })?;
    if count > 0 {
        writeln!(writer, "{}", table.finish()).and_then(|()| writer.flush()).map_err(Stop::Output)?;
    }
    Ok(count)
}

/// How an action stands that was started, and whose end is not known: whether it is being done, only its own
/// machine can tell.
fn unfinished(reader: &TrailReader, record: &Record) -> Result<Option<&'static str>, TrailError> {
    if record.result_status.is_some() || !record.decision.is_some_and(Answer::is_allowed) {
        return Ok(None);
    }
    let Some(started) = reader.unfinished(&record.id)? else { return Ok(None) };
    // Where an end is recorded, it says that nobody knows.
    let is_open = record.result_error.is_none() && record.duration_ms.is_none();
    let is_running = is_open && started.recorder.as_ref().is_some_and(aegis_runtime::is_running);
    Ok(Some(if is_running { "running" } else { "unknown" }))
}

/// Writes beside the file and renames, so that an export is there whole or not at all.
fn write_file(
    reader: &TrailReader,
    filter: &Filter,
    args: &ListArgs,
    path: &Path,
    settings: &Settings,
) -> Result<u64, CommandError> {
    let plain = settings.console.without_color();
    write_whole(path, &settings.db, |writer| {
        let written = match args.format.export() {
            None => write_table(reader, filter, args.look(None, false), writer),
            Some(format) => write(reader, filter, format, writer, plain),
        };
        written.map_err(|stop| match stop {
            Stop::Trail(error) => FileError::Content(error),
            Stop::Output(error) => FileError::Io(error),
        })
    })
}
