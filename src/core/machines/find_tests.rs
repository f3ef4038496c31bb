//! Finding machines: every way, page by page, and that what was bound before the index was made is found too.

use super::find::*;
use super::testing::*;
use super::{MachineCode, NewMachine, Release, StateKind, bind, release};
use crate::Core;
use crate::accounts;
use crate::caller::Caller;
use crate::clock::Until;
use crate::error::{Error, Field, Flaw, Right};
use crate::ids::MachineId;
use crate::page::Ask;
use crate::rooms::testing::id;
use crate::schema;
use crate::server_roles::ServerPermission;
use crate::testing::World;

fn bound_as(core: &Core, who: &Caller, text: &str) -> u64 {
    let code = MachineCode::new(text).unwrap();
    bind(core, who, NewMachine { code, ..new(id(who), 0) }).unwrap().id.get()
}

fn found_in(core: &Core, words: &str, state: Option<StateKind>) -> Vec<u64> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = search(core, &Caller::operator(), (words, state), Ask { after, limit: 2 }).unwrap();
        assert!(page.items.len() <= 2);
        found.extend(page.items.iter().map(|one| one.machine.id.get()));
        after = page.next;
        if after.is_none() {
            return found;
        }
    }
}

fn found(core: &Core, words: &str) -> Vec<u64> {
    found_in(core, words, None)
}

/// Machines 1 to 5; the first three are Ann's, the rest Bob's.
fn world() -> (World, Caller, Caller) {
    let world = World::new();
    let [ann, bob] = ["ann", "b0b7"].map(|name| world.person(name));
    for (who, text) in [
        (&ann, "ABCDaaaaaaaaaaaaaaaaaaaaaaaaWXYZ"),
        (&ann, "abcdbbbbbbbbbbbbbbbbbbbbbbbb0001"),
        (&ann, "wxyzccccccccccccccccccccccccABCD"),
        (&bob, "0003dddddddddddddddddddddddddcba"),
        (&bob, "abceeeeeeeeeeeeeeeeeeeeeeeeeb0b7"),
    ] {
        bound_as(&world.core, who, text);
    }
    (world, ann, bob)
}

#[test]
fn machines_are_found_by_letters_number_and_owner() {
    let (world, ..) = world();
    let core = &world.core;
    assert_eq!(found(core, " "), [5, 4, 3, 2, 1]);
    assert_eq!(found(core, "ABCD*"), [2, 1]);
    assert_eq!(found(core, "*abcd"), [3]);
    assert_eq!(found(core, "abc*"), [5, 2, 1], "the greatest letters first");
    assert_eq!(found(core, "*1"), [2]);
    assert_eq!(found(core, "abcd************************wxyz"), [1], "as it is shown");
    assert_eq!(found(core, "#4"), [4]);
    assert_eq!(found(core, "#9"), [0; 0]);
    assert_eq!(found(core, "@Ann"), [3, 2, 1]);
    assert_eq!(found(core, "@nobody"), [0; 0]);
    assert_eq!(found(core, "abcd"), [2, 1, 3], "by its beginning, then by its end");
    assert_eq!(found(core, "3"), [3], "a number");
    assert_eq!(found(core, "0003"), [3, 4], "a number and a beginning");
    assert_eq!(found(core, "b0b7"), [5, 4], "whose and an end, each machine once");
    assert_eq!(found(core, "wxyzccccccccccccccccccccccccabcd"), [3], "a whole code in any case");
}

#[test]
fn who_had_machines_is_found_with_them_the_last_released_first() {
    let (world, ann, _) = world();
    let core = &world.core;
    for text in
        ["wxyzccccccccccccccccccccccccABCD", "ABCDaaaaaaaaaaaaaaaaaaaaaaaaWXYZ", "abcdbbbbbbbbbbbbbbbbbbbbbbbb0001"]
    {
        world.clock.wind(std::time::Duration::from_secs(60));
        release(core, &ann, &MachineCode::new(text).unwrap(), Release::Own { cooldown_days: 0, per_year: 0 }).unwrap();
    }
    bound_as(core, &ann, "ABCDaaaaaaaaaaaaaaaaaaaaaaaaWXYZ");
    assert_eq!(found(core, "@ann"), [6, 2, 1, 3]);
    assert_eq!(found_in(core, "@ann", Some(StateKind::Released)), [2, 1, 3]);
    assert_eq!(found(core, "@b0b7"), [5, 4]);
}

#[test]
fn letters_that_cannot_be_of_a_code_are_refused() {
    let (world, ..) = world();
    let refused = |words: &str, flaw| {
        let answer = search(&world.core, &Caller::operator(), (words, None), Ask::default());
        assert_eq!(answer.map(drop), Err(Error::Invalid(Field::Search, flaw)), "{words}");
    };
    refused("abcde*", Flaw::TooLong);
    refused("*a-b", Flaw::Malformed);
    assert_eq!(found(&world.core, "no such words"), [0; 0]);
}

#[test]
fn machines_are_found_in_one_state_and_by_those_who_look_after_them_alone() {
    let (world, ann, bob) = world();
    let (core, manager) = (&world.core, manager(&world));
    release(
        core,
        &ann,
        &MachineCode::new("abcdbbbbbbbbbbbbbbbbbbbbbbbb0001").unwrap(),
        Release::Own { cooldown_days: 0, per_year: 0 },
    )
    .unwrap();
    super::bans::ban(core, &manager, MachineId::new(4), (Until::Forever, "x")).unwrap();
    assert_eq!(found_in(core, "", Some(StateKind::Active)), [5, 3, 1]);
    assert_eq!(found_in(core, "", Some(StateKind::Released)), [2]);
    assert_eq!(found_in(core, "", Some(StateKind::Banned)), [4]);
    assert_eq!(found_in(core, "", Some(StateKind::Inactive)), [0; 0]);
    assert_eq!(found_in(core, "abcd*", Some(StateKind::Released)), [2]);
    let lacks = Error::Denied(Right::Server(ServerPermission::ManageMachines));
    assert_eq!(search(core, &bob, ("", None), Ask::default()).map(drop), Err(lacks));
    accounts::remove(core, &ann).unwrap();
    assert_eq!(found(core, "abcd"), [0; 0]);
    core.read(|view| {
        assert_eq!(schema::MACHINES_BY_HEAD.count(view, &(), 99), Ok(2));
        assert_eq!(schema::MACHINES_BY_TAIL.count(view, &(), 99), Ok(2));
    });
}

#[test]
fn a_search_that_looks_at_too_many_says_where_to_go_on() {
    let world = World::new();
    let (core, ann) = (&world.core, world.person("ann"));
    bound(core, &ann, 1);
    let row = core.read(|view| schema::MACHINE_BY_ID.get(view, &MachineId::new(1))).unwrap().unwrap();
    core.write(&Caller::system(), move |tx| {
        for number in 2..=4_500 {
            schema::MACHINE_BY_ID.put(tx, &MachineId::new(number), &row)?;
        }
        Ok(())
    })
    .unwrap();
    let (mut pages, mut after) = (0, None);
    loop {
        let page = search(core, &Caller::operator(), ("", Some(StateKind::Banned)), Ask { after, limit: 50 }).unwrap();
        assert!(page.items.is_empty());
        (pages, after) = (pages + 1, page.next);
        if after.is_none() {
            break;
        }
    }
    assert_eq!(pages, 3, "two thousand at a time");
}

#[test]
fn machines_and_checks_of_older_data_are_made_findable() {
    let (world, ann, _) = world();
    let core = &world.core;
    let begun = super::checks::NewCheck {
        account: id(&ann),
        code: MachineCode::new("wxyzccccccccccccccccccccccccABCD").unwrap(),
        day: 20_270_115,
    };
    let launch = super::checks::begin(core, &ann, begun).unwrap().launch;
    core.write(&Caller::system(), |tx| {
        schema::MACHINES_BY_HEAD.remove_all(tx, &(), 99)?;
        schema::MACHINES_BY_TAIL.remove_all(tx, &(), 99)?;
        schema::CHECKS_BY_MACHINE.remove_all(tx, &(), 99)?;
        Ok(schema::SCHEMA_NUMBER.put(tx, &0, &5)?)
    })
    .unwrap();
    let again = world.reopen();
    assert_eq!(found(&again, "abc*"), [5, 2, 1]);
    assert_eq!(found(&again, "*abcd"), [3]);
    let checks = super::checks::list_of_machine(&again, &ann, MachineId::new(3), Ask::default()).unwrap().items;
    assert_eq!(checks.iter().map(|check| check.launch).collect::<Vec<_>>(), [launch]);
    assert_eq!(again.read(|view| schema::MIGRATION_PLACE.first(view, &())), Ok(None));
}
