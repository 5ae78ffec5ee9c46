//! Comments that silence findings: `# aegis: allow(code) — reason`, above a rule or beside a line of it.

use serde_yaml::granit_parser::{self, Event, Parser};

use crate::decide::policy::Policy;
use crate::language::code::{Code, Severity};
use crate::language::diagnostic::{Diagnostic, Remedy};
use crate::language::policy_bytes::Source;
use crate::text::escape::escape_capped;
use crate::text::nearest::nearest;
use crate::text::span::{SourceId, Span};

/// What such a comment begins with, after its `#`.
const MARK: &str = "aegis:";

/// A comment of a policy.
struct Comment<'s> {
    /// With its `#`.
    span: Span,
    text: &'s str,
    /// The line, from 0.
    line: usize,
    /// Whether nothing else is on its line.
    alone: bool,
}

/// One code that a comment silences.
struct Allow {
    code: Code,
    span: Span,
    line: usize,
    used: bool,
}

/// Where lines begin.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Lines {
        let newlines =
            text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(offset, _)| offset + 1);
        Lines(std::iter::once(0).chain(newlines).collect())
    }

    /// The line of an offset, from 0.
    fn line(&self, offset: u32) -> usize {
        self.0.partition_point(|start| *start <= offset as usize).saturating_sub(1)
    }
}

/// Leaves out what comments silence, and adds what is wrong with the comments.
pub(super) fn silence(found: Vec<Diagnostic>, policy: &Policy, sources: &[Source<'_>]) -> Vec<Diagnostic> {
    let mut kept = found;
    for (source, id) in sources.iter().zip(0..) {
        let id = SourceId(id);
        let Ok(text) = std::str::from_utf8(source.text) else { continue };
        // Most files have no such comment, and need no second look.
        if !text.contains(MARK) {
            continue;
        }
        let lines = Lines::of(text);
        let comments = comments(id, text, &lines);
        let mut problems = Vec::new();
        let mut allows: Vec<_> =
            comments.iter().flat_map(|comment| read_allows(comment, &mut problems)).collect();
        let regions = Regions::new(id, policy, &lines, &comments);
        kept.retain(|diagnostic| {
            let is_here = diagnostic.primary.span.source == id && diagnostic.severity == Severity::Warning;
            !(is_here && regions.silences(&mut allows, diagnostic, &lines))
        });
        kept.append(&mut problems);
        kept.extend(allows.iter().filter(|allow| !allow.used).map(unused));
    }
    kept
}

fn unused(allow: &Allow) -> Diagnostic {
    let message = format!("there is no `{}` here to silence", allow.code);
    Diagnostic::new(Code::UnusedAllow, allow.span, message)
        .help("remove the comment, or put it right above the rule that it is for")
}

/// All comments of a text that the parser has read once already.
fn comments<'s>(source: SourceId, text: &'s str, lines: &Lines) -> Vec<Comment<'s>> {
    let options = granit_parser::options! {
        emit_comments: true,
        max_buffered_comment_events: usize::MAX,
        emit_unresolved_aliases: true,
    };
    let mut comments = Vec::new();
    for (event, span) in Parser::new_from_str_with_options(text, options).map_while(Result::ok) {
        let (Event::Comment(..), Some(range)) = (event, span.byte_range()) else { continue };
        let (Ok(start), Ok(end)) = (u32::try_from(range.start), u32::try_from(range.end)) else { continue };
        let line = lines.line(start);
        let line_start = lines.0.get(line).copied().unwrap_or_default();
        let before = text.get(line_start..range.start).unwrap_or_default();
        comments.push(Comment {
            span: Span { source, start, end },
            text: text.get(range).unwrap_or_default(),
            line,
            alone: before.chars().all(|c| c.is_whitespace() || c == '\u{FEFF}'),
        });
    }
    comments.sort_by_key(|comment| comment.span);
    comments.dedup_by_key(|comment| comment.span);
    comments
}

/// Reads `aegis: allow(code, code) — reason`; what is wrong with it is reported.
fn read_allows(comment: &Comment<'_>, problems: &mut Vec<Diagnostic>) -> Vec<Allow> {
    let text = comment.text.trim_start_matches('#').trim_start();
    let Some(directive) = text.strip_prefix(MARK).map(str::trim) else { return Vec::new() };
    let inner = directive
        .strip_prefix("allow")
        .and_then(|rest| rest.trim_start().strip_prefix('('))
        .and_then(|rest| rest.split_once(')'));
    let Some((codes, rest)) = inner else {
        let message = format!("`{}` is nothing that a comment can say", escape_capped(directive, 64));
        problems.push(
            Diagnostic::new(Code::UnknownLint, comment.span, message)
                .help("write `# aegis: allow(code) — reason`"),
        );
        return Vec::new();
    };
    if reason(rest).is_empty() {
        problems.push(
            Diagnostic::new(Code::AllowWithoutReason, comment.span, "a finding is silenced without a reason")
                .help(format!("say why: `# aegis: allow({}) — reason`", escape_capped(codes.trim(), 64))),
        );
    }
    let codes = codes.split(',').map(str::trim);
    codes.filter_map(|word| read_code(word, comment, problems)).collect()
}

/// What stands after a dash or a colon.
fn reason(rest: &str) -> &str {
    let rest = rest.trim();
    let marked = ["—", "–", "--", "-", ":"].iter().find_map(|mark| rest.strip_prefix(mark));
    marked.unwrap_or_default().trim()
}

fn read_code(word: &str, comment: &Comment<'_>, problems: &mut Vec<Diagnostic>) -> Option<Allow> {
    let shown = escape_capped(word, 64);
    let diagnostic = match Code::from_word(word) {
        Some(Code::UnusedAllow) => {
            Diagnostic::new(Code::UnknownLint, comment.span, "`unused-allow` cannot be silenced by a comment")
                .help("remove the comment that silences nothing")
        }
        Some(code) if code.level() == Severity::Warning => {
            return Some(Allow { code, span: comment.span, line: comment.line, used: false });
        }
        Some(_) => Diagnostic::new(
            Code::UnknownLint,
            comment.span,
            format!("`{shown}` is an error, and cannot be silenced"),
        )
        .help("correct what it is about"),
        None => {
            let words: Vec<_> = Code::ALL
                .iter()
                .filter(|code| code.level() == Severity::Warning)
                .map(|code| code.as_str())
                .collect();
            let (help, remedy) = match nearest(word, &words) {
                Some(word) => (format!("did you mean `{word}`?"), None),
                None => (
                    "write the code that a warning is reported by, such as `same-outcome`".to_owned(),
                    Some(Remedy::ListCodes),
                ),
            };
            Diagnostic::new(Code::UnknownLint, comment.span, format!("there is no finding `{shown}`"))
                .help(help)
                .remedied(remedy)
        }
    };
    problems.push(diagnostic);
    None
}

/// Which lines a comment must be on to be about a place.
struct Regions {
    /// The first and last lines of the rules, in order.
    rules: Vec<(usize, usize)>,
    /// The lines that have nothing but a comment.
    comment_lines: std::collections::HashSet<usize>,
}

impl Regions {
    fn new(source: SourceId, policy: &Policy, lines: &Lines, comments: &[Comment<'_>]) -> Regions {
        let here = policy.rules.iter().map(|rule| rule.span).filter(|span| span.source == source);
        Regions {
            rules: here
                .map(|span| (lines.line(span.start), lines.line(span.end.saturating_sub(1))))
                .collect(),
            comment_lines: comments
                .iter()
                .filter(|comment| comment.alone)
                .map(|comment| comment.line)
                .collect(),
        }
    }

    /// Whether a comment silences the finding; all that do are marked as used.
    fn silences(&self, allows: &mut [Allow], diagnostic: &Diagnostic, lines: &Lines) -> bool {
        let line = lines.line(diagnostic.primary.span.start);
        let after = self.rules.partition_point(|(first, _)| *first <= line);
        let rule = after.checked_sub(1).and_then(|index| self.rules.get(index));
        let (first, last) = rule.copied().filter(|(_, last)| line <= *last).unwrap_or((line, line));
        // A block of comments right above counts as a whole.
        let mut from = first;
        while from > 0 && self.comment_lines.contains(&(from - 1)) {
            from -= 1;
        }
        let mut silenced = false;
        // They are in the order of their lines.
        let start = allows.partition_point(|allow| allow.line < from);
        for allow in allows.iter_mut().skip(start).take_while(|allow| allow.line <= last) {
            if allow.code == diagnostic.code {
                allow.used = true;
                silenced = true;
            }
        }
        silenced
    }
}
