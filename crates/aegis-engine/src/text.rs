//! Text and values that know nothing of policies: places in text, text made safe to look at, strict JSON, its canonical
//! form and digest, the nearest known word.
//!
//! The lowest of the rooms. It names no other one.

pub(crate) mod canonical;
pub(crate) mod escape;
pub(crate) mod json;
pub(crate) mod nearest;
pub(crate) mod span;

pub use canonical::{Digest, Member, canonical_json, canonical_members, canonical_number};
pub use escape::{escape, escape_capped, escape_into, escape_json_into, is_printable_ascii, to_json_line};
pub use json::{JsonError, parse_json};
pub use span::{Position, SourceId, Span, Spanned};
