//! Text and values that know nothing of policies: places in text, text made safe to look at, exact
//! decimals, strict JSON, its canonical form and digest, the nearest known word, names that look secret, and
//! secrets that announce themselves.
//!
//! The lowest of the rooms. It names no other one.

pub(crate) mod announced;
pub(crate) mod canonical;
pub(crate) mod decimal;
pub(crate) mod digest;
pub(crate) mod escape;
pub(crate) mod json;
pub(crate) mod name_like;
pub(crate) mod nearest;
pub(crate) mod secret_names;
pub(crate) mod span;

pub use announced::hide_secrets;
pub use canonical::{Member, canonical_json, canonical_members, canonical_number};
pub use digest::Digest;
pub use escape::{
    escape, escape_capped, escape_into, escape_json_into, is_printable_ascii, saves, to_json_line,
};
pub use json::{
    JsonError, JsonSlip, MAX_MESSAGE_BYTES, parse_json, parse_message_json, parse_recorded_json, type_name,
};
pub use secret_names::looks_secret;
pub use span::{Position, SourceId, Span, Spanned};
