//! Certificates: who gets one, what stands in it, what survives drift, and every way in which one is not good.

use std::collections::HashSet;
use std::time::Duration;

use super::*;
use crate::Core;
use crate::audit::{self, Verb};
use crate::caller::{Caller, Dialect};
use crate::clock::Stamp;
use crate::error::{Error, Field, Flaw, Limit, Reason, Result, Thing};
use crate::ids::{MachineId, SigningKeyId};
use crate::limits::CERTIFICATES_PER_MACHINE_MAX;
use crate::machines::fingerprint::{Components, Kind, Strictness};
use crate::machines::testing::*;
use crate::machines::{self, Enrolled, Release, history, notices, tokens};
use crate::page::Ask;
use crate::rooms::testing::id;
use crate::schema;
use crate::signing::{PublicKey, Trouble, rotate, trusted};
use crate::testing::{START, World};

const HOUR: Duration = Duration::from_secs(3_600);

fn wish(components: Components) -> Wish {
    Wish { hours: None, components, request: None }
}

fn get(core: &Core, caller: &Caller, machine: MachineId, components: Components) -> Result<Issued> {
    issue(core, caller, machine, wish(components))
}

/// A world with somebody whose machine it is.
fn owned(number: u32) -> (World, Caller, Enrolled) {
    let world = World::new();
    let ann = world.person("ann");
    let enrolled = enrolled(&world.core, &ann, number);
    (world, ann, enrolled)
}

fn place(keys: &[PublicKey], now: Stamp) -> Place<'_> {
    Place { keys, server: None, now, latest: None, revocations: None }
}

fn fault(text: &str, components: &Components, place: &Place<'_>) -> Fault {
    verify(text, components, place).unwrap_err()
}

#[test]
fn an_owner_gets_a_certificate_that_is_good_without_the_server() {
    let (world, ann, enrolled) = owned(1);
    let (core, machine) = (&world.core, enrolled.machine.id);
    let issued = get(core, &ann, machine, computer(1)).unwrap();
    let keys = trusted(core).unwrap();
    let (now, server) = (core.now(), core.server_id());
    drop(world);
    let here = Place { server: Some(server), ..place(&keys, now) };
    let Verified { certificate, percent, classes, latest } = verify(&issued.text, &computer(1), &here).unwrap();
    assert_eq!((percent, classes, certificate.threshold), (100, 7, 60));
    assert_eq!((certificate.serial, certificate.machine, certificate.account), (issued.serial, machine, id(&ann)));
    assert_eq!((certificate.issued, certificate.expires), (START, START.plus_seconds(168 * 3_600)));
    assert_eq!((certificate.server, certificate.epoch, certificate.request), (server, 0, None));
    assert!(latest >= certificate.time && certificate.time >= certificate.issued);
    assert_eq!(certificate.components.len(), computer(1).len());
    let other = Place { server: Some([0; 16]), ..here };
    assert_eq!(fault(&issued.text, &computer(1), &other), Fault::OtherServer);
}

#[test]
fn what_was_issued_is_told_in_the_machines_past_in_the_trail_and_in_the_list() {
    let (world, ann, enrolled) = owned(1);
    let (core, machine) = (&world.core, enrolled.machine.id);
    let issued = get(core, &ann, machine, computer(1)).unwrap();
    let past = history::list(core, &ann, machine, Ask::default()).unwrap().items;
    assert_eq!(past[0].1.what, history::Happened::Certified { serial: issued.serial.get() });
    let trail = audit::list(core, &Caller::operator(), Ask::default()).unwrap().items;
    assert_eq!((trail[0].verb, trail[0].target.as_str()), (Verb::MachineCertified, "machine 1"));
    for seen_by in [&ann, &manager(&world)] {
        let listed = list(core, seen_by, machine).unwrap();
        assert_eq!((listed.len(), listed[0].serial, listed[0].ended_by), (1, issued.serial, None));
        assert_eq!(listed[0].row.expires, issued.expires);
    }
    let latest = world.reopen().read(|view| latest(view, machine)).unwrap().unwrap();
    assert_eq!(latest.0, issued.serial, "also after a restart");
    let stranger = world.person("bob");
    assert_eq!(list(core, &stranger, machine), Err(Error::NotFound(Thing::Machine)));
}

#[test]
fn a_machine_gets_one_itself_unless_it_is_banned() {
    let (world, _, enrolled) = owned(1);
    let key = tokens::resolve(&world.core, enrolled.token.reveal()).unwrap();
    let issued = issue_to_machine(&world.core, key, wish(computer(1))).unwrap();
    let keys = trusted(&world.core).unwrap();
    assert!(verify(&issued.text, &computer(1), &place(&keys, world.core.now())).is_ok());
    let banned = tokens::MachineKey { is_banned: true, ..key };
    let refused = issue_to_machine(&world.core, banned, wish(computer(1)));
    assert_eq!(refused, Err(Error::Refused(Reason::MachineBanned)));
}

#[test]
fn who_asks_wrongly_gets_none_and_nothing_changes() {
    let (world, ann, enrolled) = owned(1);
    let (core, machine, bob) = (&world.core, enrolled.machine.id, world.person("bob"));
    let not_found = Err(Error::NotFound(Thing::Machine));
    assert_eq!(get(core, &bob, machine, computer(1)), not_found);
    assert_eq!(get(core, &manager(&world), machine, computer(1)), not_found, "a certificate is the owner's matter");
    assert_eq!(get(core, &ann, MachineId::new(9), computer(1)), not_found);
    for hours in [0, 8_785, u32::MAX] {
        let refused = issue(core, &ann, machine, Wish { hours: Some(hours), ..wish(computer(1)) });
        assert_eq!(refused, Err(Error::Invalid(Field::Hours, Flaw::Range)), "{hours}");
    }
    let models: Vec<_> = parts_of(1).into_iter().filter(|(kind, _)| !kind.is_singular()).collect();
    for too_little in [Components::default(), components(models), components(parts_of(1)[..1].to_vec())] {
        assert_eq!(get(core, &ann, machine, too_little), Err(Error::Refused(Reason::MachineUnproven)));
    }
    let changed = Err(Error::Refused(Reason::MachineChanged));
    assert_eq!(get(core, &ann, machine, computer(2)), changed, "another computer, whatever the policy");
    assert!(get(core, &ann, machine, computer(1)).is_ok(), "and it is not remembered as this one");
    let anonymous = Caller::anonymous(Dialect::Web);
    assert!(matches!(get(core, &anonymous, machine, computer(1)), Err(Error::SignIn(_))));
    assert_eq!(core.read(|view| schema::CERTIFICATES.last(view)), Ok(1));
}

#[test]
fn it_lasts_as_long_as_asked_within_what_the_settings_allow() {
    let world = World::with_settings(|settings| {
        settings.machines.certificate_hours = 100;
        settings.machines.certificate_hours_max = 48;
        settings.machines.strictness = Strictness::Strict;
    });
    let ann = world.person("ann");
    let machine = enrolled(&world.core, &ann, 1).machine.id;
    let lasts = |hours| {
        let issued = issue(&world.core, &ann, machine, Wish { hours, ..wish(computer(1)) })?;
        Ok((issued.expires.seconds() - issued.issued.seconds()) / 3_600)
    };
    assert_eq!((lasts(None), lasts(Some(1)), lasts(Some(48))), (Ok(48), Ok(1), Ok(48)));
    assert_eq!(lasts(Some(49)), Err(Error::Invalid(Field::Hours, Flaw::Range)));
    let issued = get(&world.core, &ann, machine, computer(1)).unwrap();
    assert!(issued.text.contains("\nthreshold: 80\n"));
}

/// The parts of computer 1, those of these kinds taken from computer 2.
fn repaired(kinds: &[Kind]) -> Components {
    let others = parts_of(2);
    let part = |(at, (kind, value)): (usize, (Kind, String))| {
        if kinds.contains(&kind) { others[at].clone() } else { (kind, value) }
    };
    components(parts_of(1).into_iter().enumerate().map(part).collect())
}

#[test]
fn drift_is_followed_when_a_certificate_is_asked_for() {
    let (world, ann, enrolled) = owned(1);
    let (core, machine) = (&world.core, enrolled.machine.id);
    let now = repaired(&[Kind::DiskSerial, Kind::Mac]);
    let issued = get(core, &ann, machine, now.clone()).unwrap();
    let keys = trusted(core).unwrap();
    assert_eq!(verify(&issued.text, &now, &place(&keys, core.now())).unwrap().percent, 100);
    assert_eq!(count_of(core, &ann), 1, "no second slot");
}

#[test]
fn a_certificate_tells_how_much_of_the_machine_is_there_again() {
    let (world, ann, enrolled) = owned(1);
    let issued = get(&world.core, &ann, enrolled.machine.id, computer(1)).unwrap();
    let (keys, now) = (trusted(&world.core).unwrap(), world.core.now());
    let shown = |components: &Components| verify(&issued.text, components, &place(&keys, now)).map(|good| good.percent);
    assert_eq!(shown(&repaired(&[Kind::DiskSerial, Kind::Mac])), Ok(77), "70 of 90");
    let one_disk = parts_of(1).into_iter().enumerate().filter(|(at, _)| *at != 7).map(|(_, part)| part).collect();
    assert_eq!(shown(&components(one_disk)), Ok(91), "two disks share the weight of disks");
    let drifted = Err(Fault::Drifted { percent: 33, threshold: 60 });
    assert_eq!(shown(&repaired(&[Kind::MachineId, Kind::ProductUuid, Kind::DiskSerial, Kind::Mac])), drifted);
    let only = |kinds: &[Kind]| components(parts_of(1).into_iter().filter(|(kind, _)| kinds.contains(kind)).collect());
    assert_eq!(shown(&only(&[Kind::ProductUuid])), Err(Fault::OneClass), "one copied part");
    assert_eq!(shown(&only(&[Kind::BoardSerial, Kind::BoardName])), Err(Fault::OneClass), "two parts of one board");
    assert_eq!(shown(&Components::default()), Err(Fault::OneClass));
    assert_eq!(shown(&computer(2)), Err(Fault::ModelOnly), "another computer of the same model");
}

#[test]
fn the_clock_can_neither_be_set_back_nor_stand_beyond_the_end() {
    let (world, ann, enrolled) = owned(1);
    let issued = get(&world.core, &ann, enrolled.machine.id, computer(1)).unwrap();
    let keys = trusted(&world.core).unwrap();
    let at = |now: Stamp, latest| {
        verify(&issued.text, &computer(1), &Place { latest, ..place(&keys, now) }).map(|good| good.latest)
    };
    assert!(at(START, None).is_ok());
    assert!(at(START.minus_seconds(CLOCK_TOLERANCE_S - 1), None).is_ok(), "clocks differ a little");
    let back = START.minus_seconds(3_600);
    assert!(matches!(at(back, None), Err(Fault::ClockSetBack { by_s: 3_600 })));
    let (end, later) = (issued.expires, issued.expires.minus_seconds(10));
    assert_eq!(at(later, None), Ok(later));
    assert_eq!(at(end, None), Err(Fault::Expired { at: end }));
    let seen = Some(later);
    assert!(matches!(at(START, seen), Err(Fault::ClockSetBack { .. })), "what was seen before is not forgotten");
    assert_eq!(at(later.minus_seconds(60), seen), Ok(later), "nor does a slow clock gain time");
    assert_eq!(at(end.minus_seconds(60), Some(end)), Err(Fault::Expired { at: end }));
}

#[test]
fn a_release_ends_a_certificate_for_whoever_has_the_list_of_revocations() {
    let (world, ann, enrolled) = owned(1);
    let (core, machine) = (&world.core, enrolled.machine.id);
    let before = get(core, &ann, machine, computer(1)).unwrap();
    let other = enrolled_for_other(core, &ann);
    let terms = Release::Own { cooldown_days: 0, per_year: 0 };
    machines::release(core, &ann, &enrolled.machine.code, terms).unwrap();
    assert_eq!(list(core, &ann, machine).unwrap()[0].ended_by, Some(1));
    assert_eq!(core.read(|view| latest(view, machine)), Ok(None));
    let again = super::super::testing::enrolled(core, &ann, 1).machine.id;
    let after = get(core, &ann, again, computer(1)).unwrap();
    let (keys, now) = (trusted(core).unwrap(), core.now());
    let mut known = Revocations::default();
    assert!(verify(&before.text, &computer(1), &place(&keys, now)).is_ok(), "who does not know it cannot tell");
    known.add(&notices::revocations(core, 0).unwrap(), &keys, now).unwrap();
    let here = Place { revocations: Some(&known), ..place(&keys, now) };
    assert_eq!(fault(&before.text, &computer(1), &here), Fault::Revoked { notice: 1 });
    assert!(verify(&after.text, &computer(1), &here).is_ok(), "bound anew it is another machine");
    assert!(verify(&other.text, &computer(5), &here).is_ok());
}

fn enrolled_for_other(core: &Core, ann: &Caller) -> Issued {
    let other = super::super::testing::enrolled(core, ann, 5).machine.id;
    get(core, ann, other, computer(5)).unwrap()
}

#[test]
fn lists_of_revocations_are_taken_in_order_and_from_this_server_alone() {
    let (world, ann, enrolled) = owned(1);
    let core = &world.core;
    let (keys, now) = (trusted(core).unwrap(), core.now());
    let empty = notices::revocations(core, 0).unwrap();
    machines::release(core, &ann, &enrolled.machine.code, Release::Own { cooldown_days: 0, per_year: 0 }).unwrap();
    let (whole, rest) = (notices::revocations(core, 0).unwrap(), notices::revocations(core, 1).unwrap());
    let mut known = Revocations::default();
    assert_eq!(known.add(&rest, &keys, now), Err(Trouble::Line("after")), "there would be a gap");
    assert_eq!((known.add(&empty, &keys, now), known.upto), (Ok(()), 0));
    assert_eq!((known.add(&whole, &keys, now), known.upto, known.of(enrolled.machine.id)), (Ok(()), 1, Some(1)));
    assert_eq!((known.add(&rest, &keys, now), known.of(enrolled.machine.id)), (Ok(()), Some(1)));
    assert_eq!(known.add(&empty, &keys, now), Err(Trouble::Line("upto")), "an old list hides nothing");
    let stranger = trusted(&World::new().core).unwrap();
    assert_eq!(known.add(&whole, &stranger, now), Err(Trouble::Signature));
    assert_eq!(known.add(&whole.replace("revoked: 1 1", "revoked: 2 1"), &keys, now), Err(Trouble::Signature));
}

#[test]
fn a_certificate_of_another_key_or_with_a_changed_line_is_not_good() {
    let (world, ann, enrolled) = owned(1);
    let (core, machine) = (&world.core, enrolled.machine.id);
    let issued = get(core, &ann, machine, computer(1)).unwrap();
    let (keys, now) = (trusted(core).unwrap(), core.now());
    for line in issued.text.lines().filter(|line| line.contains(": ") && !line.starts_with("signature")) {
        let changed = issued.text.replace(line, &line.replace(['1', '6'], "2"));
        let told = verify(&changed, &computer(1), &place(&keys, now));
        assert!(changed == issued.text || told.is_err(), "{line}");
    }
    let stranger = trusted(&World::new().core).unwrap();
    assert_eq!(fault(&issued.text, &computer(1), &place(&stranger, now)), Fault::Text(Trouble::Signature));
    assert_eq!(
        fault(&issued.text, &computer(1), &place(&[], now)),
        Fault::Text(Trouble::UnknownKey(SigningKeyId::new(1)))
    );
    rotate(core, &Caller::operator(), false).unwrap();
    let keys = trusted(core).unwrap();
    assert!(verify(&issued.text, &computer(1), &place(&keys, now)).is_ok(), "a replaced key is still trusted");
    let renewed = get(core, &ann, machine, computer(1)).unwrap();
    assert!(renewed.text.contains("\nkey: 2\n"));
    rotate(core, &Caller::operator(), true).unwrap();
    let keys = trusted(core).unwrap();
    assert!(verify(&issued.text, &computer(1), &place(&keys, now)).is_ok());
    let unknown = Fault::Text(Trouble::UnknownKey(SigningKeyId::new(2)));
    assert_eq!(fault(&renewed.text, &computer(1), &place(&keys, now)), unknown, "a distrusted one is not");
}

#[test]
fn two_certificates_of_one_machine_cannot_be_linked_by_their_components() {
    let (world, ann, enrolled) = owned(1);
    let hashes = || -> HashSet<String> {
        let issued = get(&world.core, &ann, enrolled.machine.id, computer(1)).unwrap();
        let lines = issued.text.lines().filter(|line| line.starts_with("component: "));
        lines.map(|line| line.rsplit(' ').next().unwrap().to_owned()).collect()
    };
    let (one, two) = (hashes(), hashes());
    assert!(one.len() == 9 && two.len() == 9 && one.is_disjoint(&two));
}

#[test]
fn of_any_number_at_once_each_has_its_serial_and_the_newest_are_remembered() {
    let (world, ann, enrolled) = owned(1);
    let (core, machine) = (&world.core, enrolled.machine.id);
    let serials: HashSet<u64> = std::thread::scope(|scope| {
        let many = || (0..5).map(|_| get(core, &ann, machine, computer(1)).unwrap().serial.get()).collect::<Vec<_>>();
        let writers: Vec<_> = (0..6).map(|_| scope.spawn(many)).collect();
        writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
    });
    assert_eq!(serials, (1..=30).collect());
    let listed: Vec<u64> = list(core, &ann, machine).unwrap().into_iter().map(|one| one.serial.get()).collect();
    assert_eq!(listed, (11..=30).rev().collect::<Vec<_>>());
    assert_eq!(listed.len(), CERTIFICATES_PER_MACHINE_MAX);
    let account = id(&ann);
    core.write(&Caller::system(), move |tx| machines::forget_some(tx, account, 10)).unwrap();
    let left = core.read(|view| schema::CERTIFICATE_BY_SERIAL.count(view, &(), 99));
    assert_eq!(left, Ok(0), "nothing of it stays when the account goes");
}

#[test]
fn an_inactive_machine_needs_room_to_be_certified() {
    let world = World::with_settings(|settings| settings.machines.per_account = 1);
    let (core, ann) = (&world.core, world.person("ann"));
    let first = enrolled(core, &ann, 1).machine.id;
    let now = core.now();
    let made = core.write(&Caller::system(), move |tx| {
        let row = schema::MACHINE_BY_ID.get(tx, &first)?.unwrap();
        machines::standing::deactivate(tx, now, first, row).map(drop)
    });
    made.unwrap();
    let second = enrolled(core, &ann, 2).machine.id;
    assert_eq!(get(core, &ann, first, computer(1)), Err(Error::OverLimit(Limit::Machines)));
    world.clock.wind(HOUR);
    assert!(get(core, &ann, second, computer(2)).is_ok());
}
