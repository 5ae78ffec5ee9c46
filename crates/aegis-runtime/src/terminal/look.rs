//! On what, and how, a question is shown.

use anstyle::Style;

use super::glyphs::Glyphs;
use super::injection::REMEDY;
use super::layout::Lines;
use super::screen::Size;

pub(super) const PLAIN: Style = Style::new();
pub(super) const BOLD: Style = Style::new().bold();

/// On what, and how, a question is shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    pub(super) size: Size,
    pub(super) color: bool,
    pub(super) glyphs: Glyphs,
    /// Whether other programs can type into this terminal.
    pub(super) injectable: bool,
}

impl Look {
    pub(super) fn new_lines(self) -> Lines {
        Lines::new(self.size.columns, self.color, self.glyphs)
    }

    /// That a `y` may be somebody else's, and what would stop that.
    pub(super) fn note(self, lines: &mut Lines) {
        if self.injectable {
            lines.own("note", PLAIN, &format!("others may type here; stop it: {REMEDY}"));
        }
    }
}
