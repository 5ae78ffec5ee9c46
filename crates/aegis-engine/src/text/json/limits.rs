//! How much of a JSON document is read.

/// How large a document may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JsonLimits {
    pub(crate) bytes: usize,
    pub(crate) depth: usize,
    pub(crate) values: usize,
}

impl JsonLimits {
    /// What any document may have that comes from an agent.
    pub(crate) const OF_ACTIONS: JsonLimits = JsonLimits { bytes: 1 << 20, depth: 64, values: 10_000 };

    /// What a message around calls may have: each of them is then held to what an action may have.
    pub(crate) const OF_MESSAGES: JsonLimits = JsonLimits { bytes: 8 << 20, depth: 80, values: 200_000 };

    /// What a record may have: it was an action's before.
    pub(crate) const OF_RECORDS: JsonLimits = JsonLimits { bytes: usize::MAX, values: usize::MAX, depth: 64 };
}
