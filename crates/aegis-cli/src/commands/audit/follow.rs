//! `aegis audit --follow`: records as they are appended.

use std::io::{self, BufWriter, Write};
use std::os::fd::AsFd as _;
use std::time::Duration;

use aegis_audit::sqlite::{Followed, Follower};
use aegis_audit::{TrailError, Watch, Woken};
use aegis_engine::{escape, escape_capped};
use aegis_ledger::export::{ExportFormat, RecordWriter};
use aegis_ledger::filter::Filter;
use aegis_ledger::record::Record;
use aegis_present::table::{RecordLines, TableLook};

use crate::console::{Console, PaintedStdout, stdout};
use crate::effective_settings::Settings;
use crate::error::CommandError;

/// How many records to begin with where nobody says.
const FIRST: u64 = 10;
/// How long to wait at most before looking at the log unasked: not every file system tells of changes.
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// How long after a change to look again. A program that knows nothing of the log's lock is seen writing
/// before what it writes can be read.
const SOON: Duration = Duration::from_millis(40);

/// How much is shown of what is wrong with a row.
const MAX_PROBLEM: usize = 200;

/// Why following ended.
enum Stop {
    Trail(TrailError),
    Output(io::Error),
}

impl From<TrailError> for Stop {
    fn from(error: TrailError) -> Stop {
        Stop::Trail(error)
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Stop {
        Stop::Output(error)
    }
}

/// Writes the newest records, then what is appended, until nobody reads it any more: for other programs, or
/// as lines of columns for a person.
pub(super) fn run(
    mut filter: Filter,
    format: Option<ExportFormat>,
    look: TableLook,
    settings: &Settings,
) -> Result<(), CommandError> {
    if format == Some(ExportFormat::Json) {
        return Err(CommandError::usage("`--format json` is one array, and what is followed has no end")
            .help("use `--format jsonl`: one object a line"));
    }
    filter.limit = filter.limit.or(Some(FIRST));
    let watch = Watch::new(&settings.db)?;
    let follower = Follower::new(&settings.db, filter)?;
    match follow(follower, &watch, Sink::new(format, look, settings.console), settings) {
        Ok(()) => Ok(()),
        // Whoever read it has seen enough.
        Err(Stop::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(Stop::Output(error)) => {
            Err(CommandError::input(format!("cannot write to standard output: {error}")))
        }
        Err(Stop::Trail(error)) => Err(error.into()),
    }
}

fn follow(
    mut follower: Follower,
    watch: &Watch,
    sink: io::Result<Sink>,
    settings: &Settings,
) -> Result<(), Stop> {
    let mut sink = sink?;
    let mut wait = LONGEST_WAIT;
    loop {
        let caught_up = follower.catch_up(|followed| match followed {
            Followed::Record(record) => sink.write(&record).map_err(Stop::Output),
            told => {
                sink.flush()?;
                settings.console.note(describe(&told, settings));
                Ok(())
            }
        });
        sink.flush()?;
        match caught_up {
            // Others hold it, or wrote to it while it was read without a lock: there is another try.
            Ok(()) | Err(Stop::Trail(TrailError::Locked { .. } | TrailError::Changed { .. })) => {}
            Err(stop) => return Err(stop),
        }
        wait = match watch.wait(wait, stdout().as_fd())? {
            Woken::Changed => SOON,
            Woken::TimedOut => (wait * 2).min(LONGEST_WAIT),
            Woken::OutputClosed => return Ok(()),
        };
    }
}

fn describe(followed: &Followed, settings: &Settings) -> String {
    let path = escape(&settings.db.to_string_lossy());
    match followed {
        Followed::Absent => format!("there is no audit log at `{path}`; waiting for one"),
        Followed::Appeared { log } => format!("the audit log at `{path}` is {log} now"),
        Followed::Skipped { first, last } => {
            format!("rows {first} to {last} were moved to an archive before they could be shown")
        }
        Followed::Unreadable { seq, problem } => {
            format!("row {seq} is damaged, and left out: {}", escape_capped(problem, MAX_PROBLEM))
        }
        Followed::Record(_) => String::new(),
    }
}

/// Where records go.
enum Sink {
    Lines(RecordLines, BufWriter<PaintedStdout>),
    Export(Box<RecordWriter<BufWriter<io::Stdout>>>),
}

impl Sink {
    fn new(format: Option<ExportFormat>, look: TableLook, console: Console) -> io::Result<Sink> {
        if let Some(format) = format {
            let writer = RecordWriter::new(format, BufWriter::new(stdout()))?;
            return Ok(Sink::Export(Box::new(writer)));
        }
        let lines = RecordLines::new(look);
        let mut writer = BufWriter::new(console.stdout());
        writeln!(writer, "{}", lines.header())?;
        Ok(Sink::Lines(lines, writer))
    }

    fn write(&mut self, record: &Record) -> io::Result<()> {
        match self {
            Sink::Lines(lines, writer) => writeln!(writer, "{}", lines.line(record)),
            Sink::Export(writer) => writer.write(record),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Sink::Lines(_, writer) => writer.flush(),
            Sink::Export(writer) => writer.flush(),
        }
    }
}
