//! `aegis audit checkpoint`.

mod key;

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use aegis_audit::sqlite::TrailReader;
use aegis_engine::{escape, escape_capped};
use aegis_ledger::checkpoint::{Checkpoint, CheckpointNote, origin_of};
use aegis_ledger::note::{NoteError, SignerKey};
use aegis_ledger::verify::Verification;
use aegis_present::quantity::counted;
use clap::Args;

use super::find::find_action;
use super::json_line::json_line;
use super::verifying::verify;
use crate::console::{FileError, refuse_log, write_whole};
use crate::current_operator::CurrentOperator;
use crate::effective_settings::Settings;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::open_log::open_log;
use crate::standard_stream::{output_file, require_file};

/// What stands for the log's own name where no name is given; no key can be called so.
const OWN_NAME: &str = "+";
/// For how long a writer waits for others.
const WAIT: Duration = Duration::from_secs(10);

/// Print a checkpoint of the log, to be kept elsewhere
///
/// A checkpoint says how many events the log has, and the hash over all of them (RFC 6962), in the format of
/// transparency logs (C2SP tlog-checkpoint). Kept where the log's owner cannot reach it, it later proves with
/// `verify --checkpoint` that nothing up to there was changed or cut off. The log is verified first; a
/// damaged one gets no checkpoint. Then the checkpoint is recorded in the log: it covers every event before
/// that record.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  aegis audit checkpoint -o 2026-11-23.note\n  aegis audit checkpoint --new-key \
    -o audit.key\n  aegis audit checkpoint --key audit.key | mail -s checkpoint \
    auditor@example.com\n  aegis audit checkpoint --prove 0193a1b2-... -o proof.json\n\nExit status: 0 \
    written, 1 the log is damaged, or there is no such action, 2 wrong usage, 4 the audit log is missing or \
    cannot be written, 5 a key cannot be read, or the output cannot be written."
)]
pub(crate) struct CheckpointArgs {
    /// Sign it with the private key in this file, which nobody else may be able to read
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Do not record it in the log
    #[arg(long)]
    no_record: bool,
    /// Write to this file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print a proof that the log has the decision of this action, to be checked with `verify --proof`; the
    /// ID is as for `show`
    #[arg(long, value_name = "ID")]
    prove: Option<String>,
    /// Leave parameters and description out of the proof
    #[arg(long, requires = "prove")]
    no_payload: bool,
    /// Make a new key for signing, and write it to the file of -o; the public key is printed. Without NAME it
    /// gets the name of this log, which is what other programs look for; with one, it may sign for several
    #[arg(long, value_name = "NAME", num_args = 0..=1, default_missing_value = OWN_NAME,
        requires = "output", conflicts_with_all = ["key", "no_record", "prove"])]
    new_key: Option<String>,
    /// Print the public key of --key, by the name that checkpoints of this log are signed under, for other
    /// programs; nothing else is done
    #[arg(long, requires = "key", conflicts_with_all = ["no_record", "prove", "output"])]
    show_key: bool,
}

pub(crate) fn run(args: &CheckpointArgs, settings: &Settings) -> Result<ExitStatus, CommandError> {
    let output = output_file(args.output.as_deref());
    if let Some(path) = output {
        refuse_log(path, &settings.db)?;
    }
    if let (Some(name), Some(path)) = (&args.new_key, &args.output) {
        require_file(path, "a private key is written to a file, and not to standard output")?;
        let name = match name.as_str() {
            OWN_NAME => &origin_of(&TrailReader::open(&settings.db)?.id()),
            name => name,
        };
        return key::make(name, path, settings.console);
    }
    if let Some(path) = &args.key {
        require_file(path, "a private key is read from a file that nobody else may read")?;
    }
    let signer = args.key.as_deref().map(key::read).transpose()?;
    let reader = TrailReader::open(&settings.db)?;
    if let Some(signer) = signer.as_ref().filter(|_| args.show_key) {
        let named = signer.under(&origin_of(&reader.id())).map_err(unsigned)?;
        settings.console.answer(named.verifier())?;
        return Ok(ExitStatus::Success);
    }
    let verification = verify(&reader, settings.console)?;
    if let Some(damage) = verification.damage.first() {
        return Err(CommandError::new(ExitStatus::No, format!("the log is damaged: {damage}"))
            .help("a damaged log gets no checkpoint; `aegis audit verify` names everything that is wrong"));
    }
    // Nothing is recorded for a proof that there cannot be.
    let proven = args.prove.as_deref().map(|text| provable(&reader, text)).transpose()?;
    let checkpoint = checkpoint(&reader, &verification, args, signer.as_ref(), settings)?;
    let note = checkpoint.to_note(signer.as_ref()).map_err(unsigned)?;
    let answer = match &proven {
        None => note.to_string(),
        Some(action_id) => prove(&reader, action_id, &note, !args.no_payload)?,
    };
    match output {
        None => settings.console.answer(answer.strip_suffix('\n').unwrap_or(&answer))?,
        Some(path) => {
            write_whole(path, &settings.db, |file| {
                Ok::<_, FileError<CommandError>>(file.write_all(answer.as_bytes())?)
            })?;
            let events = checkpoint.size;
            let what = if proven.is_some() { "a proof with a checkpoint" } else { "a checkpoint" };
            settings.console.note(format!(
                "{what} of {} was written to `{}`",
                counted(events, "event"),
                escape(&path.to_string_lossy())
            ));
        }
    }
    Ok(ExitStatus::Success)
}

/// The checkpoint of the log as it is, recorded unless that is not wanted.
fn checkpoint(
    reader: &TrailReader,
    verification: &Verification,
    args: &CheckpointArgs,
    signer: Option<&SignerKey>,
    settings: &Settings,
) -> Result<Checkpoint, CommandError> {
    if args.no_record {
        let tree = verification.tree.as_ref().ok_or_else(|| {
            CommandError::new(ExitStatus::No, "the hash over all events cannot be computed")
                .help("the oldest events were pruned, and what stands for them is incomplete")
        })?;
        return Ok(Checkpoint::new(&reader.id(), tree));
    }
    let current = CurrentOperator::new();
    let operator = current.operator();
    let mut trail = open_log(settings, WAIT)?;
    let signed_by = signer.map(SignerKey::name);
    let (checkpoint, _receipt) =
        trail.record_checkpoint(verification, aegis_audit::now(), signed_by, operator)?;
    Ok(checkpoint)
}

fn unsigned(error: NoteError) -> CommandError {
    CommandError::new(ExitStatus::No, format!("the checkpoint cannot be signed: {error}"))
}

fn prove(
    reader: &TrailReader,
    action_id: &str,
    note: &CheckpointNote,
    with_payload: bool,
) -> Result<String, CommandError> {
    match reader.prove(action_id, note, with_payload)? {
        Some(proof) => json_line(&proof).map(|line| line + "\n"),
        None => Err(unprovable(action_id)),
    }
}

/// The id of an action that has an event to prove.
fn provable(reader: &TrailReader, text: &str) -> Result<String, CommandError> {
    let action_id = find_action(reader, text)?;
    if reader.can_prove(&action_id)? { Ok(action_id) } else { Err(unprovable(&action_id)) }
}

fn unprovable(action_id: &str) -> CommandError {
    let shown = escape_capped(action_id, 200);
    CommandError::new(ExitStatus::No, format!("the log has no decision of action `{shown}`"))
        .help("`aegis audit show` tells what it has; what was pruned is in the archive")
}
