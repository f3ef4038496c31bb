//! Calls: counts and rows agree through every change, and calls go when they should and not before.

use std::time::Duration;

use super::*;
use crate::error::{Error, Field, Flaw, Limit, Reason, Right, Thing};
use crate::ids::CallId;
use crate::limits::{CALL_DESERTED_S, CALL_PEOPLE_MAX, CALL_TITLE_CHARS_MAX, CALL_UNUSED_S, CALLS_PER_ACCOUNT_MAX};
use crate::rooms::testing::id;
use crate::schema::{CALL_BY_ID, CALLER_BY_CALL, CALLS_BY_ACCOUNT, CALLS_BY_END};
use crate::testing::World;
use crate::{Caller, Core};

const KEEP: u64 = 600;

fn made(core: &Core, caller: &Caller, auto_delete: bool, open_join: bool) -> CallId {
    open(core, caller, NewCall { title: Some("standup".into()), auto_delete, open_join }).unwrap()
}

fn row(core: &Core, call: CallId) -> Option<CallRow> {
    core.read(|view| CALL_BY_ID.get(view, &call).unwrap())
}

/// Rows of people, of the index by account and of the index by end.
fn rows(core: &Core) -> [usize; 3] {
    core.read(|view| {
        [
            CALLER_BY_CALL.count(view, &(), 9_999).unwrap(),
            CALLS_BY_ACCOUNT.count(view, &(), 9_999).unwrap(),
            CALLS_BY_END.count(view, &(), 9_999).unwrap(),
        ]
    })
}

#[test]
fn the_checks_come_in_their_order() {
    let world = World::new();
    let (core, [ann, bob, eve]) = (&world.core, ["ann", "bob", "eve"].map(|name| world.person(name)));
    let call = made(core, &ann, false, false);
    let nowhere = CallId::new(99);
    let unknown = Err(Error::NotFound(Thing::Call));
    assert_eq!(invite(core, &bob, nowhere, id(&eve)), unknown);
    assert_eq!(invite(core, &bob, call, id(&eve)), Err(Error::Denied(Right::Call)));
    assert_eq!(invite(core, &ann, call, crate::ids::AccountId::new(77)), Err(Error::NotFound(Thing::Account)));
    assert_eq!(join(core, &bob, call), Err(Error::Refused(Reason::JoinRule)));
    assert_eq!(accept(core, &bob, call), Err(Error::NotFound(Thing::Invite)));
    assert_eq!(invite(core, &ann, call, id(&bob)), Ok(()));
    assert_eq!(invite(core, &ann, call, id(&bob)), Err(Error::Exists(Thing::Invite)));
    assert_eq!(promote(core, &ann, call, id(&bob)), Err(Error::NotFound(Thing::Member)));
    assert_eq!(accept(core, &bob, call), Ok(()));
    assert_eq!(accept(core, &bob, call), Err(Error::Exists(Thing::Member)));
    assert_eq!(members(core, &eve, call), Err(Error::Refused(Reason::NotAMember)));
    assert_eq!(members(core, &bob, call), Ok(vec![id(&ann), id(&bob)]));
    assert_eq!(promote(core, &bob, call, id(&ann)), Err(Error::Denied(Right::Call)));
    assert_eq!(promote(core, &ann, call, id(&bob)), Ok(()));
    assert_eq!(demote(core, &bob, call, id(&bob)), Err(Error::Denied(Right::Owner)));
    assert_eq!(demote(core, &ann, call, id(&ann)), Err(Error::Refused(Reason::LastOwner)));
    assert_eq!(kick(core, &eve, call, id(&ann), KEEP), Err(Error::Denied(Right::Call)));
    assert_eq!(kick(core, &bob, call, id(&bob), KEEP), Err(Error::Invalid(Field::Account, Flaw::Oneself)));
    assert_eq!(kick(core, &bob, call, id(&ann), KEEP), Err(Error::Refused(Reason::LastOwner)));
    assert_eq!(kick(core, &bob, call, id(&eve), KEEP), Err(Error::NotFound(Thing::Member)));
    assert_eq!(demote(core, &ann, call, id(&bob)), Ok(()));
    assert_eq!(kick(core, &ann, call, id(&bob), KEEP), Ok(()));
    assert_eq!(members(core, &ann, call), Ok(vec![id(&ann)]));
    assert_eq!(rows(core), [1, 1, 0]);
}

#[test]
fn the_last_who_leaves_starts_the_clock_and_who_comes_back_stops_it() {
    let world = World::new();
    let (core, [ann, bob]) = (&world.core, ["ann", "bob"].map(|name| world.person(name)));
    let call = made(core, &ann, true, true);
    assert_eq!(join(core, &ann, call), Ok(vec![]));
    assert_eq!(join(core, &bob, call), Ok(vec![id(&ann)]));
    assert_eq!(row(core, call).map(|row| (row.members, row.joined, row.ends_at)), Some((2, 2, None)));
    leave(core, &ann, call, KEEP).unwrap();
    leave(core, &bob, call, KEEP).unwrap();
    world.clock.wind(Duration::from_secs(KEEP - 1));
    assert_eq!(sweep(core), Ok(0));
    assert_eq!(join(core, &bob, call), Ok(vec![]));
    world.clock.wind(Duration::from_secs(10 * KEEP));
    assert_eq!(sweep(core), Ok(0), "somebody is there");
    leave(core, &bob, call, KEEP).unwrap();
    world.clock.wind(Duration::from_secs(KEEP));
    assert_eq!((sweep(core), sweep(core)), (Ok(1), Ok(0)));
    assert_eq!(row(core, call), None);
    assert_eq!(rows(core), [0, 0, 0], "the creator's row went with it");
    assert_eq!(leave(core, &bob, call, KEEP), Ok(()), "there need be no such call");
}

#[test]
fn a_call_that_nobody_came_to_or_that_is_deserted_goes_too_but_much_later() {
    let world = World::new();
    let (core, ann) = (&world.core, world.person("ann"));
    let unused = made(core, &ann, true, false);
    let kept = made(core, &ann, false, false);
    let deserted = made(core, &ann, false, true);
    leave(core, &ann, deserted, KEEP).unwrap();
    world.clock.wind(Duration::from_secs(CALL_UNUSED_S));
    assert_eq!(sweep(core), Ok(1));
    assert!(row(core, unused).is_none() && row(core, deserted).is_some());
    world.clock.wind(Duration::from_secs(CALL_DESERTED_S));
    assert_eq!(sweep(core), Ok(1));
    assert!(row(core, deserted).is_none() && row(core, kept).is_some());
}

#[test]
fn a_closed_account_is_in_no_call_any_more() {
    let world = World::new();
    let (core, [ann, bob]) = (&world.core, ["ann", "bob"].map(|name| world.person(name)));
    let call = made(core, &ann, true, true);
    join(core, &bob, call).unwrap();
    let account = id(&bob);
    crate::accounts::close_other(core, &Caller::operator(), account).unwrap();
    assert_eq!(members(core, &ann, call), Ok(vec![id(&ann)]));
    assert_eq!(sweep(core), Ok(1), "nobody is in it");
}

#[test]
fn calls_are_bounded_in_every_direction() {
    let world = World::new();
    let (core, ann) = (&world.core, world.person("ann"));
    let long = NewCall { title: Some("x".repeat(CALL_TITLE_CHARS_MAX + 1)), ..NewCall::default() };
    assert_eq!(open(core, &ann, long), Err(Error::Invalid(Field::Title, Flaw::TooLong)));
    let full = made(core, &ann, false, false);
    core.write(&Caller::system(), move |tx| {
        let row = CALL_BY_ID.get(tx, &full)?.unwrap();
        Ok(CALL_BY_ID.put(tx, &full, &CallRow { people: CALL_PEOPLE_MAX, ..row })?)
    })
    .unwrap();
    let bob = world.person("bob");
    assert_eq!(invite(core, &ann, full, id(&bob)), Err(Error::OverLimit(Limit::Members)));
    let account = id(&ann);
    core.write(&Caller::system(), move |tx| {
        for number in 0..CALLS_PER_ACCOUNT_MAX as u64 {
            CALLS_BY_ACCOUNT.put(tx, &(account, CallId::new(1_000 + number)), &())?;
        }
        Ok(())
    })
    .unwrap();
    assert_eq!(open(core, &ann, NewCall::default()), Err(Error::OverLimit(Limit::Rooms)));
}
