//! The files that a policy is read from, as they are given.

use crate::text::span::Span;

/// A policy file, for [`load`](crate::load).
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Its bytes.
    pub text: &'a [u8],
}

/// The text of the file that a place is in.
pub(crate) fn text_of<'s>(span: Span, sources: &[Source<'s>]) -> &'s [u8] {
    let source = usize::try_from(span.source.0).ok().and_then(|index| sources.get(index));
    source.map(|source| source.text).unwrap_or_default()
}
