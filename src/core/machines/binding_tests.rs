//! Binding by a code with components beside it, as protocols do that know nothing of components: whose word is kept, and what rules
//! make of computers that somebody else has, or that are banned.

use super::alerts::{self, AlertKind};
use super::fingerprint::{self, Components, Kind};
use super::policy::{Level, Preset, Rule};
use super::testing::*;
use super::*;
use crate::Core;
use crate::caller::{Caller, Dialect};
use crate::clock::Until;
use crate::error::{Error, Reason, Result};
use crate::ids::{AccountId, MachineId};
use crate::page::Ask;
use crate::rooms::testing::id;
use crate::schema::MACHINES_BY_ACCOUNT;
use crate::testing::World;

/// What a client tells that has four members for it.
fn few(number: u32) -> Components {
    let told = [Kind::ProductUuid, Kind::Cpu, Kind::BoardName, Kind::Mac];
    components(parts_of(number).into_iter().filter(|(kind, _)| told.contains(kind)).collect())
}

/// Binds a code and shows the computer of that other number.
fn show(core: &Core, caller: &Caller, account: AccountId, (code, computer): (u32, u32)) -> Result<Machine> {
    bind(core, caller, NewMachine { shown: Some(few(computer)), ..new(account, code) })
}

/// As [`show`], by the owner.
fn show_own(core: &Core, caller: &Caller, code: u32, computer: u32) -> Result<Machine> {
    show(core, caller, id(caller), (code, computer))
}

fn stranger() -> Caller {
    Caller::anonymous(Dialect::Aegisspeed)
}

fn kept(core: &Core, machine: MachineId) -> usize {
    core.read(|view| fingerprint::of(view, machine)).unwrap().map_or(0, |kept| kept.parts.len())
}

/// Each alert: what it is about, who came, whose machine it was.
fn raised(core: &Core) -> Vec<(AlertKind, AccountId, MachineId)> {
    let items = alerts::list(core, &Caller::operator(), Ask::default()).unwrap().items;
    items.into_iter().map(|one| (one.row.alert.kind, one.row.alert.account, one.row.alert.other.unwrap().1)).collect()
}

fn under(preset: Preset) -> World {
    World::with_settings(|settings| settings.machines.policy.preset = preset)
}

const PRESETS: [Preset; 3] = [Preset::Compatible, Preset::Fair, Preset::Tournament];

#[test]
fn only_what_the_owner_shows_is_kept_so_that_nobody_claims_a_computer_for_others() {
    for preset in PRESETS {
        let world = under(preset);
        let (core, ann, bob) = (&world.core, world.person("ann"), world.person("bob"));
        for (number, caller) in (1..).zip([stranger(), manager(&world), Caller::operator()]) {
            let machine = show(core, &caller, id(&ann), (number, 7)).unwrap();
            assert_eq!(kept(core, machine.id), 0, "{caller:?}");
        }
        let own = show_own(core, &bob, 4, 7).unwrap();
        assert_eq!((kept(core, own.id), raised(core)), (4, vec![]));
    }
}

#[test]
fn a_computer_that_another_account_has_is_refused_where_the_rules_say_so_and_always_alerted() {
    for preset in PRESETS {
        for shows in [None, Some(stranger())] {
            let world = under(preset);
            let (core, ann, bob) = (&world.core, world.person("ann"), world.person("bob"));
            let machine = show_own(core, &ann, 1, 7).unwrap();
            let shown = show(core, shows.as_ref().unwrap_or(&bob), id(&bob), (2, 7));
            assert_eq!(raised(core), [(AlertKind::Twin, id(&bob), machine.id)], "{preset:?}");
            if preset == Preset::Compatible {
                assert_eq!((shown.map(|_| ()), count_of(core, &bob)), (Ok(()), 1));
            } else {
                let refused = Err(Error::Refused(Reason::MachineTwin));
                assert_eq!((shown.map(|_| ()), count_of(core, &bob)), (refused, 0));
            }
            release(core, &ann, &code(1), Release::Own { cooldown_days: 0, per_year: 0 }).unwrap();
            show_own(core, &bob, 3, 7).unwrap();
        }
    }
}

#[test]
fn of_sixteen_accounts_that_show_one_computer_at_once_one_has_it() {
    let world = under(Preset::Fair);
    let people: Vec<Caller> = (0..16).map(|number| world.person(&format!("p{number}"))).collect();
    let bound: Vec<_> = std::thread::scope(|scope| {
        let show = |(code, one)| show_own(&world.core, one, code, 7).map(drop);
        let all: Vec<_> = (1..).zip(&people).map(|one| scope.spawn(move || show(one))).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let refused = Err(Error::Refused(Reason::MachineTwin));
    assert_eq!(bound.iter().filter(|one| one.is_ok()).count(), 1);
    assert_eq!(bound.iter().filter(|one| **one == refused).count(), 15);
}

#[test]
fn a_banned_computer_is_met_by_what_it_consists_of_with_any_code_account_and_door() {
    for level in [Level::Enforce, Level::Warn, Level::Off] {
        let world = World::with_settings(|settings| settings.machines.policy.set(Rule::BannedMachine, Some(level)));
        let (core, ann, bob, cat) = (&world.core, world.person("ann"), world.person("bob"), world.person("cat"));
        let banned = show_own(core, &ann, 1, 7).unwrap().id;
        bans::ban(core, &Caller::operator(), banned, (Until::Forever, "cheated")).unwrap();
        let (stranger, operator) = (stranger(), Caller::operator());
        let tries = [(&bob, &bob, 2), (&ann, &ann, 3), (&stranger, &cat, 4), (&operator, &cat, 5)];
        let all: Vec<_> = tries.map(|(by, whose, code)| show(core, by, id(whose), (code, 7)).map(drop)).into();
        let wanted = if level == Level::Enforce { Err(Error::Refused(Reason::MachineBanned)) } else { Ok(()) };
        assert_eq!(all, vec![wanted; 4]);
        let alerted: Vec<_> = raised(core).into_iter().filter(|alert| alert.0 == AlertKind::BannedMachine).collect();
        let alert = |whose: &Caller| (AlertKind::BannedMachine, id(whose), banned);
        let told = [alert(&cat), alert(&ann), alert(&bob)];
        assert_eq!(alerted, if level == Level::Off { vec![] } else { told.to_vec() });
        assert!(show_own(core, &bob, 9, 8).is_ok(), "another computer is let in");
    }
}

#[test]
fn one_computer_under_two_codes_is_two_machines_whatever_the_rules() {
    for preset in PRESETS {
        let world = under(preset);
        let (core, ann) = (&world.core, world.person("ann"));
        let two = [show_own(core, &ann, 1, 7).unwrap(), show_own(core, &ann, 2, 7).unwrap()];
        assert_eq!(two.map(|machine| (machine.account, kept(core, machine.id))), [(id(&ann), 4); 2]);
        assert_eq!(show_own(core, &ann, 2, 7).map(drop), Err(Error::Exists(crate::error::Thing::Machine)));
        assert_eq!(raised(core), []);
    }
}

#[test]
fn a_machine_that_was_bound_by_its_code_is_known_again_by_its_components() {
    let world = World::new();
    let (core, ann, bob) = (&world.core, world.person("ann"), world.person("bob"));
    let machine = show_own(core, &ann, 1, 7).unwrap().id;
    let again = enrolled(core, &ann, 7);
    assert_eq!((again.machine.id, again.recognised, count_of(core, &ann)), (machine, Some(100), 1));
    assert!(kept(core, machine) > 4, "what came in addition is registered");
    assert_ne!(enrolled(core, &bob, 7).machine.id, machine);
    assert_eq!(raised(core), [(AlertKind::Twin, id(&bob), machine)]);
}

#[test]
fn where_it_is_enforced_a_client_that_could_tell_must_tell_enough_to_be_recognised() {
    let void = components(vec![(Kind::ProductUuid, "0".repeat(32)), (Kind::Cpu, "Acme Eight Core".into())]);
    for preset in PRESETS {
        let world = under(preset);
        let (core, ann) = (&world.core, world.person("ann"));
        let told = bind(core, &ann, NewMachine { shown: Some(void.clone()), ..new(id(&ann), 1) }).map(drop);
        let refused = Err(Error::Refused(Reason::MachineUnproven));
        assert_eq!(told, if preset == Preset::Tournament { refused } else { Ok(()) });
        assert!(try_bind(core, &ann, 2).is_ok(), "nobody could tell anything there");
    }
}

#[test]
fn a_refusal_leaves_nothing_but_its_alert() {
    let world = under(Preset::Fair);
    let (core, ann, bob) = (&world.core, world.person("ann"), world.person("bob"));
    show_own(core, &ann, 1, 7).unwrap();
    let before = core.read(|view| crate::schema::MACHINES.last(view)).unwrap();
    show_own(core, &bob, 2, 7).unwrap_err();
    core.read(|view| {
        assert_eq!(crate::schema::MACHINES.last(view), Ok(before));
        assert_eq!(MACHINES_BY_ACCOUNT.count(view, &id(&bob), 9), Ok(0));
        assert_eq!(holder(view, &code(2)), Ok(None), "its code is free");
    });
}
