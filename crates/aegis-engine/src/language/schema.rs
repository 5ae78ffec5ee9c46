//! JSON Schemas (draft 2020-12), generated from the types that are read.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};

use crate::decide::action::Action;
use crate::language::document::Document;

/// The schema of a policy file.
#[must_use]
pub fn policy_schema() -> Schema {
    schema_of::<Document>()
}

/// The schema of an action document.
#[must_use]
pub fn action_schema() -> Schema {
    schema_of::<Action>()
}

/// The schema of any type that is read or written, by the same settings as the others.
#[must_use]
pub fn schema_of<T: JsonSchema>() -> Schema {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>()
}
