//! Signs of life: what one moves and what not, who is missed and who lives on, and what survives a race and a restart.

use std::time::Duration;

use chatelaine_store::Order;

use super::heartbeats::{Beat, Beater, Heard, Standing, beat, hours, renew_nonce};
use super::policy::{Level, Preset, Rule};
use super::setup::{self, SetupChange, Watch};
use super::testing::*;
use super::watching::look;
use super::{Machine, MachineState, Release, alerts, policy, release, tokens};
use crate::Core;
use crate::audit::Verb;
use crate::caller::{Caller, Dialect};
use crate::clock::Stamp;
use crate::error::{Error, Limit, Reason, Result, Thing};
use crate::event::{MachineTurn, What};
use crate::ids::MachineId;
use crate::page::Ask;
use crate::rooms::testing::{events, id};
use crate::schema;
use crate::testing::{START, World};

const INTERVAL: Duration = Duration::from_secs(600);
/// Longer than an interval and its grace.
const LATE: Duration = Duration::from_secs(901);

fn world(preset: Preset) -> World {
    World::with_settings(|settings| {
        settings.machines.policy.preset = preset;
        settings.machines.per_account = 1;
    })
}

fn heard(core: &Core, owner: &Caller, machine: MachineId) -> Result<Heard> {
    beat(core, &Beater::Owner(owner.clone(), machine), Beat::default())
}

fn watch(core: &Core, owner: &Caller, machine: MachineId) {
    let change = SetupChange { watch: Some(Watch::On), ..SetupChange::default() };
    setup::change(core, owner, machine, change).unwrap();
}

fn watched(core: &Core, owner: &Caller, number: u32) -> Machine {
    let machine = bound(core, owner, number);
    watch(core, owner, machine.id);
    machine
}

fn stands(core: &Core, owner: &Caller, machine: MachineId) -> Standing {
    core.read(|view| {
        super::machine::own(view, owner, machine).unwrap();
        let (setup, beats) = (setup::of(view, machine).unwrap(), super::heartbeats::of(view, machine).unwrap());
        Standing::of(&setup, &beats, &core.settings().machines)
    })
}

fn state(core: &Core, machine: MachineId) -> MachineState {
    core.read(|view| schema::MACHINE_BY_ID.get(view, &machine)).unwrap().unwrap().state
}

fn holds_slot(core: &Core, owner: &Caller, machine: MachineId) -> bool {
    core.read(|view| schema::SLOTS_BY_ACCOUNT.has(view, &(id(owner), machine))).unwrap()
}

fn due(core: &Core) -> Vec<(Stamp, MachineId)> {
    core.read(|view| schema::BEATS_BY_DUE.keys(view, &(), None, Order::Ascending, 99)).unwrap()
}

/// Looks until nothing is due any more.
fn look_at_all(core: &Core) {
    while look(core).unwrap() > 0 {}
}

#[test]
fn a_sign_of_life_moves_the_last_seen_and_switches_nothing_on() {
    let world = world(Preset::Tournament);
    let (core, ann) = (&world.core, world.person("ann"));
    let machine = bound(core, &ann, 1).id;
    let view = || stands(core, &ann, machine);
    assert_eq!((view().last_seen, view().required, view().due_at), (None, false, None));
    let answer = heard(core, &ann, machine).unwrap();
    assert_eq!((answer.machine, answer.state, answer.at, answer.every_s), (machine, MachineState::Active, START, 600));
    assert_eq!((view().last_seen, view().required, view().due_at), (Some(START), false, None));
    world.clock.wind(Duration::from_secs(90 * 86_400));
    look_at_all(core);
    assert_eq!(state(core, machine), MachineState::Active, "nobody waits for it");
    heard(core, &ann, machine).unwrap();
    assert_eq!(core.read(|view| setup::of(view, machine)).unwrap().watch, None);
}

#[test]
fn a_machine_speaks_for_itself_by_its_token_and_strangers_for_nobody() {
    let world = world(Preset::Compatible);
    let (core, [ann, bob]) = (&world.core, ["ann", "bob"].map(|name| world.person(name)));
    let machine = bound(core, &ann, 1).id;
    let token = tokens::renew(core, &ann, machine).unwrap();
    let by = Beater::Machine(tokens::resolve(core, token.reveal()).unwrap());
    assert_eq!(beat(core, &by, Beat::default()).unwrap().machine, machine);
    let hidden = Error::NotFound(Thing::Machine);
    assert_eq!(heard(core, &bob, machine).unwrap_err(), hidden);
    assert_eq!(heard(core, &ann, MachineId::new(99)).unwrap_err(), hidden);
    assert!(heard(core, &Caller::anonymous(Dialect::Web), machine).is_err());
    release(core, &ann, &code(1), Release::Own { cooldown_days: 0, per_year: 0 }).unwrap();
    assert_eq!(beat(core, &by, Beat::default()).unwrap_err(), hidden, "its key was resolved before");
    assert_eq!(heard(core, &ann, machine).unwrap_err(), hidden);
    core.read(|view| {
        assert_eq!(schema::BEAT_BY_MACHINE.first(view, &()), Ok(None), "a released machine is forgotten");
        assert_eq!(schema::BEATS_BY_DUE.first(view, &()), Ok(None));
    });
}

#[test]
fn hours_are_counted_and_kept_for_thirty_days() {
    let world = world(Preset::Compatible);
    let (core, [ann, bob]) = (&world.core, ["ann", "bob"].map(|name| world.person(name)));
    let machine = bound(core, &ann, 1).id;
    let counts = |caller: &Caller, most| -> Result<Vec<(i64, u16)>> {
        let (every_s, hours) = hours(core, caller, machine, most)?;
        assert_eq!(every_s, 600);
        Ok(hours.into_iter().map(|hour| ((hour.at.seconds() - START.seconds()) / 3_600, hour.count)).collect())
    };
    assert_eq!(counts(&ann, 720), Ok(vec![]));
    for _ in 0..3 {
        heard(core, &ann, machine).unwrap();
    }
    assert_eq!(counts(&ann, 1), Ok(vec![(0, 3)]));
    world.clock.wind(Duration::from_secs(2 * 3_600));
    heard(core, &ann, machine).unwrap();
    assert_eq!(counts(&ann, 720), Ok(vec![(0, 3), (2, 1)]));
    assert_eq!(counts(&ann, 2), Ok(vec![(2, 1)]), "the present hour and the one before");
    world.clock.set(START);
    heard(core, &ann, machine).unwrap();
    assert_eq!(counts(&ann, 720), Ok(vec![(0, 3), (2, 2)]), "a clock that was set back counts on where it stood");
    world.clock.set(START.plus_seconds(721 * 3_600));
    heard(core, &ann, machine).unwrap();
    assert_eq!(counts(&ann, 720), Ok(vec![(2, 2), (721, 1)]));
    let kept = core.read(|view| schema::BEATS_BY_HOUR.count(view, &machine, 99)).unwrap();
    assert_eq!(kept, 1, "the first hour is gone from the store as well");
    assert_eq!(counts(&manager(&world), 1), Ok(vec![(721, 1)]));
    assert_eq!(counts(&bob, 1), Err(Error::NotFound(Thing::Machine)));
    assert!(counts(&Caller::anonymous(Dialect::Web), 1).is_err());
}

#[test]
fn who_is_missed_turns_inactive_frees_its_slot_and_lives_again_where_there_is_room() {
    let world = world(Preset::Fair);
    let (core, ann) = (&world.core, world.person("ann"));
    let machine = watched(core, &ann, 1).id;
    world.clock.wind(INTERVAL);
    heard(core, &ann, machine).unwrap();
    world.clock.wind(LATE - Duration::from_secs(2));
    look_at_all(core);
    assert_eq!(state(core, machine), MachineState::Active, "within its grace");
    world.clock.wind(Duration::from_secs(2));
    look_at_all(core);
    assert_eq!(state(core, machine), MachineState::Inactive(core.now()));
    assert!(!holds_slot(core, &ann, machine));
    let raised = alerts::list(core, &Caller::operator(), Ask::default()).unwrap().items;
    assert_eq!(raised.iter().map(|raised| raised.row.alert.kind).collect::<Vec<_>>(), [alerts::AlertKind::Dead]);
    let other = bound(core, &ann, 2).id;
    assert_eq!(heard(core, &ann, machine).unwrap_err(), Error::OverLimit(Limit::Machines));
    let last_seen = |machine| stands(core, &ann, machine).last_seen;
    assert_eq!(last_seen(machine), Some(START.plus_seconds(600)), "a refusal changes nothing");
    release(core, &ann, &code(2), Release::Own { cooldown_days: 0, per_year: 0 }).unwrap();
    assert_eq!(heard(core, &ann, machine).unwrap().state, MachineState::Active);
    assert!(holds_slot(core, &ann, machine) && !holds_slot(core, &ann, other));
    let verbs = [Verb::MachineInactive, Verb::MachineRevived].map(|verb| audited(core, verb));
    assert_eq!(verbs, [1, 1]);
    let account = id(&ann);
    let told: Vec<MachineTurn> = events(&world)
        .into_iter()
        .filter_map(|(_, what)| match what {
            What::MachineTurned { account: whose, machine: which, turn } if whose == account && which == machine => {
                Some(turn)
            }
            _ => None,
        })
        .collect();
    assert_eq!(told, [MachineTurn::Inactive, MachineTurn::Revived]);
    let names: Vec<_> = super::history::list(core, &ann, machine, Ask::default()).unwrap().items;
    let names: Vec<_> = names.iter().rev().map(|(_, entry)| entry.what.name()).collect();
    assert_eq!(names, ["bound", "inactive", "revived"]);
}

#[test]
fn no_timer_ever_deletes_a_machine() {
    let world = world(Preset::Tournament);
    let (core, ann) = (&world.core, world.person("ann"));
    let machine = watched(core, &ann, 1).id;
    heard(core, &ann, machine).unwrap();
    world.clock.wind(Duration::from_secs(3_600));
    heard(core, &ann, machine).unwrap_err();
    let nonce = renew_nonce(core, &Beater::Owner(ann.clone(), machine)).unwrap();
    let with_nonce = Beat { nonce: Some(nonce.reveal().clone()), ..Beat::default() };
    beat(core, &Beater::Owner(ann.clone(), machine), with_nonce).unwrap();
    for _ in 0..400 {
        world.clock.wind(Duration::from_secs(86_400));
        look_at_all(core);
    }
    assert!(matches!(state(core, machine), MachineState::Inactive(_)));
    core.read(|view| {
        assert_eq!(schema::BEATS_BY_HOUR.count(view, &machine, 99), Ok(0), "its hours are kept for thirty days");
        assert_eq!(schema::BEATS_BY_DUE.count(view, &(), 99), Ok(0), "nobody looks at it any more");
    });
    let nonce = renew_nonce(core, &Beater::Owner(ann.clone(), machine)).unwrap();
    let with_nonce = Beat { nonce: Some(nonce.reveal().clone()), ..Beat::default() };
    let answer = beat(core, &Beater::Owner(ann.clone(), machine), with_nonce).unwrap();
    assert_eq!(answer.state, MachineState::Active);
    assert_eq!(due(core).len(), 1, "it is waited for again");
}

#[test]
fn heartbeats_leave_the_index_alone_and_only_the_look_moves_it() {
    let world = world(Preset::Fair);
    let (core, ann) = (&world.core, world.person("ann"));
    let machine = watched(core, &ann, 1).id;
    let first = due(core);
    assert_eq!(first, [(START.plus_seconds(900), machine)]);
    for _ in 0..8 {
        world.clock.wind(Duration::from_secs(100));
        heard(core, &ann, machine).unwrap();
    }
    assert_eq!(due(core), first);
    assert_eq!(look(core), Ok(0));
    world.clock.wind(Duration::from_secs(100));
    assert_eq!(look(core), Ok(1));
    assert_eq!(due(core), [(START.plus_seconds(1_700), machine)], "behind the last heartbeat");
    let off = SetupChange { watch: Some(Watch::Off), ..SetupChange::default() };
    setup::change(core, &ann, machine, off).unwrap();
    world.clock.wind(Duration::from_secs(86_400));
    look_at_all(core);
    assert_eq!(state(core, machine), MachineState::Active, "nobody waits for it any more");
    watch(core, &ann, machine);
    assert_eq!(due(core), [(core.now().plus_seconds(900), machine)], "and from now on somebody does");
}

#[test]
fn a_rule_that_warns_counts_each_death_once_and_one_that_is_off_nothing() {
    for (preset, off, counted) in [(Preset::Compatible, false, 2), (Preset::Compatible, true, 0)] {
        let world = World::with_settings(|settings| {
            settings.machines.policy.preset = preset;
            if off {
                settings.machines.policy.set(Rule::Heartbeat, Some(Level::Off));
            }
        });
        let (core, ann) = (&world.core, world.person("ann"));
        let machine = watched(core, &ann, 1).id;
        for round in 0..2 {
            for _ in 0..5 {
                world.clock.wind(LATE);
                look_at_all(core);
            }
            assert_eq!(state(core, machine), MachineState::Active, "round {round}");
            heard(core, &ann, machine).unwrap();
        }
        let warned = policy::warnings(core, &Caller::operator(), 30).unwrap();
        let count: u64 = warned.iter().filter(|warned| warned.rule == Rule::Heartbeat).map(|warned| warned.count).sum();
        assert_eq!(count, counted);
        assert!(holds_slot(core, &ann, machine));
    }
}

#[test]
fn what_a_server_missed_while_it_was_off_is_nobodys_fault() {
    let world = world(Preset::Fair);
    let ann = world.person("ann");
    let machine = watched(&world.core, &ann, 1).id;
    world.clock.wind(Duration::from_secs(30 * 86_400));
    let core = &world.reopen();
    look_at_all(core);
    assert_eq!(state(core, machine), MachineState::Active);
    world.clock.wind(LATE);
    look_at_all(core);
    assert!(
        matches!(state(core, machine), MachineState::Inactive(_)),
        "an interval after the start it should be there"
    );
}

#[test]
fn of_two_that_come_back_at_once_one_finds_the_only_slot() {
    let world = World::with_settings(|settings| {
        settings.machines.policy.preset = Preset::Fair;
        settings.machines.per_account = 2;
    });
    let (core, ann) = (&world.core, &world.person("ann"));
    let machines = [1, 2].map(|number| watched(core, ann, number).id);
    world.clock.wind(LATE);
    look_at_all(core);
    bound(core, ann, 3);
    let results: Vec<Result<Heard>> = std::thread::scope(|scope| {
        let all: Vec<_> =
            (0..20).map(|turn| scope.spawn(move || heard(core, ann, machines[turn % machines.len()]))).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let lives = machines.map(|machine| state(core, machine) == MachineState::Active);
    assert_eq!(lives.iter().filter(|lives| **lives).count(), 1);
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 10);
    let refused = results.into_iter().filter_map(Result::err);
    assert!(refused.into_iter().all(|error| error == Error::OverLimit(Limit::Machines)));
    assert_eq!(core.read(|view| schema::SLOTS_BY_ACCOUNT.count(view, &id(ann), 99)), Ok(2));
}

#[test]
fn a_nonce_counts_once_where_the_rule_says_so() {
    for (preset, refused, counted) in
        [(Preset::Tournament, true, 0), (Preset::Fair, false, 3), (Preset::Compatible, false, 0)]
    {
        let world = world(preset);
        let (core, ann) = (&world.core, world.person("ann"));
        let machine = watched(core, &ann, 1).id;
        let by = Beater::Owner(ann.clone(), machine);
        let with = |nonce: Option<&str>| beat(core, &by, Beat { nonce: nonce.map(str::to_owned), ..Beat::default() });
        let first = with(None).unwrap().nonce;
        let second = with(Some(first.reveal())).unwrap().nonce;
        for wrong in [None, Some(first.reveal().as_str()), Some("made up")] {
            let answer = with(wrong).map(drop);
            assert_eq!(answer, if refused { Err(Error::Refused(Reason::NonceDue)) } else { Ok(()) }, "{preset:?}");
        }
        if refused {
            assert!(with(Some(second.reveal())).is_ok(), "a refusal takes nothing");
            let third = renew_nonce(core, &by).unwrap();
            assert_eq!(with(Some(second.reveal())).map(drop), Err(Error::Refused(Reason::NonceDue)));
            assert!(with(Some(third.reveal())).is_ok());
        }
        let warned = policy::warnings(core, &Caller::operator(), 30).unwrap();
        assert_eq!(warned.iter().map(|warned| warned.count).sum::<u64>(), counted, "{preset:?}");
    }
}

#[test]
fn a_banned_machine_is_not_heard() {
    let world = world(Preset::Compatible);
    let (core, ann) = (&world.core, world.person("ann"));
    let machine = watched(core, &ann, 1).id;
    let ban = move |tx: &mut crate::Tx<'_>| {
        let row = schema::MACHINE_BY_ID.get(tx, &machine)?.unwrap();
        Ok(schema::MACHINE_BY_ID.put(tx, &machine, &super::MachineRow { state: MachineState::Banned, ..row })?)
    };
    core.write(&Caller::system(), ban).unwrap();
    assert_eq!(heard(core, &ann, machine).unwrap_err(), Error::Refused(Reason::MachineBanned));
    assert!(renew_nonce(core, &Beater::Owner(ann, machine)).is_err());
    world.clock.wind(LATE);
    look_at_all(core);
    assert_eq!(state(core, machine), MachineState::Banned, "nobody waits for it");
}
