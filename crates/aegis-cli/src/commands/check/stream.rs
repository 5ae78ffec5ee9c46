//! A stream of actions, one a line: each answered in its place, however the one before it went.
//!
//! What can be read without waiting is answered together: one synced transaction for all of it.

mod lines;

use std::io::{self, Write};
use std::iter::Peekable;

use aegis_engine::to_json_line;
use aegis_present::json::v1::UnreadableV1;

use self::lines::{Group, Lines};
use super::checker::Checker;
use super::reply::Reply;
use crate::console::{Console, stdin, stdout};
use crate::error::CommandError;
use crate::exit::ExitStatus;

/// How much of the stream is read at once: larger than stdin's own buffer, which it then bypasses, so that
/// what is buffered is what can be read without waiting.
const INPUT: usize = 1 << 20;
/// How much is written at once.
const OUTPUT: usize = 64 << 10;

/// Answers every line of standard input. Memory is bounded by that of a group, or of the longest action
/// allowed.
pub(super) fn run(checker: &mut Checker<'_>, console: Console) -> Result<ExitStatus, CommandError> {
    widen_pipe();
    let agent = checker.agent.clone();
    let input = io::BufReader::with_capacity(INPUT, stdin().lock());
    let mut lines = Lines::new(input, &agent);
    let answers = io::BufWriter::with_capacity(OUTPUT, stdout().lock());
    let mut answers = Answers { writer: answers, console, number: 0, status: None };
    while let Some(group) = lines.group()? {
        answer(checker, group, &mut answers)?;
    }
    // Silence is not permission: a producer that died before its first action has not been allowed anything.
    answers.status.ok_or_else(|| {
        CommandError::input("the stream holds no action")
            .help("one JSON object a line, such as {\"type\":\"read\",\"target\":\"crm\"}")
    })
}

/// Asks the system for a larger pipe, so that a producer can fill a whole group while the one before is
/// synced. Where that is not possible, groups are smaller.
fn widen_pipe() {
    use nix::fcntl::{FcntlArg, fcntl};
    let _ = i32::try_from(INPUT).map(|size| fcntl(stdin(), FcntlArg::F_SETPIPE_SZ(size)));
}

/// Answers a group of lines in their order, up to the last one.
fn answer(
    checker: &mut Checker<'_>,
    group: Group,
    answers: &mut Answers<impl Write>,
) -> Result<(), CommandError> {
    let mut lines = group.lines.into_iter().peekable();
    let mut actions = group.actions.as_slice();
    answers.number = group.first;
    loop {
        refuse_unreadable(&mut lines, answers)?;
        // Nobody waits for an answer while a human is asked for the next one.
        answers.flush()?;
        if actions.is_empty() {
            return Ok(());
        }
        let answered = checker.check_all(actions);
        if answered.is_empty() {
            return Err(CommandError::new(ExitStatus::AuditLog, "an action was not answered"));
        }
        actions = actions.get(answered.len()..).unwrap_or_default();
        for answer in answered {
            let _ = lines.next();
            match answer {
                Ok(reply) => answers.give(&reply)?,
                Err(error) => answers.refuse(&error)?,
            }
            refuse_unreadable(&mut lines, answers)?;
        }
    }
}

/// Answers the lines that cannot be read, up to the next action.
fn refuse_unreadable(
    lines: &mut Peekable<impl Iterator<Item = Result<(), CommandError>>>,
    answers: &mut Answers<impl Write>,
) -> Result<(), CommandError> {
    while let Some(Err(error)) = lines.next_if(Result::is_err) {
        answers.refuse(&error)?;
    }
    Ok(())
}

/// Where answers go, and what they mean together.
struct Answers<W> {
    writer: W,
    console: Console,
    /// The line to answer next.
    number: u64,
    status: Option<ExitStatus>,
}

impl<W: Write> Answers<W> {
    fn give(&mut self, answer: &Reply) -> Result<(), CommandError> {
        self.write(&answer.text, answer.status)
    }

    fn refuse(&mut self, error: &CommandError) -> Result<(), CommandError> {
        // In a terminal the note comes after the answers of the lines before.
        self.flush()?;
        self.console.note(format!("line {}: {}", self.number, error.message));
        self.write(&unreadable(self.number, &error.message), error.status)
    }

    fn write(&mut self, line: &str, status: ExitStatus) -> Result<(), CommandError> {
        self.status = Some(self.status.map_or(status, |worst| worst.worse(status)));
        let written = self.writer.write_all(line.as_bytes()).and_then(|()| self.writer.write_all(b"\n"));
        // Nobody hears the answers any more, so nothing more is asked of the policy.
        written.map_err(|error| undelivered(&format!(" to line {}", self.number), &error))?;
        self.number += 1;
        Ok(())
    }

    fn flush(&mut self) -> Result<(), CommandError> {
        self.writer.flush().map_err(|error| undelivered("", &error))
    }
}

fn undelivered(place: &str, error: &io::Error) -> CommandError {
    CommandError::input(format!("the answer{place} could not be written to standard output: {error}"))
}

fn unreadable(line: u64, error: &str) -> String {
    let answer = UnreadableV1 { line, allowed: false, error: error.to_owned() };
    to_json_line(&answer)
        .unwrap_or_else(|_| format!("{{\"line\":{line},\"allowed\":false,\"error\":\"unknown\"}}"))
}
