//! Changing hands: who may offer, accept and move, what goes along and what stays, waiting times, and races over one machine.

use std::time::Duration;

use super::enroll::{Enrolment, enroll};
use super::fingerprint::{Components, Kind, Measured};
use super::replace::{replace, replace_other};
use super::testing::*;
use super::transfer::{accept, decline, offer, offers, standing, transfer, withdraw};
use super::{
    Machine, MachineCode, MachineState, Release, Released, ReleasedBy, fingerprint, history, marks, release, tokens,
};
use crate::audit::Verb;
use crate::caller::{Caller, Dialect};
use crate::clock::Until;
use crate::error::{Error, Field, Flaw, Limit, Reason, Result, Right, Thing};
use crate::event::{OfferTurn, What};
use crate::ids::{AccountId, MachineId};
use crate::page::{Ask, Done};
use crate::rooms::testing::{events, id};
use crate::server_roles::ServerPermission;
use crate::settings::Settings;
use crate::testing::World;
use crate::{Core, accounts, friends, lapsing, schema};

const DAY: Duration = Duration::from_secs(86_400);
const DAY_MS: u64 = 86_400_000;

/// Where owners neither wait nor are counted.
fn free(settings: &mut Settings) {
    (settings.machines.release_cooldown_days, settings.machines.releases_per_year) = (0, 0);
    settings.machines.per_account = 3;
}

fn of(core: &Core, owner: &Caller) -> Vec<MachineId> {
    core.read(|view| super::list_of(view, id(owner))).unwrap().into_iter().map(|machine| machine.id).collect()
}

fn state(core: &Core, machine: MachineId) -> MachineState {
    core.read(|view| schema::MACHINE_BY_ID.get(view, &machine)).unwrap().unwrap().state
}

fn slots(core: &Core, owner: &Caller) -> usize {
    core.read(|view| schema::SLOTS_BY_ACCOUNT.count(view, &id(owner), 99)).unwrap()
}

fn enrolment(number: u32) -> Enrolment {
    let told = [Kind::MachineId, Kind::ProductUuid, Kind::BoardSerial]
        .map(|kind| (kind, Measured::Value(format!("{}-of-machine-{number:06}", kind.name()))));
    Enrolment {
        name: format!("machine {number}"),
        code: None,
        components: Components::new(told).unwrap(),
        facts: vec![super::Fact { name: "cpu".into(), value: "fast".into() }],
        watch: None,
    }
}

fn enrolled(core: &Core, owner: &Caller, number: u32) -> Machine {
    enroll(core, owner, enrolment(number)).unwrap().machine
}

fn turns(world: &World) -> Vec<OfferTurn> {
    let turn = |(_, what)| if let What::MachineOffered { turn, .. } = what { Some(turn) } else { None };
    events(world).into_iter().filter_map(turn).collect()
}

#[test]
fn an_accepted_offer_moves_the_computer_and_leaves_the_past_behind() {
    let world = World::with_settings(free);
    let (core, [ann, bob]) = (&world.core, ["ann", "bob"].map(|name| world.person(name)));
    let enrolled = enroll(core, &ann, enrolment(1)).unwrap();
    let (old, token) = (enrolled.machine.id, enrolled.token);
    offer(core, &ann, old, id(&bob)).unwrap();
    let waiting = offers(core, &bob).unwrap();
    assert_eq!((waiting[0].machine, waiting[0].name.as_str(), waiting.len()), (old, "machine 1", 1));
    assert_eq!(offers(core, &ann).unwrap(), []);
    let moved = accept(core, &bob, old).unwrap();
    assert_ne!(moved.id, old);
    assert_eq!((moved.account, &moved.code, &moved.state), (id(&bob), &enrolled.machine.code, &MachineState::Active));
    assert_eq!((of(core, &ann), of(core, &bob)), (vec![], vec![moved.id]));
    assert_eq!((slots(core, &ann), slots(core, &bob)), (0, 1));
    let how = Released { at: core.now(), by: ReleasedBy::Owner, reason: String::new() };
    assert_eq!(state(core, old), MachineState::Released(how));
    assert!(tokens::resolve(core, token.reveal()).is_err(), "the old token has ended");
    core.read(|view| {
        assert_eq!(fingerprint::of(view, old), Ok(None));
        assert_eq!(fingerprint::of(view, moved.id).unwrap().map(|kept| kept.parts.len()), Some(3));
        assert_eq!(schema::FACTS_BY_MACHINE.get(view, &moved.id).unwrap().map(|facts| facts.0), Some(vec![]));
        assert_eq!(super::setup::of(view, moved.id).unwrap().name, "", "what the old owner called it is not told");
        assert_eq!(schema::OFFER_BY_MACHINE.first(view, &()), Ok(None));
        assert_eq!(schema::OFFERS_BY_ACCOUNT.first(view, &()), Ok(None));
    });
    let names = |owner: &Caller, machine| -> Vec<&'static str> {
        let entries = history::list(core, owner, machine, Ask::default()).unwrap().items;
        entries.iter().rev().map(|(_, entry)| entry.what.name()).collect()
    };
    assert_eq!(names(&ann, old), ["bound", "transferred_to"]);
    assert_eq!(names(&bob, moved.id), ["transferred_from", "bound"]);
    assert!(history::list(core, &bob, old, Ask::default()).is_err(), "the past is the old owner's");
    assert_eq!((audited(core, Verb::MachineTransferred), audited(core, Verb::MachineReleased)), (1, 0));
    let again = enroll(core, &bob, enrolment(1)).unwrap();
    assert_eq!((again.machine.id, again.recognised), (moved.id, Some(100)), "it is recognised where it is now");
    assert_eq!(accept(core, &bob, old).map(drop), Err(Error::NotFound(Thing::MachineOffer)));
}

#[test]
fn an_offer_can_be_taken_back_declined_and_runs_out() {
    let world = World::with_settings(free);
    let (core, [ann, bob]) = (&world.core, ["ann", "bob"].map(|name| world.person(name)));
    let machine = bound(core, &ann, 1).id;
    let none = Err(Error::NotFound(Thing::MachineOffer));
    let accepted = || accept(core, &bob, machine).map(drop);
    assert_eq!((accepted(), decline(core, &bob, machine)), (none, none));
    offer(core, &ann, machine, id(&bob)).unwrap();
    assert_eq!(offer(core, &ann, machine, id(&bob)).map(drop), Err(Error::Exists(Thing::MachineOffer)));
    assert_eq!(withdraw(core, &ann, machine), Ok(Done::Done));
    assert_eq!((accepted(), withdraw(core, &ann, machine)), (none, Ok(Done::AlreadySo)));
    offer(core, &ann, machine, id(&bob)).unwrap();
    assert_eq!(decline(core, &ann, machine), none, "it was not made to her");
    assert_eq!((decline(core, &bob, machine), accepted()), (Ok(()), none));
    offer(core, &ann, machine, id(&bob)).unwrap();
    world.clock.wind(DAY * 7 - Duration::from_millis(1));
    assert!(core.read(|view| standing(view, core.now(), machine)).unwrap().is_some());
    assert_eq!(lapsing::sweep(core), Ok(0));
    world.clock.wind(Duration::from_millis(1));
    assert_eq!(accepted(), Err(Error::Refused(Reason::Expired)));
    assert_eq!(offers(core, &bob), Ok(vec![]));
    assert_eq!(lapsing::sweep(core), Ok(1));
    assert_eq!(accepted(), none);
    offer(core, &ann, machine, id(&bob)).unwrap();
    use OfferTurn::{Declined, Made, Withdrawn};
    assert_eq!(turns(&world), [Made, Withdrawn, Made, Declined, Made, Made]);
    assert_eq!(of(core, &ann), [machine], "nothing has moved");
}

#[test]
fn who_offers_what_to_whom_is_looked_at_first() {
    let world = World::with_settings(free);
    let (core, [ann, bob, eve]) = (&world.core, ["ann", "bob", "eve"].map(|name| world.person(name)));
    let machine = bound(core, &ann, 1).id;
    let refused = |caller: &Caller, machine, to, error| {
        assert_eq!(offer(core, caller, machine, to).map(drop), Err(error));
    };
    refused(&bob, machine, id(&eve), Error::NotFound(Thing::Machine));
    refused(&ann, MachineId::new(99), id(&eve), Error::NotFound(Thing::Machine));
    refused(&ann, machine, id(&ann), Error::Invalid(Field::Account, Flaw::Oneself));
    refused(&ann, machine, AccountId::new(99), Error::NotFound(Thing::Account));
    assert!(offer(core, &Caller::anonymous(Dialect::Web), machine, id(&bob)).is_err());
    friends::blocks::put(core, &bob, id(&ann)).unwrap();
    refused(&ann, machine, id(&bob), Error::Refused(Reason::Blocked));
    let against = marks::NewMark {
        account: id(&ann),
        reason: "wall hack".into(),
        code: Some(code(1)),
        launch: None,
        until: Until::Forever,
        category: String::new(),
        severity: marks::Severity::Serious,
    };
    offer(core, &ann, machine, id(&eve)).unwrap();
    marks::mark(core, &Caller::operator(), against).unwrap();
    assert_eq!(accept(core, &eve, machine).map(drop), Err(Error::Refused(Reason::MachineMarked)));
    let other = transfer(core, &Caller::operator(), machine, id(&eve)).map(drop);
    assert_eq!(other, Err(Error::Refused(Reason::MachineMarked)), "not even a manager");
    withdraw(core, &ann, machine).unwrap();
    refused(&ann, machine, id(&eve), Error::Refused(Reason::MachineMarked));
}

#[test]
fn an_account_without_room_accepts_nothing_and_nothing_changes() {
    let world = World::with_settings(free);
    let (core, [ann, bob]) = (&world.core, ["ann", "bob"].map(|name| world.person(name)));
    let machine = bound(core, &ann, 1).id;
    (11..=13).for_each(|number| drop(bound(core, &bob, number)));
    offer(core, &ann, machine, id(&bob)).unwrap();
    assert_eq!(accept(core, &bob, machine).map(drop), Err(Error::OverLimit(Limit::Machines)));
    assert_eq!((state(core, machine), of(core, &ann), slots(core, &ann)), (MachineState::Active, vec![machine], 1));
    release(core, &bob, &code(11), Release::Own { cooldown_days: 0, per_year: 0 }).unwrap();
    assert!(accept(core, &bob, machine).is_ok(), "the offer still stands");
}

#[test]
fn handing_over_and_replacing_wait_and_count_like_releases() {
    let world = World::with_settings(|settings| {
        (settings.machines.release_cooldown_days, settings.machines.releases_per_year) = (7, 2);
    });
    let (core, [ann, bob]) = (&world.core, ["ann", "bob"].map(|name| world.person(name)));
    let machines = [1, 2, 3].map(|number| bound(core, &ann, number).id);
    let wait = |days: u64| Error::TooFast { retry_ms: days * DAY_MS + 1 };
    assert_eq!(offer(core, &ann, machines[0], id(&bob)).map(drop), Err(wait(7)));
    assert_eq!(replace(core, &ann, machines[0], enrolment(9)).map(drop), Err(wait(7)));
    world.clock.wind(DAY * 7);
    offer(core, &ann, machines[0], id(&bob)).unwrap();
    offer(core, &ann, machines[1], id(&bob)).unwrap();
    accept(core, &bob, machines[0]).unwrap();
    assert_eq!(accept(core, &bob, machines[1]).map(drop), Err(wait(7)), "meanwhile another one went");
    assert_eq!(replace(core, &ann, machines[1], enrolment(9)).map(drop), Err(wait(7)));
    world.clock.wind(DAY * 7);
    let new = replace(core, &ann, machines[1], enrolment(9)).unwrap().machine.id;
    world.clock.wind(DAY * 30);
    assert_eq!(offer(core, &ann, machines[2], id(&bob)).map(drop), Err(wait(365 - 37)), "two within a year");
    let own = Release::Own { cooldown_days: 7, per_year: 2 };
    assert_eq!(release(core, &ann, &code(3), own).map(drop), Err(wait(365 - 37)));
    transfer(core, &Caller::operator(), machines[2], id(&bob)).unwrap();
    transfer(core, &Caller::operator(), new, id(&bob)).unwrap();
    assert_eq!(of(core, &ann), [], "who manages machines does not wait");
}

#[test]
fn who_manages_machines_moves_them_at_once_but_not_those_of_superiors() {
    let world = World::with_settings(free);
    let (core, [ann, bob]) = (&world.core, ["ann", "bob"].map(|name| world.person(name)));
    let (manager, chief) = (manager(&world), world.administrator("chief").id);
    let (machine, of_chief) =
        (bound(core, &ann, 1).id, super::bind(core, &Caller::operator(), new(chief, 2)).unwrap().id);
    let lacks = Error::Denied(Right::Server(ServerPermission::ManageMachines));
    assert_eq!(transfer(core, &ann, machine, id(&bob)).map(drop), Err(lacks));
    assert_eq!(transfer(core, &manager, of_chief, id(&bob)).map(drop), Err(Error::Denied(Right::OtherAccount)));
    assert_eq!(transfer(core, &manager, machine, chief).map(drop), Err(Error::Denied(Right::OtherAccount)));
    let gone = Error::NotFound(Thing::Machine);
    assert_eq!(transfer(core, &manager, MachineId::new(99), id(&bob)).map(drop), Err(gone));
    let there = Error::Invalid(Field::Account, Flaw::Oneself);
    assert_eq!(transfer(core, &manager, machine, id(&ann)).map(drop), Err(there));
    let moved = transfer(core, &manager, machine, id(&bob)).unwrap();
    let how = Released { at: core.now(), by: ReleasedBy::Manager(id(&manager)), reason: String::new() };
    assert_eq!((moved.account, state(core, machine)), (id(&bob), MachineState::Released(how)));
    assert_eq!(transfer(core, &manager, machine, id(&bob)).map(drop), Err(gone), "under its old number it is gone");
}

#[test]
fn who_manages_machines_replaces_them_at_once_and_they_stay_whose_they_were() {
    let world = World::new();
    let (core, ann) = (&world.core, world.person("ann"));
    let (manager, chief) = (manager(&world), world.administrator("chief").id);
    let old = enrolled(core, &ann, 1).id;
    let of_chief = super::bind(core, &Caller::operator(), new(chief, 2)).unwrap().id;
    let put = |caller: &Caller, old: MachineId, number: u32| replace_other(core, caller, old, enrolment(number));
    let lacks = Error::Denied(Right::Server(ServerPermission::ManageMachines));
    assert_eq!(put(&ann, old, 9).map(drop), Err(lacks));
    assert_eq!(put(&manager, of_chief, 9).map(drop), Err(Error::Denied(Right::OtherAccount)));
    assert_eq!(put(&manager, MachineId::new(99), 9).map(drop), Err(Error::NotFound(Thing::Machine)));
    assert_eq!(put(&manager, old, 1).map(drop), Err(Error::Exists(Thing::Machine)), "it is the very same");
    assert!(matches!(replace(core, &ann, old, enrolment(9)), Err(Error::TooFast { .. })), "its owner waits");
    let replaced = put(&manager, old, 9).unwrap().machine;
    let how = Released { at: core.now(), by: ReleasedBy::Manager(id(&manager)), reason: String::new() };
    assert_eq!((replaced.account, state(core, old)), (id(&ann), MachineState::Released(how)));
    assert_eq!((of(core, &ann), slots(core, &ann)), (vec![replaced.id], 1));
    assert_eq!(put(&manager, old, 10).map(drop), Err(Error::NotFound(Thing::Machine)));
    super::bans::ban(core, &manager, replaced.id, (Until::Forever, "x")).unwrap();
    assert_eq!(put(&manager, replaced.id, 10).map(drop), Err(Error::Refused(Reason::MachineBanned)));
}

#[test]
fn of_two_who_accept_at_once_one_has_it() {
    let world = World::with_settings(free);
    let (core, ann, bob) = (&world.core, world.person("ann"), &world.person("bob"));
    let machine = bound(core, &ann, 1).id;
    offer(core, &ann, machine, id(bob)).unwrap();
    let results: Vec<Result<()>> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..16).map(|_| scope.spawn(|| accept(core, bob, machine).map(drop))).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    let gone = Err(Error::NotFound(Thing::MachineOffer));
    assert_eq!(results.iter().filter(|result| **result == gone).count(), 15);
    assert_eq!((of(core, bob).len(), slots(core, bob), slots(core, &ann)), (1, 1, 0));
}

#[test]
fn a_release_and_an_acceptance_at_once_end_in_one_of_the_two() {
    for round in 0..20 {
        let world = World::with_settings(free);
        let (core, ann, bob) = (&world.core, &world.person("ann"), &world.person("bob"));
        let machine = bound(core, ann, 1).id;
        offer(core, ann, machine, id(bob)).unwrap();
        let own = Release::Own { cooldown_days: 0, per_year: 0 };
        let (released, accepted) = std::thread::scope(|scope| {
            let released = scope.spawn(|| release(core, ann, &code(1), own).map(drop));
            let accepted = scope.spawn(|| accept(core, bob, machine).map(drop));
            (released.join().unwrap(), accepted.join().unwrap())
        });
        let holder = core.read(|view| super::holder(view, &code(1))).unwrap();
        match accepted {
            Ok(()) => {
                assert_eq!(released, Err(Error::NotFound(Thing::Machine)), "round {round}");
                assert_eq!(holder, Some(id(bob)));
            }
            Err(error) => {
                assert_eq!((error, released), (Error::NotFound(Thing::MachineOffer), Ok(())), "round {round}");
                assert_eq!(holder, None);
            }
        }
        assert_eq!(of(core, ann), []);
        assert_eq!(slots(core, ann) + slots(core, bob), of(core, bob).len());
        core.read(|view| assert_eq!(schema::OFFERS_BY_ACCOUNT.first(view, &()), Ok(None), "no offer is left"));
    }
}

#[test]
fn a_replacement_keeps_the_slot_whatever_others_bind_meanwhile() {
    for round in 0..10 {
        let world = World::with_settings(free);
        let (core, ann) = (&world.core, &world.person("ann"));
        let old = enrolled(core, ann, 1).id;
        (2..=3).for_each(|number| drop(enrolled(core, ann, number)));
        let (replaced, bound) = std::thread::scope(|scope| {
            let binding: Vec<_> =
                (10..18).map(|number| scope.spawn(move || enroll(core, ann, enrolment(number)).is_ok())).collect();
            let replaced = scope.spawn(|| replace(core, ann, old, enrolment(9)));
            let bound = binding.into_iter().filter(|_| true).map(|one| one.join().unwrap());
            (replaced.join().unwrap(), bound.filter(|bound| *bound).count())
        });
        let new = replaced.unwrap().machine;
        assert_eq!((bound, of(core, ann).len(), slots(core, ann)), (0, 3, 3), "round {round}");
        assert_eq!((&new.state, new.account), (&MachineState::Active, id(ann)));
        assert!(matches!(state(core, old), MachineState::Released(_)));
        assert_eq!((audited(core, Verb::MachineReplaced), audited(core, Verb::MachineReleased)), (1, 0));
    }
}

#[test]
fn a_replacement_holds_where_the_limit_was_lowered_and_is_a_machine_that_is_new() {
    let world = World::with_settings(free);
    let ann = world.person("ann");
    let [old, other, _] = [1, 2, 3].map(|number| enrolled(&world.core, &ann, number));
    let core = &world.reopen_with_settings(|settings| settings.machines.per_account = 1);
    let known = Err(Error::Exists(Thing::Machine));
    assert_eq!(replace(core, &ann, old.id, enrolment(1)).map(drop), known, "it is the very same");
    assert_eq!(replace(core, &ann, old.id, enrolment(2)).map(drop), known, "it is bound already");
    let by_code = Enrolment { code: Some(other.code.clone()), ..enrolment(9) };
    assert_eq!(replace(core, &ann, old.id, by_code).map(drop), known);
    let of_bob = super::bind(core, &Caller::operator(), new(id(&world.person("bob")), 7)).unwrap().code;
    let taken = Enrolment { code: Some(of_bob), ..enrolment(9) };
    assert!(matches!(replace(core, &ann, old.id, taken), Err(Error::Taken(_))));
    assert_eq!(slots(core, &ann), 3, "nothing has changed");
    let code = MachineCode::new("0123456789abcdef0123456789abcdef").unwrap();
    let new = Enrolment { code: Some(code.clone()), ..enrolment(9) };
    let replaced = replace(core, &ann, old.id, new).unwrap();
    assert_eq!((&replaced.machine.code, replaced.recognised), (&code, None));
    assert_eq!(tokens::resolve(core, replaced.token.reveal()).unwrap().machine, replaced.machine.id);
    assert_eq!(slots(core, &ann), 3);
    let names = |machine| -> Vec<&'static str> {
        let entries = history::list(core, &ann, machine, Ask::default()).unwrap().items;
        entries.iter().rev().map(|(_, entry)| entry.what.name()).collect()
    };
    assert_eq!((names(old.id), names(replaced.machine.id)), (vec!["bound", "replaced_by"], vec!["bound", "replaces"]));
}

#[test]
fn offers_go_with_the_accounts_they_are_about() {
    for leaves in ["ann", "bob"] {
        let world = World::with_settings(free);
        let core = &world.core;
        let [ann, bob] = ["ann", "bob"].map(|name| world.person(name));
        let machine = bound(core, &ann, 1).id;
        offer(core, &ann, machine, id(&bob)).unwrap();
        accounts::remove(core, if leaves == "ann" { &ann } else { &bob }).unwrap();
        core.read(|view| {
            assert_eq!(schema::OFFER_BY_MACHINE.first(view, &()), Ok(None), "{leaves}");
            assert_eq!(schema::OFFERS_BY_ACCOUNT.first(view, &()), Ok(None), "{leaves}");
        });
    }
}
