//! `redundant-redact`.

use crate::author::lint::subject::Subject;
use crate::decide::glob::Glob;
use crate::decide::param_key::ParamKey;
use crate::language::code::Code;
use crate::language::diagnostic::Diagnostic;
use crate::text::escape::escape_capped;
use crate::text::secret_names::looks_secret;
use crate::text::span::Spanned;

/// An entry of a list, read again.
struct Entry<'a> {
    written: &'a Spanned<String>,
    what: What,
}

enum What {
    Names(Glob),
    Place(ParamKey),
}

impl Entry<'_> {
    fn new(written: &Spanned<String>) -> Option<Entry<'_>> {
        let text = written.value.as_str();
        let what = if text.starts_with('/') {
            What::Place(ParamKey::new(text)?)
        } else {
            What::Names(Glob::new(text).ok()?)
        };
        Some(Entry { written, what })
    }

    /// The names that a parameter has on the way to it. Of a glob with a special character, they are not
    /// known.
    fn names(&self) -> &[String] {
        match &self.what {
            What::Place(pointer) => pointer.path(),
            What::Names(glob) if glob.is_literal() => std::slice::from_ref(&self.written.value),
            What::Names(_) => &[],
        }
    }

    /// Whether everything that `other` names is redacted by this one.
    fn covers(&self, other: &Entry<'_>) -> bool {
        if self.written.value == other.written.value {
            return true;
        }
        match (&self.what, &other.what) {
            (What::Names(glob), _) if glob.is_any() => true,
            (What::Names(glob), _) => other.names().iter().any(|name| glob.is_match(name)),
            (What::Place(pointer), What::Place(inner)) => inner.path().starts_with(pointer.path()),
            (What::Place(_), What::Names(_)) => false,
        }
    }
}

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    for document in subject.documents {
        let written = document.redact.iter().flat_map(|redact| &redact.value);
        let entries: Vec<_> = written.filter_map(Entry::new).collect();
        for (index, entry) in entries.iter().enumerate() {
            found.extend(redundant(index, entry, &entries));
        }
    }
}

fn redundant(index: usize, entry: &Entry<'_>, entries: &[Entry<'_>]) -> Option<Diagnostic> {
    let shown = escape_capped(&entry.written.value, 64);
    let diagnostic = |why: &str| {
        let message = format!("`{shown}` is redacted without this entry{why}");
        Diagnostic::new(Code::RedundantRedact, entry.written.span, message)
    };
    if let Some(name) = entry.names().iter().find(|name| looks_secret(name)) {
        let name = escape_capped(name, 64);
        return Some(
            diagnostic("")
                .help(format!("a name like `{name}` is always taken for that of a secret: remove the entry")),
        );
    }
    // Of two that name the same, the second is one too many.
    let other = entries.iter().enumerate().find(|(place, other)| {
        *place != index && other.covers(entry) && (*place < index || !entry.covers(other))
    });
    other.map(|(_, other)| {
        diagnostic(": another one names it, too")
            .secondary(other.written.span, "this one")
            .help("remove one of the two")
    })
}
