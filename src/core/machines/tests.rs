//! Binding and releasing: who may, in which order it is refused, what survives a race, and what stays of a machine.

use std::time::Duration;

use chatelaine_store::Order;

use super::testing::*;
use super::*;
use crate::Core;
use crate::accounts;
use crate::audit::{self, Doer, Verb};
use crate::caller::{Caller, Dialect};
use crate::clock::Until;
use crate::error::{Error, Field, Flaw, Limit, Reason, Result, Right, Thing, Unique};
use crate::event::What;
use crate::ids::{AccountId, MachineId};
use crate::limits::{MACHINE_FACTS_MAX, MACHINES_PER_ACCOUNT_MAX};
use crate::page::Ask;
use crate::rooms::testing::{events, id};
use crate::schema;
use crate::server_roles::ServerPermission;
use crate::testing::World;

const DAY: Duration = Duration::from_secs(24 * 3_600);
const WITHOUT_TERMS: Release = Release::Own { cooldown_days: 0, per_year: 0 };

fn with_terms(account: AccountId, number: u32, most: u32, stranger: Stranger) -> NewMachine {
    NewMachine { terms: BindTerms { most, stranger }, ..new(account, number) }
}

fn numbers(core: &Core, caller: &Caller) -> Vec<u64> {
    let machines = core.read(|view| list_of(view, id(caller))).unwrap();
    machines.into_iter().map(|machine| machine.id.get()).collect()
}

fn managed(why: &str) -> Release {
    Release::Managed { reason: why.to_owned() }
}

#[test]
fn a_machine_is_bound_with_all_that_was_told_and_its_owner_hears_of_it() {
    let world = World::new();
    let (core, ann) = (&world.core, world.person("ann"));
    let machine = bound(core, &ann, 7);
    assert_eq!((machine.account, &machine.code, &machine.state), (id(&ann), &code(7), &MachineState::Active));
    assert_eq!(machine.facts, [Fact { name: "cpu".into(), value: "model 7".into() }]);
    assert_eq!(machine.bound_at, core.now());
    assert_eq!(core.read(|view| list_of(view, id(&ann))), Ok(vec![machine.clone()]));
    assert_eq!(core.read(|view| holder(view, &code(7))), Ok(Some(id(&ann))));
    assert_eq!(core.read(|view| holder(view, &code(8))), Ok(None));
    let what = What::MachineBound { account: id(&ann), machine: machine.id };
    assert!(events(&world).iter().any(|(_, told)| *told == what));
    let trail = audit::list(core, &Caller::operator(), Ask::default()).unwrap().items;
    assert_eq!((trail[0].verb, trail[0].doer), (Verb::MachineBound, Doer::Account(id(&ann))));
    assert_eq!((trail[0].target.as_str(), trail[0].detail.as_str()), ("machine 1", "account 1"), "numbers only");
}

#[test]
fn binding_is_refused_in_a_fixed_order() {
    let world = World::new();
    let (core, [ann, bob]) = (&world.core, ["ann", "bob"].map(|name| world.person(name)));
    let (nobody, stranger) = (AccountId::new(99), Caller::anonymous(Dialect::Aegisspeed));
    let gone = world.account("gone").id;
    accounts::close_other(core, &Caller::operator(), gone).unwrap();
    bound(core, &ann, 1);
    bound(core, &bob, 2);
    let not_found = Err(Error::NotFound(Thing::Account));
    let of_others = Err(Error::Denied(Right::OtherAccount));
    let refused = Err(Error::Refused(Reason::StrangersMayNot));
    let full = |number| with_terms(id(&ann), number, 1, Stranger::Allow);
    let by_bob = |account| bind(core, &bob, new(account, 2)).map(drop);
    assert_eq!(by_bob(id(&ann)), of_others, "before the code is looked at");
    assert_eq!(by_bob(nobody), of_others, "whether or not there is such an account");
    for account in [nobody, id(&ann)] {
        let new = with_terms(account, 2, 0, Stranger::Deny);
        assert_eq!(bind(core, &stranger, new).map(drop), refused, "nothing is looked up for strangers");
    }
    for account in [nobody, gone] {
        assert_eq!(bind(core, &stranger, with_terms(account, 2, 0, Stranger::FirstOnly)).map(drop), not_found);
        assert_eq!(bind(core, &Caller::operator(), new(account, 3)).map(drop), not_found);
    }
    let first_only = with_terms(id(&ann), 1, 1, Stranger::FirstOnly);
    assert_eq!(bind(core, &stranger, first_only).map(drop), refused);
    assert_eq!(bind(core, &ann, full(1)).map(drop), Err(Error::Exists(Thing::Machine)));
    assert_eq!(bind(core, &ann, full(2)).map(drop), Err(Error::Taken(Unique::MachineCode)));
    assert_eq!(bind(core, &ann, full(3)).map(drop), Err(Error::OverLimit(Limit::Machines)));
    let facts = vec![Fact { name: "a".into(), value: "b".into() }; MACHINE_FACTS_MAX + 1];
    let talkative = NewMachine { facts, ..new(id(&ann), 4) };
    assert_eq!(bind(core, &ann, talkative).map(drop), Err(Error::Invalid(Field::MachineFacts, Flaw::TooLong)));
    assert_eq!((numbers(core, &ann), numbers(core, &bob)), (vec![1], vec![2]), "nothing changed");
}

#[test]
fn codes_differ_in_more_than_the_case_of_letters() {
    let world = World::new();
    let (core, [ann, bob]) = (&world.core, ["ann", "bob"].map(|name| world.person(name)));
    let code = |text: &str| MachineCode::new(text).unwrap();
    let (small, large) = (code("abcdefghijklmnopqrstuvwxyz012345"), code("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"));
    bind(core, &ann, NewMachine { code: small.clone(), ..new(id(&ann), 0) }).unwrap();
    let taken = bind(core, &bob, NewMachine { code: large.clone(), ..new(id(&bob), 0) });
    assert_eq!(taken, Err(Error::Taken(Unique::MachineCode)));
    assert_eq!(core.read(|view| holder(view, &large)), Ok(Some(id(&ann))));
    assert_eq!(core.read(|view| list_of(view, id(&ann)).unwrap()[0].code.clone()), small, "as first given");
}

#[test]
fn strangers_bind_as_much_as_they_are_let() {
    let world = World::new();
    let (core, ann) = (&world.core, world.person("ann"));
    let stranger = Caller::anonymous(Dialect::Aegisspeed);
    let by_stranger = |number, let_in| bind(core, &stranger, with_terms(id(&ann), number, 0, let_in)).map(drop);
    let refused = Err(Error::Refused(Reason::StrangersMayNot));
    assert_eq!(by_stranger(1, Stranger::FirstOnly), Ok(()));
    assert_eq!(by_stranger(2, Stranger::FirstOnly), refused);
    release(core, &ann, &code(1), WITHOUT_TERMS).unwrap();
    assert_eq!(by_stranger(2, Stranger::FirstOnly), refused, "it is not the first any more");
    assert_eq!(by_stranger(2, Stranger::Allow), Ok(()));
    assert_eq!(by_stranger(3, Stranger::Deny), refused);
    assert_eq!(numbers(core, &ann), [2]);
}

#[test]
fn who_manages_machines_binds_for_others_but_not_for_superiors() {
    let world = World::new();
    let (core, ann) = (&world.core, world.person("ann"));
    let (manager, chief) = (manager(&world), world.administrator("chief").id);
    assert!(bind(core, &manager, new(id(&ann), 1)).is_ok());
    assert_eq!(bind(core, &manager, new(chief, 2)).map(drop), Err(Error::Denied(Right::OtherAccount)));
    let clerk = official(&world, "clerk", &[ServerPermission::BanUser]);
    assert_eq!(bind(core, &clerk, new(id(&ann), 2)).map(drop), Err(Error::Denied(Right::OtherAccount)));
    assert!(bind(core, &Caller::operator(), new(chief, 2)).is_ok());
}

#[test]
fn of_fifty_at_once_exactly_as_many_are_bound_as_may_be() {
    let world = World::new();
    let core = &world.core;
    let ann = &world.person("ann");
    let results: Vec<Result<()>> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..50)
            .map(|number| with_terms(id(ann), number, 3, Stranger::Allow))
            .map(|new| scope.spawn(move || bind(core, ann, new).map(drop)))
            .collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 3);
    assert_eq!(results.iter().filter(|result| **result == Err(Error::OverLimit(Limit::Machines))).count(), 47);
    assert_eq!(numbers(core, ann).len(), 3);
    core.read(|view| {
        assert_eq!(schema::MACHINE_BY_ID.count(view, &(), 99), Ok(3));
        assert_eq!(schema::FACTS_BY_MACHINE.count(view, &(), 99), Ok(3));
        assert_eq!(schema::ID_BY_MACHINE_CODE.count(view, &(), 99), Ok(3));
    });
}

#[test]
fn of_many_who_bind_one_code_one_has_it() {
    let world = World::new();
    let core = &world.core;
    let people: Vec<Caller> = (0..16).map(|number| world.person(&format!("p{number}"))).collect();
    let won: usize = std::thread::scope(|scope| {
        let all: Vec<_> = people.iter().map(|one| scope.spawn(move || try_bind(core, one, 1))).collect();
        let results = all.into_iter().map(|one| one.join().unwrap());
        results
            .filter(|result| match result {
                Ok(_) => true,
                Err(error) => {
                    assert_eq!(*error, Error::Taken(Unique::MachineCode));
                    false
                }
            })
            .count()
    });
    assert_eq!(won, 1);
    assert_eq!(people.iter().map(|one| numbers(core, one).len()).sum::<usize>(), 1);
}

#[test]
fn without_a_limit_there_is_still_an_end() {
    let world = World::new();
    let (core, ann) = (&world.core, world.person("ann"));
    let account = id(&ann);
    core.write(&Caller::system(), move |tx| {
        for number in 0..MACHINES_PER_ACCOUNT_MAX as u64 {
            schema::MACHINES_BY_ACCOUNT.put(tx, &(account, MachineId::new(1_000 + number)), &())?;
        }
        Ok(())
    })
    .unwrap();
    for most in [0, u32::MAX] {
        let over = bind(core, &ann, with_terms(account, 1, most, Stranger::Allow));
        assert_eq!(over, Err(Error::OverLimit(Limit::Machines)));
    }
}

#[test]
fn machines_are_listed_newest_first_page_by_page_to_their_owner() {
    let world = World::new();
    let (core, [ann, bob]) = (&world.core, ["ann", "bob"].map(|name| world.person(name)));
    (1..=5).for_each(|number| drop(bound(core, &ann, number)));
    bound(core, &bob, 6);
    release(core, &ann, &code(3), WITHOUT_TERMS).unwrap();
    let page = |after| {
        let page = overview::list(core, &ann, Ask { after, limit: 2 }).unwrap();
        (page.items.iter().map(|one| one.machine.id.get()).collect::<Vec<_>>(), page.next)
    };
    let (first, next) = page(None);
    assert_eq!((first, next), (vec![5, 4], Some(MachineId::new(4))));
    assert_eq!(page(next), (vec![2, 1], None));
    assert!(overview::list(core, &Caller::anonymous(Dialect::Web), Ask::default()).is_err());
}

#[test]
fn a_released_machine_is_free_forgotten_and_history() {
    let world = World::new();
    let (core, [ann, bob]) = (&world.core, ["ann", "bob"].map(|name| world.person(name)));
    let machine = bound(core, &ann, 1);
    let released = release(core, &ann, &code(1), WITHOUT_TERMS).unwrap();
    let how = Released { at: core.now(), by: ReleasedBy::Owner, reason: String::new() };
    assert_eq!((released.id, &released.state), (machine.id, &MachineState::Released(how)));
    assert!(released.facts.is_empty());
    assert_eq!(release(core, &ann, &code(1), WITHOUT_TERMS), Err(Error::NotFound(Thing::Machine)));
    assert_eq!(core.read(|view| schema::FACTS_BY_MACHINE.has(view, &machine.id)), Ok(false));
    assert_eq!(core.read(|view| schema::MACHINE_BY_ID.has(view, &machine.id)), Ok(true));
    let again = bound(core, &bob, 1);
    assert_ne!(again.id, machine.id);
    assert_eq!((numbers(core, &ann), numbers(core, &bob)), (vec![], vec![again.id.get()]));
    let what = What::MachineReleased { account: id(&ann), machine: machine.id };
    assert!(events(&world).iter().any(|(_, told)| *told == what));
    let trail = core.read(|view| schema::AUDIT_BY_ID.list(view, &(), None, Order::Ascending, 9)).unwrap();
    let verbs: Vec<Verb> = trail.into_iter().map(|(_, row)| row.verb).collect();
    assert_eq!(verbs, [Verb::MachineBound, Verb::MachineReleased, Verb::MachineBound]);
}

#[test]
fn owners_wait_after_binding_and_between_releases() {
    let world = World::new();
    let (core, ann) = (&world.core, world.person("ann"));
    (1..=3).for_each(|number| drop(bound(core, &ann, number)));
    let week = Release::Own { cooldown_days: 7, per_year: 0 };
    let out = |number| release(core, &ann, &code(number), week.clone()).map(drop);
    assert_eq!(out(1), Err(Error::TooFast { retry_ms: 7 * 86_400_000 + 1 }));
    world.clock.wind(DAY * 7 - Duration::from_millis(5));
    assert_eq!(out(1), Err(Error::TooFast { retry_ms: 6 }));
    world.clock.wind(Duration::from_millis(5));
    assert_eq!(out(1), Ok(()));
    assert_eq!(out(2), Err(Error::TooFast { retry_ms: 7 * 86_400_000 + 1 }), "the last release counts as well");
    world.clock.wind(DAY * 7);
    assert_eq!(out(2), Ok(()));
    assert_eq!(numbers(core, &ann), [3]);
}

#[test]
fn owners_release_so_many_machines_a_year() {
    let world = World::new();
    let (core, ann) = (&world.core, world.person("ann"));
    (1..=5).for_each(|number| drop(bound(core, &ann, number)));
    let out = |number| release(core, &ann, &code(number), Release::Own { cooldown_days: 0, per_year: 2 }).map(drop);
    release(core, &Caller::operator(), &code(5), managed("sold")).unwrap();
    assert_eq!(out(1), Ok(()));
    world.clock.wind(DAY * 100);
    assert_eq!(out(2), Ok(()), "what others released does not count");
    assert_eq!(out(3), Err(Error::TooFast { retry_ms: 265 * 86_400_000 + 1 }));
    world.clock.wind(DAY * 265);
    assert_eq!(out(3), Ok(()));
    assert_eq!(out(4), Err(Error::TooFast { retry_ms: 100 * 86_400_000 + 1 }));
}

#[test]
fn nobody_releases_the_machine_of_another_without_the_right() {
    let world = World::new();
    let (core, [ann, bob]) = (&world.core, ["ann", "bob"].map(|name| world.person(name)));
    let (manager, chief) = (manager(&world), world.administrator("chief").id);
    bound(core, &ann, 1);
    bind(core, &Caller::operator(), new(chief, 2)).unwrap();
    let hidden = Err(Error::NotFound(Thing::Machine));
    for number in [1, 9] {
        assert_eq!(release(core, &bob, &code(number), WITHOUT_TERMS), hidden, "a foreign one looks like none");
        let denied = Error::Denied(Right::Server(ServerPermission::ManageMachines));
        assert_eq!(release(core, &bob, &code(number), managed("")), Err(denied));
    }
    assert!(release(core, &Caller::anonymous(Dialect::Web), &code(1), WITHOUT_TERMS).is_err());
    assert_eq!(release(core, &manager, &code(1), WITHOUT_TERMS), hidden, "as owner one asks for one's own");
    assert_eq!(release(core, &manager, &code(9), managed("")), hidden);
    assert_eq!(release(core, &manager, &code(2), managed("")), Err(Error::Denied(Right::OtherAccount)));
    let long = managed(&"x".repeat(501));
    assert_eq!(release(core, &manager, &code(1), long), Err(Error::Invalid(Field::ReasonText, Flaw::TooLong)));
    let released = release(core, &manager, &code(1), managed(" sold ")).unwrap();
    let how = Released { at: core.now(), by: ReleasedBy::Manager(id(&manager)), reason: "sold".into() };
    assert_eq!(released.state, MachineState::Released(how), "at once, without waiting");
    assert!(release(core, &Caller::operator(), &code(2), managed("")).is_ok());
}

#[test]
fn of_many_who_release_one_machine_one_does() {
    let world = World::new();
    let (core, ann) = (&world.core, world.person("ann"));
    bound(core, &ann, 1);
    let done: usize = std::thread::scope(|scope| {
        let all: Vec<_> =
            (0..8).map(|_| scope.spawn(|| release(core, &ann, &code(1), WITHOUT_TERMS).is_ok())).collect();
        all.into_iter().map(|one| usize::from(one.join().unwrap())).sum()
    });
    assert_eq!(done, 1);
}

#[test]
fn a_marked_machine_stays_bound_as_long_as_the_mark_holds() {
    let world = World::new();
    let (core, [ann, bob]) = (&world.core, ["ann", "bob"].map(|name| world.person(name)));
    (1..=3).for_each(|number| drop(bound(core, &ann, number)));
    bound(core, &bob, 4);
    let against = |account, number, until| marks::NewMark {
        account,
        reason: "wall hack".into(),
        code: Some(code(number)),
        launch: None,
        until,
        category: String::new(),
        severity: marks::Severity::Serious,
    };
    let operator = Caller::operator();
    let lasting = marks::mark(core, &operator, against(id(&ann), 1, Until::Forever)).unwrap();
    let end = Until::At(core.now().plus_seconds(60));
    marks::mark(core, &operator, against(id(&ann), 2, end)).unwrap();
    marks::mark(core, &operator, against(id(&ann), 4, Until::Forever)).unwrap();
    let marked = Err(Error::Refused(Reason::MachineMarked));
    for number in [1, 2] {
        assert_eq!(release(core, &ann, &code(number), WITHOUT_TERMS), marked);
        assert_eq!(release(core, &operator, &code(number), managed("")), marked);
    }
    assert!(release(core, &ann, &code(3), WITHOUT_TERMS).is_ok(), "only the one that is named");
    assert!(release(core, &bob, &code(4), WITHOUT_TERMS).is_ok(), "a mark binds its own account only");
    world.clock.wind(Duration::from_secs(60));
    assert!(release(core, &ann, &code(2), WITHOUT_TERMS).is_ok());
    marks::lift(core, &operator, lasting, "").unwrap();
    assert!(release(core, &ann, &code(1), WITHOUT_TERMS).is_ok());
}

#[test]
fn a_removed_account_leaves_numbers_only() {
    let world = World::new();
    let (core, [ann, bob]) = (&world.core, ["ann", "bob"].map(|name| world.person(name)));
    (1..=3).for_each(|number| drop(bound(core, &ann, number)));
    release(core, &ann, &code(3), WITHOUT_TERMS).unwrap();
    let begun = checks::begin(core, &ann, checks::NewCheck { account: id(&ann), code: code(1), day: 20_270_115 });
    let launch = begun.unwrap().launch;
    let (outcome, detail, trust) = (checks::Outcome::Failed, "by Ann".to_owned(), checks::Trust::Service);
    let operator = Caller::operator();
    checks::finish(core, &operator, checks::Finding { launch, outcome, detail, trust, nonce: None }).unwrap();
    let new = marks::NewMark {
        account: id(&ann),
        reason: "Ann again".into(),
        code: Some(code(2)),
        launch: Some(launch),
        until: Until::Forever,
        category: "aim".into(),
        severity: marks::Severity::Grave,
    };
    let mark = marks::mark(core, &operator, new.clone()).unwrap();
    marks::mark(core, &operator, new).unwrap();
    marks::lift(core, &operator, mark, "Ann said sorry").unwrap();
    accounts::remove(core, &ann).unwrap();
    core.read(|view| {
        assert_eq!(schema::MACHINE_BY_ID.first(view, &()), Ok(None));
        assert_eq!(schema::FACTS_BY_MACHINE.first(view, &()), Ok(None));
        assert_eq!(schema::ID_BY_MACHINE_CODE.first(view, &()), Ok(None));
        let check = schema::CHECK_BY_LAUNCH.get(view, &launch).unwrap().unwrap();
        let end = check.end.unwrap();
        assert_eq!((check.account, check.code, end.outcome, end.detail), (id(&ann), None, outcome, String::new()));
        assert_eq!(marks::active(view, id(&ann), core.now()), Ok(None), "nobody is there to be marked");
    });
    for mark in marks::list(core, &operator, Ask::default()).unwrap().items {
        assert_eq!((mark.row.account, mark.row.reason.as_str(), mark.row.code), (id(&ann), "", None));
        assert_eq!((mark.row.launch, mark.row.category.as_str()), (Some(launch), "aim"));
        assert_eq!(mark.lift.map_or(String::new(), |lift| lift.reason), "");
    }
    (1..=3).for_each(|number| drop(bound(core, &bob, number)));
}
