//! What an event can say of grants, whatever other events there are.

use aegis_engine::RiskLevel;

use crate::answer::{Answer, Via};
use crate::event::{EntryBody, EventBody, EventKind, RevokedBody, UsedBody};

/// Why what an event says of grants cannot be so, if it cannot.
pub(super) fn contradiction<S>(body: &EventBody<S>) -> Option<&'static str> {
    match body {
        EventBody::Requested(entry) => of_entry(EventKind::Requested, entry),
        EventBody::Decided(entry) => of_entry(EventKind::Decided, entry),
        EventBody::Observed(entry) => of_entry(EventKind::Observed, entry),
        EventBody::Answered(answered) if answered.grant => without_yes(answered.decision),
        EventBody::Replied(replied) if replied.grant => without_yes(replied.decision),
        EventBody::Used(UsedBody { requested_seq: None, .. })
        | EventBody::Revoked(RevokedBody { requested_seq: None, .. }) => {
            Some("it is about a grant that was not offered")
        }
        _ => None,
    }
}

fn without_yes(answer: Answer) -> Option<&'static str> {
    (answer != Answer::Approved).then_some("a grant was given without a yes")
}

fn of_entry<S>(kind: EventKind, entry: &EntryBody<S>) -> Option<&'static str> {
    if let Some(offer) = &entry.offer {
        if kind != EventKind::Requested {
            return Some("a grant is offered where nobody is asked");
        }
        if entry.risk_level == RiskLevel::Critical || offer.terms.grant.is_none() {
            return Some("a grant is offered that no rule lets anybody give");
        }
    }
    let is_by_grant = entry.approver.as_ref().is_some_and(|approver| approver.via == Via::GRANT);
    match &entry.grant {
        None if is_by_grant => Some("it was approved by a grant, and names none"),
        Some(_) if kind != EventKind::Decided => Some("a grant was used where nothing is decided"),
        Some(_) if entry.risk_level == RiskLevel::Critical => {
            Some("a grant let something of critical risk happen")
        }
        Some(_) if entry.decision != Some(Answer::Approved) || !is_by_grant => {
            Some("it names a grant, and was not approved by one")
        }
        Some(_) | None => None,
    }
}
