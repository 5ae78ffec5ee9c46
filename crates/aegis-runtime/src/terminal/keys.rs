//! What is typed, key by key: a line that is edited here, because the screen is drawn anew at each key.

/// The most that a line may hold; a longer one is no answer.
const LONGEST_LINE: usize = 64;

/// What a byte from the terminal means for the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// A byte of a line.
    Byte(u8),
    Enter,
    /// The last character is taken back.
    Erase,
    /// All of the line is taken back.
    Kill,
    /// ^D: nothing more will be typed.
    End,
    /// ^Z: the job is to stop.
    Suspend,
    /// The terminal's answer to where its cursor is: row and column.
    Position(usize, usize),
}

/// Makes keys of bytes. Sequences that a terminal sends by itself or for a key without a letter are no text.
#[derive(Debug, Default)]
pub(super) struct Keys {
    sequence: Option<Vec<u8>>,
}

impl Keys {
    /// The key that a byte completes, if it completes one.
    pub(super) fn next(&mut self, byte: u8) -> Option<Key> {
        if let Some(mut sequence) = self.sequence.take() {
            return self.continued(&mut sequence, byte);
        }
        match byte {
            0x1B => {
                self.sequence = Some(Vec::new());
                None
            }
            b'\r' | b'\n' => Some(Key::Enter),
            0x04 => Some(Key::End),
            0x08 | 0x7F => Some(Key::Erase),
            0x15 => Some(Key::Kill),
            0x1A => Some(Key::Suspend),
            byte => Some(Key::Byte(byte)),
        }
    }

    fn continued(&mut self, sequence: &mut Vec<u8>, byte: u8) -> Option<Key> {
        match (sequence.is_empty(), byte) {
            // A line ends however it began, and so does a wait.
            (_, b'\r' | b'\n') => Some(Key::Enter),
            (_, 0x04) => Some(Key::End),
            (_, 0x1B) => {
                self.sequence = Some(Vec::new());
                None
            }
            (true, b'[' | b'O') | (false, 0x20..=0x3F) if sequence.len() < LONGEST_LINE => {
                sequence.push(byte);
                self.sequence = Some(std::mem::take(sequence));
                None
            }
            (false, b'R') => position(sequence),
            _ => None,
        }
    }
}

/// `[rows;columns`, of what a terminal answers.
fn position(sequence: &[u8]) -> Option<Key> {
    let text = std::str::from_utf8(sequence).ok()?.strip_prefix('[')?;
    let (row, column) = text.split_once(';')?;
    Some(Key::Position(row.parse().ok()?, column.parse().ok()?))
}

/// The line that is being typed.
#[derive(Debug)]
pub(super) struct Line {
    bytes: Vec<u8>,
    is_too_long: bool,
    longest: usize,
}

impl Default for Line {
    fn default() -> Line {
        Line::of(LONGEST_LINE)
    }
}

impl Line {
    /// An empty line that may hold so many bytes.
    pub(super) const fn of(longest: usize) -> Line {
        Line { bytes: Vec::new(), is_too_long: false, longest }
    }

    pub(super) fn push(&mut self, byte: u8) {
        if self.bytes.len() < self.longest {
            self.bytes.push(byte);
        } else {
            self.is_too_long = true;
        }
    }

    pub(super) fn erase(&mut self) {
        // The bytes that go on with a character, and the one that begins it.
        while self.bytes.pop().is_some_and(|byte| byte & 0xC0 == 0x80) {}
    }

    pub(super) fn clear(&mut self) {
        *self = Line::of(self.longest);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty() && !self.is_too_long
    }

    /// What was typed, without blanks around it; `None` where it is no text, or too much.
    pub(super) fn text(&self) -> Option<&str> {
        if self.is_too_long { None } else { std::str::from_utf8(&self.bytes).ok().map(str::trim) }
    }

    /// The same for a text of somebody's own: what is no letter is left out, and so is what does not fit.
    pub(super) fn push_text(&mut self, byte: u8) {
        if !byte.is_ascii_control() && self.bytes.len() < self.longest {
            self.bytes.push(byte);
        }
    }

    /// Such a text, as far as it is one; `None` where nothing was said.
    pub(super) fn full_text(&self) -> Option<String> {
        // The last character may not have fitted.
        let text: String = self.bytes.utf8_chunks().map(|chunk| chunk.valid()).collect();
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// What was typed, to be looked at.
    pub(super) fn shown(&self) -> String {
        aegis_engine::escape(&String::from_utf8_lossy(&self.bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(bytes: &[u8]) -> Vec<Key> {
        let mut keys = Keys::default();
        bytes.iter().filter_map(|byte| keys.next(*byte)).collect()
    }

    #[test]
    fn sequences_are_no_text() {
        assert_eq!(keys(b"y\r"), [Key::Byte(b'y'), Key::Enter]);
        assert_eq!(keys(b"\x1b[A\x1bOP\x1b[1;5Cn\n"), [Key::Byte(b'n'), Key::Enter]);
        assert_eq!(keys(b"\x1b[24;80R"), [Key::Position(24, 80)]);
        assert_eq!(keys(b"\x1b[;R\x1b[x\x1b\x1b[1;2R"), [Key::Position(1, 2)]);
        // An alt key is no `y`, and nothing swallows Enter.
        assert_eq!(keys(b"\x1by\n\x1b[\n"), [Key::Enter, Key::Enter]);
        assert_eq!(
            keys(b"\x7f\x08\x15\x04\x1a"),
            [Key::Erase, Key::Erase, Key::Kill, Key::End, Key::Suspend]
        );
    }

    #[test]
    fn a_line_is_edited_by_characters() {
        let mut line = Line::default();
        "né".bytes().for_each(|byte| line.push(byte));
        line.erase();
        assert_eq!((line.text(), line.shown().as_str()), (Some("n"), "n"));
        line.clear();
        assert!(line.is_empty());
        " yes ".bytes().for_each(|byte| line.push(byte));
        assert_eq!(line.text(), Some("yes"));
    }

    #[test]
    fn what_is_no_text_or_too_long_is_no_answer() {
        let mut line = Line::default();
        line.push(b'y');
        line.push(0xFF);
        assert_eq!(line.text(), None);
        line.clear();
        line.push(b'y');
        (0..6000).for_each(|_| line.push(b' '));
        assert_eq!(line.text(), None);
        line.erase();
        assert_eq!(line.text(), None);
    }
}
