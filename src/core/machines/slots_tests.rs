//! How many machines may be active: limits of accounts and of roles, what is tolerated beyond them, and races for the last place.

use super::alerts::{self, AlertKind};
use super::allowances::{self, Allowance, RoleAllowance, Tolerance};
use super::fingerprint::Components;
use super::testing::*;
use super::*;
use crate::accounts;
use crate::audit::{self, Verb};
use crate::caller::Caller;
use crate::error::{Error, Field, Flaw, Limit, Result, Right, Thing};
use crate::ids::{AccountId, ServerRoleId};
use crate::page::Ask;
use crate::rooms::testing::id;
use crate::schema;
use crate::server_roles::{self, ServerPermission};
use crate::testing::World;
use crate::{Core, migrations};

const WITHOUT_TERMS: Release = Release::Own { cooldown_days: 0, per_year: 0 };

fn nameless(code: Option<MachineCode>) -> Enrolment {
    Enrolment { name: String::new(), code, components: Components::default(), facts: Vec::new(), watch: None }
}

fn held(core: &Core, account: AccountId) -> u64 {
    core.read(|view| slots::held(view, account)).unwrap()
}

fn held_by_role(core: &Core, role: ServerRoleId) -> u64 {
    core.read(|view| slots::held_by_role(view, role)).unwrap()
}

fn grant(core: &Core, person: &Caller, role: ServerRoleId) {
    server_roles::grant(core, &Caller::operator(), id(person), role).unwrap();
}

fn allow_role(core: &Core, role: ServerRoleId, each: Option<u32>, total: Option<u32>) {
    let allowance = RoleAllowance { each, total, tolerance: Tolerance::Deny };
    allowances::set_for_role(core, &Caller::operator(), role, Some(allowance)).unwrap();
}

fn allow(core: &Core, person: &Caller, most: u32, tolerance: Tolerance) {
    let allowance = Allowance { most: Some(most), tolerance };
    allowances::set_for_account(core, &Caller::operator(), id(person), Some(allowance)).unwrap();
}

fn at_once(core: &Core, callers: &[Caller]) -> Vec<Result<()>> {
    std::thread::scope(|scope| {
        let all: Vec<_> =
            callers.iter().map(|one| scope.spawn(|| enroll(core, one, nameless(None)).map(drop))).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    })
}

#[test]
fn of_fifty_at_once_three_are_bound_where_the_account_may_have_three() {
    let world = World::with_settings(|settings| settings.machines.per_account = 3);
    let (core, ann) = (&world.core, world.person("ann"));
    let results = at_once(core, &vec![ann.clone(); 50]);
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 3);
    assert_eq!(results.iter().filter(|result| **result == Err(Error::OverLimit(Limit::Machines))).count(), 47);
    assert_eq!(held(core, id(&ann)), 3);
    core.read(|view| {
        assert_eq!(schema::MACHINE_BY_ID.count(view, &(), 99), Ok(3));
        assert_eq!(schema::TOKEN_BY_MACHINE.count(view, &(), 99), Ok(3), "nothing of the refused ones is left");
    });
}

#[test]
fn of_fifty_accounts_at_once_three_bind_where_their_role_has_room_for_three() {
    let world = World::new();
    let core = &world.core;
    let team = role(core, "team", &[]);
    allow_role(core, team, None, Some(3));
    let people: Vec<Caller> = (0..50).map(|number| world.person(&format!("p{number}"))).collect();
    people.iter().for_each(|one| grant(core, one, team));
    let results = at_once(core, &people);
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 3);
    assert_eq!(results.iter().filter(|result| **result == Err(Error::OverLimit(Limit::GroupMachines))).count(), 47);
    assert_eq!(held_by_role(core, team), 3);
    assert_eq!(people.iter().map(|one| held(core, id(one))).sum::<u64>(), 3);
}

#[test]
fn what_an_account_is_allowed_comes_before_its_role_and_that_before_the_settings_and_terms() {
    let world = World::with_settings(|settings| settings.machines.per_account = 1);
    let (core, ann) = (&world.core, world.person("ann"));
    let team = role(core, "team", &[]);
    let one_more = |number| try_bind_with(core, &ann, number, 1);
    let full = Err(Error::OverLimit(Limit::Machines));
    assert_eq!((one_more(1), one_more(2)), (Ok(()), full), "the terms of the protocol");
    assert_eq!(enroll(core, &ann, nameless(None)).map(drop), full, "the settings");
    grant(core, &ann, team);
    allow_role(core, team, Some(2), None);
    assert_eq!((one_more(2), one_more(3)), (Ok(()), full), "each account with the role");
    allow(core, &ann, 4, Tolerance::Deny);
    assert_eq!((one_more(3), one_more(4), one_more(5)), (Ok(()), Ok(()), full), "the account itself");
    allowances::set_for_account(core, &Caller::operator(), id(&ann), None).unwrap();
    assert_eq!(one_more(5), full, "four are too many again, and all four stay");
    let limit = allowances::of_account(core, &Caller::operator(), id(&ann)).unwrap();
    assert_eq!((limit.own, limit.in_force.most, limit.held), (None, Some(2), 4));
}

fn try_bind_with(core: &Core, caller: &Caller, number: u32, most: u32) -> Result<()> {
    let new = NewMachine { terms: BindTerms { most, stranger: Stranger::Deny }, ..new(id(caller), number) };
    bind(core, caller, new).map(drop)
}

#[test]
fn beyond_a_limit_as_many_are_let_in_as_is_tolerated_and_who_looks_after_machines_hears_of_it() {
    for (tolerance, most) in [(Tolerance::Deny, 4), (Tolerance::Half, 6), (Tolerance::Double, 8)] {
        let world = World::new();
        let (core, ann, manager) = (&world.core, world.person("ann"), manager(&world));
        allow(core, &ann, 4, tolerance);
        let bound = (0..10).filter(|number| try_bind(core, &ann, *number).is_ok()).count();
        assert_eq!(bound, most, "{tolerance:?}");
        let raised = alerts::list(core, &manager, Ask::default()).unwrap().items;
        assert_eq!(raised.len(), most - 4);
        assert!(raised.iter().all(|one| one.row.alert.kind == AlertKind::Overage));
        let trail = audit::list(core, &Caller::operator(), Ask::default()).unwrap().items;
        assert_eq!(trail.iter().filter(|row| row.verb == Verb::MachineOverLimit).count(), most - 4);
    }
    let world = World::new();
    let (core, ann) = (&world.core, world.person("ann"));
    allow(core, &ann, 1, Tolerance::Allow);
    assert!((0..10).all(|number| try_bind(core, &ann, number).is_ok()));
}

#[test]
fn a_released_machine_gives_its_slot_back_and_an_inactive_one_does_until_it_revives() {
    let world = World::new();
    let (core, ann) = (&world.core, world.person("ann"));
    allow(core, &ann, 2, Tolerance::Deny);
    let machines = [1, 2].map(|number| bound(core, &ann, number));
    release(core, &ann, &code(1), WITHOUT_TERMS).unwrap();
    assert_eq!(held(core, id(&ann)), 1);
    let third = bound(core, &ann, 3);
    let asleep = set_asleep(&world, machines[1].id);
    assert!(matches!(asleep.state, MachineState::Inactive(_)));
    assert_eq!(held(core, id(&ann)), 1);
    bound(core, &ann, 4);
    assert_eq!(wake(&world, asleep.clone()), Err(Error::OverLimit(Limit::Machines)), "its place was taken");
    release(core, &ann, &code(3), WITHOUT_TERMS).unwrap();
    assert_eq!(wake(&world, asleep), Ok(MachineState::Active));
    assert_eq!(held(core, id(&ann)), 2);
    assert_eq!(core.read(|view| machine::find_whole(view, third.id)).unwrap().unwrap().facts, []);
}

fn set_asleep(world: &World, machine: crate::ids::MachineId) -> MachineRow {
    let now = world.core.now();
    let work = move |tx: &mut crate::Tx<'_>| {
        let row = schema::MACHINE_BY_ID.get(tx, &machine)?.unwrap();
        standing::deactivate(tx, now, machine, row)
    };
    world.core.write(&Caller::system(), work).unwrap()
}

fn wake(world: &World, row: MachineRow) -> Result<MachineState> {
    let (now, most) = (world.core.now(), allowances::Most::strict(0));
    let work = move |tx: &mut crate::Tx<'_>| {
        let (machine, _) = machine::find(tx, &row.code)?.unwrap();
        let row = standing::revive(tx, now, &Caller::system(), (machine, row.clone()), most)?;
        Ok(row.state)
    };
    world.core.write(&Caller::system(), work)
}

#[test]
fn slots_move_with_the_role_of_their_account_and_nobody_loses_a_machine_by_it() {
    let world = World::new();
    let (core, [ann, bob]) = (&world.core, ["ann", "bob"].map(|name| world.person(name)));
    let (team, other) = (role(core, "team", &[]), role(core, "other", &[]));
    (1..=3).for_each(|number| drop(bound(core, &ann, number)));
    allow_role(core, team, None, Some(2));
    grant(core, &ann, team);
    assert_eq!(held_by_role(core, team), 3, "more than the role allows, and they stay");
    grant(core, &bob, team);
    assert_eq!(try_bind(core, &bob, 4).map(drop), Err(Error::OverLimit(Limit::GroupMachines)));
    grant(core, &ann, other);
    assert_eq!((held_by_role(core, team), held_by_role(core, other)), (0, 3));
    bound(core, &bob, 4);
    server_roles::revoke(core, &Caller::operator(), id(&ann)).unwrap();
    assert_eq!((held_by_role(core, team), held_by_role(core, other)), (1, 0));
    accounts::close_other(core, &Caller::operator(), id(&bob)).unwrap();
    assert_eq!(held_by_role(core, team), 0, "a closed account has no role");
    server_roles::remove(core, &Caller::operator(), team).unwrap();
    assert_eq!(core.read(|view| schema::ALLOWANCE_BY_ROLE.has(view, &team)), Ok(false));
}

#[test]
fn a_removed_account_leaves_no_slot_no_token_and_no_allowance() {
    let world = World::new();
    let (core, ann) = (&world.core, world.person("ann"));
    let team = role(core, "team", &[]);
    grant(core, &ann, team);
    allow(core, &ann, 9, Tolerance::Deny);
    let enrolled = enroll(core, &ann, nameless(None)).unwrap();
    bound(core, &ann, 1);
    release(core, &ann, &code(1), WITHOUT_TERMS).unwrap();
    accounts::remove_other(core, &Caller::operator(), id(&ann)).unwrap();
    assert_eq!((held(core, id(&ann)), held_by_role(core, team)), (0, 0));
    assert!(tokens::resolve(core, enrolled.token.reveal()).is_err());
    core.read(|view| {
        let (machines, all) =
            (schema::MACHINE_BY_ID.count(view, &(), 9), schema::HISTORY_BY_MACHINE.count(view, &(), 9));
        assert_eq!((machines, all), (Ok(0), Ok(0)));
        assert_eq!(schema::SETUP_BY_MACHINE.count(view, &(), 9), Ok(0));
        assert_eq!(schema::TOKEN_BY_MACHINE.count(view, &(), 9), Ok(0));
        assert_eq!(schema::ALLOWANCE_BY_ACCOUNT.count(view, &(), 9), Ok(0));
    });
}

#[test]
fn limits_are_set_by_who_manages_machines_and_not_over_superiors() {
    let world = World::new();
    let (core, [ann, bob]) = (&world.core, ["ann", "bob"].map(|name| world.person(name)));
    let (manager, chief) = (manager(&world), world.administrator("chief").id);
    let some = Some(Allowance { most: Some(1), tolerance: Tolerance::Deny });
    let denied = Error::Denied(Right::Server(ServerPermission::ManageMachines));
    assert_eq!(allowances::set_for_account(core, &bob, id(&ann), some), Err(denied));
    assert_eq!(allowances::of_account(core, &bob, id(&bob)), Err(denied));
    assert_eq!(allowances::set_for_account(core, &manager, chief, some), Err(Error::Denied(Right::OtherAccount)));
    assert_eq!(
        allowances::set_for_account(core, &manager, AccountId::new(99), some),
        Err(Error::NotFound(Thing::Account))
    );
    assert_eq!(
        allowances::set_for_role(core, &manager, ServerRoleId::new(99), None),
        Err(Error::NotFound(Thing::ServerRole))
    );
    let too_many = Some(Allowance { most: Some(1_001), tolerance: Tolerance::Deny });
    assert_eq!(
        allowances::set_for_account(core, &manager, id(&ann), too_many),
        Err(Error::Invalid(Field::Uses, Flaw::Range))
    );
    assert_eq!(allowances::set_for_account(core, &manager, id(&ann), some).unwrap().own, some);
}

#[test]
fn machines_that_were_bound_before_there_were_slots_hold_one_after_the_upgrade() {
    let world = World::new();
    let (core, ann) = (&world.core, world.person("ann"));
    let team = role(core, "team", &[]);
    grant(core, &ann, team);
    let account = id(&ann);
    core.write(&Caller::system(), move |tx| {
        for number in 1..=900_u64 {
            schema::MACHINES_BY_ACCOUNT.put(tx, &(account, crate::ids::MachineId::new(number)), &())?;
        }
        for number in 1..=300_u64 {
            let key = (AccountId::new(account.get() + 1), crate::ids::MachineId::new(1_000 + number));
            schema::MACHINES_BY_ACCOUNT.put(tx, &key, &())?;
        }
        Ok(schema::SCHEMA_NUMBER.put(tx, &0, &4)?)
    })
    .unwrap();
    for _ in 0..2 {
        let again = world.reopen();
        assert_eq!((held(&again, account), held_by_role(&again, team)), (900, 900));
        assert_eq!(held(&again, AccountId::new(account.get() + 1)), 300);
        assert_eq!(again.read(|view| migrations::schema_of(view)), Ok(Some(migrations::SCHEMA)));
    }
}
