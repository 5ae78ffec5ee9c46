//! `checkpoint`: a checkpoint of the log was handed out.

use aegis_engine::Digest;
use serde::{Deserialize, Serialize};

use super::body::{Body, Claimed, Happening, Key};
use super::operator::Operator;
use super::text::Text;

/// A checkpoint of the log was handed out.
#[derive(Clone, Copy, Debug)]
pub struct Checkpointed<'a> {
    /// How many events it covers.
    pub size: u64,
    /// The RFC 6962 hash over them.
    pub root: Digest,
    /// The name of the key that signed it.
    pub signed_by: Option<&'a str>,
    /// Who asked for it, and where.
    pub operator: Operator<'a>,
}

/// The same as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckpointBody<S = String> {
    /// How many events it covers.
    pub size: u64,
    /// The RFC 6962 hash over them: 64 hexadecimal digits.
    pub root: S,
    /// The name of the key that signed it.
    pub signed_by: Option<S>,
    /// The machine.
    pub host: S,
    /// The account that asked for it.
    pub user: S,
    /// The account that logged in, where that is another one: behind `sudo`, who it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<S>,
}

impl<'a> Happening<'a> for Checkpointed<'a> {
    type Body = CheckpointBody<Text<'a>>;

    fn action_id(&self) -> &'a str {
        ""
    }

    fn stored(&self, _: Option<u64>, _: &Key) -> (Self::Body, Option<String>) {
        let body = CheckpointBody {
            size: self.size,
            root: self.root.to_string().into(),
            signed_by: self.signed_by.map(Text::from),
            host: self.operator.host.into(),
            user: self.operator.user.into(),
            login: self.operator.login.map(Text::from),
        };
        (body, None)
    }
}

impl<S: AsRef<str>> Body for CheckpointBody<S> {
    fn claim(&self) -> Result<Claimed<'_>, String> {
        Ok(Claimed::Tree { size: self.size, root: self.root.as_ref() })
    }
}
