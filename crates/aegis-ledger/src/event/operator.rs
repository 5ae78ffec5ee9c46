//! Who did something to the log itself.

/// Who did something to the log itself, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operator<'a> {
    /// The machine.
    pub host: &'a str,
    /// The account, as the kernel knows it.
    pub user: &'a str,
    /// The account that logged in, where that is another one, as the kernel knows it.
    pub login: Option<&'a str>,
}
