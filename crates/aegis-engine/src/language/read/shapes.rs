//! Values of the wrong shape, as people write them: what was probably meant, and the change that says so.

use crate::language::code::Code;
use crate::language::diagnostic::Diagnostic;
use crate::language::fix::{Edit, Fix};
use crate::language::read::reader::Reader;
use crate::language::yaml::lines::{line_end, line_start};
use crate::language::yaml::node::{Entry, Kind, Node};
use crate::language::yaml::slip::quoting::quoted;
use crate::text::escape::escape_capped;
use crate::text::span::Span;

/// How many characters of a text are shown.
const SHOWN: usize = 64;

/// What would be of the right shape, in words, and the change that makes it so.
pub(super) struct Shape {
    help: String,
    fix: Option<Fix>,
}

impl Shape {
    pub(super) fn new(help: impl Into<String>, fix: impl Into<Option<Fix>>) -> Shape {
        Shape { help: help.into(), fix: fix.into() }
    }

    /// The finding with it.
    pub(super) fn on(self, found: Diagnostic) -> Diagnostic {
        found.help(self.help).fix(self.fix)
    }
}

impl Reader<'_> {
    /// The text of a place.
    pub(super) fn written(&self, span: Span) -> &str {
        self.text.get(span.range()).unwrap_or_default()
    }

    /// A mapping where the list of `what` belongs: of one rule, or of rules by their names.
    pub(super) fn list_of_mapping(&self, node: &Node, what: &str, keys: &[&str]) -> Option<Shape> {
        let Kind::Map(entries) = &node.kind else { return None };
        let first = entries.first()?;
        if first.key.strip_prefix('-').is_some_and(|key| keys.contains(&key)) {
            // The keys below it stand at the column of the dash.
            let dashes = entries.iter().filter(|entry| entry.key.starts_with('-'));
            let edits = dashes.map(|entry| Edit::new(entry.key_span.part(1, 0), " ")).collect::<Vec<_>>();
            let help = "put a blank behind each dash: only then it begins an entry of a list";
            let fix = (edits.len() == entries.len()).then(|| Fix::certain(edits));
            return Some(Shape::new(help, fix));
        }
        if keys.contains(&first.key.as_str()) {
            let help = format!(
                "{what} is a list: begin each of its entries with a dash, as in `- {}: …`",
                first.key
            );
            return Some(Shape::new(help, self.dashed(node, entries)));
        }
        let named = entries.iter().all(|entry| matches!(entry.value.kind, Kind::Map(_)));
        if named && keys.contains(&"name") {
            let name = escape_capped(&first.key, SHOWN);
            let help = format!("{what} is a list, in which a rule has its name within: `- name: {name}`");
            let edits = entries.iter().map(|entry| self.named(entry)).collect::<Option<Vec<_>>>();
            return Some(Shape::new(help, edits.map(|edits| Fix::suggested(edits.concat()))));
        }
        None
    }

    /// A mapping as the one entry of a list.
    fn dashed(&self, node: &Node, entries: &[Entry]) -> Option<Fix> {
        if self.written(node.span).starts_with('{') {
            let end = node.span.part(usize::MAX, 0);
            return Some(Fix::suggested(vec![
                Edit::new(node.span.part(0, 0), "["),
                Edit::new(Span { start: end.end, ..end }, "]"),
            ]));
        }
        let first = entries.first()?;
        let mut edits = vec![Edit::new(first.key_span.part(0, 0), "- ")];
        // All lines below, as far to the right.
        let whole = self.text.get(first.key_span.range().start..node.span.range().end)?;
        let mut at = first.key_span.range().start;
        for line in whole.split_inclusive('\n') {
            if at > first.key_span.range().start && !line.trim().is_empty() {
                edits.push(Edit::new(self.place(at, at), "  "));
            }
            at += line.len();
        }
        Some(Fix::suggested(edits))
    }

    /// `key: { … }` as `- name: key` with what it has below.
    fn named(&self, entry: &Entry) -> Option<Vec<Edit>> {
        let name = self.written(entry.key_span);
        if self.written(entry.value.span).starts_with('{') {
            let open = entry.value.span.part(0, 1);
            let head = Span { end: open.end, ..entry.key_span };
            return Some(vec![Edit::new(head, format!("- {{ name: {name},"))]);
        }
        let colon = Span { start: entry.key_span.end, end: entry.value.span.start, ..entry.key_span };
        let between = self.written(colon);
        between.contains('\n').then(|| vec![Edit::new(entry.key_span, format!("- name: {name}"))]).map(
            |mut edits| {
                // The colon goes with the key; what stands below is in line with the name.
                edits.push(Edit::new(colon.part(0, 1), ""));
                let column = self.column(entry.key_span).unwrap_or_default();
                let below = self.column(entry.value.span).unwrap_or_default();
                let wanted = column + 2;
                let mut at = entry.value.span.range().start - below;
                let text = self.text.get(at..entry.value.span.range().end).unwrap_or_default();
                for line in text.split_inclusive('\n') {
                    if below < wanted && !line.trim().is_empty() {
                        edits.push(Edit::new(self.place(at, at), " ".repeat(wanted - below)));
                    } else if below > wanted && !line.trim().is_empty() {
                        edits.push(Edit::new(self.place(at, at + below - wanted), ""));
                    }
                    at += line.len();
                }
                edits
            },
        )
    }

    /// A rule that is a word: `name:a` without its blank, or the kind of action.
    pub(super) fn rule_of_word(&self, node: &Node) -> Option<Shape> {
        let Kind::String(text) = &node.kind else { return None };
        if let Some(shape) = self.missing_blank(text, node.span) {
            return Some(shape);
        }
        let word = self.written(node.span);
        let shown = escape_capped(text, SHOWN);
        let help = format!("a rule says what it matches: `match: {{ type: {shown} }}`");
        let fix = (!word.contains('\n'))
            .then(|| Fix::replace(node.span, format!("match: {{ type: {word} }}"), false));
        Some(Shape::new(help, fix))
    }

    /// `match` with a glob or a list of globs in place of a mapping.
    pub(super) fn match_of_globs(&self, node: &Node) -> Option<Shape> {
        let is_glob = |node: &Node| matches!(node.kind, Kind::String(_));
        let written = self.written(node.span);
        match &node.kind {
            Kind::String(text) => {
                if let Some(shape) = self.missing_blank(text, node.span) {
                    return Some(shape);
                }
                let shown = escape_capped(written, SHOWN);
                let help = format!("say what it is a glob of: `{{ type: {shown} }}`, `target` or `agent`");
                Some(Shape::new(help, Fix::replace(node.span, format!("{{ type: {written} }}"), false)))
            }
            Kind::List(items) if items.iter().all(|item| is_glob(item)) && written.starts_with('[') => {
                let shown = escape_capped(written, SHOWN);
                let help = format!("say what they are globs of: `{{ type: {shown} }}`, `target` or `agent`");
                Some(Shape::new(help, Fix::replace(node.span, format!("{{ type: {written} }}"), false)))
            }
            Kind::List(items) => {
                let all_maps = items.iter().all(|item| matches!(item.kind, Kind::Map(_)));
                all_maps.then(|| self.undashed(node, "`match` is one mapping: write its keys without dashes"))
            }
            _ => None,
        }
    }

    /// A list of mappings where one mapping belongs.
    pub(super) fn undashed(&self, node: &Node, help: &str) -> Shape {
        let Kind::List(items) = &node.kind else { return Shape::new(help, None) };
        if self.written(node.span).starts_with('[') {
            return Shape::new(help, None);
        }
        let dashes = items.iter().map(|item| {
            let start = item.span.range().start;
            let lead = self.text.get(..start)?;
            let dash = lead.rfind('-')?;
            lead.get(dash + 1..)?.trim().is_empty().then(|| Edit::new(self.place(dash, dash + 1), " "))
        });
        Shape::new(help, dashes.collect::<Option<Vec<_>>>().map(Fix::suggested))
    }

    /// `{a,b}` or `[a-z]` as a glob, which YAML reads as a mapping or a list.
    pub(super) fn glob_in_braces(&self, node: &Node) -> Option<Shape> {
        let Kind::Map(entries) = &node.kind else { return None };
        let written = self.written(node.span);
        let bare = entries.iter().all(|entry| {
            matches!(entry.value.kind, Kind::Null) && entry.value.span.start == entry.value.span.end
        });
        if !(bare && written.starts_with('{') && !written.contains('\n')) {
            return None;
        }
        let shown = escape_capped(written, SHOWN);
        let help = format!("put it in quotes if it is a glob: `\"{shown}\"`");
        Some(Shape::new(help, Fix::replace(node.span, quoted(written), true)))
    }

    /// A key with a value in it, because a blank is missing behind its colon.
    pub(super) fn key_with_value(&self, entry: &Entry, known: &[&str]) -> Option<Shape> {
        let (key, value) = entry.key.split_once(':')?;
        if !known.contains(&key) || value.is_empty() || self.written(entry.key_span) != entry.key {
            return None;
        }
        let place = entry.key_span.part(key.len() + 1, 0);
        Some(Shape::new(
            format!("put a blank behind the colon: `{key}: {}`", escape_capped(value, SHOWN)),
            Fix::replace(place, " ", true),
        ))
    }

    /// The same in a text that was to be a mapping.
    fn missing_blank(&self, text: &str, span: Span) -> Option<Shape> {
        let (key, value) = text.split_once(':')?;
        if key.is_empty() || value.is_empty() || key.contains(is_not_word) || self.written(span) != text {
            return None;
        }
        Some(Shape::new(
            format!("put a blank behind the colon: `{key}: {}`", escape_capped(value, SHOWN)),
            Fix::replace(span.part(key.len() + 1, 0), " ", true),
        ))
    }

    /// Quotes that a word processor made: to YAML they are letters.
    pub(super) fn straight_quotes(&self, span: Span) -> Option<Shape> {
        const CURLY: [char; 5] = ['“', '”', '„', '‘', '’'];
        if !self.written(span).contains(CURLY) {
            return None;
        }
        let start = line_start(self.text, span.range().start)?;
        let line = self.text.get(start..line_end(self.text, span.range().end)?)?;
        let curly = line.char_indices().filter(|(_, character)| CURLY.contains(character));
        let edits = curly.map(|(at, character)| {
            Edit::new(self.place(start + at, start + at + character.len_utf8()), "\"")
        });
        Some(Shape::new("write straight quotes: `\"`", Fix::suggested(edits.collect())))
    }

    /// A key without a value: the line can go.
    pub(super) fn without_key(&self, entry: &Entry) -> Option<Fix> {
        if !matches!(entry.value.kind, Kind::Null) {
            return None;
        }
        let start = entry.key_span.range().start;
        let line = line_start(self.text, start)?;
        let end = line_end(self.text, start)?;
        let alone = self.text.get(line..start)?.trim().is_empty();
        let value = self.text.get(entry.key_span.range().end..end)?.trim();
        let is_empty = matches!(value, ":" | ": ~" | ": null");
        (alone && is_empty).then(|| Fix::replace(self.place(line, (end + 1).min(self.text.len())), "", false))
    }

    /// What a condition compares, in words that are no key: `count > 100`.
    pub(super) fn comparison(entry: &Entry) -> Option<Shape> {
        if !matches!(entry.value.kind, Kind::Null) {
            return None;
        }
        let text = &entry.key;
        let at = text.find(['<', '>', '=', '!'])?;
        let (name, rest) = text.split_at_checked(at)?;
        let value = rest.trim_start_matches(['<', '>', '=', '!']);
        let sign = rest.strip_suffix(value)?;
        let condition = match sign {
            ">" => "param_gt",
            ">=" => "param_gte",
            "<" => "param_lt",
            "<=" => "param_lte",
            "=" | "==" => "param_eq",
            _ => return None,
        };
        let (name, value) = (name.trim(), value.trim());
        if name.is_empty() || value.is_empty() || name.contains(is_not_word) || value.contains(is_no_scalar) {
            return None;
        }
        let written = format!("{condition}: {{ {name}: {value} }}");
        let help = format!("write it as `{}`", escape_capped(&written, SHOWN));
        Some(Shape::new(help, Fix::replace(entry.key_span, written, false)))
    }

    /// A place between two offsets of this file.
    pub(super) fn place(&self, start: usize, end: usize) -> Span {
        let narrow = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Span { source: self.source, start: narrow(start), end: narrow(end) }
    }

    /// How many bytes stand before a place on its line.
    fn column(&self, span: Span) -> Option<usize> {
        let start = span.range().start;
        Some(start - line_start(self.text, start)?)
    }

    /// `param_exists` with names in place of a mapping.
    pub(super) fn existence(&self, node: &Node) -> Option<Shape> {
        let names = match &node.kind {
            Kind::String(_) => vec![self.written(node.span)],
            Kind::List(items) if self.written(node.span).starts_with('[') => {
                let names = items
                    .iter()
                    .map(|item| matches!(item.kind, Kind::String(_)).then(|| self.written(item.span)));
                names.collect::<Option<Vec<_>>>()?
            }
            _ => return None,
        };
        if names.is_empty() {
            return None;
        }
        let entries = names.iter().map(|name| format!("{name}: true")).collect::<Vec<_>>().join(", ");
        let written = format!("{{ {entries} }}");
        let help = format!("say of each whether it must be there: `{}`", escape_capped(&written, SHOWN));
        Some(Shape::new(help, Fix::replace(node.span, written, false)))
    }

    /// A list of expressions where one belongs.
    pub(super) fn alternatives(node: &Node) -> Option<Shape> {
        let Kind::List(items) = &node.kind else { return None };
        let parts = items.iter().map(|item| match &item.kind {
            Kind::String(text) => Some(text.as_str()),
            _ => None,
        });
        let parts = parts.collect::<Option<Vec<_>>>()?;
        if parts.is_empty() {
            return None;
        }
        let written = quoted(&format!("({})", parts.join("|")));
        let help = format!("join them with `|`: `{}`", escape_capped(&written, SHOWN));
        Some(Shape::new(help, Fix::replace(node.span, written, false)))
    }

    /// An action as the command line takes it: `read:crm`.
    pub(super) fn action_of_word(node: &Node) -> Option<Shape> {
        let Kind::String(text) = &node.kind else { return None };
        let (kind, target) = text.split_once(':').unwrap_or((text, "…"));
        if kind.is_empty() || kind.contains(is_not_word) || target.is_empty() {
            return None;
        }
        let written = format!("{{ type: {kind}, target: {} }}", quoted(target));
        let help = format!("write it as a mapping: `{}`", escape_capped(&written, SHOWN));
        let fix = text.contains(':').then(|| Fix::replace(node.span, written, false));
        Some(Shape::new(help, fix))
    }

    /// A word where a list of words belongs.
    pub(super) fn in_brackets(&self, node: &Node) -> Option<Shape> {
        matches!(node.kind, Kind::String(_) | Kind::Number(_)).then(|| {
            let written = format!("[{}]", self.written(node.span));
            let help = format!("put it in brackets: `{}`", escape_capped(&written, SHOWN));
            Shape::new(help, Fix::replace(node.span, written, true))
        })
    }

    /// Reports a value of the wrong type, with the shape that it should have.
    pub(super) fn wrong_shape(&mut self, node: &Node, what: &str, expected: &str, shape: Option<Shape>) {
        let Some(shape) = shape else { return self.wrong_type(node, what, expected) };
        let message = format!("{what} must be {expected}, not {}", node.type_name());
        self.push(shape.on(Diagnostic::error(Code::WrongType, node.span, message)));
    }
}

fn is_not_word(character: char) -> bool {
    !(character.is_ascii_alphanumeric() || matches!(character, '_' | '-' | '.'))
}

fn is_no_scalar(character: char) -> bool {
    matches!(character, '{' | '}' | '[' | ']' | ',' | '#' | '\n' | ':')
}
