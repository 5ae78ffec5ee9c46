//! Which call of a framework an action was read from.

use crate::text::announced::hide_secrets;

/// Which call an action was read from: kept beside the action, so that its record can be found by the call's
/// id. No rule goes by it, and it is no part of what the digest is over: a call that is made again has
/// another id, and is the same action.
///
/// ```
/// use aegis_engine::{Action, CallOrigin};
/// let action = Action::from_json(br#"{"type":"read","target":"crm"}"#)?;
/// let called = action.clone().of_call(CallOrigin::new("anthropic", Some("toolu_01")));
/// assert_eq!(called.call().and_then(CallOrigin::id), Some("toolu_01"));
/// assert_eq!(called.digest(), action.digest());
/// # Ok::<(), aegis_engine::ActionError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallOrigin {
    format: String,
    id: Option<String>,
}

impl CallOrigin {
    /// A call of this format, by the id that it came with. A secret that announces itself in the id is left
    /// out of it: an id is written down where nothing can be removed later.
    #[must_use]
    pub fn new(format: &str, id: Option<&str>) -> CallOrigin {
        CallOrigin { format: format.to_owned(), id: id.map(|id| hide_secrets(id).into_owned()) }
    }

    /// The format that it was written in.
    #[must_use]
    pub fn format(&self) -> &str {
        &self.format
    }

    /// Its id, if it came with one.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_has_the_call_that_it_was_read_from_and_is_the_same_without_it() {
        let action = crate::Action::from_json(br#"{"type":"read","target":"crm"}"#).unwrap();
        assert_eq!(action.call(), None);
        let call = CallOrigin::new("anthropic", Some("toolu_01"));
        let called = action.clone().of_call(call.clone());
        assert_eq!((called.call(), called.digest()), (Some(&call), action.digest()));
        assert_eq!(called.with_params(serde_json::Map::new()).call(), Some(&call));
    }

    #[test]
    fn a_call_tells_its_format_and_its_id_without_a_secret_in_it() {
        let call = CallOrigin::new("anthropic", Some("toolu_01"));
        assert_eq!((call.format(), call.id()), ("anthropic", Some("toolu_01")));
        assert_eq!(CallOrigin::new("openai", None).id(), None);
        let call = CallOrigin::new("openai", Some("call token=hunter2"));
        assert!(!call.id().unwrap().contains("hunter2"), "{call:?}");
    }
}
