//! `aegis audit prune`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aegis_audit::Archive;
use aegis_audit::sqlite::{PrunePlan, TrailReader};
use aegis_audit::store::Space;
use aegis_engine::escape;
use aegis_ledger::receipt::Receipt;
use aegis_ledger::verify::Verification;
use aegis_present::quantity::counted;
use aegis_runtime::Confirmation;
use chrono::{DateTime, SecondsFormat, Utc};
use clap::Args;

use super::filter::parse_when;
use super::verifying::verify;

use crate::console::{Console, Progress, human_bytes, refuse_log, require_yes};
use crate::current_operator::CurrentOperator;
use crate::effective_settings::Settings;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::open_log::open_log;
use crate::standard_stream::require_file;

/// From how many steps on a progress bar is shown.
const LONG: u64 = 50_000;
/// How long to wait for other programs that use the log.
const WAIT: Duration = Duration::from_secs(60);

/// Move the oldest events to an archive
///
/// Verifies the log, copies the events that are older than WHEN to a new file, verifies them while doing so,
/// reads the file back and verifies it as a whole. Only then an event that stands for them is appended to the
/// log, and they are deleted. An action is never cut apart: what is younger than WHEN, or was asked within
/// the last week and is not decided, keeps all of its events in the log, and everything behind its first.
/// `aegis audit verify` works on the log that is left, on the archive, and on both together.
///
/// Other programs can use the log meanwhile. If this is stopped half-way, nothing is lost: either nothing was
/// deleted, or the next pruning deletes the rest. The log's file keeps its size, and new events take the
/// space that is free in it, unless --shrink gives it back. Who has the archive has everything that was in
/// the log: payloads that are redacted later are not removed from it.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  aegis audit prune --before 90d --archive 2026-08.jsonl.zst\n  aegis audit \
    prune --before 2026-09-01 --archive 2026-08.jsonl.zst --yes\n  aegis audit verify 2026-07.jsonl.zst \
    2026-08.jsonl.zst --db aegis_audit.db\n\nExit status: 0 pruned, or nothing is older; 1 the log is \
    damaged, and nothing was pruned; 2 usage, or nobody said yes; 4 the log cannot be written; 5 the archive \
    cannot be written, and nothing was pruned."
)]
pub(crate) struct PruneArgs {
    /// What is older goes: an age (90d, 12h), a date (2026-09-01, UTC), or RFC 3339
    #[arg(long, value_name = "WHEN", value_parser = parse_when)]
    before: DateTime<Utc>,
    /// The file to make; compressed where its name ends with `.zst`. Never overwritten
    #[arg(long, value_name = "FILE")]
    archive: PathBuf,
    /// Give the free space back to the file system. Copies what is left of the log: other programs wait
    /// meanwhile, and the disk needs twice its size for a moment
    #[arg(long)]
    shrink: bool,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

pub(crate) fn run(args: &PruneArgs, settings: &Settings) -> Result<ExitStatus, CommandError> {
    let console = settings.console;
    let shown = escape(&args.archive.to_string_lossy());
    require_file(&args.archive, "an archive is read back and verified, so it must be a file")?;
    refuse_log(&args.archive, &settings.db)?;
    let reader = TrailReader::open(&settings.db)?;
    let plan = reader.plan_prune(args.before, aegis_audit::now())?;
    for left in Archive::unfinished(&args.archive) {
        let left = escape(&left.to_string_lossy());
        console
            .note(format!("`{left}` is left over from a pruning that was cut short, unless one is going on"));
    }
    if plan.events() == 0 && plan.left_over() == 0 {
        return nothing_to_prune(&plan, args.before, settings);
    }
    let verification = verify(&reader, console)?;
    let verified = plan.verified(&verification)?;
    let plan = verified.plan();
    if plan.left_over() > 0 {
        finish_earlier(plan, &verification, settings)?;
    }
    if plan.events() == 0 {
        return nothing_to_prune(plan, args.before, settings);
    }
    note_what_is_held(plan, args.before, settings);
    if !args.yes {
        ask(plan, &args.archive, console)?;
    }
    let progress = Progress::through("steps", LONG, console);
    progress.begin(plan.events().saturating_mul(3));
    let archive = Archive::write(&reader, &verified, &args.archive, |done| progress.advance(done));
    let archive = archive?;
    // A reader keeps the journal from being emptied.
    drop(reader);
    let current = CurrentOperator::new();
    let operator = current.operator();
    let mut journal = open_log(settings, WAIT)?;
    let archived = plan.events().saturating_mul(2);
    let receipt = journal.record_pruning(&archive, operator, aegis_audit::now())?;
    // What follows is housekeeping: whether it works or not, these events are pruned, and whoever asked is
    // told so.
    let settled = journal
        .delete_pruned(&verification, |done| progress.advance(archived + done))
        .and_then(|_| journal.settle(args.shrink));
    progress.end();
    let told = console.tell(summary(plan, &archive, &shown, &receipt, settled.as_ref().ok().copied()));
    // The status says what became of the log, not of the answer.
    if let Err(error) = told {
        console.error(&error);
    }
    match settled {
        Ok(_) => Ok(ExitStatus::Success),
        Err(error) => Err(CommandError::new(
            ExitStatus::AuditLog,
            format!("pruned, but the log's file could not be cleared of it: {error}"),
        )
        .help("nothing is lost; the next `aegis audit prune` deletes the rest")),
    }
}

/// Deletes what an earlier pruning left.
fn finish_earlier(plan: &PrunePlan, sound: &Verification, settings: &Settings) -> Result<(), CommandError> {
    let progress = Progress::through("events", LONG, settings.console);
    progress.begin(plan.left_over());
    let mut journal = open_log(settings, WAIT)?;
    let deleted = journal.delete_pruned(sound, |done| progress.advance(done))?;
    progress.end();
    settings.console.note(format!("{} that an earlier pruning left were deleted", counted(deleted, "event")));
    Ok(())
}

fn nothing_to_prune(
    plan: &PrunePlan,
    before: DateTime<Utc>,
    settings: &Settings,
) -> Result<ExitStatus, CommandError> {
    note_what_is_held(plan, before, settings);
    let why = match plan.held() {
        Some(_) => "what is old enough belongs to actions whose life is not over".to_owned(),
        None => format!("no event is older than {}", instant(before)),
    };
    settings.console.tell(format!("nothing to prune: {why}"))?;
    Ok(ExitStatus::Success)
}

fn note_what_is_held(plan: &PrunePlan, before: DateTime<Utc>, settings: &Settings) {
    if let Some(held) = plan.held() {
        settings.console.note(format!(
            "events from row {} on stay, although some are older than {}: the life of action {} is not over \
             by then",
            held.seq,
            instant(before),
            escape(&held.action_id)
        ));
    }
}

/// Asks whoever sits at the terminal. Without one, nobody can be asked.
fn ask(plan: &PrunePlan, archive: &Path, console: Console) -> Result<(), CommandError> {
    let rows = format!("{} to {} ({})", plan.first(), plan.through(), counted(plan.events(), "event"));
    let facts = [
        ("rows", rows),
        ("to", archive.to_string_lossy().into_owned()),
        ("stay", counted(plan.left(), "event")),
    ];
    let title = "Aegis: move these out of the log?";
    let otherwise = (ExitStatus::Usage, "nothing was pruned", "`--yes` goes on without a question");
    require_yes(&Confirmation { title, facts: &facts, is_final: true }, otherwise, console)
}

fn summary(
    plan: &PrunePlan,
    archive: &Archive,
    shown: &str,
    receipt: &Receipt,
    space: Option<Space>,
) -> String {
    let mut text = format!(
        "pruned    rows {} to {} ({})\narchive   `{shown}`, {}\nsha256    {}",
        plan.first(),
        plan.through(),
        counted(plan.events(), "event"),
        human_bytes(archive.bytes()),
        archive.sha256()
    );
    let _ = write!(text, "\nrecorded  {}:{}", receipt.seq(), receipt.head());
    let Some(space) = space else { return text };
    let _ = write!(text, "\nspace     {} free within the log, for new events", human_bytes(space.free));
    if !space.journal_emptied {
        text.push_str(
            "\njournal   another program is reading: what was deleted stays in the write-ahead log until it \
             is done",
        );
    }
    text
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
