//! The screen, in a state that is known: whatever a program before left behind is undone, and every line is
//! put where it belongs.

use std::fmt::Write as _;

/// Columns and rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) columns: usize,
    pub(super) rows: usize,
}

impl Size {
    /// The smallest screen on which an action can be shown so that it is understood.
    pub(super) const SMALLEST: Size = Size { columns: 40, rows: 10 };
    /// What a terminal is taken for, at most, that does not say itself how large it is: what the kernel says
    /// of it, anyone could have told the kernel.
    pub(super) const ASSUMED: Size = Size { columns: 80, rows: 24 };

    /// As much of it as the other has, too.
    pub(super) fn within(self, other: Size) -> Size {
        Size { columns: self.columns.min(other.columns), rows: self.rows.min(other.rows) }
    }

    pub(super) fn holds(self, other: Size) -> bool {
        other.within(self) == other
    }
}

/// Ends whatever the terminal was in the midst of: a sequence, or a text that it keeps to itself.
const CANCEL: &str = "\x18\x1b\\";
/// UTF-8, and its letters for what they are.
const CHARACTERS: &str = "\x1b%G\x1b(B\x1b)B\x1b*B\x1b+B\x0f";
/// No attributes: nothing concealed, nothing protected against being erased.
const ATTRIBUTES: &str = "\x1b[0m\x1b[0\"q";
/// The palette, the colours of text and ground: text in the colour of its ground cannot be seen.
const COLORS: &str = "\x1b]104\x1b\\\x1b]110\x1b\\\x1b]111\x1b\\";
/// No margins at the sides, all of the screen, and places counted from its corner. Moves the cursor.
const REGION: &str = "\x1b[?69l\x1b[r\x1b[?6l";
/// Lines are wrapped; text replaces, from left to right; the screen is not inverted; the cursor is seen; the
/// keyboard is not locked.
const MODES: &str = "\x1b[?7h\x1b[4l\x1b[0 k\x1b[?5l\x1b[?25h\x1b[2l";

/// To the screen that is the question's own. What stood there before comes back when it is left.
pub(super) const ENTER: &str = "\x18\x1b\\\x1b[?1049h";
/// Asks the terminal where its last corner is. It answers by typing.
pub(super) const ASK_SIZE: &str = "\x1b[9999;9999H\x1b[6n";
/// Asks the terminal where its cursor is.
pub(super) const ASK_PLACE: &str = "\x1b[6n";
/// The most rows that old lines are pushed out of.
const MOST_ROWS: usize = 200;

/// All that brings the terminal into a known state.
fn known_state() -> String {
    [CANCEL, CHARACTERS, ATTRIBUTES, COLORS, REGION, MODES].concat()
}

/// From the question's own screen back to the one that was there, with the cursor where it was, but without
/// what somebody had set there to hide what comes next.
pub(super) fn leave() -> String {
    [CANCEL, "\x1b[?1049l\x1b7", REGION, "\x1b8", CHARACTERS, ATTRIBUTES, MODES].concat()
}

/// What brings the terminal into a known state where its cursor is.
pub(super) fn known_state_in_place() -> String {
    [CANCEL, CHARACTERS, "\x1b7", REGION, "\x1b8", ATTRIBUTES, COLORS, MODES].concat()
}

/// What pushes out of sight whatever stands on a screen of so many rows, wherever its cursor is.
pub(super) fn pushed_away(rows: usize) -> String {
    "\r\n".repeat(2 * rows.min(MOST_ROWS))
}

/// What draws these lines, and nothing else, with the cursor behind the last. The `kept` first of them stay
/// as they are.
///
/// Each line is put into its row, which is emptied first: where a line turns out to be too long for the
/// screen after all, what runs over does not stay.
pub(super) fn drawn(lines: &[String], kept: usize) -> String {
    let mut drawn = known_state();
    for (index, line) in lines.iter().enumerate().skip(kept) {
        // Of simple width: a line of double width would show half of it.
        let _ = write!(drawn, "\x1b[{};1H\x1b#5\x1b[2K{line}", index + 1);
    }
    drawn.push_str("\x1b[J");
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_within_another_is_the_smaller_of_both() {
        let wide = Size { columns: 200, rows: 9 };
        assert_eq!(wide.within(Size::ASSUMED), Size { columns: 80, rows: 9 });
        assert!(Size::ASSUMED.holds(Size::SMALLEST) && !wide.holds(Size::SMALLEST));
    }
}
