//! Private keys that fill lines: PEM (RFC 7468), and what armours a key likewise.

use std::ops::Range;

use super::reading::{part, skip};

const DASHES: &str = "-----";
/// How long the label of a block is at most.
const LONGEST_LABEL: usize = 80;

/// The block of a private key that begins at `start` with `-----BEGIN`, up to its end. One that has none goes
/// on to the end of the text.
pub(super) fn private_key(text: &str, start: usize, end: usize) -> Option<Range<usize>> {
    let label_end = skip(text, end, LONGEST_LABEL, |byte| byte != b'-');
    let label = part(text, end, label_end);
    // Labels are in capitals, as RFC 7468 has them; whoever wrote it otherwise meant the same.
    label.to_ascii_uppercase().contains("PRIVATE KEY").then(|| {
        let rest = text.get(label_end + DASHES.len()..).unwrap_or_default();
        let close = rest.find("-----END").or_else(|| rest.find("-----end")).and_then(|close| {
            let behind = rest.get(close + 8..)?;
            Some(close + 8 + behind.find(DASHES)? + DASHES.len())
        });
        start..close.map_or(text.len(), |close| label_end + DASHES.len() + close)
    })
}
