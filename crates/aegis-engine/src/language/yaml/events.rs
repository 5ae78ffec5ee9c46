//! The parser of YAML, by the limits that hold for policies.

use serde_yaml::granit_parser::{self, Parser, StrInput};

/// How deep lists and mappings may nest.
pub(super) const MAX_DEPTH: usize = 64;

/// The events of a text, up to the first that cannot be read.
pub(super) fn events(text: &str) -> Parser<'_, StrInput<'_>> {
    let options = granit_parser::options! {
        emit_comments: false,
        emit_unresolved_aliases: true,
        // As YAML 1.2 has it: what goes on over several lines is indented further than its key.
        strict_indentation: true,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    Parser::new_from_str_with_options(text, options)
}

/// How far a text can be read, in bytes; `None` if to its end.
pub(super) fn readable_up_to(text: &str) -> Option<usize> {
    let error = events(text).find_map(Result::err)?;
    Some(error.marker().byte_offset().unwrap_or(text.len()))
}
