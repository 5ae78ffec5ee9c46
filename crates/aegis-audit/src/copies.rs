//! Copies of events for sinks, read back from the log within the transaction that appends them: a sink gets what is
//! stored, and nothing else.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _};
use serde::Deserialize;

use crate::error::TrailError;
use crate::event::kind;
use crate::query::{ROW, read_record};
use crate::receipt::Receipt;
use crate::sink::{Happening, SinkRecord};

/// The decision that an `ended` event belongs to.
#[derive(Deserialize)]
struct Ended {
    decided_seq: Option<u64>,
}

/// The records that events make. Events that are no action's line, such as an approver's answer, make none.
pub(crate) fn copies(
    connection: &Connection,
    path: &Path,
    receipts: &[Receipt],
) -> Result<Vec<SinkRecord>, TrailError> {
    let failed = |error| TrailError::sqlite(path, error);
    let mut event =
        connection.prepare_cached("SELECT kind, body FROM events WHERE seq = ?1").map_err(failed)?;
    let mut row = connection.prepare_cached(ROW).map_err(failed)?;
    let mut records = Vec::with_capacity(receipts.len());
    for receipt in receipts {
        let (kind, body): (String, String) =
            event.query_row([receipt.seq()], |row| Ok((row.get(0)?, row.get(1)?))).map_err(failed)?;
        let (happening, line) = match kind.as_str() {
            kind::REQUESTED => (Happening::Requested, Some(receipt.seq())),
            kind::DECIDED => (Happening::Decided, Some(receipt.seq())),
            kind::ENDED => (Happening::Ended, serde_json::from_str::<Ended>(&body)?.decided_seq),
            _ => continue,
        };
        let Some(line) = line else { continue };
        let found = row.query_row([line], |row| Ok(read_record(row))).optional().map_err(failed)?;
        let mut record = match found {
            Some(Ok(record)) => record,
            Some(Err(problem)) => {
                let seq = i64::try_from(line).unwrap_or(i64::MAX);
                return Err(TrailError::Unreadable {
                    path: path.to_owned(),
                    seq,
                    problem: problem.to_string(),
                });
            }
            None => continue,
        };
        record.seq = receipt.seq();
        record.hash = receipt.head().to_string();
        records.push(SinkRecord::new(happening, record));
    }
    Ok(records)
}
