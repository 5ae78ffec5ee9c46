//! Where lines begin and end, for whoever looks at many places of a file: a line that is too long is nobody's
//! slip, and looking for its ends again and again would cost time that its sender chooses.

/// How far from a place the ends of its line are looked for, in bytes.
const LONGEST: usize = 1024;

/// Where the line of an offset begins; `None` if that is far away.
pub(crate) fn line_start(text: &str, offset: usize) -> Option<usize> {
    let before = text.as_bytes().get(..offset)?;
    match before.iter().rev().take(LONGEST).position(|byte| *byte == b'\n') {
        Some(distance) => Some(offset - distance),
        None => (offset <= LONGEST).then_some(0),
    }
}

/// Where the line of an offset ends, before its newline; `None` if that is far away.
pub(crate) fn line_end(text: &str, offset: usize) -> Option<usize> {
    let after = text.as_bytes().get(offset..)?;
    match after.iter().take(LONGEST).position(|byte| *byte == b'\n') {
        Some(distance) => Some(offset + distance),
        None => (after.len() <= LONGEST).then_some(text.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_of_lines_are_found_where_they_are_near() {
        let text = "ab\ncd\n";
        assert_eq!((line_start(text, 4), line_end(text, 4)), (Some(3), Some(5)));
        assert_eq!((line_start(text, 0), line_end(text, 6)), (Some(0), Some(6)));
        let long = "x".repeat(5000);
        assert_eq!((line_start(&long, 3000), line_end(&long, 3000)), (None, None));
    }
}
