//! How statistics are to look.

use crate::charset::Charset;

/// How to show statistics.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// The columns that there are.
    pub width: usize,
    /// The characters that the terminal can show.
    pub charset: Charset,
    /// How many names of each kind to show.
    pub top: usize,
}
