//! A value of a YAML document that knows its place.

use std::rc::Rc;

use serde_json::{Map, Number, Value};

use crate::text::span::Span;

/// A value and its place.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) kind: Kind,
    /// How many nodes this one stands for, aliases expanded.
    pub(super) weight: usize,
    /// How many lists and mappings are within one another in it, itself included, aliases expanded.
    pub(super) height: usize,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Null,
    Bool(bool),
    Number(Number),
    String(String),
    List(Vec<Rc<Node>>),
    Map(Vec<Entry>),
    /// Already reported; nothing more is to be said about it.
    Broken,
}

/// A key of a mapping and its value.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_span: Span,
    pub(crate) value: Rc<Node>,
}

impl Node {
    pub(super) const fn leaf(span: Span, kind: Kind) -> Node {
        Node { span, kind, weight: 1, height: 0 }
    }

    /// What kind of value this is, with its article.
    pub(crate) fn type_name(&self) -> &'static str {
        match &self.kind {
            Kind::Null => "nothing",
            Kind::Bool(_) => "a boolean",
            Kind::Number(_) => "a number",
            Kind::String(_) => "a string",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a mapping",
            Kind::Broken => "an invalid value",
        }
    }

    /// The JSON value that this node denotes; `None` if a part of it is broken.
    pub(crate) fn to_json(&self) -> Option<Value> {
        Some(match &self.kind {
            Kind::Null => Value::Null,
            Kind::Bool(flag) => Value::Bool(*flag),
            Kind::Number(number) => Value::Number(number.clone()),
            Kind::String(text) => Value::String(text.clone()),
            Kind::List(items) => {
                Value::Array(items.iter().map(|item| item.to_json()).collect::<Option<_>>()?)
            }
            Kind::Map(entries) => {
                let members = entries.iter().map(|entry| Some((entry.key.clone(), entry.value.to_json()?)));
                Value::Object(members.collect::<Option<Map<_, _>>>()?)
            }
            Kind::Broken => return None,
        })
    }
}
