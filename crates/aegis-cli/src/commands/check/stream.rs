//! A stream of actions, one a line: each answered in its place, however the one before it went.

use std::io::{self, BufRead, Read as _, Write};

use aegis_engine::{Action, MAX_ACTION_BYTES, to_json_line};

use super::Checker;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output::Output;
use crate::output::json::v1::UnreadableV1;

/// Answers every line of standard input. Memory is bounded by the longest action allowed.
pub(super) fn run(checker: &mut Checker<'_>, output: Output) -> Result<ExitStatus, CommandError> {
    // Larger than stdin's own buffer, which it then bypasses: what is buffered is what can be read without waiting.
    let mut input = io::BufReader::with_capacity(64 * 1024, io::stdin().lock());
    let mut answers = io::BufWriter::new(io::stdout().lock());
    let mut status = None;
    let mut line = Vec::new();
    for number in 1_u64.. {
        if !read_line(&mut input, &mut line).map_err(|error| {
            CommandError::input(format!("line {number}: cannot read standard input: {error}"))
        })? {
            break;
        }
        let (answer, line_status) = answer_line(checker, number, &line, output);
        status = Some(status.map_or(line_status, |status: ExitStatus| status.worse(line_status)));
        // Whoever waits for each answer before the next question gets it at once; a bulk stream is not slowed down.
        let waits = !input.buffer().contains(&b'\n');
        let written =
            writeln!(answers, "{answer}").and_then(|()| if waits { answers.flush() } else { Ok(()) });
        if let Err(error) = written {
            // Nobody hears the answers any more, so nothing more is asked of the policy.
            return undelivered(number, &error);
        }
    }
    if let Err(error) = answers.flush() {
        return undelivered(0, &error);
    }
    // Silence is not permission: a producer that died before its first action has not been allowed anything.
    status.ok_or_else(|| {
        CommandError::input("the stream holds no action")
            .help("one JSON object a line, such as {\"type\":\"read\",\"target\":\"crm\"}")
    })
}

fn undelivered(number: u64, error: &io::Error) -> Result<ExitStatus, CommandError> {
    let place = if number > 0 { format!(" to line {number}") } else { String::new() };
    Err(CommandError::input(format!("the answer{place} could not be written to standard output: {error}")))
}

/// Reads up to the next newline. Of a line that is too long, just enough is kept for it to be refused as such.
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

fn answer_line(checker: &mut Checker<'_>, number: u64, line: &[u8], output: Output) -> (String, ExitStatus) {
    let reply = if line.iter().all(u8::is_ascii_whitespace) {
        Err(CommandError::input("the line is empty"))
    } else {
        Action::from_json(line).map_err(CommandError::from).and_then(|action| checker.check(action))
    };
    match reply {
        Ok(reply) => match to_json_line(&reply.json) {
            Ok(json) => (json, reply.status),
            Err(error) => (unreadable(number, &error.to_string()), ExitStatus::Input),
        },
        Err(error) => {
            output.note(format!("line {number}: {}", error.message));
            (unreadable(number, &error.message), error.status)
        }
    }
}

fn unreadable(line: u64, error: &str) -> String {
    let answer = UnreadableV1 { line, allowed: false, error: error.to_owned() };
    to_json_line(&answer)
        .unwrap_or_else(|_| format!("{{\"line\":{line},\"allowed\":false,\"error\":\"unknown\"}}"))
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
