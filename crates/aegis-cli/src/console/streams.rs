//! The two streams: answers on stdout, everything else on stderr.

use std::fmt::Display;
use std::io::{self, IsTerminal as _, Stdin, Stdout, Write};

use aegis_present::style::{BAD, FAINT, HELP};
use anstream::{AutoStream, ColorChoice};

use crate::error::CommandError;
use crate::global_options::Color;

/// Standard output, where colour is shown or taken out.
pub(crate) type PaintedStdout = AutoStream<Stdout>;

/// How to talk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Console {
    quiet: bool,
    color: ColorChoice,
}

impl Console {
    /// Talks in colour as was asked for, and where `quiet`, only of errors. What was asked for as data is
    /// given all the same.
    pub(crate) const fn new(quiet: bool, color: Color) -> Console {
        let color = match color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        };
        Console { quiet, color }
    }

    /// The same without colour, for what goes to a file.
    pub(crate) const fn without_color(self) -> Console {
        Console { color: ColorChoice::Never, ..self }
    }

    /// The stream of answers.
    pub(crate) fn stdout(self) -> PaintedStdout {
        AutoStream::new(io::stdout(), self.color)
    }

    fn stderr(self) -> AutoStream<io::Stderr> {
        AutoStream::new(io::stderr(), self.color)
    }

    /// Whether stderr shows colour.
    pub(crate) fn colors_stderr(self) -> bool {
        self.colors(AutoStream::choice(&io::stderr()))
    }

    /// Whether stdout shows colour.
    pub(crate) fn colors_stdout(self) -> bool {
        self.colors(AutoStream::choice(&io::stdout()))
    }

    fn colors(self, automatic: ColorChoice) -> bool {
        let choice = if self.color == ColorChoice::Auto { automatic } else { self.color };
        choice != ColorChoice::Never
    }

    /// Writes an answer and sees it out. A reader that went away is not an error: the answer was given.
    ///
    /// # Errors
    /// When stdout takes nothing, for another reason than a closed pipe.
    pub(crate) fn answer(self, text: impl Display) -> Result<(), CommandError> {
        let mut stdout = self.stdout();
        let written = writeln!(stdout, "{text}").and_then(|()| stdout.flush());
        match written {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(CommandError::input(format!("cannot write to standard output: {error}")))
            }
            _ => Ok(()),
        }
    }

    /// Whether whoever asked wants to hear of errors alone, and goes by the exit status for the rest.
    pub(crate) const fn is_quiet(self) -> bool {
        self.quiet
    }

    /// Writes an answer that says in words what the exit status says, unless told to be quiet.
    ///
    /// # Errors
    /// As [`answer`](Console::answer).
    pub(crate) fn tell(self, text: impl Display) -> Result<(), CommandError> {
        if self.quiet { Ok(()) } else { self.answer(text) }
    }

    /// Writes an answer as it is, byte for byte.
    ///
    /// # Errors
    /// When stdout takes nothing, for another reason than a closed pipe.
    pub(crate) fn page(self, text: &str) -> Result<(), CommandError> {
        Console { color: ColorChoice::AlwaysAnsi, ..self }.answer(text)
    }

    /// Says something that is not the answer, unless told to be quiet. Nothing can be done if that fails.
    pub(crate) fn note(self, text: impl Display) {
        if !self.quiet {
            self.notice(text);
        }
    }

    /// Says something that nobody should miss. Not silenced.
    pub(crate) fn notice(self, text: impl Display) {
        let _ = writeln!(self.stderr(), "{FAINT}note:{FAINT:#} {text}");
    }

    /// Says something that nobody should miss, and what to do about it. Not silenced: an answer that was
    /// taken for more than it is harms more than a line too many.
    pub(crate) fn caution(self, text: impl Display, help: impl Display) {
        self.notice(text);
        let _ = writeln!(self.stderr(), "{HELP}help:{HELP:#} {help}");
    }

    /// Says what is wrong. Not silenced: a refusal without a reason helps nobody.
    pub(crate) fn error(self, error: &CommandError) {
        let mut stderr = self.stderr();
        if !error.message.is_empty() {
            let _ = writeln!(stderr, "{BAD}error:{BAD:#} {}", error.message);
        }
        if let Some(help) = &error.help {
            let _ = writeln!(stderr, "{HELP}help:{HELP:#} {help}");
        }
    }

    /// Writes text that is already rendered, such as diagnostics, to stderr.
    pub(crate) fn diagnostics(self, rendered: &str) {
        let _ = self.stderr().write_all(rendered.as_bytes());
    }

    /// Whether somebody could be watching a progress bar.
    pub(crate) fn shows_progress(self) -> bool {
        !self.quiet && io::stderr().is_terminal()
    }
}

/// Standard input.
pub(crate) fn stdin() -> Stdin {
    io::stdin()
}

/// The stream of answers for what never holds a colour: nothing looks for one.
pub(crate) fn stdout() -> Stdout {
    io::stdout()
}
