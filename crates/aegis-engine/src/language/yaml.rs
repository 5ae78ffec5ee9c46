//! YAML text as a tree of nodes that know their places.
//!
//! Built on the parser's events rather than on serde, so that one error does not hide the next. Scalars are
//! resolved by YAML 1.2's core schema: `no` is a string, `0x1f` a number.

mod duplicate;
mod events;
pub(crate) mod lines;
pub(crate) mod node;
mod scalar;
pub(crate) mod slip;

use std::collections::HashMap;
use std::rc::Rc;

use serde_yaml::granit_parser::{self, ErrorKind, Event, ScalarStyle, ScanError, Tag};

use crate::language::code::Code;
use crate::language::diagnostic::{Diagnostic, Remedy};
use crate::language::fix::Fix;
use crate::language::yaml::duplicate::duplicate;
use crate::language::yaml::events::{MAX_DEPTH, events};
use crate::language::yaml::node::{Entry, Kind, Node};
use crate::language::yaml::scalar::{has_tag, resolve};
use crate::language::yaml::slip::quoting::quoted;
use crate::language::yaml::slip::{NO_NEGATION, Slip, slip};
use crate::text::escape::escape_capped;
use crate::text::span::{SourceId, Span};

/// How many nodes all aliases together may stand for.
const MAX_ALIASED_NODES: usize = 1_000_000;

/// Reads the one document of `text`. `None` if there is none to work with; what is wrong goes to
/// `diagnostics`.
pub(crate) fn read_yaml(source: SourceId, text: &str, diagnostics: &mut Vec<Diagnostic>) -> Option<Rc<Node>> {
    let mut builder = Builder::new(source, text, diagnostics);
    for item in events(text) {
        match item {
            Ok((event, span)) => {
                let tag_span = span.tag_span().map(|tag_span| builder.span(tag_span));
                let span = builder.span(span);
                builder.event(event, span, tag_span.unwrap_or(span));
            }
            Err(error) => {
                builder.scan_error(&error);
                return None;
            }
        }
        if builder.gave_up {
            return None;
        }
    }
    builder.finish()
}

struct Builder<'a> {
    source: SourceId,
    text: &'a str,
    diagnostics: &'a mut Vec<Diagnostic>,
    /// Lists and mappings that are still open, innermost last.
    open: Vec<Open>,
    anchors: HashMap<usize, Rc<Node>>,
    aliased: usize,
    roots: Vec<Rc<Node>>,
    gave_up: bool,
}

struct Open {
    anchor: usize,
    span: Span,
    kind: OpenKind,
}

enum OpenKind {
    List(Vec<Rc<Node>>),
    Map { entries: Vec<Entry>, seen: HashMap<String, usize>, key: Option<Rc<Node>> },
}

impl<'a> Builder<'a> {
    fn new(source: SourceId, text: &'a str, diagnostics: &'a mut Vec<Diagnostic>) -> Self {
        Builder {
            source,
            text,
            diagnostics,
            open: Vec::new(),
            anchors: HashMap::new(),
            aliased: 0,
            roots: Vec::new(),
            gave_up: false,
        }
    }

    fn event(&mut self, event: Event<'_>, span: Span, tag_span: Span) {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                // A key is its text, whatever type it would have as a value: `01` and `1` are two parameters.
                let kind = match tag.as_deref() {
                    None if self.expects_key() => Kind::String(text.into_owned()),
                    tag => self.scalar(&text, style, tag.map(|tag| (tag, tag_span)), span),
                };
                self.add(anchor, Node::leaf(span, kind));
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.collection_tag(tag.as_deref(), "seq", tag_span);
                self.start(anchor, span, OpenKind::List(Vec::new()));
            }
            Event::MappingStart(_, anchor, tag) => {
                self.collection_tag(tag.as_deref(), "map", tag_span);
                let kind = OpenKind::Map { entries: Vec::new(), seen: HashMap::new(), key: None };
                self.start(anchor, span, kind);
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(span),
            Event::Alias(anchor) => self.alias(anchor, span),
            Event::UnresolvedAlias(name) => {
                self.diagnostics.push(self.unknown_alias(&name, span));
                self.add(0, Node::leaf(span, Kind::Broken));
            }
            _ => {}
        }
    }

    /// Whether the next node is a key of a mapping.
    fn expects_key(&self) -> bool {
        matches!(self.open.last(), Some(Open { kind: OpenKind::Map { key: None, .. }, .. }))
    }

    fn start(&mut self, anchor: usize, span: Span, kind: OpenKind) {
        self.open.push(Open { anchor, span, kind });
    }

    fn end(&mut self, span: Span) {
        let Some(open) = self.open.pop() else { return };
        let (kind, weight, height, end) = match open.kind {
            OpenKind::List(items) => {
                let weight = items.iter().fold(1_usize, |sum, item| sum.saturating_add(item.weight));
                let height = items.iter().map(|item| item.height).max().unwrap_or_default();
                let end = items.last().map(|item| item.span);
                (Kind::List(items), weight, height, end)
            }
            OpenKind::Map { entries, .. } => {
                let weight =
                    entries.iter().fold(1_usize, |sum, entry| sum.saturating_add(entry.value.weight + 1));
                let height = entries.iter().map(|entry| entry.value.height).max().unwrap_or_default();
                let end = entries.last().map(|entry| entry.key_span.to(entry.value.span));
                (Kind::Map(entries), weight, height, end)
            }
        };
        // The end event of a block collection is at the next token, far below; a flow collection's is its
        // bracket.
        let closed_by_bracket =
            matches!(self.text.as_bytes().get(open.span.start as usize), Some(b'[' | b'{'));
        let span = if closed_by_bracket {
            open.span.to(span)
        } else {
            end.map_or(open.span, |end| open.span.to(end))
        };
        self.add(open.anchor, Node { span, kind, weight, height: height + 1 });
    }

    fn alias(&mut self, anchor: usize, span: Span) {
        let Some(node) = self.anchors.get(&anchor).cloned() else {
            // Inside the very node that it refers to.
            let message = "an alias refers to a value that contains it";
            self.diagnostics
                .push(Diagnostic::error(Code::YamlUnknownAlias, span, message).help("write the value out"));
            return self.add(0, Node::leaf(span, Kind::Broken));
        };
        self.aliased = self.aliased.saturating_add(node.weight);
        if self.aliased > MAX_ALIASED_NODES {
            let message = format!("the aliases up to here stand for more than {MAX_ALIASED_NODES} values");
            self.diagnostics.push(
                Diagnostic::error(Code::YamlAliasExpansion, span, message)
                    .help("write the values out, or fewer of them"),
            );
            self.gave_up = true;
            return;
        }
        if self.open.len() + node.height > MAX_DEPTH {
            let message =
                format!("with what this alias stands for, nested more than {MAX_DEPTH} levels deep");
            self.diagnostics.push(
                Diagnostic::error(Code::YamlTooDeep, span, message)
                    .help("write the value out, with fewer levels"),
            );
            return self.add(0, Node::leaf(span, Kind::Broken));
        }
        self.place(node, span);
    }

    fn add(&mut self, anchor: usize, node: Node) {
        let span = node.span;
        let node = Rc::new(node);
        if anchor != 0 {
            self.anchors.insert(anchor, Rc::clone(&node));
        }
        self.place(node, span);
    }

    /// Puts a finished node where it belongs. `span` is where it is used, which for an alias is not where it
    /// is.
    fn place(&mut self, node: Rc<Node>, span: Span) {
        match self.open.last_mut().map(|open| &mut open.kind) {
            None => self.roots.push(node),
            Some(OpenKind::List(items)) => items.push(node),
            Some(OpenKind::Map { key: key @ None, .. }) => {
                let kind = if let Kind::String(text) = &node.kind {
                    Kind::String(text.clone())
                } else {
                    Kind::Broken
                };
                *key = Some(Rc::new(Node::leaf(span, kind)));
            }
            Some(OpenKind::Map { entries, seen, key }) => {
                let Some(key_node) = key.take() else { return };
                let Kind::String(key) = &key_node.kind else {
                    let message = "a key must be a word, not a list or a mapping";
                    self.diagnostics.push(
                        Diagnostic::error(Code::WrongType, key_node.span, message)
                            .help("put it in quotes if it is meant as text"),
                    );
                    return;
                };
                if let Some(first) = seen.get(key) {
                    let entry = Entry { key: key.clone(), key_span: key_node.span, value: node };
                    self.diagnostics.push(duplicate(self.text, entries.get(*first), &entry));
                    return;
                }
                seen.insert(key.clone(), entries.len());
                entries.push(Entry { key: key.clone(), key_span: key_node.span, value: node });
            }
        }
    }

    /// An alias to nothing: in a policy it is nearly always a glob that was to begin with a star.
    fn unknown_alias(&self, name: &str, span: Span) -> Diagnostic {
        let shown = escape_capped(name, 64);
        let message = format!("the alias `*{shown}` refers to no anchor before it");
        let written = format!("*{name}");
        // With anchors in the file, it may be one of them with a slip in its name.
        let is_certain = self.anchors.is_empty();
        let help = format!("put it in quotes if it is a glob: `\"*{shown}\"`; an anchor is `&{shown}`");
        Diagnostic::error(Code::YamlUnknownAlias, span, message).help(help).fix(Fix::replace(
            span,
            quoted(&written),
            is_certain,
        ))
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, tag: Option<(&Tag, Span)>, span: Span) -> Kind {
        let kind = match tag {
            None if style == ScalarStyle::Plain => resolve(text),
            None => return Kind::String(text.to_owned()),
            // A lone `!` says "not plain", that is, a string.
            Some((tag, _)) if tag.core_suffix() == Some("str") || tag.original() == "!" => {
                return Kind::String(text.to_owned());
            }
            Some((tag, tag_span)) => match (tag.core_suffix(), resolve(text)) {
                (Some(wanted), Ok(kind)) if has_tag(&kind, wanted) => Ok(kind),
                (Some(_), Err(problem)) => Err(problem),
                (Some(wanted), _) => {
                    return self.bad_tag(tag_span, format!("the value does not fit its tag `!!{wanted}`"));
                }
                (None, _) => return self.unknown_tag(tag, text, tag_span, span),
            },
        };
        kind.unwrap_or_else(|problem| {
            let message = format!("the number `{}` {problem}", escape_capped(text, 64));
            self.diagnostics.push(
                Diagnostic::error(Code::YamlNumber, span, message)
                    .help("write it in quotes if it is meant as text")
                    .fix(Fix::replace(span, format!("\"{text}\""), false)),
            );
            Kind::Broken
        })
    }

    fn collection_tag(&mut self, tag: Option<&Tag>, wanted: &str, span: Span) {
        if let Some(tag) = tag
            && tag.core_suffix() != Some(wanted)
        {
            let original = escape_capped(&tag.original(), 64);
            self.bad_tag(span, format!("the tag `{original}` means nothing here"));
        }
    }

    /// A tag of no standard. Without anything behind it, it was hardly meant as one.
    fn unknown_tag(&mut self, tag: &Tag, text: &str, tag_span: Span, span: Span) -> Kind {
        let original = escape_capped(&tag.original(), 64);
        if !text.is_empty() {
            return self.bad_tag(tag_span, format!("the tag `{original}` means nothing in a policy"));
        }
        let message = format!("`{original}` is a tag to YAML, with no value behind it");
        let help = format!("{NO_NEGATION}; text that begins with `!` stands in quotes: `\"{original}\"`");
        let place = tag_span.to(span).part(0, tag.original().len());
        self.diagnostics.push(Diagnostic::error(Code::YamlTag, place, message).help(help).fix(Fix::replace(
            place,
            quoted(&tag.original()),
            false,
        )));
        Kind::Broken
    }

    fn bad_tag(&mut self, span: Span, message: String) -> Kind {
        // With the blanks that part it from its value.
        let behind = self.text.get(span.range().end..).unwrap_or_default();
        let blanks = behind.len() - behind.trim_start_matches(' ').len();
        let place = self.range(span.range().start, span.range().end + blanks);
        self.diagnostics.push(
            Diagnostic::error(Code::YamlTag, span, message)
                .help("remove the tag")
                .fix(Fix::replace(place, "", false)),
        );
        Kind::Broken
    }

    fn scan_error(&mut self, error: &ScanError) {
        let offset = error.marker().byte_offset().unwrap_or(self.text.len()).min(self.text.len());
        let rest = self.text.get(offset..).unwrap_or_default();
        let end = offset + rest.chars().next().filter(|next| *next != '\n').map_or(0, char::len_utf8);
        let span = self.range(offset, end);
        if matches!(error.kind(), ErrorKind::RecursionLimitExceeded) {
            let message = format!("nested more than {MAX_DEPTH} levels deep");
            let found = Diagnostic::error(Code::YamlTooDeep, span, message);
            self.diagnostics
                .push(found.help("no policy has a use for that: look for brackets that nothing closes"));
            return;
        }
        let found = match slip(self.text, error.kind(), offset) {
            Some(slip) => self.slipped(&slip, span),
            None => Diagnostic::error(Code::YamlSyntax, span, escape_capped(&error.info(), 300))
                .help("look at quotes, brackets and indentation, here and on the line before"),
        };
        self.diagnostics.push(found);
    }

    fn slipped(&self, slip: &Slip, span: Span) -> Diagnostic {
        let place = slip.place.clone().map_or(span, |place| self.range(place.start, place.end));
        Diagnostic::error(Code::YamlSyntax, place, slip.message.clone())
            .help(slip.help.clone())
            .fix(slip.fix(self.source))
    }

    fn finish(self) -> Option<Rc<Node>> {
        let mut roots = self.roots.into_iter();
        let first = roots.next();
        if let Some(second) = roots.next() {
            let message = "a second YAML document begins here";
            self.diagnostics.push(
                Diagnostic::error(Code::YamlDocuments, second.span, message)
                    .help(
                        "a file holds one document; a policy may be several files, read one after the other",
                    )
                    .remedied(Some(Remedy::GiveSeveralFiles)),
            );
        }
        match &first {
            Some(node) if !(matches!(node.kind, Kind::Null) && node.span.start == node.span.end) => first,
            _ => {
                let span = Span { source: self.source, start: 0, end: 0 };
                let help = "write at least `version: \"1\"` and `rules: []`, which leaves all to a human";
                let empty = Diagnostic::error(Code::YamlDocuments, span, "the file is empty").help(help);
                self.diagnostics.push(empty.remedied(Some(Remedy::WriteStarterPolicy)));
                None
            }
        }
    }

    fn span(&self, span: granit_parser::Span) -> Span {
        let range = span.byte_range().unwrap_or(0..0);
        self.range(range.start, range.end)
    }

    fn range(&self, start: usize, end: usize) -> Span {
        let narrow = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Span { source: self.source, start: narrow(start), end: narrow(end.max(start)) }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use serde_json::Value;

    use super::*;

    fn read(text: &str) -> (Option<Value>, Vec<String>) {
        let mut diagnostics = Vec::new();
        let node = read_yaml(SourceId(0), text, &mut diagnostics);
        let found =
            diagnostics.iter().map(|found| format!("{} {:?}", found.code, found.primary.span.range()));
        (node.and_then(|node| node.to_json()), found.collect())
    }

    #[test]
    fn scalars_are_those_of_the_core_schema() {
        let text = "[no, yes, on, 1:30, 2026-01-01, 0x1f, 0o17, 012, +3, -4, 1_000, 1e3, .5, 5., \
            ~, null, True, '1', 1.0.0, e5]";
        let (value, errors) = read(text);
        assert_eq!(errors, Vec::<String>::new());
        assert_eq!(
            value.unwrap(),
            serde_json::json!([
                "no",
                "yes",
                "on",
                "1:30",
                "2026-01-01",
                31,
                15,
                12,
                3,
                -4,
                "1_000",
                1000.0,
                0.5,
                5.0,
                null,
                null,
                true,
                "1",
                "1.0.0",
                "e5"
            ])
        );
    }

    #[test]
    fn every_problem_of_a_readable_file_is_reported_at_its_place() {
        let (_, errors) = read("a: 1\na: 2\nb: *nowhere\nc: !foo x\nd: .inf\ne: 99999999999999999999\n");
        assert_eq!(
            errors,
            [
                "duplicate-key 5..6",
                "yaml-unknown-alias 13..21",
                "yaml-tag 25..29",
                "yaml-number 35..39",
                "yaml-number 43..63"
            ]
        );
    }

    #[test]
    fn aliases_expand_within_a_limit() {
        let (value, errors) = read("a: &x [1, 2]\nb: *x\n");
        assert_eq!((value.unwrap(), errors.len()), (serde_json::json!({ "a": [1, 2], "b": [1, 2] }), 0));
        let mut bomb = String::from("a0: &a0 [x]\n");
        for level in 1..30 {
            let aliases = vec![format!("*a{}", level - 1); 9].join(", ");
            writeln!(bomb, "a{level}: &a{level} [{aliases}]").unwrap();
        }
        assert_eq!(read(&bomb).1.len(), 1);
        assert!(read("a: &a [*a]\n").1[0].starts_with("yaml-unknown-alias"));
    }

    #[test]
    fn what_is_no_single_document_is_refused() {
        assert_eq!(read("").1, ["yaml-documents 0..0"]);
        assert_eq!(read("# only a comment\n").1, ["yaml-documents 0..0"]);
        assert_eq!(read("a: 1\n---\nb: 2\n").1, ["yaml-documents 9..13"]);
        assert_eq!(read(&"[".repeat(100_000)).1, ["yaml-too-deep 64..65"]);
        assert!(read("a: [1, 2\nb: 3\n").1[0].starts_with("yaml-syntax"));
    }
}
