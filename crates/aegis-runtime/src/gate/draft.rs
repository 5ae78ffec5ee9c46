//! The first step: what the policy says of an action, and nothing more yet.

use std::sync::Arc;

use aegis_audit::Account;
use aegis_engine::{Action, ApprovalMode, ApprovalTerms, Decision, Digest};
use aegis_ledger::event::{Asked, Entry, Event, Observed, Requested, Stamped};
use chrono::{DateTime, Utc};

use crate::gate::ground::Ground;

/// An action, and what the policy says of it at one instant.
#[derive(Clone, Debug)]
pub(crate) struct Draft<'a> {
    pub(crate) ground: Ground,
    pub(crate) action: &'a Action,
    pub(crate) action_id: String,
    pub(crate) action_sha256: Digest,
    pub(crate) decision: Decision,
    /// The instant as of which the policy was evaluated.
    pub(crate) at: DateTime<Utc>,
}

impl<'a> Draft<'a> {
    /// Evaluates an action as of now.
    pub(crate) fn new(ground: &Ground, action: &'a Action, action_id: String) -> Draft<'a> {
        let at = aegis_audit::now();
        let decision = ground.policy.decide(action, at);
        let action_sha256 = action.digest();
        Draft { ground: ground.clone(), action, action_id, action_sha256, decision, at }.or_foreseen()
    }

    /// The stricter of what was said of this action before and what is said now. What was said of another
    /// one says nothing of this.
    fn or_foreseen(mut self) -> Self {
        let Some(foreseen) = self.ground.foreseen.take() else { return self };
        if foreseen.action_sha256 != self.action_sha256 {
            return self;
        }
        let (decision, is_foreseen) = self.decision.or_stricter(foreseen.decision.clone());
        self.decision = decision;
        if is_foreseen {
            self.ground.policy = Arc::clone(&foreseen.policy);
            self.ground.policy_sha256 = foreseen.policy_sha256;
        }
        self
    }

    /// Evaluates the action again, by the policy as it is at a later moment. The stricter of both holds, and
    /// is what is recorded.
    pub(crate) fn reconsider(&mut self, ground: Ground, at: DateTime<Utc>) {
        self.reconsider_where(ground, at, |_| true);
    }

    /// The same where a human must be asked, and must be still; else nothing has changed. Tells which it is.
    pub(crate) fn reconsider_asked(&mut self, ground: Ground, at: DateTime<Utc>) -> bool {
        self.reconsider_where(ground, at, |decision| decision.approval() == ApprovalMode::Approve)
    }

    fn reconsider_where(
        &mut self,
        ground: Ground,
        at: DateTime<Utc>,
        is_wanted: impl FnOnce(&Decision) -> bool,
    ) -> bool {
        let later = ground.policy.decide(self.action, at);
        let (decision, is_later) = self.decision.clone().or_stricter(later);
        let is_wanted = is_wanted(&decision);
        if is_wanted {
            self.decision = decision;
            if is_later {
                (self.ground, self.at) = (ground, at);
            }
        }
        is_wanted
    }

    /// Whether a human must be asked.
    pub(crate) fn needs_human(&self) -> bool {
        self.decision.approval() == ApprovalMode::Approve
    }

    /// Who asks for what, on what terms: a question about that is the same as another one.
    pub(crate) fn asked<'d>(&'d self, terms: &'d ApprovalTerms) -> Asked<'d> {
        let Ground { policy_sha256, context, .. } = &self.ground;
        Asked {
            action_sha256: self.action_sha256,
            policy_sha256: *policy_sha256,
            rule: self.decision.matched_rule(),
            agent: self.action.agent(),
            user: &context.user,
            login: context.login.as_deref(),
            terms,
        }
    }

    /// What says that the action was done without asking.
    pub(crate) fn observed(&self) -> Stamped<'_> {
        Stamped { at: self.at, event: Event::Observed(Observed { entry: self.entry() }) }
    }

    /// The action, as every event of it that holds it says it.
    pub(crate) fn entry(&self) -> Entry<'_> {
        let Ground { policy, policy_sha256, context, .. } = &self.ground;
        Entry {
            action_id: &self.action_id,
            session_id: &context.session_id,
            session_source: context.session_source,
            action: self.action,
            action_sha256: self.action_sha256,
            decision: &self.decision,
            redaction: policy.redaction(),
            policy_sha256: *policy_sha256,
            host: &context.host,
            user: &context.user,
            login: context.login.as_deref(),
            policy_source: context.policy_source,
            log_source: context.log_source,
        }
    }
}

/// A draft is written down as the question that it leads to.
impl Account for Draft<'_> {
    fn events(&self) -> Vec<Stamped<'_>> {
        vec![Stamped {
            at: self.at,
            event: Event::Requested(Requested { entry: self.entry(), opening: None, is_put: true }),
        }]
    }
}
