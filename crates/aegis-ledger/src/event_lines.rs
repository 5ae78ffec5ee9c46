//! Whole events as JSON lines: an export that verifies without the log, and the form of an archive.
//!
//! The first line is the [`EventsHeader`]; each further one is an event, in which `body` and `payload` are
//! strings of exactly the stored bytes, so that its hash can be computed again; the last one is the
//! [`EventsEnd`], so that a file that was cut off shows. Deceptive characters are escaped, which changes no
//! string. Where the first event is not the log's first, `after` says what it is linked to:
//! `{"seq":500,"head":"…","subtrees":["…"]}`, with the hashes of the perfect subtrees (RFC 6962) over
//! everything before, largest first, or null where they are not known.
//!
//! ```json
//! {"aegis_events":1,"log":"…","created_at":1764000000000,"key_sha256":"…","after":null}
//! {"seq":1,"at":1764000000123,"kind":"decided","action_id":"…","body":"{…}","payload":"{…}","salt":"…","commitment":"…","prev_hash":"…","hash":"…"}
//! {"aegis_events_end":1,"events":1,"head":"…"}
//! ```
//!
//! The file may be compressed by zstd as a whole.

mod error;
mod header;
mod line;
mod reader;
mod writer;

pub use error::EventLinesError;
pub use header::{Compression, EventsEnd, EventsHeader};
pub use reader::EventReader;
pub use writer::EventWriter;

#[cfg(test)]
mod tests;
