//! `asker-approves` and `unused-approver`.

use std::collections::HashSet;

use crate::author::lint::subject::Subject;
use crate::decide::approval_terms::{ApprovalTerms, KnownBy, WantedEvidence};
use crate::language::code::Code;
use crate::language::diagnostic::Diagnostic;
use crate::language::document::{ApprovalEntry, TermsEntry};
use crate::text::escape::escape_capped;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let defaults = subject.documents.first().and_then(|document| document.defaults.approval.as_ref());
    let of_defaults = defaults.zip(subject.policy.terms.as_deref());
    let of_rules =
        subject.rules.iter().filter_map(|it| it.entry.approval.as_ref().zip(it.rule.terms.as_deref()));
    for (entry, terms) in of_defaults.into_iter().chain(of_rules) {
        found.extend(entry.terms().and_then(|entry| asker_approves(entry, terms)));
    }
    unused_approver(subject, found);
}

/// One account alone may answer, and nothing is said of what holds where it is the one that asks.
fn asker_approves(entry: &TermsEntry, terms: &ApprovalTerms) -> Option<Diagnostic> {
    let [only] = terms.by.as_slice() else { return None };
    let KnownBy::Account { account } = &only.known_by else { return None };
    if entry.self_approval.is_some() || terms.evidence >= WantedEvidence::Account.level() {
        return None;
    }
    let message = format!("an agent of the account `{}` can approve for itself", escape_capped(account, 64));
    let place = entry.by.as_ref().map_or(entry.span, |by| by.span);
    Some(
        Diagnostic::new(Code::AskerApproves, place, message).label("the only approver").help(
            "write `self_approval: false` to let nobody answer what they ask, or `true` if that is meant",
        ),
    )
}

fn unused_approver(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let approvals = subject.documents.iter().flat_map(|document| {
        let of_rules = document.rules.iter().filter_map(|rule| rule.approval.as_ref());
        document.defaults.approval.iter().chain(of_rules)
    });
    let named: HashSet<_> = approvals
        .filter_map(ApprovalEntry::terms)
        .filter_map(|terms| terms.by.as_ref())
        .flat_map(|by| by.value.iter().map(|name| name.value.as_str()))
        .collect();
    let all = subject.documents.iter().filter_map(|document| document.approvers.as_ref());
    for (name, _) in all.flat_map(|approvers| &approvers.entries) {
        if !named.contains(name.value.as_str()) {
            let message = format!("no rule names the approver `{}`", escape_capped(&name.value, 64));
            found.push(
                Diagnostic::new(Code::UnusedApprover, name.span, message)
                    .help("name them in a rule, as in `approval: { by: [ana] }`, or remove them"),
            );
        }
    }
}
