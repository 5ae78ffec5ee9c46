use aegis_engine::SameField;
use proptest::prelude::*;

use super::*;
use crate::answer::Evidence;

const GIVEN_AT: i64 = 1_000;
const FOR_MS: u64 = 500;

fn offer(uses: u32) -> Offer {
    let same = Some(vec![SameField::new("target").unwrap()]);
    let grant = Some(GrantTerms { for_ms: FOR_MS, uses, same });
    Offer { key: "k".to_owned(), terms: ApprovalTerms { grant, ..ApprovalTerms::default() } }
}

fn giver(user: &str, evidence: Evidence) -> ApproverIdentity {
    let via = Via::new("terminal");
    ApproverIdentity { via, user: Some(user.to_owned()), evidence, injectable: false }
}

fn grant(uses: u32) -> Grant {
    Grant::given("g", &offer(uses), giver("ana", Evidence::Account), GIVEN_AT).unwrap()
}

#[test]
fn a_grant_is_used_so_often_as_it_says_and_tells_what_is_left() {
    let mut grant = grant(2);
    assert_eq!(grant.standing(GIVEN_AT), GrantStanding::Open { uses_left: 2, until: 1_500 });
    let left = |used: Result<GrantUse, NoGrant>| used.map(|used| used.uses_left);
    assert_eq!(left(grant.use_for("other", 1_100)), Err(NoGrant::OtherAction));
    assert_eq!(left(grant.use_for("k", 1_100)), Ok(1));
    let last = grant.use_for("k", 1_499).unwrap();
    assert_eq!((last.id.as_str(), last.given_at, last.expires_at, last.uses_left), ("g", 1_000, 1_500, 0));
    assert_eq!(left(grant.use_for("k", 1_499)), Err(NoGrant::Over(GrantStanding::Spent)));
    assert_eq!(grant.revoke(1_499), Err(NoGrant::Over(GrantStanding::Spent)));
    assert_eq!(grant.used(), 2);
}

#[test]
fn a_grant_ends_to_the_millisecond_and_does_not_begin_before_it_is_given() {
    let fresh = grant(9);
    assert_eq!(fresh.check("k", 999), Err(NoGrant::TooEarly));
    assert_eq!(fresh.check("k", 1_000), Ok(()));
    assert_eq!(fresh.check("k", 1_499), Ok(()));
    assert_eq!(fresh.check("k", 1_500), Err(NoGrant::Over(GrantStanding::Expired)));
}

#[test]
fn a_clock_that_was_set_back_makes_no_grant_young_again() {
    let mut old = grant(9);
    old.take_use(1_400).unwrap();
    old.latest = 1_600;
    assert_eq!(old.check("k", 1_100), Err(NoGrant::Over(GrantStanding::Expired)));
    let mut taken_back = grant(9);
    taken_back.revoke(1).unwrap();
    assert_eq!(taken_back.check("k", 1_100), Err(NoGrant::Over(GrantStanding::Revoked)));
    assert_eq!(taken_back.revoke(1_100), Err(NoGrant::Over(GrantStanding::Revoked)));
}

#[test]
fn whoever_writes_a_log_cannot_make_a_grant_larger_than_any_can_be() {
    let mut huge = offer(u32::MAX);
    huge.terms.grant.as_mut().unwrap().for_ms = u64::MAX;
    let grant = Grant::given("g", &huge, giver("ana", Evidence::Account), GIVEN_AT).unwrap();
    assert_eq!(grant.terms().uses, MOST_USES);
    assert_eq!(grant.expires_at(), GIVEN_AT + 86_400_000);
    let none = Offer { terms: ApprovalTerms::default(), ..offer(1) };
    for evidence in [Evidence::Signature, Evidence::Touch] {
        assert!(
            Grant::given("g", &offer(1), giver("ana", evidence), GIVEN_AT).is_none(),
            "it signed an answer"
        );
    }
    assert!(Grant::given("g", &none, giver("ana", Evidence::Account), GIVEN_AT).is_none());
    let at_the_end = Grant::given("g", &offer(1), giver("ana", Evidence::Account), i64::MAX).unwrap();
    assert_eq!(at_the_end.expires_at(), i64::MAX);
}

#[test]
fn what_a_grant_allows_is_no_better_known_than_whoever_gave_it() {
    let by = grant(1).approver();
    assert_eq!((by.via.as_str(), by.user.as_deref(), by.evidence), ("grant", Some("ana"), Evidence::Account));
}

/// What can be done with a grant.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Use,
    UseForAnother,
    Revoke,
}

fn deed_strategy() -> impl Strategy<Value = (Deed, i64)> {
    let deed = prop_oneof![6 => Just(Deed::Use), 1 => Just(Deed::UseForAnother), 1 => Just(Deed::Revoke)];
    // Mostly later, and now and then by a clock that was set back.
    (deed, prop_oneof![8 => 0..60_i64, 1 => -200..0_i64])
}

/// The same machine, written naively: from all that was done, each time anew.
#[derive(Default)]
struct Naive {
    done: Vec<(Deed, i64)>,
}

impl Naive {
    fn take(&mut self, deed: Deed, now: i64, uses: usize) -> bool {
        let newest = self.done.iter().map(|(_, at)| *at).max().unwrap_or(GIVEN_AT).max(GIVEN_AT);
        let is_over = newest.max(now) >= GIVEN_AT + 500
            || self.done.iter().any(|(deed, _)| matches!(deed, Deed::Revoke))
            || self.done.len() >= uses;
        let is_taken = match deed {
            Deed::Use => !is_over && now >= GIVEN_AT,
            Deed::UseForAnother => false,
            Deed::Revoke => !is_over,
        };
        if is_taken {
            self.done.push((deed, now));
        }
        is_taken
    }
}

fn take(grant: &mut Grant, deed: Deed, now: i64) -> bool {
    match deed {
        Deed::Use => grant.use_for("k", now).is_ok(),
        Deed::UseForAnother => grant.use_for("other", now).is_ok(),
        Deed::Revoke => grant.revoke(now).is_ok(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8192))]

    /// Whatever is done and when, both machines take and refuse the same.
    #[test]
    fn it_does_what_the_naive_one_does(uses in 1..8_u32, all in prop::collection::vec(deed_strategy(), 0..40)) {
        let (mut grant, mut naive, mut now) = (grant(uses), Naive::default(), GIVEN_AT);
        for (deed, later) in all {
            now += later;
            let (is, should) = (take(&mut grant, deed, now), naive.take(deed, now, uses as usize));
            prop_assert_eq!(is, should, "{:?} at {}", deed, now);
        }
    }
}

/// Every order of three uses, a use for another action, a revocation, and time that passes: nothing is
/// allowed behind the end, and never more than what was given.
#[test]
fn every_interleaving_of_uses_revocation_and_expiry_keeps_to_what_was_given() {
    let deeds = [
        (Deed::Use, 0),
        (Deed::Use, 0),
        (Deed::Use, 0),
        (Deed::UseForAnother, 0),
        (Deed::Revoke, 0),
        (Deed::Use, 600),
    ];
    for uses in 1..4 {
        let mut explored = 0;
        explore(deeds.len(), &mut Vec::new(), &mut |order| {
            explored += 1;
            let (mut grant, mut now, mut used, mut is_over) = (grant(uses), GIVEN_AT, 0, false);
            for place in order {
                let (deed, later) = deeds[*place];
                now += later;
                let taken = take(&mut grant, deed, now);
                assert!(!(taken && is_over), "{order:?}");
                match deed {
                    Deed::Use if taken => {
                        assert!(now < 1_500, "{order:?}");
                        used += 1;
                    }
                    Deed::UseForAnother => assert!(!taken),
                    Deed::Revoke => is_over = true,
                    Deed::Use => {}
                }
                is_over |= used == uses || now >= 1_500;
                assert_eq!(matches!(grant.standing(now), GrantStanding::Open { .. }), !is_over, "{order:?}");
            }
            assert!(used <= uses, "{order:?}");
        });
        assert_eq!(explored, 720);
    }
}

/// Every order of so many places.
fn explore(places: usize, order: &mut Vec<usize>, each: &mut impl FnMut(&[usize])) {
    if order.len() == places {
        return each(order);
    }
    for place in 0..places {
        if !order.contains(&place) {
            order.push(place);
            explore(places, order, each);
            order.pop();
        }
    }
}
