//! Approvers, and the terms on which their answers count.

mod grants;

use std::sync::Arc;

use crate::decide::approval_terms::{ApprovalTerms, KnownBy, NamedApprover, WantedEvidence};
use crate::decide::decision::{ApprovalMode, RiskLevel};
use crate::decide::grant_terms::LONGEST_GRANT_MS;
use crate::language::code::Code;
use crate::language::compile::durations::{Duration, duration};
use crate::language::compile::terms::grants::grant_terms;
use crate::language::diagnostic::Diagnostic;
use crate::language::document::{ApprovalEntry, ApproverEntry, Approvers, TermsEntry};
use crate::language::fix::Fix;
use crate::text::escape::escape_capped;
use crate::text::nearest::nearest;
use crate::text::span::{Span, Spanned};
use crate::text::ssh_key::SshKey;

/// How long a question may wait, in milliseconds and as it is written: a week.
const MAX_TTL: (u64, &str) = (7 * 24 * 60 * 60 * 1000, "7d");
/// How long an answer may be used: a day.
const MAX_USE_WITHIN: (u64, &str) = (24 * 60 * 60 * 1000, "1d");
/// How long a grant may hold: a day.
const MAX_GRANT: (u64, &str) = (LONGEST_GRANT_MS, "1d");
/// How many characters of a name are shown.
const SHOWN: usize = 64;
/// How many wrong names of approvers get the nearest right one.
const MOST_COMPARED: usize = 1000;

/// The approvers of all files, by their names.
#[derive(Default)]
pub(super) struct KnownApprovers {
    known: Vec<KnownApprover>,
    /// How many names were compared with all others.
    compared: usize,
}

/// An approver that rules can name.
struct KnownApprover {
    name: Spanned<String>,
    /// How they are known; none where that could not be read.
    known_by: Option<KnownBy>,
    /// The strongest evidence that they can give.
    can_give: WantedEvidence,
}

impl KnownApprovers {
    /// Reads the approvers of a file, to be named by the rules of all.
    pub(super) fn add(&mut self, approvers: &Approvers, report: &mut Vec<Diagnostic>) {
        for (name, entry) in &approvers.entries {
            let (known_by, can_give) = match entry {
                ApproverEntry::Unreadable => (None, WantedEvidence::Touch),
                ApproverEntry::Account(account) => {
                    (Some(KnownBy::Account { account: account.value.clone() }), WantedEvidence::Account)
                }
                ApproverEntry::SshKey { ssh_key, touch } => {
                    let touch = touch.filter(|touch| touch.value).map(|touch| touch.span);
                    read_key(ssh_key, touch, report).unwrap_or((None, WantedEvidence::Touch))
                }
            };
            let other = self.known.iter().find(|other| {
                other.name.value == name.value
                    || (known_by.is_some() && is_one(other.known_by.as_ref(), known_by.as_ref()))
            });
            if let Some(other) = other {
                let (message, help) = if other.name.value == name.value {
                    let message = format!("two approvers are called `{}`", escape_capped(&name.value, SHOWN));
                    (message, "rules and records tell approvers apart by their names: give each its own")
                } else {
                    let message = format!(
                        "`{}` and `{}` are one approver",
                        escape_capped(&other.name.value, SHOWN),
                        escape_capped(&name.value, SHOWN)
                    );
                    (message, "a quorum counts people, not names: keep one of the two")
                };
                let found = Diagnostic::error(Code::DuplicateApprover, name.span, message);
                report.push(found.secondary(other.name.span, "first here").help(help));
            }
            self.known.push(KnownApprover { name: name.clone(), known_by, can_give });
        }
    }

    /// The terms of an approval at this risk; none where the usual ones hold.
    pub(super) fn terms(
        &mut self,
        entry: Option<&ApprovalEntry>,
        risk: RiskLevel,
        report: &mut Vec<Diagnostic>,
    ) -> Option<Arc<ApprovalTerms>> {
        let mode = entry?.mode();
        let entry = entry?.terms()?;
        if mode.value != ApprovalMode::Approve {
            report.extend(without_question(entry, mode));
            return None;
        }
        let usual = ApprovalTerms::default();
        let by = entry.by.as_ref().map(|names| self.named(names, report));
        let quorum = entry.quorum.map_or(usual.quorum, |quorum| quorum.value);
        report.extend(self.impossible(entry, by.as_deref()));
        let named = by.iter().flatten();
        let by = named.filter_map(|index| self.known.get(*index)?.named()).collect();
        let grant = entry.grant.as_ref().and_then(|grant| {
            let for_ms = millis(grant.lasts.as_ref(), "a grant", MAX_GRANT, report);
            grant_terms(grant, for_ms, risk, report)
        });
        let terms = ApprovalTerms {
            ttl_ms: millis(entry.ttl.as_ref(), "a question", MAX_TTL, report).unwrap_or(usual.ttl_ms),
            use_within_ms: millis(entry.use_within.as_ref(), "an answer", MAX_USE_WITHIN, report)
                .unwrap_or(usual.use_within_ms),
            quorum,
            evidence: entry.evidence.map_or(usual.evidence, |evidence| evidence.value.level()),
            uninjectable: entry.evidence.is_some(),
            self_approval: entry.self_approval.map_or(usual.self_approval, |flag| flag.value),
            by,
            grant,
        };
        (terms != usual).then(|| Arc::new(terms))
    }

    /// The approvers of these names, as far as they are known, each once.
    fn named(&mut self, names: &Spanned<Vec<Spanned<String>>>, report: &mut Vec<Diagnostic>) -> Vec<usize> {
        let mut named: Vec<usize> = Vec::new();
        for name in &names.value {
            let known = self.known.iter().position(|known| known.name.value == name.value);
            match known {
                None => report.push(self.unknown(name)),
                Some(index) if named.contains(&index) => {
                    let message = format!("`{}` is named twice", escape_capped(&name.value, SHOWN));
                    let found = Diagnostic::error(Code::DuplicateApprover, name.span, message);
                    report.push(found.help("name each approver once: nobody counts twice"));
                }
                Some(index) => named.push(index),
            }
        }
        named
    }

    fn unknown(&mut self, name: &Spanned<String>) -> Diagnostic {
        let message = format!("there is no approver `{}`", escape_capped(&name.value, SHOWN));
        let found = Diagnostic::error(Code::UnknownApprover, name.span, message);
        self.compared += 1;
        let known: Vec<_> = self.known.iter().map(|known| known.name.value.as_str()).collect();
        // Comparing takes its time, and nobody mends so many by hand.
        let word = nearest(&name.value, &known).filter(|_| self.compared <= MOST_COMPARED);
        let is_plain = |word: &&str| {
            word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
                && word.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic())
        };
        match word {
            Some(word) => {
                let fix = Some(word).filter(is_plain).map(|word| Fix::replace(name.span, word, false));
                found.help(format!("did you mean `{}`?", escape_capped(word, SHOWN))).fix(fix)
            }
            None => {
                let shown = escape_capped(&name.value, SHOWN);
                found.help(format!(
                    "say at the top of the policy who that is: `approvers: {{ {shown}: {{ account: … }} }}`"
                ))
            }
        }
    }

    /// Finds what nobody who is named could ever give.
    fn impossible(&self, entry: &TermsEntry, by: Option<&[usize]>) -> Option<Diagnostic> {
        let quorum = entry.quorum.map_or(1, |quorum| quorum.value as usize);
        let signs = |evidence: WantedEvidence| evidence > WantedEvidence::Account;
        let (Some(by), Some(names)) = (by, &entry.by) else {
            let evidence = entry.evidence.filter(|evidence| signs(evidence.value))?;
            let message = "nobody is named whose signature could count";
            let help = "name approvers who have an `ssh_key`: `by: [ana]`";
            return Some(Diagnostic::error(Code::ImpossibleApproval, evidence.span, message).help(help));
        };
        // What is wrong with a name has been said.
        if by.len() != names.value.len() || by.is_empty() {
            return None;
        }
        if let Some(place) = entry.quorum.filter(|_| quorum > by.len()) {
            let message = format!("the quorum is {quorum}, and `by` names {}", people(by.len()));
            let help = format!("name more approvers, or ask for {} at most", by.len());
            let found = Diagnostic::error(Code::ImpossibleApproval, place.span, message);
            return Some(found.secondary(names.span, "who may answer").help(help));
        }
        let evidence = entry.evidence?;
        let can = by.iter().filter_map(|index| self.known.get(*index));
        let can = can.filter(|known| known.can_give >= evidence.value).count();
        if can >= quorum {
            return None;
        }
        let word = evidence.value.as_str();
        let (who, help) = match evidence.value {
            WantedEvidence::Touch => ("touch a security key", "name the keys of security keys (`sk-…`)"),
            _ => ("sign", "name approvers who have an `ssh_key`: an account cannot sign"),
        };
        let message = if can == 0 {
            format!("nobody whom `by` names can {who}")
        } else {
            format!("the quorum is {quorum}, and of those whom `by` names {} can {who}", people(can))
        };
        let found = Diagnostic::error(Code::ImpossibleApproval, evidence.span, message);
        let help = format!("{help}; or ask for less than `{word}`");
        Some(found.secondary(names.span, "who may answer").help(help))
    }
}

impl KnownApprover {
    fn named(&self) -> Option<NamedApprover> {
        Some(NamedApprover { name: self.name.value.clone(), known_by: self.known_by.clone()? })
    }
}

/// Reads how long something may take, in milliseconds.
fn millis(
    text: Option<&Spanned<String>>,
    what: &str,
    (most, written): (u64, &str),
    report: &mut Vec<Diagnostic>,
) -> Option<u64> {
    let text = text?;
    let shown = escape_capped(&text.value, SHOWN);
    let found = match duration(&text.value) {
        Duration::Millis(millis) if millis <= most => return Some(millis),
        Duration::Millis(_) => {
            let does = if what == "a question" { "waits" } else { "can be used" };
            let message = format!("{what} {does} for {written} at most, not for {shown}");
            let help = format!("write `{written}` or less: what was asked longer ago is asked anew");
            Diagnostic::error(Code::DurationTooLong, text.span, message)
                .help(help)
                .fix(Fix::replace(text.span, written, false))
        }
        Duration::Meant(meant) => {
            let message = format!("`{shown}` is not written as a duration is");
            Diagnostic::error(Code::InvalidDuration, text.span, message)
                .help(format!("write it as `{meant}`"))
                .fix(Fix::replace(text.span, meant, true))
        }
        Duration::Unreadable => {
            let message = format!("`{shown}` is no duration");
            Diagnostic::error(Code::InvalidDuration, text.span, message)
                .help("write a whole number of 1 or more with its unit: `30s`, `15m`, `24h` or `7d`")
        }
    };
    report.push(found);
    None
}

/// Reads a key, and tells what its signatures can prove.
fn read_key(
    ssh_key: &Spanned<String>,
    touch: Option<Span>,
    report: &mut Vec<Diagnostic>,
) -> Option<(Option<KnownBy>, WantedEvidence)> {
    let key = match SshKey::parse(&ssh_key.value) {
        Ok(key) => key,
        Err(problem) => {
            report.push(
                Diagnostic::error(Code::InvalidSshKey, ssh_key.span, problem.message()).help(problem.help()),
            );
            return None;
        }
    };
    if let Some(place) = touch.filter(|_| !key.is_security_key) {
        let message = "a signature by this key cannot prove a touch: it is not that of a security key";
        let help = "name a key that `ssh-keygen -t ed25519-sk` made, or leave `touch` out";
        let found = Diagnostic::error(Code::InvalidSshKey, place, message).help(help);
        report.push(found.secondary(ssh_key.span, "the key"));
    }
    let evidence = if key.is_security_key { WantedEvidence::Touch } else { WantedEvidence::Signature };
    Some((Some(KnownBy::SshKey { ssh_key: key.line, touch: touch.is_some() }), evidence))
}

/// Terms beside a word that asks nobody.
fn without_question(entry: &TermsEntry, mode: Spanned<ApprovalMode>) -> Option<Diagnostic> {
    let keys: Vec<_> = entry.keys().map(|key| format!("`{key}`")).collect();
    if keys.is_empty() {
        return None;
    }
    let message = format!("`{}` asks nobody, so that {} would say nothing", mode.value, keys.join(", "));
    let help = format!("write `mode: approve`, or only the word: `approval: {}`", mode.value);
    Some(Diagnostic::error(Code::TermsWithoutQuestion, mode.span, message).help(help))
}

/// Whether two approvers are known by the same account or key.
fn is_one(one: Option<&KnownBy>, other: Option<&KnownBy>) -> bool {
    match (one, other) {
        (Some(KnownBy::Account { account: one }), Some(KnownBy::Account { account: other })) => one == other,
        (Some(KnownBy::SshKey { ssh_key: one, .. }), Some(KnownBy::SshKey { ssh_key: other, .. })) => {
            one == other
        }
        _ => false,
    }
}

/// So many approvers, in words.
fn people(count: usize) -> String {
    if count == 1 { "one alone".to_owned() } else { format!("{count}") }
}

#[cfg(test)]
mod tests;
