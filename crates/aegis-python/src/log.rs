//! Reading a log, and verifying it.

use std::path::Path;

use aegis_audit::Volatility;
use aegis_audit::sqlite::TrailReader;
use aegis_engine::to_json_line;
use aegis_ledger::export::{ExportFormat, RecordWriter};
use aegis_ledger::findings::Findings;
use aegis_present::json::v1::VerificationV1;
use pyo3::prelude::*;

use crate::border::outside;
use crate::failure::Failure;
use crate::log_filter::read_filter;

/// The records that a filter lets through, oldest first, a line of JSON each.
#[pyfunction]
pub(crate) fn records(py: Python<'_>, log: &str, filter: &str) -> PyResult<Vec<u8>> {
    outside(py, || {
        let reader = TrailReader::open(Path::new(log))?;
        let mut lines = Vec::new();
        let mut writer = RecordWriter::new(ExportFormat::Jsonl, &mut lines).map_err(unwritten)?;
        reader.export(&read_filter(filter)?, &mut writer, |_| {})?;
        writer.finish().map_err(unwritten)?;
        reader.check_left_out()?;
        Ok(lines)
    })
}

/// How many records a filter lets through.
#[pyfunction]
pub(crate) fn count_records(py: Python<'_>, log: &str, filter: &str) -> PyResult<u64> {
    outside(py, || Ok(TrailReader::open(Path::new(log))?.count(&read_filter(filter)?)?))
}

/// Verifies a whole log: whether nothing is wrong with it, and the JSON of `aegis audit verify`.
#[pyfunction]
pub(crate) fn verify(py: Python<'_>, log: &str) -> PyResult<(bool, String)> {
    outside(py, || {
        let reader = TrailReader::open(Path::new(log))?;
        let verification = reader.verify(Vec::new(), |_, _| {})?;
        let findings = Findings {
            log: reader.id(),
            volatility: Volatility::of(Path::new(log)).map(|volatility| volatility.to_string()),
            verification,
            checkpoints: Vec::new(),
            receipts: None,
            anchors_given: false,
            exports: None,
        };
        Ok((findings.is_sound(), to_json_line(&VerificationV1::of(&findings))?))
    })
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` gives")]
fn unwritten(error: std::io::Error) -> Failure {
    Failure::audit(format!("the records cannot be written: {error}"))
}
