//! What is wrong with a regular expression, where in it, and what to write instead.

use regex_syntax::ast::ErrorKind as Syntax;
use regex_syntax::hir::ErrorKind as Meaning;

use crate::text::escape::escape_capped;

/// What is wrong with an expression.
#[derive(Debug)]
pub(super) struct ExpressionProblem {
    /// The byte in the expression at which the problem begins.
    pub(super) offset: usize,
    /// How many bytes it takes up.
    pub(super) len: usize,
    /// What is wrong. Escaped.
    pub(super) message: String,
    /// What to do about it.
    pub(super) help: &'static str,
    /// The expression as it was probably meant.
    pub(super) meant: Option<String>,
}

const LOOK: &str = "expressions are searched in linear time, which look-around would undo: test what must hold \
     besides by a condition of its own, and what must not by a rule before this one";
const BACKWARDS: &str = "expressions are searched in linear time, which back-references would undo: write out what \
     is to stand there";

/// What is wrong with an expression that could not be compiled.
pub(super) fn problem(expression: &str) -> Option<ExpressionProblem> {
    let error = regex_syntax::Parser::new().parse(expression).err()?;
    let (span, told, (help, insert)) = match &error {
        regex_syntax::Error::Parse(error) => (error.span(), error.kind().to_string(), syntax(error.kind())),
        regex_syntax::Error::Translate(error) => {
            (error.span(), error.kind().to_string(), (meaning(error.kind()), Mending::None))
        }
        _ => return None,
    };
    let (offset, end) = (span.start.offset, span.end.offset.max(span.start.offset));
    let message = match &error {
        regex_syntax::Error::Parse(error) if *error.kind() == Syntax::UnsupportedLookAround => {
            "regular expressions here have no look-around".to_owned()
        }
        regex_syntax::Error::Parse(error) if *error.kind() == Syntax::UnsupportedBackreference => {
            "regular expressions here have no back-references".to_owned()
        }
        _ => format!("the regular expression is malformed: {}", escape_capped(&told, 300)),
    };
    let meant = mended(expression, offset, end, insert).filter(|meant| regex_syntax::parse(meant).is_ok());
    Some(ExpressionProblem { offset, len: end - offset, message, help, meant })
}

/// How a malformed expression is changed.
#[derive(Clone, Copy)]
enum Mending {
    None,
    /// The character there is meant as itself.
    Literal,
    /// Another text there.
    Replace(&'static str),
    /// The two ends of a range change places.
    Swap(char),
    /// A text behind all of it.
    Append(&'static str),
}

fn mended(expression: &str, offset: usize, end: usize, mending: Mending) -> Option<String> {
    let (before, rest) = expression.split_at_checked(offset)?;
    let part = expression.get(offset..end)?;
    let after = expression.get(end..)?;
    Some(match mending {
        Mending::None => return None,
        Mending::Literal => {
            let first = rest.chars().next()?;
            format!("{before}[{first}]{}", rest.get(first.len_utf8()..)?)
        }
        Mending::Replace(text) => format!("{before}{text}{after}"),
        Mending::Swap(between) => {
            let brackets = |character: char| matches!(character, '{' | '}');
            let (first, last) = part.trim_matches(brackets).split_once(between)?;
            let swapped = format!("{last}{between}{first}");
            if part.starts_with('{') {
                format!("{before}{{{swapped}}}{after}")
            } else {
                format!("{before}{swapped}{after}")
            }
        }
        Mending::Append(text) => format!("{expression}{text}"),
    })
}

/// What helps, and the change that it is about.
fn syntax(kind: &Syntax) -> (&'static str, Mending) {
    match kind {
        Syntax::UnsupportedLookAround => (LOOK, Mending::None),
        Syntax::UnsupportedBackreference => (BACKWARDS, Mending::None),
        Syntax::GroupUnclosed => {
            ("close the group with `)`, or write `[(]` for the character itself", Mending::Append(")"))
        }
        Syntax::GroupUnopened => {
            ("open the group with `(`, or write `[)]` for the character itself", Mending::Literal)
        }
        Syntax::ClassUnclosed => {
            ("close the class with `]`, or write `[[]` for the character itself", Mending::Append("]"))
        }
        Syntax::RepetitionMissing => (
            "`*`, `+` and `?` repeat what stands before them: `.*` is any run of characters, `[*]` a star",
            Mending::Replace("."),
        ),
        Syntax::RepetitionCountInvalid => ("write the smaller number first", Mending::Swap(',')),
        Syntax::ClassRangeInvalid => ("write the smaller end first", Mending::Swap('-')),
        Syntax::RepetitionCountUnclosed | Syntax::RepetitionCountDecimalEmpty => {
            ("a count is written `{2}`, `{2,}` or `{2,5}`; `[{]` is the character itself", Mending::None)
        }
        Syntax::EscapeUnrecognized => (
            "take the backslash away, or double it if it is meant as itself; `\\z` is the end of a text, and \
             `\\A` its beginning",
            Mending::None,
        ),
        Syntax::EscapeUnexpectedEof => {
            ("double the backslash if it is meant as itself", Mending::Append("\\"))
        }
        Syntax::ClassEscapeInvalid => ("write the escape outside of the class", Mending::None),
        Syntax::ClassRangeLiteral => ("put the `-` at the end of the class", Mending::None),
        Syntax::FlagUnexpectedEof
        | Syntax::FlagUnrecognized
        | Syntax::FlagDanglingNegation
        | Syntax::FlagDuplicate { .. }
        | Syntax::FlagRepeatedNegation { .. } => {
            ("flags are written `(?i)`, of the letters `i`, `m`, `s`, `x`, `u`, `U` and `R`", Mending::None)
        }
        Syntax::GroupNameDuplicate { .. } => ("give each group a name of its own", Mending::None),
        Syntax::GroupNameEmpty | Syntax::GroupNameInvalid | Syntax::GroupNameUnexpectedEof => {
            ("a named group is written `(?P<name>…)`; here no name is needed", Mending::None)
        }
        Syntax::UnicodeClassInvalid => ("a class of Unicode is written `\\p{Greek}`", Mending::None),
        Syntax::NestLimitExceeded(_) => ("nest fewer groups in one another", Mending::None),
        _ => ("write it by the rules of the Rust crate `regex`", Mending::None),
    }
}

fn meaning(kind: &Meaning) -> &'static str {
    match kind {
        Meaning::UnicodePropertyNotFound | Meaning::UnicodePropertyValueNotFound => {
            "write a class of Unicode such as `\\p{L}` (letters), `\\p{N}` (numbers) or `\\p{Greek}`"
        }
        _ => "write it by the rules of the Rust crate `regex`",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_are_at_their_place_and_what_was_meant_can_be_read() {
        for (expression, place, meant) in [
            ("^(?!prod)", 1, None),
            ("a(?<=b)c", 1, None),
            (r"(a)\1", 3, None),
            ("*.txt", 0, Some(".*.txt")),
            ("a{2,1}", 1, Some("a{1,2}")),
            ("x[z-a]", 2, Some("x[a-z]")),
            ("a)", 1, Some("a[)]")),
            ("é(b", 2, Some("é(b)")),
            ("[a", 0, Some("[a]")),
            (r"a\", 1, Some(r"a\\")),
        ] {
            let found = problem(expression).unwrap();
            assert_eq!((found.offset, found.meant.as_deref()), (place, meant), "{expression}: {found:?}");
            assert!(!found.help.is_empty());
        }
        assert!(problem("a+").is_none());
    }
}
