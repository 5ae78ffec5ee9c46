//! A value of the input together with its place.

use std::collections::HashSet;

use aegis_engine::type_name;
use serde_json::{Map, Value};

use crate::call_error::CallError;

/// A value, and the JSON Pointer to it.
#[derive(Clone, Debug)]
pub(crate) struct Place<'v> {
    value: &'v Value,
    pointer: String,
}

impl<'v> Place<'v> {
    /// The whole input.
    pub(crate) const fn root(value: &'v Value) -> Place<'v> {
        Place { value, pointer: String::new() }
    }

    pub(crate) const fn value(&self) -> &'v Value {
        self.value
    }

    /// The pointer; `/` stands for the whole input, as an empty one would not be seen.
    pub(crate) fn pointer(&self) -> String {
        if self.pointer.is_empty() { "/".to_owned() } else { self.pointer.clone() }
    }

    /// The pointer to a member, whether it is there or not.
    fn below(&self, token: &str) -> String {
        format!("{}/{}", self.pointer, token.replace('~', "~0").replace('/', "~1"))
    }

    /// A member, unless it is absent or null: programs write null for what is not there.
    pub(crate) fn member(&self, name: &str) -> Option<Place<'v>> {
        let value = self.value.as_object()?.get(name).filter(|value| !value.is_null())?;
        Some(Place { value, pointer: self.below(name) })
    }

    /// A member that must be there.
    pub(crate) fn required(&self, name: &str) -> Result<Place<'v>, CallError> {
        self.member(name).ok_or_else(|| CallError::Missing { place: self.below(name) })
    }

    fn wrong(&self, expected: &'static str) -> CallError {
        CallError::WrongType { place: self.pointer(), expected, found: type_name(self.value) }
    }

    pub(crate) fn object(&self) -> Result<&'v Map<String, Value>, CallError> {
        self.value.as_object().ok_or_else(|| self.wrong("an object"))
    }

    pub(crate) fn text(&self) -> Result<&'v str, CallError> {
        self.value.as_str().ok_or_else(|| self.wrong("a string"))
    }

    pub(crate) fn flag(&self) -> Result<bool, CallError> {
        self.value.as_bool().ok_or_else(|| self.wrong("a boolean"))
    }

    /// The items of a list.
    pub(crate) fn items(&self) -> Result<Vec<Place<'v>>, CallError> {
        let items = self.value.as_array().ok_or_else(|| self.wrong("a list"))?;
        let place = |(index, value)| Place { value, pointer: format!("{}/{index}", self.pointer) };
        Ok(items.iter().enumerate().map(place).collect())
    }

    /// The items of a member that may be absent.
    pub(crate) fn items_of(&self, name: &str) -> Result<Vec<Place<'v>>, CallError> {
        self.member(name).map_or_else(|| Ok(Vec::new()), |list| list.items())
    }

    /// A text that names something: neither empty nor with a NUL in it.
    pub(crate) fn name(&self) -> Result<&'v str, CallError> {
        let text = self.text()?;
        if text.is_empty() {
            return Err(CallError::Empty { place: self.pointer() });
        }
        if text.contains('\0') {
            return Err(CallError::Nul { place: self.pointer() });
        }
        Ok(text)
    }

    /// That no member is spelt like one of these in another case: some programs read keys whatever their
    /// case, and take the last one.
    pub(crate) fn spelt(&self, names: &[&str]) -> Result<(), CallError> {
        let Some(members) = self.value.as_object() else { return Ok(()) };
        let known: HashSet<String> = names.iter().map(|name| folded(name)).collect();
        let is_odd = |key: &&String| !names.contains(&key.as_str()) && known.contains(&folded(key));
        match members.keys().find(is_odd) {
            Some(key) => Err(CallError::OddCase { place: self.below(key) }),
            None => Ok(()),
        }
    }

    /// That it holds at most one of these: of calls in several places, programs would not agree on which are
    /// meant.
    pub(crate) fn at_most_one_of(&self, names: &[&str]) -> Result<(), CallError> {
        let found = names.iter().filter(|name| self.member(name).is_some()).count();
        if found > 1 { Err(self.unknown()) } else { Ok(()) }
    }

    /// The type of a block: its member `type`, or its keys where that is no text.
    pub(crate) fn kind(&self) -> Option<&'v str> {
        self.value.as_object()?.get("type")?.as_str()
    }

    /// That nobody knows what this is.
    pub(crate) fn unknown(&self) -> CallError {
        let kind = match (self.kind(), self.value.as_object()) {
            (Some(kind), _) => kind.to_owned(),
            (None, Some(members)) => {
                let keys: Vec<_> = members.keys().take(8).map(String::as_str).collect();
                format!("{{{}}}", keys.join(","))
            }
            (None, None) => type_name(self.value).to_owned(),
        };
        CallError::UnknownBlock { place: self.pointer(), kind }
    }
}

/// A key without its case, by the widest rule that programs read keys by: two letters beyond ASCII fold into
/// it.
fn folded(key: &str) -> String {
    key.chars()
        .flat_map(char::to_lowercase)
        .map(|letter| if letter == '\u{17f}' { 's' } else { letter })
        .collect()
}
