//! Bans: what they take from a machine, who may, that a banned computer is recognised whoever comes with it, and that they end.

use std::time::Duration;

use super::bans::*;
use super::fingerprint::{Components, Kind, Measured};
use super::machine::MachineState;
use super::policy::{Level, Rule};
use super::testing::*;
use super::{Enrolled, Enrolment, Machine, Release, alerts, enroll, overview, release, tokens};
use crate::Core;
use crate::accounts;
use crate::audit::{self, Verb};
use crate::caller::{Caller, Dialect};
use crate::clock::Until;
use crate::error::{Error, Field, Flaw, Reason, Result, Right, Thing, Unique};
use crate::event::What;
use crate::ids::{AccountId, MachineId};
use crate::page::Ask;
use crate::rooms::testing::{events, id};
use crate::schema;
use crate::server_roles::ServerPermission;
use crate::testing::World;

const WEEK: Duration = Duration::from_secs(7 * 24 * 3_600);

/// The parts of a computer of this number.
fn parts(number: u32) -> Components {
    let value = |text: String| Measured::Value(text);
    let all = [
        (Kind::MachineId, value(format!("{:032x}", u128::from(number) + 0x1234_5678_9abc_def0))),
        (Kind::BoardSerial, value(format!("board-{number}-a7"))),
        (Kind::DiskSerial, value(format!("disk-{number}-k9"))),
        (Kind::Cpu, value("Some Processor 3".to_owned())),
    ];
    Components::new(all).unwrap()
}

fn enrolment(number: u32) -> Enrolment {
    Enrolment { name: format!("desk {number}"), code: None, components: parts(number), facts: Vec::new(), watch: None }
}

fn enrolled(core: &Core, who: &Caller, number: u32) -> Result<Enrolled> {
    enroll(core, who, enrolment(number))
}

fn state(core: &Core, machine: MachineId) -> MachineState {
    core.read(|view| schema::MACHINE_BY_ID.get(view, &machine)).unwrap().unwrap().state
}

fn slots(core: &Core, account: AccountId) -> usize {
    core.read(|view| schema::SLOTS_BY_ACCOUNT.count(view, &account, 99)).unwrap()
}

fn banned(core: &Core, machine: &Machine, until: Until) {
    ban(core, &Caller::operator(), machine.id, (until, "aim bot")).unwrap();
}

/// Alerts about banned machines: who came, and whose machine it is.
fn alerted(core: &Core) -> Vec<(u64, Option<(u64, u64)>)> {
    let all = alerts::list(core, &Caller::operator(), Ask::default()).unwrap().items;
    let kind = alerts::AlertKind::BannedMachine;
    let told = all.iter().filter(|raised| raised.row.alert.kind == kind).map(|raised| {
        let other = raised.row.alert.other.map(|(account, machine)| (account.get(), machine.get()));
        (raised.row.alert.account.get(), other)
    });
    told.collect()
}

#[test]
fn a_banned_machine_stays_bound_holds_no_slot_and_reads_why() {
    let world = World::new();
    let (core, ann, manager) = (&world.core, world.person("ann"), manager(&world));
    let Enrolled { machine, token, .. } = enrolled(core, &ann, 1).unwrap();
    assert_eq!(slots(core, id(&ann)), 1);
    ban(core, &manager, machine.id, (Until::Forever, " aim bot ")).unwrap();
    assert_eq!((state(core, machine.id), slots(core, id(&ann))), (MachineState::Banned, 0));
    assert_eq!(overview::list(core, &ann, Ask::default()).unwrap().items.len(), 1);
    let told = core.read(|view| of(view, machine.id)).unwrap().unwrap();
    assert_eq!((told.reason.as_str(), told.until, told.by), ("aim bot", Until::Forever, manager.account_id()));
    let key = tokens::resolve(core, token.reveal()).unwrap();
    assert_eq!((key.is_banned, key.require_free()), (true, Err(Error::Refused(Reason::MachineBanned))));
    assert_eq!(ban(core, &manager, machine.id, (Until::Forever, "again")), Err(Error::Exists(Thing::Ban)));
    let what = What::MachineBanned { account: id(&ann), machine: machine.id };
    assert!(events(&world).iter().any(|(_, told)| *told == what));
    for how in [Release::Own { cooldown_days: 0, per_year: 0 }, Release::Managed { reason: String::new() }] {
        let who = if matches!(how, Release::Managed { .. }) { &manager } else { &ann };
        assert_eq!(release(core, who, &machine.code, how), Err(Error::Refused(Reason::MachineBanned)));
    }
    unban(core, &manager, machine.id).unwrap();
    assert_eq!((state(core, machine.id), slots(core, id(&ann))), (MachineState::Active, 1));
    assert_eq!(unban(core, &manager, machine.id), Err(Error::NotFound(Thing::Ban)));
    let trail = audit::list(core, &Caller::operator(), Ask::default()).unwrap().items;
    let verbs: Vec<_> = trail.iter().take(2).map(|row| (row.verb, row.target.as_str(), row.detail.as_str())).collect();
    assert_eq!(
        verbs,
        [(Verb::MachineUnbanned, "machine 1", "account 1"), (Verb::MachineBanned, "machine 1", "account 1")]
    );
    for tree in [&schema::BANNED_CODES, &schema::BANNED_COMPONENTS] {
        assert_eq!(core.read(|view| tree.first(view, &())), Ok(None), "nothing is left of it");
    }
}

#[test]
fn only_who_manages_machines_bans_and_nobody_his_superiors() {
    let world = World::new();
    let (core, [ann, bob]) = (&world.core, ["ann", "bob"].map(|name| world.person(name)));
    let (manager, service) = (manager(&world), service(&world));
    let chief = Caller::account(world.administrator("chief").id, Dialect::Web);
    let (of_ann, of_chief) = (bound(core, &ann, 1).id, bound(core, &chief, 2).id);
    let put = |who: &Caller, machine| ban(core, who, machine, (Until::Forever, "x"));
    let lacks = Err(Error::Denied(Right::Server(ServerPermission::ManageMachines)));
    for who in [&ann, &bob, &service] {
        assert_eq!(put(who, of_ann), lacks);
        assert_eq!(put(who, MachineId::new(99)), lacks, "whether or not there is one");
        assert_eq!(unban(core, who, of_ann), lacks);
    }
    assert_eq!(put(&manager, of_chief), Err(Error::Denied(Right::OtherAccount)));
    assert_eq!(put(&manager, MachineId::new(99)), Err(Error::NotFound(Thing::Machine)));
    let wrong = |until, why: &str| ban(core, &manager, of_ann, (until, why));
    assert_eq!(wrong(Until::Forever, " "), Err(Error::Invalid(Field::ReasonText, Flaw::Empty)));
    assert_eq!(wrong(Until::At(core.now()), "x"), Err(Error::Invalid(Field::Time, Flaw::Range)));
    assert_eq!(put(&Caller::operator(), of_chief), Ok(()));
    assert_eq!(unban(core, &manager, of_chief), Err(Error::Denied(Right::OtherAccount)));
    assert_eq!(core.read(|view| of(view, of_ann)), Ok(None));
    assert!(release(core, &ann, &code(1), Release::Own { cooldown_days: 0, per_year: 0 }).is_ok());
    assert_eq!(put(&manager, of_ann), Err(Error::NotFound(Thing::Machine)), "a released one is nobody's");
}

#[test]
fn whoever_comes_with_a_banned_computer_is_refused_and_told_of() {
    let world = World::new();
    let (core, [ann, bob]) = (&world.core, ["ann", "bob"].map(|name| world.person(name)));
    let machine = enrolled(core, &ann, 1).unwrap().machine;
    banned(core, &machine, Until::Forever);
    let refused = Err(Error::Refused(Reason::MachineBanned));
    assert_eq!(enrolled(core, &ann, 1).map(drop), refused, "its owner");
    assert_eq!(enrolled(core, &bob, 1).map(drop), refused, "a new account, by what was measured");
    let by_code = super::NewMachine { code: machine.code.clone(), ..new(id(&bob), 0) };
    assert_eq!(super::bind(core, &bob, by_code.clone()).map(drop), refused, "by its code");
    let stranger = Caller::anonymous(Dialect::Aegisspeed);
    assert_eq!(super::bind(core, &stranger, by_code).map(drop), refused, "also who has not signed in");
    let (of_ann, of_bob) = (id(&ann).get(), id(&bob).get());
    let is_machine = Some((of_ann, machine.id.get()));
    assert_eq!(alerted(core), [(of_bob, is_machine), (of_ann, is_machine)], "of a flood of the same one stands");
    assert!(enrolled(core, &bob, 2).is_ok(), "another computer is not banned");
    assert_eq!(core.read(|view| schema::MACHINE_BY_ID.count(view, &(), 99)), Ok(2));
}

#[test]
fn where_the_rule_only_warns_the_alert_holds_whatever_comes_of_it() {
    let world = World::with_settings(|settings| {
        settings.machines.policy.set(Rule::BannedMachine, Some(Level::Warn));
    });
    let (core, [ann, bob]) = (&world.core, ["ann", "bob"].map(|name| world.person(name)));
    let machine = enrolled(core, &ann, 1).unwrap().machine;
    banned(core, &machine, Until::Forever);
    let by_code = super::NewMachine { code: machine.code.clone(), ..new(id(&bob), 0) };
    let taken = super::bind(core, &bob, by_code).map(drop);
    assert_eq!(taken, Err(Error::Taken(Unique::MachineCode)), "the code is still its owner's");
    assert_eq!(alerted(core).len(), 1);
    assert!(enrolled(core, &bob, 1).is_ok(), "bound, and counted");
}

#[test]
fn removing_the_account_does_not_free_the_computer() {
    let world = World::new();
    let (core, [ann, bob]) = (&world.core, ["ann", "bob"].map(|name| world.person(name)));
    let machine = enrolled(core, &ann, 1).unwrap().machine;
    banned(core, &machine, Until::Forever);
    accounts::remove(core, &ann).unwrap();
    let kept = core.read(|view| of(view, machine.id)).unwrap().unwrap();
    assert_eq!((kept.reason.as_str(), kept.account), ("", id(&ann)), "numbers and marks alone");
    let refused = Err(Error::Refused(Reason::MachineBanned));
    assert_eq!(enrolled(core, &bob, 1).map(drop), refused);
    let by_code = super::NewMachine { code: machine.code, ..new(id(&bob), 0) };
    assert_eq!(super::bind(core, &bob, by_code).map(drop), refused);
    unban(core, &Caller::operator(), machine.id).unwrap();
    assert!(enrolled(core, &bob, 1).is_ok());
}

#[test]
fn a_ban_ends_by_its_time_and_where_there_is_no_room_the_machine_waits() {
    let world = World::with_settings(|settings| settings.machines.per_account = 1);
    let (core, ann) = (&world.core, world.person("ann"));
    let first = enrolled(core, &ann, 1).unwrap().machine;
    banned(core, &first, Until::At(core.now().plus_seconds(WEEK.as_secs())));
    let second = enrolled(core, &ann, 2).unwrap().machine;
    assert_eq!(lapse(core), Ok(0));
    world.clock.wind(WEEK);
    assert_eq!(lapse(core), Ok(1));
    assert_eq!(state(core, first.id), MachineState::Inactive(core.now()), "the slot is another's now");
    assert_eq!((state(core, second.id), slots(core, id(&ann))), (MachineState::Active, 1));
    assert_eq!(lapse(core), Ok(0));
    assert_eq!(core.read(|view| schema::BANS_BY_END.first(view, &())), Ok(None));
    let what = What::MachineUnbanned { account: id(&ann), machine: first.id };
    assert!(events(&world).iter().any(|(_, told)| *told == what));
}

#[test]
fn a_ban_that_has_run_out_refuses_nobody_before_the_job_comes() {
    let world = World::new();
    let (core, [ann, bob]) = (&world.core, ["ann", "bob"].map(|name| world.person(name)));
    let machine = enrolled(core, &ann, 1).unwrap().machine;
    banned(core, &machine, Until::At(core.now().plus_seconds(60)));
    accounts::remove(core, &ann).unwrap();
    world.clock.wind(Duration::from_secs(60));
    assert!(enrolled(core, &bob, 1).is_ok());
    assert_eq!(lapse(core), Ok(1));
    assert_eq!(core.read(|view| schema::BAN_BY_MACHINE.first(view, &())), Ok(None));
}

#[test]
fn of_many_who_ban_and_bind_at_once_nobody_slips_through() {
    let world = World::new();
    let (core, ann) = (&world.core, world.person("ann"));
    let machine = enrolled(core, &ann, 1).unwrap().machine;
    let people: Vec<Caller> = (0..8).map(|number| world.person(&format!("p{number}"))).collect();
    let bans: usize = std::thread::scope(|scope| {
        let all: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| ban(core, &Caller::operator(), machine.id, (Until::Forever, "x")).is_ok()))
            .collect();
        for person in &people {
            scope.spawn(|| enrolled(core, person, 1).map(drop));
        }
        all.into_iter().map(|one| usize::from(one.join().unwrap())).sum()
    });
    assert_eq!((bans, state(core, machine.id)), (1, MachineState::Banned));
    for person in &people {
        assert_eq!(enrolled(core, person, 1).map(drop), Err(Error::Refused(Reason::MachineBanned)));
    }
}
