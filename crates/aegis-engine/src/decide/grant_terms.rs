//! What a yes can be worth beyond the one action: a grant, for some time, for so many actions of a kind.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::decide::param_key::ParamKey;

/// How often a grant can be used where its rule does not say.
pub const USUAL_USES: u32 = 10;
/// How often a grant can be used at most.
pub const MOST_USES: u32 = 10_000;
/// How long a grant holds at most, in milliseconds: a day.
pub const LONGEST_GRANT_MS: u64 = 24 * 60 * 60 * 1000;

/// What a rule lets an approver give together with a yes: leave for further actions like the one that is
/// asked about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantTerms {
    /// For how long, from when it is given, in milliseconds.
    pub for_ms: u64,
    /// For how many further actions.
    pub uses: u32,
    /// What of an action must be as it was in the one that was asked about. Where nothing is named, all of
    /// it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same: Option<Vec<SameField>>,
}

impl GrantTerms {
    /// Terms that are met only by what meets both of these.
    #[must_use]
    pub fn together_with(&self, other: &GrantTerms) -> GrantTerms {
        let same = self.same.as_ref().zip(other.same.as_ref()).map(|(ours, theirs)| {
            let mut both = ours.clone();
            both.extend(theirs.iter().filter(|field| !ours.contains(field)).cloned());
            both
        });
        GrantTerms { for_ms: self.for_ms.min(other.for_ms), uses: self.uses.min(other.uses), same }
    }
}

/// A part of an action that a grant is bound to: its type, its target, or a parameter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct SameField(Part);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Type,
    Target,
    Param(ParamKey),
}

impl SameField {
    /// Reads a field as policies write it: `type`, `target`, or the key of a parameter, as in conditions. A
    /// parameter of one of these names is written as a pointer. `None` if it starts with `/` and is no JSON
    /// Pointer.
    #[must_use]
    pub fn new(written: &str) -> Option<SameField> {
        Some(SameField(match written {
            "type" => Part::Type,
            "target" => Part::Target,
            _ => Part::Param(ParamKey::new(written)?),
        }))
    }

    /// The same as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Part::Type => "type",
            Part::Target => "target",
            Part::Param(key) => key.written(),
        }
    }

    /// Whether both are the same part of an action.
    #[must_use]
    pub fn is(&self, other: &SameField) -> bool {
        match (&self.0, &other.0) {
            (Part::Param(one), Part::Param(other)) => one.path() == other.path(),
            (one, other) => one == other,
        }
    }

    /// The steps from the parameters to it; `None` where it is none.
    #[must_use]
    pub fn param(&self) -> Option<&[String]> {
        match &self.0 {
            Part::Param(key) => Some(key.path()),
            Part::Type | Part::Target => None,
        }
    }

    /// What it is in an action of this type and target, with these parameters; `None` where it is absent.
    #[must_use]
    pub fn of(&self, kind: &str, target: &str, params: &Map<String, Value>) -> Option<Value> {
        match &self.0 {
            Part::Type => Some(kind.into()),
            Part::Target => Some(target.into()),
            Part::Param(key) => key.find(params).cloned(),
        }
    }
}

impl fmt::Display for SameField {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Part::Param(key) => key.fmt(formatter),
            Part::Type | Part::Target => formatter.write_str(self.as_str()),
        }
    }
}

impl From<SameField> for String {
    fn from(field: SameField) -> String {
        field.as_str().to_owned()
    }
}

impl TryFrom<String> for SameField {
    type Error = String;

    fn try_from(written: String) -> Result<SameField, String> {
        SameField::new(&written).ok_or_else(|| "not a JSON Pointer".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn field(written: &str) -> SameField {
        SameField::new(written).unwrap()
    }

    #[test]
    fn a_field_is_found_where_it_stands() {
        let params = json!({ "type": "p", "a": { "b": [1.0] }, "n": null });
        let params = params.as_object().unwrap();
        let of = |written: &str| field(written).of("read", "crm", params);
        assert_eq!((of("type"), of("target")), (Some("read".into()), Some("crm".into())));
        assert_eq!((of("/type"), of("/a/b/0")), (Some("p".into()), Some(json!(1.0))));
        assert_eq!((of("n"), of("m"), of("/a/c")), (Some(Value::Null), None, None));
        assert_eq!(SameField::new("/a~2"), None);
        assert!(field("a").is(&field("/a")) && !field("type").is(&field("/type")));
        assert!(!field("type").is(&field("target")));
        assert_eq!((field("/a/b").param().unwrap().len(), field("target").param()), (2, None));
    }

    #[test]
    fn of_two_grants_the_narrower_holds_in_each_respect() {
        let grant = |for_ms, uses, same: Option<&[&str]>| {
            let same = same.map(|same| same.iter().map(|written| field(written)).collect());
            GrantTerms { for_ms, uses, same }
        };
        let one = grant(1, 9, Some(&["type", "a"]));
        assert_eq!(
            one.together_with(&grant(2, 3, Some(&["b", "a"]))),
            grant(1, 3, Some(&["type", "a", "b"]))
        );
        assert_eq!(one.together_with(&grant(2, 3, None)), grant(1, 3, None), "all of it is the most");
        assert_eq!(one.together_with(&one), one);
    }

    #[test]
    fn what_is_recorded_is_read_back() {
        for same in [None, Some(vec![field("type"), field("target"), field("/a~1b"), field("é")])] {
            let terms = GrantTerms { for_ms: 1, uses: 2, same };
            let text = serde_json::to_string(&terms).unwrap();
            assert_eq!(serde_json::from_str::<GrantTerms>(&text).unwrap(), terms, "{text}");
        }
        assert!(serde_json::from_str::<GrantTerms>(r#"{"for_ms":1,"uses":1,"same":["/~"]}"#).is_err());
    }
}
