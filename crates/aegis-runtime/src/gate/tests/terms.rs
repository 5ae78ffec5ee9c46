//! On what terms an answer at the asker's own terminal counts.

use aegis_ledger::answer::ApproverIdentity;

use super::*;
use crate::foreseen::Foreseen;

/// Says yes at a terminal into which neighbours can type, or not.
#[derive(Clone, Copy)]
struct AtTerminal {
    injectable: bool,
}

impl Approver for AtTerminal {
    fn ask(&mut self, request: &ApprovalRequest<'_>) -> Approval {
        request.approve(Witness::terminal("ana".to_owned(), self.injectable))
    }
}

/// What comes of asking by a rule with this approval.
fn answered(approval: &str, injectable: bool) -> (Answer, Option<ApproverIdentity>, String) {
    let place = Place::new();
    let text = format!("version: '1'\nrules:\n  - {{ name: r, approval: {approval} }}\n");
    let policy = Arc::new(load(&[Source { text: text.as_bytes() }]).policy.unwrap());
    let mut gate = Gate::new(policy, Digest::of(b"p"), place.journal(), AtTerminal { injectable }, context());
    let outcome = gate.answer(&actions(&["update"])[0]).unwrap();
    let answered = outcome.answered();
    (answered.answer(), answered.approver().cloned(), answered.reason().to_owned())
}

#[test]
fn a_terminal_that_is_asked_for_is_not_one_that_neighbours_type_into() {
    let (answer, by, reason) = answered("{ evidence: terminal }", true);
    assert_eq!((answer, by), (Answer::Unanswered, None));
    assert!(reason.contains("other programs can type into the terminal"), "{reason}");
    // What they could not have typed, a word, is not called so.
    assert_eq!(answered("{ evidence: terminal }", false).0, Answer::Approved);
    assert_eq!(answered("approve", true).0, Answer::Approved);
}

#[test]
fn whoever_asks_is_not_asked_where_others_are_wanted() {
    for approval in ["{ quorum: 2 }", "{ evidence: account }", "{ self_approval: false }"] {
        let (answer, _, reason) = answered(approval, false);
        assert_eq!(answer, Answer::Unanswered, "{approval}");
        assert!(reason.contains("the rule wants to be answered by others"), "{reason}");
    }
}

#[test]
fn what_was_foreseen_makes_the_same_action_stricter_and_no_other() {
    let strict = load(&[Source { text: b"version: '1'\nrules:\n  - { name: none, approval: block }\n" }]);
    let strict = Arc::new(strict.policy.unwrap());
    let place = Place::new();
    let mut gate = Gate::new(policy(), Digest::of(b"p"), place.journal(), Nobody, context());
    let (action, other) = (actions(&["read"]).remove(0), actions(&["update"]).remove(0));
    let foreseen = |action: &Action| Foreseen::new(action, Arc::clone(&strict), Digest::of(b"strict"));
    let outcome = gate.answer_foreseen(&action, foreseen(&action)).unwrap();
    assert_eq!(outcome.answered().answer(), Answer::Block);
    assert_eq!(outcome.answered().policy_sha256(), Digest::of(b"strict"));
    let outcome = gate.answer_foreseen(&action, foreseen(&other)).unwrap();
    assert_eq!(outcome.answered().answer(), Answer::Auto);
    assert_eq!(outcome.answered().policy_sha256(), Digest::of(b"p"));
    // It is forgotten with the answer.
    assert_eq!(gate.answer(&action).unwrap().answered().answer(), Answer::Auto);
}
