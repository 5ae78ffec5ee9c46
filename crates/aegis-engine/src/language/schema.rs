//! JSON Schemas (draft 2020-12), generated from the types that are read.

use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform as _};
use schemars::{JsonSchema, Schema};
use serde_json::Value;

use crate::decide::action::Action;
use crate::language::document::{Document, TestDocument};

/// The schema of a policy file.
#[must_use]
pub fn policy_schema() -> Schema {
    schema_of_input::<Document>()
}

/// The schema of a file of examples.
#[must_use]
pub fn test_schema() -> Schema {
    schema_of_input::<TestDocument>()
}

/// The schema of an action document.
#[must_use]
pub fn action_schema() -> Schema {
    schema_of_input::<Action>()
}

/// The schema of any type that is written, by the same settings as the others.
#[must_use]
pub fn schema_of<T: JsonSchema>() -> Schema {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>()
}

/// The schema of a type that is read: a key may be left out, but where it stands, it has a value. Null is
/// none.
fn schema_of_input<T: JsonSchema>() -> Schema {
    let mut schema = schema_of::<T>();
    RecursiveTransform(refuse_null).transform(&mut schema);
    schema
}

/// Takes away the leave to be null that an optional value has by its type.
fn refuse_null(schema: &mut Schema) {
    let Some(keywords) = schema.as_object_mut() else { return };
    if let Some(Value::Array(types)) = keywords.get_mut("type") {
        types.retain(|word| word != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            keywords.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(choices)) = keywords.get_mut("anyOf") {
        choices.retain(|choice| choice.get("type").is_none_or(|word| word != "null"));
        if let [Value::Object(only)] = choices.as_slice() {
            let only = only.clone();
            keywords.remove("anyOf");
            for (keyword, value) in only {
                keywords.entry(keyword).or_insert(value);
            }
        }
    }
    // A default of null says no more than that the key may be left out.
    keywords.retain(|keyword, value| !(keyword == "default" && value.is_null()));
}
