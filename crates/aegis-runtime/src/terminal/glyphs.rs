//! With which characters a question is drawn.

/// With which characters, and in which form, a question is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Glyphs {
    /// In lines that are read one after another, without anything that is drawn: for those who hear them.
    pub(super) plain: bool,
    /// Nothing beyond ASCII.
    pub(super) ascii: bool,
}

impl Glyphs {
    /// What stands before the text of a labelled line.
    pub(super) fn label(self, label: &str) -> String {
        match (self.plain, self.ascii) {
            (true, _) => format!("  {label}: "),
            (false, false) => format!("  {label:<7}│ "),
            (false, true) => format!("  {label:<7}| "),
        }
    }

    /// What stands before a line that goes on with the one above. Without it, a value could pad itself with
    /// spaces until what follows looks like the next value.
    pub(super) const fn continued(self) -> &'static str {
        match (self.plain, self.ascii) {
            (true, _) => "  > ",
            (false, false) => "         │ ↳ ",
            (false, true) => "         | > ",
        }
    }

    /// What says that something was left out.
    pub(super) const fn ellipsis(self) -> &'static str {
        if self.ascii { "..." } else { "…" }
    }

    /// `text` as far as it can be shown; `escape` writes each character that cannot.
    pub(super) fn shown(self, text: String, escape: impl Fn(char, &mut String)) -> String {
        if !self.ascii || text.is_ascii() {
            return text;
        }
        let mut shown = String::with_capacity(text.len());
        for character in text.chars() {
            if character.is_ascii() { shown.push(character) } else { escape(character, &mut shown) }
        }
        shown
    }
}
