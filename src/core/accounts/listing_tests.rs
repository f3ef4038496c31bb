//! The list of all accounts: pages, filters, totals, and who may see it.

use std::time::Duration;

use super::*;
use crate::caller::{Caller, Dialect};
use crate::clock::Until;
use crate::error::{Error, Field, Flaw, Right, Thing};
use crate::limits::{LISTED_ROWS_PAGE, REASON_CHARS_MAX};
use crate::page::PageNumber;
use crate::presence;
use crate::rooms::testing::group;
use crate::server_roles::ServerPermission;
use crate::testing::{START, World};

fn page(number: u64, size: usize) -> PageNumber {
    PageNumber { number, size }
}

fn names(world: &World, filter: &AccountFilter, page: PageNumber) -> (Vec<String>, u64) {
    let found = list_numbered(&world.core, &Caller::operator(), filter, page).unwrap();
    (found.items.iter().map(|item| item.account.handle.as_str().to_owned()).collect(), found.total)
}

#[test]
fn pages_are_counted_from_one_and_the_total_is_that_of_all_of_them() {
    let world = World::new();
    for number in 0..5 {
        world.account(&format!("p{number}"));
    }
    let all = AccountFilter::default();
    for filter in [all.clone(), AccountFilter { name: Some("P".into()), ..all.clone() }] {
        assert_eq!(names(&world, &filter, page(1, 2)), (vec!["p0".into(), "p1".into()], 5));
        assert_eq!(names(&world, &filter, page(0, 2)), (vec!["p0".into(), "p1".into()], 5));
        assert_eq!(names(&world, &filter, page(3, 2)), (vec!["p4".into()], 5));
        assert_eq!(names(&world, &filter, page(4, 2)), (vec![], 5));
        assert_eq!(names(&world, &filter, page(u64::MAX, usize::MAX)), (vec![], 5));
    }
    let blank = AccountFilter { name: Some(" ".into()), email: Some(String::new()), ..all };
    assert_eq!(names(&world, &blank, page(1, 1)).1, 5);
}

#[test]
fn a_filter_looks_through_more_than_one_read() {
    let world = World::new();
    let many = LISTED_ROWS_PAGE + 2;
    for number in 0..many {
        world.account(&format!("p{number}"));
    }
    let last = format!("p{}", many - 1);
    let filter = AccountFilter { name: Some(last.to_uppercase()), ..AccountFilter::default() };
    assert_eq!(names(&world, &filter, page(1, 20)), (vec![last.clone()], 1));
    let far = u64::try_from(many).unwrap();
    assert_eq!(names(&world, &AccountFilter::default(), page(far, 1)), (vec![last], far));
}

#[test]
fn accounts_are_filtered_by_state_and_age() {
    let world = World::new();
    let open = world.account("open").id;
    world.clock.wind(Duration::from_secs(10));
    let (closed, locked) = (world.account("closed").id, world.account("locked").id);
    close_other(&world.core, &Caller::operator(), closed).unwrap();
    lock(&world.core, &Caller::operator(), locked, Until::At(world.core.now().plus_seconds(5))).unwrap();
    let by = |standing| AccountFilter { standing: Some(standing), ..AccountFilter::default() };
    let first = |filter: &AccountFilter| names(&world, filter, page(1, 20)).0;
    assert_eq!(first(&by(Standing::Open)), ["open"]);
    assert_eq!(first(&by(Standing::Closed)), ["closed"]);
    assert_eq!(first(&by(Standing::Locked)), ["locked"]);
    world.clock.wind(Duration::from_secs(5));
    assert_eq!(first(&by(Standing::Open)), ["open", "locked"], "the lock is over");
    let later = START.plus_seconds(10);
    assert_eq!(first(&AccountFilter { made_from: Some(later), ..AccountFilter::default() }), ["closed", "locked"]);
    assert_eq!(first(&AccountFilter { made_to: Some(START), ..AccountFilter::default() }), ["open"]);
    assert!(
        list_numbered(&world.core, &Caller::operator(), &by(Standing::Open), page(1, 1)).unwrap().items[0].account.id
            == open
    );
}

#[test]
fn the_list_tells_of_rooms_and_of_the_last_sign_of_life_unless_it_is_hidden() {
    let world = World::new();
    let [ann, bob] = ["ann", "bob"].map(|name| world.person(name));
    group(&world, &[&ann, &bob]);
    group(&world, &[&ann]);
    let look =
        || list_numbered(&world.core, &Caller::operator(), &AccountFilter::default(), page(1, 20)).unwrap().items;
    assert_eq!(look().iter().map(|item| (item.rooms, item.seen_at)).collect::<Vec<_>>(), [(2, None), (1, None)]);
    let here = presence::connect(&world.core, ann.account_id().unwrap());
    assert_eq!(look()[0].seen_at, Some(world.core.now()));
    presence::hide(&world.core, &ann, presence::Visibility::Hidden).unwrap();
    assert_eq!(look()[0].seen_at, None);
    drop(here);
}

#[test]
fn only_who_may_view_users_sees_the_list() {
    let world = World::new();
    let denied = Error::Denied(Right::Server(ServerPermission::ViewUsers));
    let ask = list_numbered(&world.core, &world.person("ada"), &AccountFilter::default(), page(1, 20));
    assert_eq!(ask.map(drop), Err(denied));
    let chief = Caller::account(world.administrator("chief").id, Dialect::Ourchat);
    assert!(list_numbered(&world.core, &chief, &AccountFilter::default(), page(1, 20)).is_ok());
}

#[test]
fn a_lock_keeps_its_reason_until_it_is_lifted() {
    let world = World::new();
    let chief = Caller::account(world.administrator("chief").id, Dialect::Ourchat);
    let ada = world.account("ada").id;
    let because =
        |reason: &str, until| lock_because(&world.core, &chief, ada, Lock { until, reason: reason.to_owned() });
    because("spam", Until::Forever).unwrap();
    because("more spam", Until::At(world.core.now().plus_seconds(9))).unwrap();
    let note = lock_note(&world.core, &chief, ada).unwrap().unwrap();
    assert_eq!((note.reason.as_str(), note.by), ("more spam", chief.account_id()));
    let range = Err(Error::Invalid(Field::Duration, Flaw::Range));
    assert_eq!(because("", Until::At(world.core.now())), range);
    let long = "x".repeat(REASON_CHARS_MAX + 1);
    assert_eq!(because(&long, Until::Forever), Err(Error::Invalid(Field::ReasonText, Flaw::TooLong)));
    assert_eq!(lift(&world.core, &chief, ada), Ok(()));
    assert_eq!(lock_note(&world.core, &chief, ada), Ok(None));
    assert_eq!(lift(&world.core, &chief, ada), Err(Error::NotFound(Thing::Ban)));
    because("", Until::At(world.core.now().plus_seconds(9))).unwrap();
    world.clock.wind(Duration::from_secs(9));
    assert_eq!(lift(&world.core, &chief, ada), Err(Error::NotFound(Thing::Ban)), "it is over");
}
