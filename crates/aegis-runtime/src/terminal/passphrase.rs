//! Asking for a passphrase, which is shown nowhere.

use std::time::Instant;

use zeroize::Zeroizing;

use crate::approval::Unanswered;

use super::no_answer::NoAnswer;
use super::options::TerminalOptions;
use super::reply::Ended;
use super::session::Session;
use super::signals::{Interruption, Signals, one_question};

/// The longest passphrase, in bytes.
const LONGEST: usize = 1024;

/// Asks whoever sits at the controlling terminal for a passphrase; `None` where they want none of it. What
/// was typed before they were asked is thrown away, and the terminal is left as it was found.
///
/// # Errors
/// When nobody is there or answers in time, or the process is told to stop.
pub(crate) fn ask_passphrase(
    prompt: &str,
    options: TerminalOptions,
) -> Result<Option<Zeroizing<Vec<u8>>>, Unanswered> {
    let signals = Signals::catch(None).map_err(|_| NoAnswer::TerminalFailed)?;
    let _one = one_question();
    let deadline = Instant::now().checked_add(options.timeout);
    let mut session = Session::open(false)?;
    session.wait_for_turn(&signals, deadline)?;
    let ended = loop {
        let read = read_line(&mut session, prompt, &signals, deadline);
        // Whatever ran while the process was stopped may have changed the terminal: what was typed meanwhile
        // may have been shown, or meant for somebody else.
        if !matches!(read, Err(Ended::Interrupted(Interruption::Resumed))) {
            break read;
        }
        session.restore();
    };
    session.restore();
    session.leave("");
    // A signal that came in after the last key is not lost.
    let ended = match signals.received().filter(|it| *it <= Interruption::Keyboard) {
        Some(interruption) => Err(Ended::Interrupted(interruption)),
        None => ended,
    };
    match ended {
        Ok(typed) => Ok(Some(typed)),
        Err(Ended::EndOfInput | Ended::Interrupted(Interruption::Keyboard)) => Ok(None),
        Err(Ended::Interrupted(Interruption::Stopped)) => Err(NoAnswer::Stopped.into()),
        Err(Ended::Interrupted(_)) => Err(NoAnswer::HungUp.into()),
        Err(Ended::NoAnswer(why)) => Err(why.into()),
    }
}

fn read_line(
    session: &mut Session,
    prompt: &str,
    signals: &Signals,
    deadline: Option<Instant>,
) -> Result<Zeroizing<Vec<u8>>, Ended> {
    session.prepare()?;
    session.discard_typed_ahead()?;
    session.write(prompt, signals, deadline)?;
    // Never moved to another place while it grows.
    let mut typed = Zeroizing::new(Vec::with_capacity(LONGEST));
    loop {
        let bytes = match session.read(signals, deadline, None) {
            Ok(bytes) => Zeroizing::new(bytes),
            Err(Ended::Interrupted(Interruption::Resized)) => continue,
            Err(ended) => return Err(ended),
        };
        for byte in bytes.iter().copied() {
            match byte {
                b'\r' | b'\n' => return Ok(typed),
                0x04 if typed.is_empty() => return Err(Ended::EndOfInput),
                0x08 | 0x7f => erase(&mut typed),
                0x15 => typed.clear(),
                // Other keys of the terminal's are no part of a passphrase.
                0..0x20 => {}
                byte if typed.len() < LONGEST => typed.push(byte),
                // Longer than any: it is not the one, and nothing is gained by keeping the rest.
                _ => {}
            }
        }
    }
}

/// Takes the last character away, however many bytes it has.
fn erase(typed: &mut Vec<u8>) {
    while typed.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_characters_are_erased() {
        let mut typed = "aé€".as_bytes().to_vec();
        for left in ["aé", "a", "", ""] {
            erase(&mut typed);
            assert_eq!(typed, left.as_bytes());
        }
    }
}
