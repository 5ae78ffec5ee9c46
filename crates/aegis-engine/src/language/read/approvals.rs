//! Who may approve, and on what terms an answer counts.

use crate::decide::approval_terms::WantedEvidence;
use crate::language::code::Code;
use crate::language::diagnostic::Diagnostic;
use crate::language::document::{ApprovalEntry, ApproverEntry, Approvers, TermsEntry};
use crate::language::fix::Fix;
use crate::language::read::reader::Reader;
use crate::language::read::shapes::Shape;
use crate::language::yaml::node::{Kind, Node};
use crate::text::span::Spanned;

const APPROVER_KEYS: &[&str] = &["account", "ssh_key", "touch"];
const TERMS_KEYS: &[&str] =
    &["mode", "by", "quorum", "evidence", "self_approval", "ttl", "use_within", "grant"];
/// What is to be written of an approver.
const KNOWN_BY: &str = "say how they are known: `{ account: ana }`, or `{ ssh_key: \"ssh-ed25519 AAAA…\" }`";
/// What `touch` says.
const TOUCH: &str = "`true` if each signature must prove that somebody touched the key";
/// What `self_approval` says.
const SELF_APPROVAL: &str = "`false` if whoever asks may not answer";

impl Reader<'_> {
    /// The approvers that rules can name.
    pub(super) fn approvers(&mut self, node: &Node) -> Approvers {
        let Kind::Map(entries) = &node.kind else {
            let help = "write them as `name: { account: … }`, one a line";
            self.wrong_shape(node, "`approvers`", "a mapping", Some(Shape::new(help, None)));
            return Approvers { entries: Vec::new() };
        };
        if entries.is_empty() {
            self.push(
                Diagnostic::error(Code::EmptyApprovers, node.span, "`approvers` names nobody")
                    .help("name somebody, or leave it out"),
            );
        }
        let entries = entries.iter().map(|entry| {
            if entry.key.is_empty() {
                self.push(
                    Diagnostic::error(Code::InvalidApprover, entry.key_span, "the approver's name is empty")
                        .help("give them the name that rules and records call them by"),
                );
            }
            (Spanned::new(entry.key.clone(), entry.key_span), self.approver(&entry.value))
        });
        Approvers { entries: entries.collect() }
    }

    fn approver(&mut self, node: &Node) -> ApproverEntry {
        let Kind::Map(entries) = &node.kind else {
            let shape = self.approver_of_word(node);
            self.wrong_shape(node, "an approver", "a mapping", Some(shape));
            return ApproverEntry::Unreadable;
        };
        let fields = self.fields(node, "an approver", APPROVER_KEYS);
        let key = |key: &str| entries.iter().find(|entry| entry.key == key).map(|entry| entry.key_span);
        let ssh_key = fields.get("ssh_key").map(|node| self.string(node, "`ssh_key`"));
        let touch = fields.get("touch").and_then(|node| self.flag(node, "`touch`", TOUCH));
        let account = fields.get("account").map(|node| self.account(node));
        match (account, ssh_key) {
            (Some(_), Some(_)) => {
                let place = key("ssh_key").unwrap_or(node.span);
                self.push(
                    Diagnostic::error(Code::InvalidApprover, place, "an approver is known in one way")
                        .help("keep the account or the key, or make two approvers of them"),
                );
                ApproverEntry::Unreadable
            }
            (None, None) => {
                let message = "nothing tells who this approver is";
                self.push(Diagnostic::error(Code::InvalidApprover, node.span, message).help(KNOWN_BY));
                ApproverEntry::Unreadable
            }
            (Some(account), None) => {
                if let Some(place) = key("touch") {
                    let message = "nobody can touch an account: `touch` belongs to an SSH key";
                    let help = "leave it out, or name the `ssh_key` of a security key instead of the account";
                    self.push(Diagnostic::error(Code::InvalidApprover, place, message).help(help));
                }
                account.map_or(ApproverEntry::Unreadable, ApproverEntry::Account)
            }
            (None, Some(ssh_key)) => {
                ssh_key.map_or(ApproverEntry::Unreadable, |ssh_key| ApproverEntry::SshKey { ssh_key, touch })
            }
        }
    }

    fn account(&mut self, node: &Node) -> Option<Spanned<String>> {
        let account = self.string(node, "`account`")?;
        if account.value.is_empty() {
            self.push(
                Diagnostic::error(Code::InvalidApprover, node.span, "the account's name is empty")
                    .help("write it as `id -un` shows it to the approver"),
            );
            return None;
        }
        Some(account)
    }

    /// An account or a key where the mapping belongs that says which of them it is.
    fn approver_of_word(&self, node: &Node) -> Shape {
        let Kind::String(text) = &node.kind else { return Shape::new(KNOWN_BY, None) };
        let written = self.written(node.span);
        let is_key = ["ssh-", "sk-", "ecdsa-"].iter().any(|kind| text.starts_with(kind));
        let key = if is_key { "ssh_key" } else { "account" };
        let fix = (!written.contains('\n') && !text.is_empty())
            .then(|| Fix::replace(node.span, format!("{{ {key}: {written} }}"), false));
        Shape::new(KNOWN_BY, fix)
    }

    /// What must happen before an action may: a word, or a mapping that says more.
    pub(super) fn approval_entry(&mut self, node: &Node) -> Option<ApprovalEntry> {
        if !matches!(node.kind, Kind::Map(_)) {
            return self.approval(node).map(ApprovalEntry::Word);
        }
        let fields = self.fields(node, "`approval`", TERMS_KEYS);
        let terms = TermsEntry {
            mode: fields.get("mode").and_then(|node| self.approval(node)),
            by: fields.get("by").map(|node| self.by(node)),
            quorum: fields.get("quorum").and_then(|node| self.quorum(node)),
            evidence: fields.get("evidence").and_then(|node| self.evidence(node)),
            self_approval: fields
                .get("self_approval")
                .and_then(|node| self.flag(node, "`self_approval`", SELF_APPROVAL)),
            ttl: fields.get("ttl").and_then(|node| self.duration(node, "`ttl`")),
            use_within: fields.get("use_within").and_then(|node| self.duration(node, "`use_within`")),
            grant: fields.get("grant").map(|node| self.grant(node)),
            ..TermsEntry::new(node.span)
        };
        Some(ApprovalEntry::Terms(Box::new(terms)))
    }

    fn by(&mut self, node: &Node) -> Spanned<Vec<Spanned<String>>> {
        let names = self.list(node, "`by`", |reader, item| reader.string(item, "a name in `by`"));
        if matches!(&node.kind, Kind::List(items) if items.is_empty()) {
            self.push(
                Diagnostic::error(
                    Code::EmptyApprovers,
                    node.span,
                    "`by` names nobody, so nobody could answer",
                )
                .help("name somebody of `approvers`, or leave it out to let anybody answer"),
            );
        }
        Spanned::new(names.into_iter().flatten().collect(), node.span)
    }

    fn quorum(&mut self, node: &Node) -> Option<Spanned<u32>> {
        let number = match &node.kind {
            Kind::Number(number) => number.as_u64().and_then(|number| u32::try_from(number).ok()),
            _ => None,
        };
        if let Some(number) = number.filter(|number| *number > 0) {
            return Some(Spanned::new(number, node.span));
        }
        let (found, fix) = match &node.kind {
            Kind::Broken => return None,
            Kind::Number(number) => (format!("`{number}`"), None),
            Kind::String(text) => {
                let number = text.parse::<u32>().ok().filter(|number| *number > 0);
                let fix = number.map(|number| Fix::replace(node.span, number.to_string(), true));
                (node.type_name().to_owned(), fix)
            }
            _ => (node.type_name().to_owned(), None),
        };
        let message = format!("`quorum` must be a whole number of 1 or more, not {found}");
        let help = "say how many different approvers must say yes, or leave it out: one";
        self.push(Diagnostic::error(Code::InvalidQuorum, node.span, message).help(help).fix(fix));
        None
    }

    fn evidence(&mut self, node: &Node) -> Option<Spanned<WantedEvidence>> {
        let known = WantedEvidence::ALL.map(WantedEvidence::as_str);
        self.word(node, "a kind of evidence", &known, |_| None, WantedEvidence::from_word)
    }

    pub(super) fn duration(&mut self, node: &Node, what: &str) -> Option<Spanned<String>> {
        self.string_or(node, what, "a duration such as `15m`")
    }
}
