//! What a regular expression lets through: whether it is anchored, and `unescaped-dot`.

use regex_syntax::ast::{self, Ast};
use regex_syntax::hir::{Class, Hir, HirKind, Look};

use crate::author::lint::subject::Linted;
use crate::decide::condition::{Condition, ParamTest};
use crate::language::code::Code;
use crate::language::diagnostic::Diagnostic;
use crate::text::escape::escape_capped;

/// A rule that allows, by a match of a part of the text.
pub(super) fn unanchored(linted: &Linted<'_>, condition: &Condition, test: &ParamTest) -> Option<Diagnostic> {
    let ParamTest::Matches(regex) = test else { return None };
    let pattern = regex_syntax::parse(regex.as_str()).ok()?;
    let properties = pattern.properties();
    let (start, end) = (
        properties.look_set_prefix().contains(Look::Start) && !anything_at(&pattern, End::First),
        properties.look_set_suffix().contains(Look::End) && !anything_at(&pattern, End::Last),
    );
    let open = match (start, end) {
        (true, true) => return None,
        (true, false) => "anything may follow what matches",
        (false, true) => "anything may precede what matches",
        (false, false) => "anything may stand around what matches",
    };
    let message = format!("rule `{}` allows on a match of a part of the text", linted.name());
    // Where an anchor is there already, or alternatives are, `^…$` around it would mean something else.
    let help = if regex.as_str().contains(['^', '$', '|', '(']) {
        "begin with `^`, end with `$`, and write out what may stand between: `^/tmp/[a-z]+$`, `^(?:a|b)$`"
            .to_owned()
    } else {
        format!("match the whole of it: `^{}$`", escape_capped(regex.as_str(), 60))
    };
    Some(Diagnostic::new(Code::UnanchoredRegex, condition.span, message).label(open).help(help))
}

/// An end of an expression.
#[derive(Clone, Copy)]
enum End {
    First,
    Last,
}

/// Whether any text may stand at an end of the expression, within its anchor: `^.*`, `.*$`.
fn anything_at(hir: &Hir, end: End) -> bool {
    match hir.kind() {
        HirKind::Capture(capture) => anything_at(&capture.sub, end),
        HirKind::Alternation(branches) => branches.iter().any(|branch| anything_at(branch, end)),
        HirKind::Concat(parts) => {
            let is_part = |part: &&Hir| !matches!(part.kind(), HirKind::Look(_) | HirKind::Empty);
            let part = match end {
                End::First => parts.iter().find(is_part),
                End::Last => parts.iter().rev().find(is_part),
            };
            part.is_some_and(|part| anything_at(part, end))
        }
        HirKind::Repetition(repetition) => {
            repetition.max.is_none() && repetition.min <= 1 && is_any_character(&repetition.sub)
        }
        _ => false,
    }
}

/// Whether every character matches, line breaks perhaps excepted.
fn is_any_character(hir: &Hir) -> bool {
    let inner = match hir.kind() {
        HirKind::Capture(capture) => &capture.sub,
        _ => hir,
    };
    let HirKind::Class(Class::Unicode(class)) = inner.kind() else { return false };
    let mut left_out = class.clone();
    left_out.negate();
    left_out.iter().all(|range| matches!(range.start(), '\n' | '\r') && matches!(range.end(), '\n' | '\r'))
}

/// A dot between words, as in a host or a file name, that matches any character.
pub(super) fn unescaped_dot(
    linted: &Linted<'_>,
    condition: &Condition,
    test: &ParamTest,
) -> Option<Diagnostic> {
    let ParamTest::Matches(regex) = test else { return None };
    let pattern = regex.as_str();
    let ast = ast::parse::Parser::new().parse(pattern).ok()?;
    let mut dots = Vec::new();
    find_dots(&ast, &mut dots);
    let first = *dots.first()?;
    let name = |before: &str, after: &str| {
        let is_name = |c: &char| c.is_alphanumeric() || "-_.".contains(*c);
        let start: String = before.chars().rev().take_while(is_name).collect();
        let end: String = after.chars().take_while(is_name).collect();
        (start.chars().rev().collect::<String>(), end)
    };
    let (before, after) = (pattern.get(..first)?, pattern.get(first + 1..)?);
    let (start, end) = name(before, after);
    let mut fixed = String::new();
    for (offset, character) in pattern.char_indices() {
        if dots.contains(&offset) { fixed.push_str("[.]") } else { fixed.push(character) }
    }
    let (start, end) = (escape_capped(&start, 40), escape_capped(&end, 40));
    let message =
        format!("rule `{}` allows `{start}x{end}` like `{start}.{end}`: `.` is any character", linted.name());
    Some(
        Diagnostic::new(Code::UnescapedDot, condition.span, message)
            .help(format!("write `[.]` for the dot itself: `{}`", escape_capped(&fixed, 100))),
    )
}

/// Gathers where such dots stand.
fn find_dots(ast: &Ast, dots: &mut Vec<usize>) {
    match ast {
        Ast::Group(group) => find_dots(&group.ast, dots),
        Ast::Repetition(repetition) => find_dots(&repetition.ast, dots),
        Ast::Alternation(alternation) => alternation.asts.iter().for_each(|ast| find_dots(ast, dots)),
        Ast::Concat(concat) => {
            for parts in concat.asts.windows(4) {
                if let [before, Ast::Dot(dot), Ast::Literal(first), Ast::Literal(second)] = parts
                    && is_end_of_word(before)
                    && first.c.is_alphabetic()
                    && second.c.is_alphabetic()
                {
                    dots.push(dot.start.offset);
                }
            }
            concat.asts.iter().for_each(|ast| find_dots(ast, dots));
        }
        _ => {}
    }
}

fn is_end_of_word(ast: &Ast) -> bool {
    match ast {
        Ast::Literal(literal) => literal.c.is_alphanumeric(),
        Ast::Repetition(repetition) => !matches!(*repetition.ast, Ast::Dot(_)),
        Ast::Group(_) | Ast::ClassBracketed(_) | Ast::ClassPerl(_) | Ast::ClassUnicode(_) => true,
        _ => false,
    }
}
