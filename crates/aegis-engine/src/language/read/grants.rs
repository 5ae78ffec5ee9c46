//! What an approver can give together with a yes.

use crate::decide::grant_terms::MOST_USES;
use crate::language::code::Code;
use crate::language::diagnostic::Diagnostic;
use crate::language::document::GrantEntry;
use crate::language::fix::Fix;
use crate::language::read::reader::Reader;
use crate::language::yaml::node::{Kind, Node};
use crate::text::span::Spanned;

const GRANT_KEYS: &[&str] = &["for", "uses", "same"];

impl Reader<'_> {
    /// For how long, for how many actions, and for which.
    pub(super) fn grant(&mut self, node: &Node) -> GrantEntry {
        let fields = self.fields(node, "`grant`", GRANT_KEYS);
        let lasts = fields.get("for");
        if lasts.is_none() {
            self.missing(&fields, "for", node.span, "say for how long a grant holds: `for: 15m`");
        }
        GrantEntry {
            span: node.span,
            lasts: lasts.and_then(|node| self.duration(node, "`for`")),
            uses: fields.get("uses").and_then(|node| self.uses(node)),
            same: fields.get("same").map(|node| self.same(node)),
        }
    }

    fn uses(&mut self, node: &Node) -> Option<Spanned<u32>> {
        let in_range = |uses: &u32| (1..=MOST_USES).contains(uses);
        let number = match &node.kind {
            Kind::Number(number) => number.as_u64().and_then(|number| u32::try_from(number).ok()),
            _ => None,
        };
        if let Some(number) = number.filter(in_range) {
            return Some(Spanned::new(number, node.span));
        }
        let (found, fix) = match &node.kind {
            Kind::Broken => return None,
            Kind::Number(number) => (format!("`{number}`"), None),
            Kind::String(text) => {
                let number = text.parse::<u32>().ok().filter(in_range);
                let fix = number.map(|number| Fix::replace(node.span, number.to_string(), true));
                (node.type_name().to_owned(), fix)
            }
            _ => (node.type_name().to_owned(), None),
        };
        let message = format!("`uses` must be a whole number from 1 to {MOST_USES}, not {found}");
        let help = "say for how many further actions a grant holds, or leave it out: 10";
        self.push(Diagnostic::error(Code::InvalidGrant, node.span, message).help(help).fix(fix));
        None
    }

    fn same(&mut self, node: &Node) -> Spanned<Vec<Spanned<String>>> {
        let fields = self.list(node, "`same`", |reader, item| reader.string(item, "a field in `same`"));
        if matches!(&node.kind, Kind::List(items) if items.is_empty()) {
            let message = "`same` names nothing, so that a grant would hold for all that its rule matches";
            self.push(Diagnostic::error(Code::InvalidGrant, node.span, message).help(
                "name what must stay as it was, as in `same: [type, target]`, or leave it out: the whole action",
            ));
        }
        Spanned::new(fields.into_iter().flatten().collect(), node.span)
    }
}
