//! The lines of a stream, in groups of what can be read without waiting.

use std::io::{self, BufRead, Read as _};

use aegis_engine::{Action, MAX_ACTION_BYTES};

use crate::error::CommandError;
use crate::given_agent::GivenAgent;

/// The most lines of a group.
const MOST_LINES: usize = 4096;
/// The most memory, in bytes, that the actions of a group are estimated to take; a single action may take
/// more.
const MOST_MEMORY: usize = 8 << 20;

/// Reads actions, one a line.
#[derive(Debug)]
pub(super) struct Lines<'a, R> {
    input: R,
    agent: &'a GivenAgent,
    /// The number of the last line that was read, from 1.
    number: u64,
    line: Vec<u8>,
}

/// Lines that are answered together.
#[derive(Debug, Default)]
pub(super) struct Group {
    /// The number of the first line.
    pub(super) first: u64,
    /// The actions, in order.
    pub(super) actions: Vec<Action>,
    /// What each line is, in order: the next of the actions, or none that could be read.
    pub(super) lines: Vec<Result<(), CommandError>>,
}

impl<'a, R: BufRead + Buffered> Lines<'a, R> {
    /// Who acts is what `agent` makes of what each action says.
    pub(super) const fn new(input: R, agent: &'a GivenAgent) -> Lines<'a, R> {
        Lines { input, agent, number: 0, line: Vec::new() }
    }

    /// Waits for one line, and takes those behind it that are there already: whoever waits for an answer
    /// before the next question gets it at once. `None` at the end of the stream.
    pub(super) fn group(&mut self) -> Result<Option<Group>, CommandError> {
        let mut group = Group { first: self.number + 1, ..Group::default() };
        let mut memory = 0;
        loop {
            let read = read_line(&mut self.input, &mut self.line).map_err(|error| {
                let number = self.number + 1;
                CommandError::input(format!("line {number}: cannot read standard input: {error}"))
            })?;
            if !read {
                break;
            }
            self.number += 1;
            memory += weight(&self.line);
            match self.action() {
                Ok(action) => {
                    group.actions.push(action);
                    group.lines.push(Ok(()));
                }
                Err(error) => group.lines.push(Err(error)),
            }
            let full = group.lines.len() >= MOST_LINES || memory >= MOST_MEMORY;
            if full || !self.input.buffered().contains(&b'\n') {
                break;
            }
        }
        Ok(Some(group).filter(|group| !group.lines.is_empty()))
    }

    fn action(&self) -> Result<Action, CommandError> {
        if self.line.iter().all(u8::is_ascii_whitespace) {
            return Err(CommandError::input("the line is empty"));
        }
        let action =
            Action::from_json(&self.line).map_err(|error| CommandError::action(&error, Some(self.number)))?;
        Ok(self.agent.of(action)?)
    }
}

/// What can be read without asking the system for more.
pub(super) trait Buffered {
    /// The bytes.
    fn buffered(&self) -> &[u8];
}

impl<R> Buffered for io::BufReader<R> {
    fn buffered(&self) -> &[u8] {
        self.buffer()
    }
}

impl Buffered for &[u8] {
    fn buffered(&self) -> &[u8] {
        self
    }
}

/// About how much memory an action takes: its text, and what each of its values and objects costs beyond it.
fn weight(line: &[u8]) -> usize {
    line.iter().fold(line.len(), |weight, byte| {
        weight
            + match byte {
                b'{' => 640,
                b'[' | b',' => 64,
                _ => 0,
            }
    })
}

/// Reads up to the next newline. Of a line that is too long, just enough is kept for it to be refused as
/// such.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let limit = u64::try_from(MAX_ACTION_BYTES).unwrap_or(u64::MAX).saturating_add(2);
    if input.by_ref().take(limit).read_until(b'\n', line)? == 0 {
        return Ok(false);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
    } else if line.len() > MAX_ACTION_BYTES {
        skip_line(input)?;
    }
    Ok(true)
}

fn skip_line(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffered = input.fill_buf()?;
        if buffered.is_empty() {
            return Ok(());
        }
        let newline = buffered.iter().position(|byte| *byte == b'\n');
        let used = newline.map_or(buffered.len(), |index| index + 1);
        input.consume(used);
        if newline.is_some() {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ: &str = r#"{"type":"read","target":"crm"}"#;

    fn lines(mut input: &[u8]) -> Vec<usize> {
        let (mut line, mut lengths) = (Vec::new(), Vec::new());
        while read_line(&mut input, &mut line).unwrap() {
            lengths.push(line.len());
        }
        lengths
    }

    #[test]
    fn lines_end_at_newlines_and_at_the_end() {
        assert_eq!(lines(b""), Vec::<usize>::new());
        assert_eq!(lines(b"a\n\nbc"), [1, 0, 2]);
        assert_eq!(lines(b"a\n"), [1]);
    }

    #[test]
    fn a_line_that_is_too_long_is_skipped_and_the_next_one_is_read() {
        let mut input = vec![b'x'; MAX_ACTION_BYTES * 2];
        input.extend(b"\nok\n");
        let lengths = lines(&input);
        assert!(lengths[0] > MAX_ACTION_BYTES && lengths[0] <= MAX_ACTION_BYTES + 2);
        assert_eq!(lengths[1..], [2]);
        let exact = [vec![b'x'; MAX_ACTION_BYTES], b"\nok\n".to_vec()].concat();
        assert_eq!(lines(&exact), [MAX_ACTION_BYTES, 2]);
        let one_more = [vec![b'x'; MAX_ACTION_BYTES + 1], b"\nok\n".to_vec()].concat();
        assert_eq!(lines(&one_more), [MAX_ACTION_BYTES + 1, 2]);
    }

    #[test]
    fn a_group_is_what_is_there_and_unreadable_lines_keep_their_place() {
        let input = [READ, "{", "", READ].join("\n");
        // In the buffer there are 2 lines and the beginning of a third; the group does not wait for the rest
        // of it.
        let reader = io::BufReader::with_capacity(READ.len() + 4, input.as_bytes());
        let bot = GivenAgent::Imposed("bot".to_owned());
        let mut lines = Lines::new(reader, &bot);
        let group = lines.group().unwrap().unwrap();
        assert_eq!((group.first, group.actions.len(), group.lines.len()), (1, 1, 3));
        assert_eq!(group.actions[0].agent(), Some("bot"));
        assert!(group.lines[0].is_ok() && group.lines[1].is_err() && group.lines[2].is_err());
        let group = lines.group().unwrap().unwrap();
        assert_eq!((group.first, group.actions.len(), group.lines.len()), (4, 1, 1));
        assert!(lines.group().unwrap().is_none());
    }

    #[test]
    fn a_group_is_bounded_by_lines_and_by_memory() {
        let sizes = |input: String| {
            let mut lines = Lines::new(input.as_bytes(), &GivenAgent::Nobody);
            std::iter::from_fn(|| lines.group().unwrap().map(|group| group.lines.len())).collect::<Vec<_>>()
        };
        assert_eq!(sizes("\n".repeat(MOST_LINES + 1)), [MOST_LINES, 1]);
        let heavy = format!(
            "{{\"type\":\"a\",\"target\":\"b\",\"params\":{{\"x\":[{}{{}}]}}}}\n",
            "{},".repeat(9000)
        );
        assert_eq!(sizes(heavy.repeat(5)), [2, 2, 1]);
    }
}
