//! Why a command could not do its work: rendered once, where the command ends.

use std::path::Path;

use aegis_adapters::ReadError;
use aegis_audit::{
    ArchiveError, DamagedLog, LifeError, RecordError, RedactError, ReplyError, RevokeError, SinkError,
    TrailError,
};
use aegis_engine::{ActionError, JsonError, JsonSlip, escape};
use aegis_ledger::question::Refused;
use aegis_ledger::verify::ExportsError;
use aegis_present::UnreadFile;
use aegis_runtime::{GateError, NotGiven, PolicyFileError, QuestionError};

use crate::exit::ExitStatus;
use crate::remedies;

/// An error for the person who has to fix it.
#[derive(Clone, Debug)]
pub(crate) struct CommandError {
    pub(crate) status: ExitStatus,
    /// What is wrong, and where. Escaped already. Empty where it has been shown.
    pub(crate) message: String,
    /// What to do about it.
    pub(crate) help: Option<String>,
}

impl CommandError {
    pub(crate) fn new(status: ExitStatus, message: impl Into<String>) -> CommandError {
        CommandError { status, message: message.into(), help: None }
    }

    /// Input or policy that could not be read.
    pub(crate) fn input(message: impl Into<String>) -> CommandError {
        CommandError::new(ExitStatus::Input, message)
    }

    /// A command line that makes no sense.
    pub(crate) fn usage(message: impl Into<String>) -> CommandError {
        CommandError::new(ExitStatus::Usage, message)
    }

    /// An error whose diagnostics are on the screen already.
    pub(crate) const fn shown(status: ExitStatus) -> CommandError {
        CommandError { status, message: String::new(), help: None }
    }

    /// What a report says of a file that was not looked at for this error.
    pub(crate) fn unread(&self, path: &Path) -> UnreadFile {
        let problem = if self.message.is_empty() {
            "it holds errors, or its policy does"
        } else {
            self.message.as_str()
        };
        UnreadFile { name: path.to_string_lossy().into_owned(), problem: problem.to_owned() }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> CommandError {
        self.help = Some(help.into());
        self
    }
}

impl From<PolicyFileError> for CommandError {
    fn from(error: PolicyFileError) -> CommandError {
        let help = remedies::of_gate(error.remedy(), error.help());
        CommandError { status: ExitStatus::Input, message: error.to_string(), help }
    }
}

impl From<TrailError> for CommandError {
    fn from(error: TrailError) -> CommandError {
        let status = match error {
            // It is the policy that cannot be read.
            TrailError::Withdrawn { .. } => ExitStatus::Input,
            _ => ExitStatus::AuditLog,
        };
        CommandError {
            status,
            message: escape(&error.to_string()),
            help: remedies::of_log(error.remedy(), error.help()).map(|help| escape(&help)),
        }
    }
}

impl From<RecordError> for CommandError {
    fn from(error: RecordError) -> CommandError {
        match error {
            RecordError::Trail(error) => error.into(),
            other => CommandError {
                status: ExitStatus::AuditLog,
                message: escape(&other.to_string()),
                help: remedies::of_log(other.remedy(), other.help()).map(|help| escape(&help)),
            },
        }
    }
}

impl From<SinkError> for CommandError {
    fn from(error: SinkError) -> CommandError {
        CommandError {
            status: ExitStatus::AuditLog,
            message: escape(&error.to_string()),
            help: remedies::of_log(error.remedy(), error.help()).map(|help| escape(&help)),
        }
    }
}

impl From<LifeError> for CommandError {
    fn from(error: LifeError) -> CommandError {
        let help = remedies::of_log(error.remedy(), error.help());
        match error {
            LifeError::Record(error) => error.into(),
            other => CommandError { status: ExitStatus::No, message: other.to_string(), help },
        }
    }
}

impl From<RedactError> for CommandError {
    fn from(error: RedactError) -> CommandError {
        let help = remedies::of_log(error.remedy(), error.help());
        match error {
            RedactError::Record(error) => error.into(),
            other => CommandError { status: ExitStatus::No, message: other.to_string(), help },
        }
    }
}

impl From<QuestionError> for CommandError {
    fn from(error: QuestionError) -> CommandError {
        match error {
            QuestionError::Trail(error) => error.into(),
            QuestionError::Unknown { .. } => CommandError::new(ExitStatus::No, error.to_string())
                .help("`aegis approvals` lists what waits; `--db` names another log"),
            other => CommandError::new(ExitStatus::AuditLog, other.to_string())
                .help("nothing that is in doubt can be approved; `aegis audit verify` says what is damaged"),
        }
    }
}

impl From<ReplyError> for CommandError {
    fn from(error: ReplyError) -> CommandError {
        let help = remedies::of_log(error.remedy(), error.help());
        match error {
            ReplyError::Record(error) => error.into(),
            ReplyError::Refused(refused) => CommandError::refused_reply(&refused),
            ReplyError::Exchanged => {
                CommandError { status: ExitStatus::AuditLog, message: error.to_string(), help }
            }
            other => CommandError { status: ExitStatus::No, message: other.to_string(), help },
        }
    }
}

impl From<RevokeError> for CommandError {
    fn from(error: RevokeError) -> CommandError {
        let help = remedies::of_log(error.remedy(), error.help());
        match error {
            RevokeError::Record(error) => error.into(),
            RevokeError::Unknown { .. } => CommandError::new(ExitStatus::No, error.to_string())
                .help("`aegis grants` lists what holds; `--db` names another log"),
            other => CommandError { status: ExitStatus::No, message: other.to_string(), help },
        }
    }
}

impl From<NotGiven> for CommandError {
    fn from(error: NotGiven) -> CommandError {
        match error {
            NotGiven::Refused(refused) => CommandError::refused_reply(&refused),
            NotGiven::Unshown(error) => error.into(),
            NotGiven::LeftOpen => CommandError::new(ExitStatus::Unanswered, error.to_string()),
            NotGiven::Signing(error) => error.into(),
            other => CommandError::new(ExitStatus::Unanswered, other.to_string())
                .help("a question is answered at a terminal, by whoever sits there; it stays open"),
        }
    }
}

impl From<DamagedLog> for CommandError {
    fn from(error: DamagedLog) -> CommandError {
        let help = remedies::of_log(error.remedy(), error.help());
        CommandError { status: ExitStatus::No, message: error.to_string(), help }
    }
}

impl From<ArchiveError> for CommandError {
    fn from(error: ArchiveError) -> CommandError {
        let help = remedies::of_log(error.remedy(), error.help());
        let status = match error {
            ArchiveError::Trail(error) => return error.into(),
            ArchiveError::Damaged { .. } => ExitStatus::No,
            _ => ExitStatus::Input,
        };
        CommandError { status, message: error.to_string(), help }
    }
}

impl From<ExportsError> for CommandError {
    fn from(error: ExportsError) -> CommandError {
        let help = remedies::of_log(error.remedy(), error.help());
        match error {
            ExportsError::Receipts(_) => {
                CommandError { status: ExitStatus::AuditLog, message: error.to_string(), help }
            }
            ExportsError::Unreadable { source, name } if source.is_damage() => CommandError {
                status: ExitStatus::No,
                message: format!("`{}`: {source}", escape(&name)),
                help,
            },
            other => CommandError { status: ExitStatus::Input, message: other.to_string(), help },
        }
    }
}

impl From<GateError> for CommandError {
    fn from(error: GateError) -> CommandError {
        match error {
            GateError::Audit(error) => error.into(),
            other => CommandError::new(ExitStatus::AuditLog, other.to_string()),
        }
    }
}

impl From<ActionError> for CommandError {
    fn from(error: ActionError) -> CommandError {
        if matches!(error, ActionError::OtherAgent { .. }) {
            return CommandError::input(error.to_string())
                .help("`--agent` says who acts: let the action name the same agent, or none");
        }
        CommandError::unreadable(&error, &error.to_string())
    }
}

impl From<ReadError> for CommandError {
    /// Calls that cannot be looked for in standard input.
    fn from(error: ReadError) -> CommandError {
        let told = error.to_string();
        let located = match &error {
            ReadError::Json(json) => match json.position() {
                Some(at) => {
                    let problem = told.strip_prefix(&format!("{at}: ")).unwrap_or(&told);
                    format!("stdin:{}:{}: {problem}", at.line, at.column)
                }
                None => format!("stdin: {told}"),
            },
            _ => told.clone(),
        };
        CommandError::input(format!("no calls can be read: {located}")).help(error.help())
    }
}

impl CommandError {
    /// An answer that does not count.
    fn refused_reply(refused: &Refused) -> CommandError {
        let help = match refused {
            Refused::TooLate(_) => "the next time that the action is asked for, there is a new question",
            Refused::NotNamed => {
                "`aegis approvals show` says who may answer; whoever is known by a key signs with `--sign`"
            }
            Refused::OwnQuestion => "somebody else must answer, from an account of their own",
            Refused::TooWeak { needed: 2, .. } => "answer from another account than the one that asks",
            Refused::TooWeak { needed: 3, .. } => "the rule wants a signature: `--sign KEYFILE` makes one",
            Refused::TooWeak { .. } => "the rule wants a security key's signature that proves a touch",
            Refused::Untouched => "touch the key when it asks for that, and sign once more",
            Refused::Signature(_) => "sign anew what `--print-request` prints: it differs for each answer",
            Refused::Twice => "the others are still missing; `aegis approvals show` says how many",
            Refused::NoGrant => "approve it without `--grant`: once",
            _ => return CommandError::new(ExitStatus::No, refused.to_string()),
        };
        CommandError::new(ExitStatus::No, refused.to_string()).help(help)
    }

    /// An action that cannot be read: from standard input, or from this line of it.
    pub(crate) fn action(error: &ActionError, line: Option<u64>) -> CommandError {
        let told = error.to_string();
        let located = match (error.position(), line) {
            (Some(position), line) => {
                let problem = told.strip_prefix(&format!("{position}: ")).unwrap_or(&told);
                let line = line.unwrap_or(position.line as u64);
                format!("stdin:{line}:{}: {problem}", position.column)
            }
            (None, None) => format!("stdin: {told}"),
            // The line is named beside it.
            (None, Some(_)) => told,
        };
        CommandError::unreadable(error, &located)
    }

    fn unreadable(error: &ActionError, told: &str) -> CommandError {
        let help = match error {
            ActionError::Json(JsonError::Syntax { slip: Some(JsonSlip::SeveralDocuments), .. }) => {
                Some("one document holds one action; for several, one a line, give `--jsonl`")
            }
            other => other.help(),
        };
        CommandError::input(format!("the action cannot be read: {told}")).help(help.unwrap_or(
            "an action is one JSON object such as {\"type\":\"read\",\"target\":\"crm\"}; see `aegis schema \
             --of action`",
        ))
    }
}
