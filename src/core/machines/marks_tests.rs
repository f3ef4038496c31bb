//! Marks: who sets and lifts them, which one is in force, and that none is ever lost.

use std::time::Duration;

use super::checks::{self, LaunchCode, NewCheck};
use super::marks::*;
use super::testing::*;
use crate::Core;
use crate::audit::{self, Verb};
use crate::caller::{Caller, Dialect};
use crate::clock::Until;
use crate::error::{Error, Field, Flaw, Limit, Result, Right, Thing};
use crate::event::What;
use crate::ids::{AccountId, MarkId};
use crate::limits::MARKS_OPEN_MAX;
use crate::page::{Ask, Done};
use crate::rooms::testing::{events, id};
use crate::schema;
use crate::server_roles::ServerPermission;
use crate::testing::World;

fn active_reason(core: &Core, account: AccountId) -> Option<String> {
    let found = core.read(|view| active(view, account, core.now())).unwrap();
    found.map(|mark| mark.row.reason)
}

#[test]
fn the_newest_mark_in_force_speaks_until_it_is_lifted_or_has_run_out() {
    let world = World::new();
    let (core, ann, manager) = (&world.core, world.person("ann"), manager(&world));
    let account = id(&ann);
    assert_eq!(active_reason(core, account), None);
    let first = mark(core, &manager, against(account, " first ")).unwrap();
    let end = Until::At(core.now().plus_seconds(60));
    mark(core, &manager, NewMark { until: end, ..against(account, "second") }).unwrap();
    let third = mark(core, &manager, against(account, "third")).unwrap();
    assert_eq!(active_reason(core, account).as_deref(), Some("third"));
    assert_eq!(lift(core, &manager, third, "a mistake"), Ok(Done::Done));
    assert_eq!(active_reason(core, account).as_deref(), Some("second"));
    world.clock.wind(Duration::from_secs(60));
    assert_eq!(active_reason(core, account).as_deref(), Some("first"));
    assert_eq!(lift(core, &manager, third, ""), Ok(Done::AlreadySo));
    assert_eq!(lift(core, &manager, first, ""), Ok(Done::Done));
    assert_eq!(active_reason(core, account), None);
    let all = list(core, &manager, Ask::default()).unwrap().items;
    let told: Vec<_> = all.iter().map(|mark| (mark.row.reason.as_str(), mark.lift.is_some())).collect();
    assert_eq!(told, [("third", true), ("second", false), ("first", true)], "all of them stay");
    assert_eq!(all[0].lift.as_ref().map(|lift| lift.reason.as_str()), Some("a mistake"));
    assert_eq!(all[0].row.by, manager.account_id());
    let changes = events(&world).into_iter().filter(|(_, what)| *what == What::MarkChanged { account }).count();
    assert_eq!(changes, 5, "three were set and two lifted");
    let trail = audit::list(core, &Caller::operator(), Ask::default()).unwrap().items;
    assert_eq!(
        (trail[0].verb, trail[0].target.as_str(), trail[0].detail.as_str()),
        (Verb::MarkLifted, "mark 1", "account 1")
    );
}

#[test]
fn the_checking_service_marks_anybody_and_lifts_nothing() {
    let world = World::new();
    let (core, ann) = (&world.core, world.person("ann"));
    let (service, manager, chief) = (service(&world), manager(&world), world.administrator("chief").id);
    let made = mark(core, &service, against(chief, "caught")).unwrap();
    let lacks = |permission| Err(Error::Denied(Right::Server(permission)));
    assert_eq!(lift(core, &service, made, "").map(drop), lacks(ServerPermission::ManageMachines));
    assert_eq!(list(core, &service, Ask::default()).map(drop), lacks(ServerPermission::ManageMachines));
    assert_eq!(mark(core, &manager, against(chief, "x")), Err(Error::Denied(Right::OtherAccount)));
    assert_eq!(lift(core, &manager, made, ""), Err(Error::Denied(Right::OtherAccount)));
    assert_eq!(mark(core, &ann, against(id(&ann), "x")).map(drop), lacks(ServerPermission::ManageMachines));
    assert_eq!(lift(core, &ann, MarkId::new(99), "").map(drop), lacks(ServerPermission::ManageMachines));
    assert!(mark(core, &Caller::anonymous(Dialect::Web), against(id(&ann), "x")).is_err());
    assert_eq!(lift(core, &manager, MarkId::new(99), ""), Err(Error::NotFound(Thing::Mark)));
    assert_eq!(lift(core, &Caller::operator(), made, ""), Ok(Done::Done));
}

#[test]
fn a_mark_needs_a_reason_an_account_an_end_to_come_and_a_check_that_was() {
    let world = World::new();
    let (core, [ann, bob]) = (&world.core, ["ann", "bob"].map(|name| world.person(name)));
    let operator = Caller::operator();
    bound(core, &bob, 1);
    let check = NewCheck { account: id(&bob), code: code(1), day: 20_270_115 };
    let of_bob = checks::begin(core, &bob, check).unwrap().launch;
    let good = || against(id(&ann), "x");
    let refused = |new: NewMark, error| assert_eq!(mark(core, &operator, new), Err(error));
    let reason = |flaw| Error::Invalid(Field::ReasonText, flaw);
    refused(against(id(&ann), " "), reason(Flaw::Empty));
    refused(against(id(&ann), &"x".repeat(501)), reason(Flaw::TooLong));
    refused(against(id(&ann), "a\u{1b}[2J"), reason(Flaw::Malformed));
    refused(NewMark { category: "aim bot".into(), ..good() }, Error::Invalid(Field::Note, Flaw::Malformed));
    refused(NewMark { category: "x".repeat(41), ..good() }, Error::Invalid(Field::Note, Flaw::TooLong));
    refused(NewMark { until: Until::At(core.now()), ..good() }, Error::Invalid(Field::Time, Flaw::Range));
    refused(against(AccountId::new(99), "x"), Error::NotFound(Thing::Account));
    for launch in [of_bob, LaunchCode::new(20_270_115, 9)] {
        refused(NewMark { launch: Some(launch), ..good() }, Error::NotFound(Thing::Check));
    }
    assert_eq!(core.read(|view| schema::MARK_BY_ID.first(view, &())), Ok(None), "nothing was written");
    let whole = NewMark {
        code: Some(code(1)),
        launch: Some(of_bob),
        category: "Aim-Bot".into(),
        severity: Severity::Grave,
        ..against(id(&bob), &"x".repeat(500))
    };
    mark(core, &operator, whole).unwrap();
    let stored = core.read(|view| active(view, id(&bob), core.now())).unwrap().unwrap().row;
    assert_eq!((stored.category.as_str(), stored.severity, stored.by), ("aim-bot", Severity::Grave, None));
    assert_eq!((stored.launch, stored.code), (Some(of_bob), Some(code(1))));
}

#[test]
fn marks_in_force_have_a_limit_and_those_that_ran_out_make_room() {
    let world = World::new();
    let (core, ann) = (&world.core, world.person("ann"));
    let set =
        |until| -> Result<MarkId> { mark(core, &Caller::operator(), NewMark { until, ..against(id(&ann), "x") }) };
    let soon = Until::At(core.now().plus_seconds(60));
    set(soon).unwrap();
    for _ in 1..MARKS_OPEN_MAX {
        set(Until::Forever).unwrap();
    }
    assert_eq!(set(Until::Forever), Err(Error::OverLimit(Limit::Marks)));
    world.clock.wind(Duration::from_secs(60));
    let last = set(Until::Forever).unwrap();
    assert_eq!(set(Until::Forever), Err(Error::OverLimit(Limit::Marks)));
    lift(core, &Caller::operator(), last, "").unwrap();
    assert!(set(Until::Forever).is_ok());
    assert_eq!(core.read(|view| schema::MARK_BY_ID.count(view, &(), 999)), Ok(MARKS_OPEN_MAX + 2));
}

#[test]
fn the_history_of_marks_comes_page_by_page() {
    let world = World::new();
    let (core, ann) = (&world.core, world.person("ann"));
    let operator = Caller::operator();
    for number in 0..5 {
        mark(core, &operator, against(id(&ann), &number.to_string())).unwrap();
    }
    let page = |after| {
        let page = list(core, &operator, Ask { after, limit: 3 }).unwrap();
        (page.items.into_iter().map(|mark| mark.row.reason).collect::<Vec<_>>(), page.next)
    };
    let (first, next) = page(None);
    assert_eq!((first, next), (["4", "3", "2"].map(String::from).to_vec(), Some(MarkId::new(3))));
    assert_eq!(page(next), (["1", "0"].map(String::from).to_vec(), None));
}
