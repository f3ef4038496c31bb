//! Binding by our own protocol: machines that are recognised, machines of others, drift, tokens, alerts and what the rules make of it.

use chatelaine_store::Order;

use super::alerts::{self, Alert, AlertKind};
use super::fingerprint::{Components, Digest, Kind, Measured, Strictness};
use super::history::{self, Happened};
use super::policy::{self, Level, Preset, Rule};
use super::setup::{self, SetupChange, Watch};
use super::testing::*;
use super::*;
use crate::Core;
use crate::accounts;
use crate::audit::{self, Verb};
use crate::caller::Caller;
use crate::error::{Error, Field, Flaw, Limit, Reason, Result, Right, SignInFlaw, Thing, Unique};
use crate::event::What;
use crate::ids::{AccountId, AlertId, MachineId};
use crate::limits::{COMPONENT_BYTES_MAX, FINGERPRINTS_COMPARED_MAX, MACHINE_HISTORY_MAX};
use crate::page::{Ask, Done};
use crate::rooms::testing::{events, id};
use crate::schema;
use crate::server_roles::ServerPermission;
use crate::settings::Settings;
use crate::testing::World;

const WITHOUT_TERMS: Release = Release::Own { cooldown_days: 0, per_year: 0 };
/// What a whole computer tells, and what each part weighs together: 20, 20, 15, 8, 15, 5.
const KINDS: [Kind; 6] =
    [Kind::MachineId, Kind::ProductUuid, Kind::BoardSerial, Kind::Cpu, Kind::DiskSerial, Kind::Mac];

fn value(kind: Kind, number: u32) -> String {
    if kind == Kind::Mac { format!("c85b76{number:06x}") } else { format!("{}-{number}", kind.name()) }
}

/// The computer of a number, with these parts of another.
fn computer(number: u32, changed: &[Kind]) -> Components {
    let part = |kind: Kind| if changed.contains(&kind) { number + 1_000 } else { number };
    Components::new(KINDS.map(|kind| (kind, Measured::Value(value(kind, part(kind)))))).unwrap()
}

fn shown(components: Components) -> Enrolment {
    Enrolment { name: String::new(), code: None, components, facts: Vec::new(), watch: None }
}

fn try_enroll(core: &Core, caller: &Caller, components: Components) -> Result<Enrolled> {
    enroll(core, caller, shown(components))
}

fn enrolled(core: &Core, caller: &Caller, components: Components) -> Enrolled {
    try_enroll(core, caller, components).unwrap()
}

fn with_preset(preset: Preset) -> World {
    World::with_settings(|settings: &mut Settings| settings.machines.policy.preset = preset)
}

fn raised(core: &Core) -> Vec<Alert> {
    let page = alerts::list(core, &Caller::operator(), Ask::default()).unwrap();
    page.items.into_iter().map(|one| one.row.alert).collect()
}

fn happened(core: &Core, caller: &Caller, machine: MachineId) -> Vec<Happened> {
    let page = history::list(core, caller, machine, Ask::default()).unwrap();
    page.items.into_iter().map(|(_, entry)| entry.what).collect()
}

fn warned(core: &Core) -> Vec<(Rule, u64)> {
    let all = policy::warnings(core, &Caller::operator(), 30).unwrap();
    all.into_iter().map(|one| (one.rule, one.count)).collect()
}

/// For whom an event is.
fn heard(core: &Core, what: &What) -> Vec<AccountId> {
    let rows = core.read(|view| schema::EVENT_BY_ID.list(view, &(), None, Order::Ascending, 10_000)).unwrap();
    rows.into_iter().find(|(_, row)| row.what == *what).map_or(Vec::new(), |(_, row)| row.accounts)
}

fn held(core: &Core, caller: &Caller) -> u64 {
    core.read(|view| slots::held(view, id(caller))).unwrap()
}

#[test]
fn a_new_machine_gets_a_code_a_token_a_slot_and_a_history() {
    let world = World::new();
    let (core, ann) = (&world.core, world.person("ann"));
    let facts = vec![Fact { name: "os".into(), value: "Debian".into() }];
    let new = Enrolment { name: " Desk ".into(), facts, watch: Some(Watch::On), ..shown(computer(1, &[])) };
    let Enrolled { machine, token, recognised } = enroll(core, &ann, new).unwrap();
    assert_eq!((recognised, machine.account, &machine.state), (None, id(&ann), &MachineState::Active));
    assert_eq!(machine.code.as_str().len(), 32);
    let whole = overview::get(core, &ann, machine.id).unwrap();
    assert_eq!((whole.setup.name.as_str(), whole.setup.watch, whole.setup.via), ("Desk", Some(600), ann.dialect));
    assert_eq!(whole.fingerprint.as_ref().map(|kept| kept.counts()), Some((6, 6)));
    assert_eq!(whole.machine.facts.len(), 1);
    let key = tokens::resolve(core, token.reveal()).unwrap();
    assert_eq!((key.machine, key.account, key.require_free()), (machine.id, id(&ann), Ok(())));
    assert_eq!(happened(core, &ann, machine.id), [Happened::Bound]);
    assert_eq!(held(core, &ann), 1);
    let what = What::MachineBound { account: id(&ann), machine: machine.id };
    assert!(events(&world).iter().any(|(_, told)| *told == what));
    assert!(!format!("{token:?}").contains(token.reveal().as_str()));
}

#[test]
fn a_machine_that_is_bound_again_is_recognised_and_costs_no_slot() {
    let world = World::with_settings(|settings| settings.machines.per_account = 1);
    let (core, ann) = (&world.core, world.person("ann"));
    let first = enrolled(core, &ann, computer(1, &[]));
    for _ in 0..3 {
        let again = enrolled(core, &ann, computer(1, &[]));
        assert_eq!(
            (again.recognised, again.machine.id, &again.machine.code),
            (Some(100), first.machine.id, &first.machine.code)
        );
    }
    assert_eq!(held(core, &ann), 1);
    let bad = Err(Error::SignIn(SignInFlaw::BadToken));
    assert_eq!(tokens::resolve(core, first.token.reveal()), bad, "the token before has ended");
    assert_eq!(core.read(|view| schema::ID_BY_MACHINE_TOKEN.count(view, &(), 9)), Ok(1));
    assert_eq!(try_enroll(core, &ann, computer(2, &[])).err(), Some(Error::OverLimit(Limit::Machines)));
}

#[test]
fn a_changed_part_is_followed_step_by_step_without_a_slot_and_audited() {
    let world = World::with_settings(|settings| settings.machines.per_account = 1);
    let (core, ann) = (&world.core, world.person("ann"));
    let machine = enrolled(core, &ann, computer(1, &[])).machine.id;
    let disk = enrolled(core, &ann, computer(1, &[Kind::DiskSerial]));
    assert_eq!((disk.machine.id, disk.recognised), (machine, Some(81)), "15 of 83 are another");
    let drift = overview::get(core, &ann, machine).unwrap().fingerprint.unwrap().drift.unwrap();
    assert_eq!((drift.at, drift.percent), (core.now(), 81));
    let system = enrolled(core, &ann, computer(1, &[Kind::DiskSerial, Kind::MachineId]));
    assert_eq!((system.machine.id, system.recognised), (machine, Some(75)), "seen from the machine as it was last");
    let at_once = try_enroll(core, &ann, computer(1, &[]));
    assert_eq!(at_once.err(), Some(Error::OverLimit(Limit::Machines)), "57 % is another one");
    assert_eq!(held(core, &ann), 1);
    let drifts = happened(core, &ann, machine);
    assert!(drifts.contains(&Happened::Drifted { percent: 81 }) && drifts.contains(&Happened::Drifted { percent: 75 }));
    let trail = audit::list(core, &Caller::operator(), Ask::default()).unwrap().items;
    let row = trail.iter().find(|row| row.verb == Verb::MachineDrifted).unwrap();
    assert_eq!((row.target.as_str(), row.detail.ends_with('%')), ("machine 1", true));
}

#[test]
fn too_much_changed_is_another_machine() {
    let world = World::new();
    let (core, ann) = (&world.core, world.person("ann"));
    let first = enrolled(core, &ann, computer(1, &[]));
    let half = [Kind::MachineId, Kind::DiskSerial, Kind::Mac];
    let second = enrolled(core, &ann, computer(1, &half));
    assert_eq!(second.recognised, None);
    assert_ne!(second.machine.id, first.machine.id);
    let relaxed = World::with_settings(|settings| settings.machines.strictness = Strictness::Relaxed);
    let (core, ann) = (&relaxed.core, relaxed.person("ann"));
    enrolled(core, &ann, computer(1, &[]));
    assert_eq!(enrolled(core, &ann, computer(1, &half)).recognised, Some(51));
}

#[test]
fn a_machine_of_another_account_is_never_moved_and_the_rule_says_whether_it_is_bound_twice() {
    for (preset, own, alerted, counted) in [
        (Preset::Compatible, None, true, true),
        (Preset::Fair, None, true, false),
        (Preset::Tournament, None, true, false),
        (Preset::Fair, Some(Level::Off), false, false),
    ] {
        let world = World::with_settings(|settings| {
            settings.machines.policy.preset = preset;
            settings.machines.policy.set(Rule::Twin, own);
        });
        let (core, [ann, bob]) = (&world.core, ["ann", "bob"].map(|name| world.person(name)));
        let manager = manager(&world);
        let first = enrolled(core, &ann, computer(1, &[]));
        let result = try_enroll(core, &bob, computer(1, &[Kind::Mac]));
        let refused = !counted && alerted;
        assert_eq!(result.as_ref().err(), refused.then_some(&Error::Refused(Reason::MachineTwin)), "{preset:?}");
        assert_eq!(held(core, &bob), u64::from(!refused));
        let twin = Alert {
            kind: AlertKind::Twin,
            machine: None,
            account: id(&bob),
            other: Some((id(&ann), first.machine.id)),
        };
        assert_eq!(raised(core), if alerted { vec![twin] } else { vec![] }, "also where it is refused");
        assert_eq!(warned(core), if counted { vec![(Rule::Twin, 1)] } else { vec![] });
        let told = What::MachineAlert { alert: AlertId::new(1), kind: AlertKind::Twin };
        assert_eq!(heard(core, &told), if alerted { vec![id(&manager)] } else { vec![] });
        assert_eq!(overview::get(core, &ann, first.machine.id).unwrap().machine, first.machine, "ann keeps hers");
        assert!(tokens::resolve(core, first.token.reveal()).is_ok());
    }
}

#[test]
fn a_flood_of_the_same_raises_one_alert_until_it_is_seen_or_old() {
    let world = with_preset(Preset::Fair);
    let (core, [ann, bob]) = (&world.core, ["ann", "bob"].map(|name| world.person(name)));
    let manager = manager(&world);
    enrolled(core, &ann, computer(1, &[]));
    let again = || assert!(try_enroll(core, &bob, computer(1, &[])).is_err());
    (0..5).for_each(|_| again());
    assert_eq!(raised(core).len(), 1);
    assert_eq!(alerts::see(core, &manager, AlertId::new(1)), Ok(Done::Done));
    assert_eq!(alerts::see(core, &manager, AlertId::new(1)), Ok(Done::AlreadySo));
    again();
    assert_eq!(raised(core).len(), 2);
    world.clock.wind(std::time::Duration::from_secs(3_600));
    again();
    assert_eq!(raised(core).len(), 3);
    assert_eq!(alerts::see(core, &manager, AlertId::new(9)), Err(Error::NotFound(Thing::MachineAlert)));
    let denied = Error::Denied(Right::Server(ServerPermission::ManageMachines));
    assert_eq!(alerts::see(core, &bob, AlertId::new(1)), Err(denied));
    assert_eq!(alerts::list(core, &bob, Ask::default()).err(), Some(denied));
}

#[test]
fn one_copied_component_leads_to_nobody() {
    let world = with_preset(Preset::Tournament);
    let (core, [ann, bob]) = (&world.core, ["ann", "bob"].map(|name| world.person(name)));
    enrolled(core, &ann, computer(1, &[]));
    for (number, kind) in KINDS.into_iter().enumerate() {
        let mut parts: Vec<_> = KINDS.map(|kind| (kind, value(kind, 500 + number as u32))).to_vec();
        parts.retain(|(other, _)| *other != kind);
        parts.push((kind, value(kind, 1)));
        let copied = Components::new(parts.into_iter().map(|(kind, text)| (kind, Measured::Value(text)))).unwrap();
        assert_eq!(enrolled(core, &bob, copied).recognised, None, "{kind:?}");
        release(core, &bob, &overview::list(core, &bob, Ask::default()).unwrap().items[0].machine.code, WITHOUT_TERMS)
            .unwrap();
    }
    assert_eq!(raised(core), []);
}

#[test]
fn many_who_share_a_component_do_not_hide_ones_own_machine() {
    let world = World::with_settings(|settings| settings.machines.per_account = 0);
    let (core, [ann, bob]) = (&world.core, ["ann", "bob"].map(|name| world.person(name)));
    let mine = enrolled(core, &ann, computer(1, &[]));
    for number in 0..FINGERPRINTS_COMPARED_MAX as u32 + 8 {
        let mut parts = KINDS.map(|kind| (kind, Measured::Value(value(kind, 5_000 + number))));
        parts[4] = (Kind::DiskSerial, Measured::Value(value(Kind::DiskSerial, 1)));
        enrolled(core, &bob, Components::new(parts).unwrap());
    }
    assert_eq!(enrolled(core, &ann, computer(1, &[])).machine.id, mine.machine.id);
}

#[test]
fn a_machine_that_tells_too_little_is_bound_as_the_rule_says() {
    let thin = || Components::new([(Kind::Cpu, Measured::Value("some model".into()))]).unwrap();
    for (preset, result, counted) in [
        (Preset::Compatible, Ok(()), vec![]),
        (Preset::Fair, Ok(()), vec![(Rule::Fingerprint, 2)]),
        (Preset::Tournament, Err(Error::Refused(Reason::MachineUnproven)), vec![]),
    ] {
        let world = with_preset(preset);
        let (core, ann) = (&world.core, world.person("ann"));
        for components in [thin(), Components::default()] {
            assert_eq!(try_enroll(core, &ann, components).map(drop), result, "{preset:?}");
        }
        assert_eq!(warned(core), counted);
        let two = Components::new([Kind::BoardSerial, Kind::Mac].map(|kind| (kind, Measured::Value(value(kind, 1)))));
        assert!(try_enroll(core, &ann, two.unwrap()).is_ok(), "two classes, and one of them is its own");
    }
}

#[test]
fn a_code_leads_to_ones_own_machine_and_never_to_that_of_another() {
    let world = World::new();
    let (core, [ann, bob]) = (&world.core, ["ann", "bob"].map(|name| world.person(name)));
    let machine = bound(core, &ann, 7);
    let by_code = |caller: &Caller, components| {
        let new = Enrolment { code: Some(code(7)), ..shown(components) };
        enroll(core, caller, new)
    };
    assert_eq!(by_code(&bob, computer(1, &[])).err(), Some(Error::Taken(Unique::MachineCode)));
    let found = by_code(&ann, computer(1, &[])).unwrap();
    assert_eq!((found.machine.id, found.recognised), (machine.id, Some(100)), "bound by another client before");
    assert_eq!(found.machine.facts, machine.facts, "and what that one told stays");
    let unlike = by_code(&ann, computer(2, &[])).unwrap();
    assert_eq!(
        (unlike.machine.id, unlike.recognised),
        (machine.id, Some(0)),
        "its owner says so, and no rule is against it"
    );
    let strict = with_preset(Preset::Tournament);
    let (core, ann) = (&strict.core, strict.person("ann"));
    let new = |number| Enrolment { code: Some(code(7)), ..shown(computer(number, &[])) };
    let first = enroll(core, &ann, new(1)).unwrap();
    assert_eq!(enroll(core, &ann, new(2)).err(), Some(Error::Refused(Reason::MachineChanged)));
    let refused =
        Alert { kind: AlertKind::DriftRefused, machine: Some(first.machine.id), account: id(&ann), other: None };
    assert_eq!(raised(core), [refused]);
    assert!(tokens::resolve(core, first.token.reveal()).is_ok(), "nothing else happened");
    assert_eq!(happened(core, &ann, first.machine.id), [Happened::Bound]);
}

#[test]
fn a_banned_machine_is_not_bound_again_by_anybody() {
    let world = World::new();
    let (core, [ann, bob]) = (&world.core, ["ann", "bob"].map(|name| world.person(name)));
    let first = enrolled(core, &ann, computer(1, &[]));
    let machine = first.machine.id;
    bans::ban(core, &Caller::operator(), machine, (crate::clock::Until::Forever, "x")).unwrap();
    for who in [&ann, &bob] {
        assert_eq!(try_enroll(core, who, computer(1, &[])).err(), Some(Error::Refused(Reason::MachineBanned)));
    }
    assert!(raised(core).iter().any(|alert| alert.kind == AlertKind::BannedMachine && alert.account == id(&bob)));
    let key = tokens::resolve(core, first.token.reveal()).unwrap();
    assert_eq!(key.require_free(), Err(Error::Refused(Reason::MachineBanned)), "it may read why");
}

#[test]
fn an_inactive_machine_that_is_bound_again_takes_its_slot_back() {
    let world = World::with_settings(|settings| settings.machines.per_account = 1);
    let (core, ann) = (&world.core, world.person("ann"));
    let machine = enrolled(core, &ann, computer(1, &[])).machine.id;
    let now = core.now();
    core.write(&Caller::system(), move |tx| {
        let row = schema::MACHINE_BY_ID.get(tx, &machine)?.unwrap();
        standing::deactivate(tx, now, machine, row).map(drop)
    })
    .unwrap();
    let other = enrolled(core, &ann, computer(2, &[]));
    assert_eq!(try_enroll(core, &ann, computer(1, &[])).err(), Some(Error::OverLimit(Limit::Machines)));
    release(core, &ann, &other.machine.code, WITHOUT_TERMS).unwrap();
    let back = enrolled(core, &ann, computer(1, &[]));
    assert_eq!((back.machine.id, back.machine.state), (machine, MachineState::Active));
    let all = happened(core, &ann, machine);
    assert_eq!(all, [Happened::Recognised { percent: 100 }, Happened::Revived, Happened::Inactive, Happened::Bound]);
}

#[test]
fn a_released_machine_is_forgotten_and_may_be_bound_by_another() {
    let world = with_preset(Preset::Tournament);
    let (core, [ann, bob]) = (&world.core, ["ann", "bob"].map(|name| world.person(name)));
    let new = Enrolment { name: "Desk".into(), ..shown(computer(1, &[])) };
    let first = enroll(core, &ann, new).unwrap();
    release(core, &ann, &first.machine.code, WITHOUT_TERMS).unwrap();
    assert!(tokens::resolve(core, first.token.reveal()).is_err());
    let gone = overview::get(core, &ann, first.machine.id).unwrap();
    assert_eq!((gone.setup.name.as_str(), gone.fingerprint), ("", None));
    core.read(|view| {
        assert_eq!(schema::MACHINES_BY_COMPONENT.count(view, &(), 9), Ok(0));
    });
    let listens = tokens::resolve_listener(core, first.token.reveal());
    assert_eq!(listens, Ok(first.machine.id), "it may still read what the server has to say to it");
    let released = overview::list_released(core, &ann, Ask::default()).unwrap().items;
    assert_eq!(released.len(), 1);
    let second = enrolled(core, &bob, computer(1, &[]));
    assert!(second.recognised.is_none() && second.machine.id != first.machine.id);
    assert_eq!(happened(core, &ann, first.machine.id), [Happened::Released, Happened::Bound]);
    assert_eq!(raised(core), []);
}

#[test]
fn only_its_owner_names_a_machine_or_makes_its_token_anew() {
    let world = World::new();
    let (core, [ann, bob]) = (&world.core, ["ann", "bob"].map(|name| world.person(name)));
    let manager = manager(&world);
    let Enrolled { machine, token, .. } = enrolled(core, &ann, computer(1, &[]));
    let hidden = Error::NotFound(Thing::Machine);
    let named = |name: &str| SetupChange { name: Some(name.to_owned()), watch: Some(Watch::On) };
    for who in [&bob, &manager] {
        assert_eq!(setup::change(core, who, machine.id, named("x")).err(), Some(hidden));
        assert_eq!(tokens::renew(core, who, machine.id).err(), Some(hidden));
        assert_eq!(overview::get(core, who, machine.id).err(), Some(hidden));
    }
    assert_eq!(history::list(core, &bob, machine.id, Ask::default()).err(), Some(hidden));
    assert!(history::list(core, &manager, machine.id, Ask::default()).is_ok());
    assert!(overview::get_any(core, &manager, machine.id).is_ok());
    setup::change(core, &ann, machine.id, named(" Attic ")).unwrap();
    setup::change(core, &ann, machine.id, SetupChange::default()).unwrap();
    let setup = overview::get(core, &ann, machine.id).unwrap().setup;
    assert_eq!((setup.name.as_str(), setup.watch), ("Attic", Some(600)));
    setup::change(core, &ann, machine.id, SetupChange { watch: Some(Watch::Off), ..SetupChange::default() }).unwrap();
    assert_eq!(overview::get(core, &ann, machine.id).unwrap().setup.watch, None);
    assert_eq!(happened(core, &ann, machine.id), [Happened::Renamed, Happened::Bound]);
    for (bad, flaw) in [("x".repeat(101), Flaw::TooLong), ("a\u{7}".to_owned(), Flaw::Malformed)] {
        let wrong = Some(Error::Invalid(Field::MachineName, flaw));
        assert_eq!(setup::change(core, &ann, machine.id, named(&bad)).err(), wrong);
    }
    let fresh = tokens::renew(core, &ann, machine.id).unwrap();
    assert!(tokens::resolve(core, token.reveal()).is_err() && tokens::resolve(core, fresh.reveal()).is_ok());
    for bad in ["", "cm_", "cm_x", &fresh.reveal()[3..]] {
        assert_eq!(tokens::resolve(core, bad), Err(Error::SignIn(SignInFlaw::BadToken)), "{bad}");
    }
    accounts::close_other(core, &Caller::operator(), id(&ann)).unwrap();
    assert!(tokens::resolve(core, fresh.reveal()).is_err(), "it does not outlive its account");
}

#[test]
fn history_is_bounded_and_read_page_by_page() {
    let world = World::new();
    let (core, ann) = (&world.core, world.person("ann"));
    let machine = enrolled(core, &ann, Components::default()).machine.id;
    let now = core.now();
    core.write(&Caller::system(), move |tx| {
        (0..MACHINE_HISTORY_MAX + 20)
            .try_for_each(|serial| history::note(tx, now, machine, Happened::Certified { serial }))
    })
    .unwrap();
    assert_eq!(core.read(|view| schema::HISTORY_BY_MACHINE.count(view, &machine, 9_999)), Ok(500));
    let first = history::list(core, &ann, machine, Ask { after: None, limit: 2 }).unwrap();
    let last = MACHINE_HISTORY_MAX + 19;
    let serials = |page: &crate::Page<history::Entry, u64>| page.items.iter().map(|one| one.1.what).collect::<Vec<_>>();
    assert_eq!(serials(&first), [last, last - 1].map(|serial| Happened::Certified { serial }));
    let next = history::list(core, &ann, machine, Ask { after: first.next, limit: 1 }).unwrap();
    assert_eq!(serials(&next), [Happened::Certified { serial: last - 2 }]);
}

#[test]
fn warnings_are_counted_by_day_and_old_days_go() {
    let world = with_preset(Preset::Fair);
    let (core, ann) = (&world.core, world.person("ann"));
    let day = std::time::Duration::from_secs(86_400);
    for _ in 0..2 {
        enrolled(core, &ann, Components::default());
    }
    world.clock.wind(day * 2);
    enrolled(core, &ann, Components::default());
    let counts: Vec<u64> =
        policy::warnings(core, &Caller::operator(), 30).unwrap().into_iter().map(|one| one.count).collect();
    assert_eq!(counts, [1, 2], "newest day first");
    assert_eq!(policy::warnings(core, &Caller::operator(), 2).unwrap().len(), 1);
    world.clock.wind(day * 366);
    enrolled(core, &ann, Components::default());
    assert_eq!(core.read(|view| schema::WARNED_COUNT.count(view, &(), 9)), Ok(2));
    assert!(policy::warnings(core, &ann, 30).is_err());
}

#[test]
fn what_is_stored_of_a_component_is_neither_its_value_nor_its_digest() {
    let world = World::new();
    let (core, ann) = (&world.core, world.person("ann"));
    enrolled(core, &ann, computer(1, &[]));
    let digests: Vec<[u8; 16]> = computer(1, &[]).iter().map(|(_, digest): (Kind, Digest)| *digest.bytes()).collect();
    let (texts, seen) = (KINDS.map(|kind| value(kind, 1)), std::sync::Mutex::new(0));
    core.store()
        .check(|_, key, row| {
            for bytes in [key, row] {
                let holds = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
                assert!(!digests.iter().any(|digest| holds(digest)), "a digest is stored");
                assert!(!texts.iter().any(|text| holds(text.as_bytes())), "a value is stored");
            }
            *seen.lock().unwrap() += 1;
            Ok(())
        })
        .unwrap();
    assert!(*seen.lock().unwrap() > 10);
}

#[test]
fn of_many_who_bind_one_computer_at_once_to_one_account_one_machine_comes() {
    let world = World::new();
    let (core, ann) = (&world.core, world.person("ann"));
    let results: Vec<Option<u8>> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..20).map(|_| scope.spawn(|| enrolled(core, &ann, computer(1, &[])).recognised)).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(results.iter().filter(|recognised| recognised.is_none()).count(), 1);
    assert_eq!(held(core, &ann), 1);
}

#[test]
fn values_that_are_too_long_are_left_out_and_too_many_refused() {
    let long = Components::new([(Kind::Cpu, Measured::Value("ab".repeat(COMPONENT_BYTES_MAX)))]).unwrap();
    assert!(long.is_empty());
}
