//! What is wrong with a policy: one stream of findings, for any renderer.

use crate::language::code::{Code, Severity};
use crate::language::fix::Fix;
use crate::text::span::Span;

/// A place and what is to be said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// What to say there; may be empty.
    pub text: String,
}

/// One finding. Text that comes from the policy is escaped in it already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The kind of finding.
    pub code: Code,
    /// How serious it is.
    pub severity: Severity,
    /// What is wrong: lower case, no full stop, words of the policy in backticks.
    pub message: String,
    /// Where.
    pub primary: Label,
    /// Other places that have to do with it.
    pub secondary: Vec<Label>,
    /// What to do about it.
    pub help: Option<String>,
    /// The change of the text that the help is about, where it is known.
    pub fix: Option<Fix>,
    /// The same as the help, where a front end may have a command for it.
    pub remedy: Option<Remedy>,
}

/// What would help, where a front end may have a command for it. The help says the same without naming any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Remedy {
    /// Give a policy as several files.
    GiveSeveralFiles,
    /// Write a starter policy.
    WriteStarterPolicy,
    /// List the codes of findings.
    ListCodes,
    /// Impose the name of the agent.
    ImposeAgent,
}

impl Diagnostic {
    /// An error at `span`.
    #[must_use]
    pub fn error(code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            code,
            severity: Severity::Error,
            message: message.into(),
            primary: Label { span, text: String::new() },
            secondary: Vec::new(),
            help: None,
            fix: None,
            remedy: None,
        }
    }

    /// A finding at `span`, as serious as its code says.
    #[must_use]
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic { severity: code.level(), ..Diagnostic::error(code, span, message) }
    }

    /// The same with a word at the caret.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Diagnostic {
        self.primary.text = text.into();
        self
    }

    /// The same with a remedy.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help = Some(help.into());
        self
    }

    /// The same with a change of the text that mends it.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<Option<Fix>>) -> Diagnostic {
        self.fix = fix.into();
        self
    }

    /// The same with what a front end may have a command for.
    #[must_use]
    pub const fn remedied(mut self, remedy: Option<Remedy>) -> Diagnostic {
        self.remedy = remedy;
        self
    }

    /// The same with another place to look at.
    #[must_use]
    pub fn secondary(mut self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.secondary.push(Label { span, text: text.into() });
        self
    }
}
