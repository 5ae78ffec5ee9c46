//! How a policy is written: from the bytes of its files over YAML and the document, which is the policy as
//! written, to the policy that decides; its schemas; and what can be wrong with it, by codes that are
//! explained.
//!
//! This room names [`text`](crate::text) and [`decide`](crate::decide).

pub(crate) mod code;
pub(crate) mod compile;
pub(crate) mod diagnostic;
pub mod document;
mod explanation;
pub(crate) mod fix;
mod format;
pub(crate) mod policy_bytes;
mod read;
mod schema;
pub(crate) mod source_text;
mod yaml;

pub use code::{Code, Severity};
pub use compile::{Loaded, load};
pub use diagnostic::{Diagnostic, Label, Remedy};
pub use document::{Document, MAX_POLICY_BYTES, TestDocument};
pub use explanation::{Explanation, nearest_code};
pub use fix::{Edit, Fix, apply_fixes};
pub use format::{Unformatted, format_policy};
pub use policy_bytes::Source;
pub use schema::{action_schema, policy_schema, schema_of, test_schema};
pub use source_text::SourceText;
