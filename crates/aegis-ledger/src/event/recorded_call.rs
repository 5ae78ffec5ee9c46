//! Which call of a framework an action was read from, as it is stored.

use aegis_engine::CallOrigin;
use serde::{Deserialize, Serialize};

use super::text::Text;

/// Which call of a framework an action was read from. `S` is how its strings are held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedCall<S = String> {
    /// The format that it was written in.
    pub format: S,
    /// The id that it came with; absent where it had none.
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    pub id: Option<S>,
}

impl<'a> RecordedCall<Text<'a>> {
    /// The call, to be stored.
    pub(super) fn of(origin: &'a CallOrigin) -> RecordedCall<Text<'a>> {
        RecordedCall { format: origin.format().into(), id: origin.id().map(Text::from) }
    }
}
