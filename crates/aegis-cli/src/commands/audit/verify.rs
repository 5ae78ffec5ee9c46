//! `aegis audit verify`.

mod answer;
mod args;
mod exports;
mod given;

use std::path::{Path, PathBuf};

use aegis_audit::Volatility;
use aegis_audit::sqlite::TrailReader;
use aegis_engine::escape;
use aegis_ledger::findings::{CheckedProof, Findings, anchors};
use aegis_ledger::proof::InclusionProof;
use aegis_present::Format;
use aegis_present::json::v1::ProofV1;
use aegis_present::lines::render_proof;

use self::answer::answer;
pub(crate) use self::args::VerifyArgs;
use self::given::{open_lines, read_checkpoints, read_file};
use super::json_line::json_line;
use super::verifying;
use crate::console::Console;
use crate::effective_settings::Settings;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::standard_stream::at_most_one;

pub(crate) fn run(args: &VerifyArgs, settings: &Settings) -> Result<ExitStatus, CommandError> {
    let read = [&args.receipts, &args.proof].into_iter().flatten();
    at_most_one(read.chain(&args.files).chain(&args.checkpoint).map(PathBuf::as_path))?;
    if let Some(path) = &args.proof {
        return check_proof(path, args, settings.console);
    }
    if !args.files.is_empty() {
        return exports::run(args, settings);
    }
    let reader = TrailReader::open(&settings.db)?;
    let mut receipts = args.receipts.as_deref().map(open_lines).transpose()?;
    let log = reader.id();
    let checkpoints = read_checkpoints(&args.checkpoint, &log, args.public_key.as_ref())?;
    let anchors = anchors(&checkpoints, &args.anchor);
    let progress = verifying::progress(settings.console);
    let (verification, report) = match &mut receipts {
        None => (reader.verify(anchors, |done, total| progress.show(done, total))?, None),
        Some(lines) => {
            let (verification, report) =
                reader.verify_receipts(anchors, lines.as_mut(), |done, total| progress.show(done, total))?;
            (verification, Some(report))
        }
    };
    progress.end();
    let anchors_given = report.is_some() || !checkpoints.is_empty() || !args.anchor.is_empty();
    let volatility = Volatility::of(&settings.db).map(|volatility| volatility.to_string());
    let findings = Findings {
        log,
        volatility,
        verification,
        checkpoints,
        receipts: report,
        anchors_given,
        exports: None,
    };
    answer(&findings, args, settings.console)
}

fn check_proof(path: &Path, args: &VerifyArgs, console: Console) -> Result<ExitStatus, CommandError> {
    let name = escape(&path.to_string_lossy());
    let proof = InclusionProof::from_json(&read_file(path)?)
        .map_err(|error| CommandError::input(format!("`{name}`: {}", escape(&error.to_string()))))?;
    let checked = CheckedProof::new(proof, args.public_key.as_ref());
    match args.format {
        Format::Text if console.is_quiet() && checked.holds() => {}
        Format::Text => console.answer(render_proof(&checked))?,
        Format::Json => console.answer(json_line(&ProofV1::of(&checked))?)?,
    }
    Ok(if checked.holds() { ExitStatus::Success } else { ExitStatus::No })
}
