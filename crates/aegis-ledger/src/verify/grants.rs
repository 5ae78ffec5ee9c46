//! Whether what was allowed by grants could be: each was offered, given and used as often as it says, in its
//! time, for actions that it holds for.

use std::collections::{HashMap, VecDeque};

use serde_json::{Map, Value};

use crate::action_life::Impossible;
use crate::answer::ApproverIdentity;
use crate::event::{EntryBody, EventBody, GrantUse, Offer, StoredPayload, grant_key, params};
use crate::grant::{NoGrant, OfferedGrant};

/// How many grants are followed, those that were offered last.
const FOLLOWED: usize = 1 << 15;

/// What is known of grants so far.
#[derive(Default)]
pub(super) struct Grants {
    offered: HashMap<String, OfferedGrant>,
    /// Those that were offered first come first.
    order: VecDeque<String>,
    /// Whether any was lost sight of.
    forgot: bool,
    /// The newest instant so far.
    latest: i64,
    /// What the row before told of a use.
    used: Option<UsedRow>,
    /// Uses of which something could not be looked at.
    pub(super) unchecked: u64,
}

/// A row that tells of a use.
struct UsedRow {
    row: u64,
    grant: String,
    by: String,
    /// What came of it, where the grant is known.
    known: Option<(GrantUse, Offer, ApproverIdentity)>,
}

/// A row that is looked at.
#[derive(Clone, Copy)]
pub(super) struct Told<'r> {
    pub(super) row: u64,
    /// Whether the row before it may have been pruned.
    pub(super) is_first: bool,
    pub(super) at: i64,
    pub(super) action_id: &'r str,
    pub(super) payload: Option<&'r StoredPayload<'r>>,
}

impl Grants {
    /// Takes what a sound row says. `may_be_missing` tells whether an event could be missing between the row
    /// of a number and this one.
    pub(super) fn take<S: AsRef<str>>(
        &mut self,
        told: Told<'_>,
        body: &EventBody<S>,
        may_be_missing: impl Fn(u64) -> bool,
    ) -> Result<(), Impossible> {
        let before = self.used.take();
        self.latest = self.latest.max(told.at);
        match body {
            EventBody::Requested(entry) if entry.offer.is_some() => self.offer(told, entry),
            EventBody::Used(used) => {
                let known = self.use_once(told, body, &may_be_missing);
                let by = used.by.as_ref().to_owned();
                let (row, grant) = (told.row, told.action_id.to_owned());
                let (known, result) = match known {
                    Ok(known) => (known, Ok(())),
                    Err(why) => (None, Err(Impossible::Grant(why))),
                };
                self.used = Some(UsedRow { row, grant, by, known });
                result
            }
            EventBody::Decided(entry) => {
                self.follow(told, body)?;
                let Some(grant) = &entry.grant else { return Ok(()) };
                self.allowed(told, entry, grant, before, may_be_missing)
            }
            EventBody::Revoked(_) if !self.offered.contains_key(told.action_id) => {
                self.unknown(&may_be_missing).map_err(Impossible::Grant)
            }
            _ => self.follow(told, body),
        }
    }

    /// An offer is about its own action, and is kept in mind.
    fn offer<S: AsRef<str>>(&mut self, told: Told<'_>, entry: &EntryBody<S>) -> Result<(), Impossible> {
        let Some(offered) = OfferedGrant::offered(told.action_id, told.at, entry) else { return Ok(()) };
        let offer = offered.offer();
        if key_of(told, entry, offer).is_some_and(|key| key != offer.key) {
            return Err(Impossible::Contradiction("the grant that it offers is one for other actions"));
        }
        // What was asked twice under one id is told elsewhere; the first one holds.
        if self.offered.contains_key(told.action_id) {
            return Ok(());
        }
        if self.offered.len() >= FOLLOWED
            && let Some(oldest) = self.order.pop_front()
        {
            self.forgot |= self.offered.remove(&oldest).is_some();
        }
        self.order.push_back(told.action_id.to_owned());
        self.offered.insert(told.action_id.to_owned(), offered);
        Ok(())
    }

    fn follow<S: AsRef<str>>(&mut self, told: Told<'_>, body: &EventBody<S>) -> Result<(), Impossible> {
        match self.offered.get_mut(told.action_id) {
            Some(offered) => offered.take(told.at, body).map_err(Impossible::Grant),
            None => Ok(()),
        }
    }

    fn use_once<S: AsRef<str>>(
        &mut self,
        told: Told<'_>,
        body: &EventBody<S>,
        may_be_missing: &impl Fn(u64) -> bool,
    ) -> Result<Option<(GrantUse, Offer, ApproverIdentity)>, NoGrant> {
        // Whoever uses one looks how late it was in the log already.
        let at = told.at.max(self.latest);
        let Some(offered) = self.offered.get_mut(told.action_id) else {
            self.unknown(may_be_missing)?;
            return Ok(None);
        };
        match offered.take(at, body) {
            // The row that says that it was given may be one of those that are not there.
            Err(NoGrant::NotGiven) if may_be_missing(0) => Ok(None),
            Err(why) => Err(why),
            Ok(()) => Ok(offered
                .grant()
                .map(|grant| (grant.latest_use(), offered.offer().clone(), grant.approver()))),
        }
    }

    /// What is known of no grant is wrong, unless its rows may not be there.
    fn unknown(&mut self, may_be_missing: &impl Fn(u64) -> bool) -> Result<(), NoGrant> {
        if !self.forgot && !may_be_missing(0) {
            return Err(NoGrant::NotGiven);
        }
        self.unchecked += 1;
        Ok(())
    }

    /// What was allowed by a grant is the very action of the use that stands right before it.
    fn allowed<S: AsRef<str>>(
        &mut self,
        told: Told<'_>,
        entry: &EntryBody<S>,
        grant: &GrantUse<S>,
        before: Option<UsedRow>,
        may_be_missing: impl Fn(u64) -> bool,
    ) -> Result<(), Impossible> {
        let is_it = |used: &UsedRow| {
            used.row.checked_add(1) == Some(told.row)
                && used.by == told.action_id
                && used.grant == grant.id.as_ref()
        };
        let Some(used) = before.filter(is_it) else {
            // Its row is damaged, or was pruned.
            if told.is_first || may_be_missing(told.row.saturating_sub(2)) {
                self.unchecked += 1;
                return Ok(());
            }
            return Err(Impossible::Contradiction("it names a grant that was not used for it"));
        };
        let Some((known, offer, approver)) = used.known else { return Ok(()) };
        let GrantUse { id: _, given_at, expires_at, uses_left } = *grant;
        if (given_at, expires_at, uses_left) != (known.given_at, known.expires_at, known.uses_left)
            || entry.approver.as_ref() != Some(&approver)
        {
            return Err(Impossible::Contradiction("it names a grant that is not as it was given"));
        }
        match key_of(told, entry, &offer) {
            Some(key) if key != offer.key => Err(Impossible::Grant(NoGrant::OtherAction)),
            Some(_) => Ok(()),
            None => {
                self.unchecked += 1;
                Ok(())
            }
        }
    }
}

/// What an action has in common with others; `None` where that was removed.
fn key_of<S: AsRef<str>>(told: Told<'_>, entry: &EntryBody<S>, offer: &Offer) -> Option<String> {
    let params: Option<Map<String, Value>> =
        told.payload.and_then(|payload| params::read(payload.params.get()).ok());
    grant_key(entry, params.as_ref(), &offer.terms)
}
