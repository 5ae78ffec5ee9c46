//! What of an event is indexed: the words by which it is found.

/// What is indexed. The numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Field {
    /// The kind of event.
    Kind = 1,
    /// The session.
    Session = 2,
    /// Who acted.
    Agent = 3,
    /// The type of the action.
    Type = 4,
    /// Its target.
    Target = 5,
    /// The rule that decided.
    Rule = 6,
    /// The risk.
    Risk = 7,
    /// What the policy required.
    Approval = 8,
    /// The answer.
    Decision = 9,
    /// What the answer alone says of the result.
    Result = 10,
    /// Of a `decided` event: the number of the `requested` one in whose place it stands. Numbers in the log,
    /// not in the block.
    Superseded = 11,
    /// Of an `ended` event: the number of the `decided` one whose outcome it tells. Numbers in the log, not
    /// in the block.
    Outcome = 12,
    /// Of a `requested` event that opens a question: what makes it the same as others.
    Question = 13,
    /// Of a `requested` event that offers a grant: what actions that it holds for have in common.
    Grant = 14,
}

/// What is indexed of one event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Words<'a> {
    /// The words by which an action's record is found, each with its field.
    pub(crate) terms: Option<[(Field, Option<&'a str>); 11]>,
    /// The number of the event in whose place this one stands.
    pub(crate) superseded: Option<u64>,
    /// The number of the event whose outcome this one tells, and the outcome.
    pub(crate) outcome: Option<(u64, &'a str)>,
}
