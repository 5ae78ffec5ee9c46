//! `pruned`: the oldest events were moved to an archive. This one stands for them.

use aegis_engine::Digest;
use serde::{Deserialize, Serialize};

use super::body::{Body, Claimed, Happening, Key, digits};
use super::operator::Operator;
use super::text::Text;
use crate::merkle::Frontier;
use crate::origin::Origin;

/// The oldest events were moved to an archive. This one stands for them.
#[derive(Clone, Copy, Debug)]
pub struct Pruned<'a> {
    /// The number of the last event that was removed. All before it are gone too.
    pub through: u64,
    /// That event's hash: what the oldest one that is left is linked to.
    pub head: Digest,
    /// The hashes of the perfect subtrees (RFC 6962) over all removed events, largest first: what a
    /// checkpoint of the whole log is computed from.
    pub subtrees: &'a [Digest],
    /// The hash before the log's first event, which binds the log's own row: nothing that is left does.
    pub genesis: Digest,
    /// The digest of the archive's file.
    pub archive_sha256: Digest,
    /// The name of the archive's file, without its directory.
    pub archive: &'a str,
    /// Who did it, and where.
    pub operator: Operator<'a>,
}

/// The same as it is stored. Digests are 64 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrunedBody<S = String> {
    /// The number of the last event that was removed.
    pub through: u64,
    /// That event's hash.
    pub head: S,
    /// The hashes of the perfect subtrees over all removed events, largest first.
    pub subtrees: Vec<String>,
    /// The hash before the log's first event; absent where the event does not say it.
    pub genesis: Option<S>,
    /// The digest of the archive's file.
    pub archive_sha256: S,
    /// The name of the archive's file, without its directory.
    pub archive: S,
    /// The machine on which that was done.
    pub host: S,
    /// The account that did it.
    pub user: S,
    /// The account that logged in, where that is another one: behind `sudo`, who it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<S>,
}

impl<'a> Happening<'a> for Pruned<'a> {
    type Body = PrunedBody<Text<'a>>;

    fn action_id(&self) -> &'a str {
        ""
    }

    fn stored(&self, _: Option<u64>, _: &Key) -> (Self::Body, Option<String>) {
        let body = PrunedBody {
            through: self.through,
            head: self.head.to_string().into(),
            subtrees: digits(self.subtrees),
            genesis: Some(self.genesis.to_string().into()),
            archive_sha256: self.archive_sha256.to_string().into(),
            archive: self.archive.into(),
            host: self.operator.host.into(),
            user: self.operator.user.into(),
            login: self.operator.login.map(Text::from),
        };
        (body, None)
    }
}

impl<S: AsRef<str>> PrunedBody<S> {
    /// Where the log begins behind what was pruned; `None` if that makes no sense.
    #[must_use]
    pub fn origin(&self) -> Option<Origin> {
        let subtrees: Option<Vec<_>> =
            self.subtrees.iter().map(|subtree| Digest::from_hex(subtree)).collect();
        let tree = Frontier::from_subtrees(self.through, &subtrees?)?;
        let genesis = match &self.genesis {
            None => None,
            Some(genesis) => Some(Digest::from_hex(genesis.as_ref())?),
        };
        Some(Origin { through: self.through, head: Digest::from_hex(self.head.as_ref())?, tree, genesis })
    }
}

impl<S: AsRef<str>> Body for PrunedBody<S> {
    fn claim(&self) -> Result<Claimed<'_>, String> {
        let origin = self.origin().ok_or_else(|| "what it says was pruned makes no sense".to_owned())?;
        Ok(Claimed::Pruned(Box::new(origin)))
    }
}
