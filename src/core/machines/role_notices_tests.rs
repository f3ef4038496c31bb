//! Who hears that the limits of a role were changed: every machine of its accounts, once, however many there are and whatever stops.

use super::allowances::{self, Allowance, RoleAllowance, Tolerance};
use super::notices::{self, NoticeKind};
use super::role_notices::go_on;
use super::testing::*;
use super::tokens;
use crate::Core;
use crate::caller::Caller;
use crate::error::Error;
use crate::ids::{MachineId, ServerRoleId};
use crate::limits::{ROLE_NOTICES_PER_WRITE, ROLE_NOTICES_WAITING_MAX};
use crate::rooms::testing::id;
use crate::schema::ROLE_NOTICES;
use crate::server_roles;
use crate::testing::World;

/// Somebody with the role and so many machines that can hear.
fn member(world: &World, handle: &str, role: ServerRoleId, machines: u32) -> (Caller, Vec<MachineId>) {
    let (core, person) = (&world.core, world.person(handle));
    server_roles::grant(core, &Caller::operator(), id(&person), role).unwrap();
    let first = u32::try_from(id(&person).get()).unwrap() * 2_000;
    let listening = |number| {
        let machine = bound(core, &person, first + number).id;
        tokens::renew(core, &person, machine).unwrap();
        machine
    };
    let machines = (0..machines).map(listening).collect();
    (person, machines)
}

fn allow(core: &Core, role: ServerRoleId, allowance: Option<RoleAllowance>) {
    allowances::set_for_role(core, &Caller::operator(), role, allowance).unwrap();
}

fn each(most: u32) -> Option<RoleAllowance> {
    Some(RoleAllowance { each: Some(most), total: None, tolerance: Tolerance::Deny })
}

fn of_all(most: u32) -> Option<RoleAllowance> {
    Some(RoleAllowance { each: None, total: Some(most), tolerance: Tolerance::Deny })
}

/// How often a machine was told of a limit.
fn told(core: &Core, machine: MachineId) -> usize {
    let notices = notices::after(core, machine, 0, 99).unwrap();
    notices.iter().filter(|notice| notice.row.kind == NoticeKind::LimitChanged).count()
}

fn waiting(core: &Core) -> usize {
    core.read(|view| ROLE_NOTICES.count(view, &(), 999)).unwrap()
}

fn all_done(core: &Core) {
    while go_on(core).unwrap() > 0 {}
    assert_eq!(waiting(core), 0);
}

#[test]
fn each_machine_of_a_large_role_hears_once_of_each_change_also_when_the_server_stops_in_the_middle() {
    let world = World::new();
    let team = role(&world.core, "team", &[]);
    let half = u32::try_from(ROLE_NOTICES_PER_WRITE / 2).unwrap();
    let people: Vec<_> = [2 * half + 7, 0, half, 3, half + 1, 2 * half]
        .into_iter()
        .zip(["ann", "ben", "cat", "dan", "eve", "fay"])
        .map(|(machines, handle)| member(&world, handle, team, machines))
        .collect();
    let (_, others) = member(&world, "gus", role(&world.core, "others", &[]), 2);
    let machines: Vec<_> = people.iter().flat_map(|(_, machines)| machines.clone()).collect();
    let heard = |core: &Core| machines.iter().map(|machine| told(core, *machine)).collect::<Vec<_>>();
    allow(&world.core, team, each(500));
    let first = heard(&world.core);
    assert!(first.iter().sum::<usize>() < ROLE_NOTICES_PER_WRITE, "a bounded number at once");
    assert_eq!((first[0], first[machines.len() - 1], waiting(&world.core)), (1, 0, 1));
    // Another change before the first one is done, and the server is opened anew before every further step.
    allow(&world.core, team, of_all(900));
    let mut steps = 0;
    loop {
        let before = heard(&world.core).iter().sum::<usize>();
        let core = world.reopen();
        if go_on(&core).unwrap() == 0 {
            break;
        }
        assert!(heard(&core).iter().sum::<usize>() - before < ROLE_NOTICES_PER_WRITE);
        steps += 1;
    }
    assert!(steps > 5, "{steps}");
    assert_eq!(heard(&world.core), vec![2; machines.len()]);
    assert_eq!(others.iter().map(|machine| told(&world.core, *machine)).sum::<usize>(), 0);
    assert_eq!(waiting(&world.core), 0);
}

#[test]
fn only_a_change_that_changes_something_is_told_and_an_own_allowance_shields_from_what_each_may_have() {
    let world = World::new();
    let core = &world.core;
    let team = role(core, "team", &[]);
    let (_, plain) = member(&world, "ann", team, 1);
    let (ben, own) = member(&world, "ben", team, 1);
    let allowance = Some(Allowance { most: Some(7), tolerance: Tolerance::Deny });
    for _ in 0..2 {
        allowances::set_for_account(core, &Caller::operator(), id(&ben), allowance).unwrap();
    }
    let heard = || (told(core, plain[0]), told(core, own[0]));
    assert_eq!(heard(), (0, 1), "the second time nothing changed");
    allow(core, team, None);
    allow(core, team, Some(RoleAllowance { each: None, total: None, tolerance: Tolerance::Half }));
    assert_eq!(heard(), (0, 1), "no limit before and after");
    allow(core, team, each(3));
    allow(core, team, each(3));
    assert_eq!(heard(), (1, 1));
    allow(core, team, of_all(9));
    assert_eq!(heard(), (2, 2), "what all have together counts for both");
    allow(core, team, None);
    assert_eq!((heard(), waiting(core)), ((3, 3), 0));
}

#[test]
fn who_leaves_the_role_or_binds_meanwhile_hears_nothing_of_the_change() {
    let world = World::new();
    let core = &world.core;
    let team = role(core, "team", &[]);
    let many = u32::try_from(ROLE_NOTICES_PER_WRITE).unwrap();
    let (_, first) = member(&world, "ann", team, many);
    let (ben, left) = member(&world, "ben", team, 1);
    let (cat, stays) = member(&world, "cat", team, 1);
    allow(core, team, each(500));
    server_roles::revoke(core, &Caller::operator(), id(&ben)).unwrap();
    let late = bound(core, &cat, 1).id;
    tokens::renew(core, &cat, late).unwrap();
    all_done(core);
    let sum: usize = first.iter().map(|machine| told(core, *machine)).sum();
    assert_eq!((sum, told(core, left[0]), told(core, stays[0]), told(core, late)), (first.len(), 0, 1, 0));
}

#[test]
fn changes_that_wait_are_bounded_and_one_too_many_changes_nothing() {
    let world = World::new();
    let core = &world.core;
    let team = role(core, "team", &[]);
    let many = u32::try_from(ROLE_NOTICES_PER_WRITE).unwrap();
    member(&world, "ann", team, many);
    for number in 0..ROLE_NOTICES_WAITING_MAX {
        allow(core, team, each(100 + u32::try_from(number).unwrap()));
    }
    let refused = allowances::set_for_role(core, &Caller::operator(), team, each(1));
    assert_eq!(refused, Err(Error::Busy));
    let stands = allowances::of_role(core, &Caller::operator(), team).unwrap().own.unwrap().each;
    assert_eq!(stands, Some(99 + u32::try_from(ROLE_NOTICES_WAITING_MAX).unwrap()));
    all_done(core);
    allow(core, team, each(1));
}
