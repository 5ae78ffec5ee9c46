//! `aegis check --from`: the tool calls of a message, each decided by itself.

use std::iter;

use aegis_adapters::{
    Call, CallError, CallFormat, NativeAnswers, Reading, Refusal, Refused, Verdict, read_calls,
};
use aegis_engine::{Action, MAX_MESSAGE_BYTES, hide_secrets, to_json_line};
use aegis_ledger::answer::Answer;
use aegis_present::Format;
use aegis_present::json::v1::{CallV1, ObservedCallV1, RefusedCallV1};
use aegis_present::lines::{render_call, render_observed_call, render_refused_call};
use aegis_runtime::{Answered, Gate, Observation};
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::answer_format::AnswerFormat;
use super::checker::{Checker, Mode};
use super::input::stdin_bytes;
use super::reply::{Replier, Reply, named};
use crate::console::Console;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::waiting::Waiting;

/// The most calls whose records are one transaction.
const MOST_TOGETHER: usize = 4096;

/// Reads the name of a format.
pub(super) fn call_format() -> impl TypedValueParser<Value = CallFormat> {
    let names = PossibleValuesParser::new(CallFormat::ALL.map(CallFormat::as_str));
    // It is one of these names, since no other gets past the list.
    names.map(|name| CallFormat::of_name(&name).unwrap_or(CallFormat::Mcp))
}

/// Reads the calls in standard input, before the log is touched.
pub(super) fn from_stdin(
    format: CallFormat,
    target: Option<&str>,
    console: Console,
) -> Result<Vec<Call>, CommandError> {
    let bytes = stdin_bytes("tool calls", MAX_MESSAGE_BYTES, console)?;
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(CommandError::input("standard input holds no message")
            .help("pipe in what the API answered, as it is, or a part of it that holds calls"));
    }
    let calls = read_calls(format, &bytes, target)?;
    if calls.is_empty() {
        // Silence is not permission: nothing was asked for, so nothing is allowed.
        return Err(CommandError::input(format!("the message holds no tool call of the format `{format}`"))
            .help("ask about messages that hold calls; in others there is nothing that could be allowed"));
    }
    Ok(calls)
}

/// Answers every call, in order.
pub(super) fn run(
    checker: &mut Checker<'_>,
    calls: &[Call],
    format: AnswerFormat,
    console: Console,
) -> Result<ExitStatus, CommandError> {
    // What was done already comes first: where that cannot be recorded, nothing more is allowed.
    let mut observed = observe(checker, calls)?.into_iter();
    let mut decided = decide(checker, calls)?.into_iter();
    let mut answers =
        Answers { replier: &checker.replier, console, lines: Vec::new(), native: NativeAnswers::default() };
    let mut status = None;
    for call in calls {
        let answered = match call.reading() {
            Reading::Observed(action) => {
                answers.observed(call, action, observed.next().as_ref())?;
                continue;
            }
            Reading::Refused(problem) => answers.refused(call, problem)?,
            Reading::Action(_) => answers.decided(call, decided.next())?,
        };
        status = Some(status.map_or(answered, |worst: ExitStatus| worst.worse(answered)));
    }
    answers.tell(format)?;
    status.ok_or_else(|| {
        CommandError::input("the provider ran every call by itself, so that none was allowed")
            .help("what a provider runs is governed by the tools that the request offers it")
    })
}

/// Records what the provider ran, each call of it; nothing in a dry run.
fn observe(checker: &mut Checker<'_>, calls: &[Call]) -> Result<Vec<Observation>, CommandError> {
    let observed = calls.iter().filter_map(|call| match call.reading() {
        Reading::Observed(action) => Some(checker.agent.of(action.clone())),
        Reading::Action(_) | Reading::Refused(_) => None,
    });
    let observed = observed.collect::<Result<Vec<_>, _>>()?;
    match &mut checker.mode {
        Mode::Gate(gate) if !observed.is_empty() => Ok(gate.observe(&observed)?),
        Mode::Gate(_) | Mode::DryRun(_) => Ok(Vec::new()),
    }
}

/// What came of a call that was decided about.
struct Decided {
    reply: Reply,
    /// Nothing in a dry run: no call is allowed by it.
    told: Option<Told>,
}

/// What the model is told of it, and the program.
enum Told {
    Allowed { action_id: String },
    Refused { action_type: String, action_target: String, how: Refused, reason: String },
}

/// Decides about every call that can be, in order.
fn decide(
    checker: &mut Checker<'_>,
    calls: &[Call],
) -> Result<Vec<Result<Decided, CommandError>>, CommandError> {
    let calls: Vec<&Call> = calls.iter().filter(|call| call.action().is_some()).collect();
    let actions = calls.iter().filter_map(|call| call.action().cloned());
    let actions = actions.map(|action| checker.agent.of(action)).collect::<Result<Vec<_>, _>>()?;
    let replier = &checker.replier;
    Ok(match &mut checker.mode {
        Mode::DryRun(at) => {
            let evaluated = |(call, action): (&&Call, &Action)| {
                let at = at.unwrap_or_else(aegis_audit::now);
                let reply = replier.evaluated(action, at, Some(of(call)))?;
                Ok(Decided { reply, told: None })
            };
            calls.iter().zip(&actions).map(evaluated).collect()
        }
        Mode::Gate(gate) => through(gate, &checker.waiting, replier, &calls, &actions),
    })
}

/// Takes all of them through the gate. What goes wrong with some of them is the answer to each.
fn through(
    gate: &mut Gate,
    waiting: &Waiting<'_>,
    replier: &Replier<'_>,
    calls: &[&Call],
    actions: &[Action],
) -> Vec<Result<Decided, CommandError>> {
    let mut done = Vec::with_capacity(actions.len());
    while let Some(rest) = actions.get(done.len()..).filter(|rest| !rest.is_empty()) {
        let group = rest.get(..MOST_TOGETHER).unwrap_or(rest);
        let before = done.len();
        match gate.answer_all(group) {
            Ok(outcomes) => {
                for outcome in &outcomes {
                    waiting.announce(outcome.answered());
                }
                let asked = calls.iter().skip(before).zip(group);
                done.extend(
                    asked
                        .zip(&outcomes)
                        .map(|((call, action), outcome)| answered(replier, call, action, outcome.answered())),
                );
            }
            Err(failed) => {
                let error = CommandError::from(failed.error);
                done.extend(iter::repeat_n(error, failed.size).map(Err));
            }
        }
        if done.len() == before {
            let error = CommandError::new(ExitStatus::AuditLog, "a call was not answered");
            done.extend(iter::repeat_n(error, rest.len()).map(Err));
        }
    }
    done
}

fn answered(
    replier: &Replier<'_>,
    call: &Call,
    action: &Action,
    answered: &Answered,
) -> Result<Decided, CommandError> {
    let reply = replier.answered(action, answered, Some(of(call)))?;
    let how = match answered.answer() {
        Answer::Auto | Answer::Approved => {
            let action_id = answered.action_id().to_owned();
            return Ok(Decided { reply, told: Some(Told::Allowed { action_id }) });
        }
        Answer::Block => Refused::Blocked,
        Answer::Denied => Refused::Denied,
        Answer::Unanswered if answered.waiting().is_some() => Refused::Waiting,
        Answer::Unanswered => Refused::Unanswered,
    };
    let told = Told::Refused {
        action_type: answered.names().action_type().to_owned(),
        action_target: answered.names().action_target().to_owned(),
        how,
        reason: answered.reason().to_owned(),
    };
    Ok(Decided { reply, told: Some(told) })
}

/// A call as answers name it.
fn of(call: &Call) -> CallV1<'_> {
    CallV1 { format: call.format().as_str(), id: call.id(), place: call.place() }
}

/// The answers, in every form.
struct Answers<'a> {
    replier: &'a Replier<'a>,
    console: Console,
    lines: Vec<String>,
    native: NativeAnswers,
}

impl Answers<'_> {
    fn observed(
        &mut self,
        call: &Call,
        action: &Action,
        recorded: Option<&Observation>,
    ) -> Result<(), CommandError> {
        let hidden = self.replier.loaded.policy.redaction().hide(action);
        let named = named(action, hidden.as_ref());
        let recorded = recorded.map(|seen| (seen.action_id.as_str(), &seen.receipt));
        let line = match self.replier.format {
            Format::Text => render_observed_call(named),
            Format::Json => json(&ObservedCallV1::new(of(call), named, recorded))?,
        };
        self.native.add(call, None);
        self.push(call, line);
        Ok(())
    }

    fn refused(&mut self, call: &Call, problem: &CallError) -> Result<ExitStatus, CommandError> {
        self.native.add(call, None);
        self.error(call, &problem.to_string(), Some(problem.help()))?;
        Ok(ExitStatus::Input)
    }

    fn decided(
        &mut self,
        call: &Call,
        decided: Option<Result<Decided, CommandError>>,
    ) -> Result<ExitStatus, CommandError> {
        let error = match decided {
            Some(Ok(Decided { reply, told })) => {
                self.native.add(call, told.as_ref().map(Told::verdict));
                self.push(call, reply.text);
                return Ok(reply.status);
            }
            Some(Err(error)) => error,
            None => CommandError::new(ExitStatus::AuditLog, "the call was not answered"),
        };
        let hidden = call.action().and_then(|action| self.replier.loaded.policy.redaction().hide(action));
        let named = call.action().map(|action| named(action, hidden.as_ref()));
        let (kind, target) = named.map(|named| (named.kind, named.target)).unwrap_or_default();
        let refusal = Refusal {
            action_type: kind,
            action_target: target,
            how: Refused::Unrecorded,
            reason: &error.message,
        };
        self.native.add(call, Some(Verdict::Refused(refusal)));
        self.error(call, &error.message, error.help.as_deref())?;
        Ok(error.status)
    }

    /// A call that no policy decided about.
    fn error(&mut self, call: &Call, problem: &str, help: Option<&str>) -> Result<(), CommandError> {
        let name = call.name().map(hide_secrets);
        let line = match self.replier.format {
            Format::Text => render_refused_call(name.as_deref(), problem, help),
            Format::Json => {
                self.console.note(format!("{}: {problem}", aegis_engine::escape(call.place())));
                json(&RefusedCallV1 { call: of(call), allowed: false, error: problem })?
            }
        };
        self.push(call, line);
        Ok(())
    }

    fn push(&mut self, call: &Call, line: String) {
        self.lines.push(match self.replier.format {
            Format::Text => format!("{line}\n{}", render_call(call.id(), call.place())),
            Format::Json => line,
        });
    }

    fn tell(self, format: AnswerFormat) -> Result<(), CommandError> {
        match format {
            AnswerFormat::Native => self.console.answer(json(&self.native)?),
            AnswerFormat::Own(Format::Text) if !self.replier.explain => {
                self.console.tell(self.lines.join("\n"))
            }
            AnswerFormat::Own(_) => self.console.answer(self.lines.join("\n")),
        }
    }
}

impl Told {
    fn verdict(&self) -> Verdict<'_> {
        match self {
            Told::Allowed { action_id } => Verdict::Allowed { action_id },
            Told::Refused { action_type, action_target, how, reason } => {
                Verdict::Refused(Refusal { action_type, action_target, how: *how, reason })
            }
        }
    }
}

fn json(answer: &impl serde::Serialize) -> Result<String, CommandError> {
    to_json_line(answer)
        .map_err(|error| CommandError::input(format!("the answers cannot be written as JSON: {error}")))
}
