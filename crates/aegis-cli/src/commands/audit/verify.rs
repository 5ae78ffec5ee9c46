//! `aegis audit verify`.

mod exports;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

use aegis_audit::{
    Anchor, CheckpointNote, Claim, InclusionProof, KeptReport, Places, TrailReader, Verification, VerifierKey,
};
use aegis_engine::{Digest, escape};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output::Output;
use crate::output::json::v1::verification::{ProofV1, VerificationV1};
use crate::render::verification::{render_proof, render_verification};
use crate::settings::Settings;

/// From how many rows on a progress bar is shown.
const LONG_LOG: u64 = 50_000;
/// A checkpoint or a proof that is larger is none.
const MAX_FILE: u64 = 16 << 20;

/// Check the whole chain, and what others kept of it
///
/// Reads every row once and never stops at the first damage: each is named with its row. A log alone cannot show that its
/// end was cut off, or that all of it was written anew. Receipts and checkpoints that were kept elsewhere can: give them
/// with --receipts, --checkpoint and --anchor. The answer always says how many rows stand behind the last of those.
///
/// With files, the events that were exported to them (`aegis audit --events`) or archived (`aegis audit prune`) are checked
/// instead, without the log; several must follow each other. With --db as well, the log must go on where they end.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  aegis audit verify\n  aegis check --jsonl <actions.jsonl >kept.jsonl; aegis audit \
    verify --receipts kept.jsonl\n  aegis audit verify --checkpoint may.note --public-key 'example.com+1a2b3c4d+AbCd...'\n  \
    aegis audit verify --proof proof.json\n  aegis audit verify 2026-07.jsonl.zst 2026-08.jsonl.zst --db \
    aegis_audit.db\n\n\
    Exit status: 0 nothing is wrong, 1 something is, 4 the log cannot be read, 5 nothing is known to be wrong, but a \
    receipt, checkpoint or proof cannot be read, or not one of those that were given could be compared: their rows were \
    pruned, and the archives were not given."
)]
pub(crate) struct VerifyArgs {
    /// Exported or archived events to check instead of the log, oldest first; compressed or not
    #[arg(value_name = "FILE", conflicts_with = "proof")]
    files: Vec<PathBuf>,
    /// Receipts, or whole decisions, that callers kept: a JSON object a line; `-` is standard input
    #[arg(long, value_name = "FILE")]
    receipts: Option<PathBuf>,
    /// A checkpoint that was kept; may be given several times
    #[arg(long, value_name = "FILE")]
    checkpoint: Vec<PathBuf>,
    /// The number and hash of a row, as `verify` prints them for the newest; may be given several times
    #[arg(long, value_name = "SEQ:HASH", value_parser = parse_anchor)]
    anchor: Vec<(u64, Digest)>,
    /// The key that must have signed each checkpoint: name+hash+base64
    #[arg(long, value_name = "KEY", value_parser = parse_key)]
    public_key: Option<VerifierKey>,
    /// Check a proof from `checkpoint --prove` instead, without any log
    #[arg(long, value_name = "FILE", conflicts_with_all = ["receipts", "checkpoint", "anchor"])]
    proof: Option<PathBuf>,
    /// How to answer
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// How to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Lines for a person
    Text,
    /// One object on one line
    Json,
}

/// Whether a checkpoint was signed by the key that was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signature {
    /// No key was given to check it with.
    NotChecked,
    /// The key signed it.
    Good,
    /// The key did not.
    Bad,
}

/// A checkpoint that was given.
#[derive(Debug)]
pub(crate) struct GivenCheckpoint {
    /// Where it was read from; escaped.
    pub(crate) name: String,
    pub(crate) note: CheckpointNote,
    pub(crate) signature: Signature,
    /// Whether it is of the log that was looked at.
    pub(crate) is_of_log: bool,
}

/// Everything that was found out.
pub(crate) struct Findings {
    pub(crate) log: String,
    pub(crate) verification: Verification,
    pub(crate) checkpoints: Vec<GivenCheckpoint>,
    pub(crate) kept: Option<KeptReport>,
    pub(crate) anchors_given: bool,
    /// The files that were looked at instead of a log, or before it.
    pub(crate) exports: Option<GivenExports>,
}

/// Files of exported events.
pub(crate) struct GivenExports {
    /// What they are called; escaped.
    pub(crate) names: Vec<String>,
    pub(crate) places: Places,
}

impl GivenExports {
    /// In which file and line a row is.
    pub(crate) fn place_of(&self, row: i64) -> Option<(&str, u64)> {
        let (file, line) = self.places.of(u64::try_from(row).ok()?)?;
        Some((self.names.get(file)?, line))
    }
}

impl Findings {
    /// Whether nothing is wrong with the log and everything that was kept of it.
    pub(crate) fn is_sound(&self) -> bool {
        let checkpoint = |given: &GivenCheckpoint| given.is_of_log && given.signature != Signature::Bad;
        self.verification.is_sound() && self.checkpoints.iter().all(checkpoint)
    }

    fn status(&self) -> ExitStatus {
        if !self.is_sound() {
            return ExitStatus::No;
        }
        match &self.kept {
            Some(kept) if !kept.unreadable.is_empty() => ExitStatus::Input,
            _ if self.is_unanchored() => ExitStatus::Input,
            _ => ExitStatus::Success,
        }
    }

    /// Whether not one of the anchors that were given could be held against the log: a forged `pruned` event could stand
    /// for all that they are about.
    pub(crate) fn is_unanchored(&self) -> bool {
        self.anchors_given && self.verification.anchored.is_none()
    }
}

pub(crate) fn run(args: &VerifyArgs, settings: &Settings) -> Result<ExitStatus, CommandError> {
    if let Some(path) = &args.proof {
        return check_proof(path, args, settings.output);
    }
    if !args.files.is_empty() {
        return exports::run(args, settings);
    }
    let reader = TrailReader::open(&settings.db)?;
    let mut receipts = args.receipts.as_deref().map(open_lines).transpose()?;
    let log = reader.id();
    let checkpoints: Vec<_> = args
        .checkpoint
        .iter()
        .map(|path| read_checkpoint(path, &log, args.public_key.as_ref()))
        .collect::<Result<_, _>>()?;
    let anchors = anchors(&checkpoints, &args.anchor);
    let bar = Bar::new(settings.output);
    let (verification, kept) = match &mut receipts {
        None => (reader.verify(anchors, |done, total| bar.show(done, total))?, None),
        Some(lines) => {
            let (verification, kept) =
                reader.verify_kept(anchors, lines.as_mut(), |done, total| bar.show(done, total))?;
            (verification, Some(kept))
        }
    };
    bar.clear();
    let anchors_given = kept.is_some() || !checkpoints.is_empty() || !args.anchor.is_empty();
    let findings = Findings { log, verification, checkpoints, kept, anchors_given, exports: None };
    answer(&findings, args, settings.output)
}

fn answer(findings: &Findings, args: &VerifyArgs, output: Output) -> Result<ExitStatus, CommandError> {
    match args.format {
        Format::Text => output.answer(render_verification(findings))?,
        Format::Json => output.answer(json_line(&VerificationV1::of(findings))?)?,
    }
    Ok(findings.status())
}

/// What was given to hold the log against.
fn anchors(checkpoints: &[GivenCheckpoint], heads: &[(u64, Digest)]) -> Vec<Anchor> {
    let of_log = checkpoints.iter().filter(|given| given.is_of_log && given.signature != Signature::Bad);
    let roots = of_log.map(|given| {
        let checkpoint = given.note.checkpoint();
        let claim = Claim::Root { size: checkpoint.size, root: checkpoint.root };
        Anchor { name: format!("the checkpoint in `{}`", given.name), claim }
    });
    let heads = heads.iter().map(|&(seq, hash)| {
        let claim = Claim::Head { seq, hash };
        Anchor { name: format!("the anchor {seq}:{hash}"), claim }
    });
    roots.chain(heads).collect()
}

fn read_checkpoint(
    path: &Path,
    log: &str,
    key: Option<&VerifierKey>,
) -> Result<GivenCheckpoint, CommandError> {
    let name = escape(&path.to_string_lossy());
    let note = CheckpointNote::from_bytes(&read_file(path)?)
        .map_err(|error| CommandError::input(format!("`{name}` cannot be read: {error}")))?;
    let signature = signature_of(&note, key);
    let is_of_log = note.checkpoint().is_of(log);
    Ok(GivenCheckpoint { name, note, signature, is_of_log })
}

fn signature_of(note: &CheckpointNote, key: Option<&VerifierKey>) -> Signature {
    match key {
        None => Signature::NotChecked,
        Some(key) if note.is_signed_by(key) => Signature::Good,
        Some(_) => Signature::Bad,
    }
}

fn check_proof(path: &Path, args: &VerifyArgs, output: Output) -> Result<ExitStatus, CommandError> {
    let name = escape(&path.to_string_lossy());
    let proof = InclusionProof::from_json(&read_file(path)?)
        .map_err(|error| CommandError::input(format!("`{name}`: {}", escape(&error.to_string()))))?;
    let checked = proof.check();
    let signature = checked.as_ref().ok().map(|note| signature_of(note, args.public_key.as_ref()));
    match args.format {
        Format::Text => output.answer(render_proof(&proof, &checked, signature))?,
        Format::Json => output.answer(json_line(&ProofV1::of(&proof, &checked, signature))?)?,
    }
    let holds = signature.is_some_and(|signature| signature != Signature::Bad);
    Ok(if holds { ExitStatus::Success } else { ExitStatus::No })
}

pub(super) fn json_line(value: &impl serde::Serialize) -> Result<String, CommandError> {
    aegis_engine::to_json_line(value)
        .map_err(|error| CommandError::input(format!("the answer cannot be written: {error}")))
}

fn open(path: &Path) -> Result<File, CommandError> {
    let shown = escape(&path.to_string_lossy());
    crate::source::open_regular(path)
        .map_err(|error| CommandError::input(format!("cannot read `{shown}`: {error}")))
}

fn open_lines(path: &Path) -> Result<Box<dyn BufRead>, CommandError> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin().lock()));
    }
    Ok(Box::new(BufReader::with_capacity(1 << 16, open(path)?)))
}

fn read_file(path: &Path) -> Result<Vec<u8>, CommandError> {
    let mut bytes = Vec::new();
    open(path)?.take(MAX_FILE).read_to_end(&mut bytes).map_err(|error| {
        CommandError::input(format!("cannot read `{}`: {error}", escape(&path.to_string_lossy())))
    })?;
    Ok(bytes)
}

fn parse_anchor(text: &str) -> Result<(u64, Digest), String> {
    let wrong = || "write the number of a row, a colon, and its hash: 17:8c7d...".to_owned();
    let (seq, hash) = text.split_once(':').ok_or_else(wrong)?;
    match (seq.parse(), Digest::from_hex(hash)) {
        (Ok(seq), Some(hash)) if seq > 0 => Ok((seq, hash)),
        _ => Err(wrong()),
    }
}

fn parse_key(text: &str) -> Result<VerifierKey, String> {
    VerifierKey::from_text(text).map_err(|error| error.to_string())
}

/// A bar for whoever is watching a long log being verified; hidden otherwise.
pub(super) struct Bar {
    bar: ProgressBar,
    wanted: bool,
}

impl Bar {
    pub(super) fn new(output: Output) -> Bar {
        Bar { bar: ProgressBar::hidden(), wanted: output.shows_progress() }
    }

    pub(super) fn show(&self, done: u64, total: u64) {
        if !self.wanted || total < LONG_LOG {
            return;
        }
        if self.bar.length().is_none() {
            let style = ProgressStyle::with_template("{bar:40} {human_pos}/{human_len} rows, {eta} left");
            self.bar.set_draw_target(indicatif::ProgressDrawTarget::stderr());
            self.bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            self.bar.set_length(total);
        }
        self.bar.set_position(done);
    }

    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
