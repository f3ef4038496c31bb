//! Heads: one a day, signed, and what they find that the chain alone does not.

use std::time::Duration;

use super::chain::{Link, append_old};
use super::heads::{Day, list, sign_due};
use super::{Verb, Verified, record, verify};
use crate::caller::Caller;
use crate::error::{Error, Right};
use crate::ids::AuditId;
use crate::page::Ask;
use crate::schema::{AUDIT, AUDIT_BY_ID, AUDIT_HEAD_BY_DAY, AUDIT_LINK_BY_ID, SIGNING_KEY_BY_NUMBER};
use crate::server_roles::ServerPermission;
use crate::signing::{Purpose, open, rotate, trusted};
use crate::testing::World;
use crate::{Core, Result, Tx};

const DAY: Duration = Duration::from_secs(24 * 3_600);

fn note(world: &World, count: usize) {
    let now = world.core.now();
    for number in 0..count {
        let target = format!("setting {number}");
        let deed = move |tx: &mut Tx<'_>| record(tx, now, &Caller::operator(), Verb::SettingChanged, &target, "x");
        world.core.write(&Caller::operator(), deed).unwrap();
    }
}

fn looked_at(core: &Core) -> Verified {
    verify(core, &Caller::operator()).unwrap()
}

fn change(core: &Core, with: impl Fn(&mut Tx<'_>) -> Result<()> + Send + 'static) {
    core.write(&Caller::operator(), with).unwrap();
}

/// Five rows on each of four days, each day's head signed on the next: 2027-01-15 to 2027-01-18.
fn four_days() -> World {
    let world = World::new();
    for _ in 0..4 {
        note(&world, 5);
        world.clock.wind(DAY);
        assert_eq!((sign_due(&world.core), sign_due(&world.core)), (Ok(1), Ok(0)), "once a day");
    }
    world
}

/// What somebody does who has the whole store: every link made anew, so that the chain fits itself.
fn chain_anew(core: &Core) {
    change(core, |tx| Ok(AUDIT_LINK_BY_ID.remove_all(tx, &(), usize::MAX).map(drop)?));
    while core.write(&Caller::system(), |tx| Ok(append_old(tx)?)).unwrap() {}
}

fn day(text: &str, heads: &[super::Head]) -> Day {
    heads.iter().map(|head| head.day).find(|day| day.to_string() == text).unwrap()
}

#[test]
fn the_head_of_a_day_is_signed_once_when_the_day_is_over() {
    let world = World::new();
    assert_eq!(sign_due(&world.core), Ok(0), "there is nothing yet");
    note(&world, 3);
    assert_eq!(sign_due(&world.core), Ok(0), "the day is not over");
    world.clock.wind(DAY);
    let signed: usize = std::thread::scope(|scope| {
        let tries: Vec<_> = (0..8).map(|_| scope.spawn(|| sign_due(&world.core).unwrap())).collect();
        tries.into_iter().map(|tried| tried.join().unwrap()).sum()
    });
    assert_eq!(signed, 1, "whoever looks at the same time");
    world.clock.wind(DAY * 30);
    assert_eq!(sign_due(&world.reopen()), Ok(1), "days without a server have no head");
    let heads = list(&world.core, &Caller::operator(), Ask::default()).unwrap().items;
    let days: Vec<String> = heads.iter().map(|head| head.day.to_string()).collect();
    assert_eq!(days, ["2027-02-14", "2027-01-15"]);
}

#[test]
fn a_head_is_a_signed_text_that_names_the_link_of_its_row() {
    let world = four_days();
    let ask = Ask { after: None, limit: 3 };
    let page = list(&world.core, &Caller::operator(), ask).unwrap();
    let rest = list(&world.core, &Caller::operator(), Ask { after: page.next, limit: 3 }).unwrap();
    assert_eq!((page.items.len(), rest.items.len(), rest.next), (3, 1, None));
    let opened = open(Purpose::AuditHead, &rest.items[0].text).unwrap();
    opened.check(&trusted(&world.core).unwrap(), world.core.now()).unwrap();
    let link = world.core.read(|view| AUDIT_LINK_BY_ID.get(view, &AuditId::new(5))).unwrap().unwrap();
    let values = ["day", "rows", "head"].map(|name| opened.text(name).unwrap().to_owned());
    assert_eq!(values, ["2027-01-15".to_owned(), "5".into(), link.to_string()]);
    let person = world.person("ann");
    let missing = Error::Denied(Right::Server(ServerPermission::ViewMonitoring));
    assert_eq!(list(&world.core, &person, ask), Err(missing));
}

#[test]
fn heads_fit_an_honest_trail_also_after_the_key_was_replaced_and_distrusted() {
    let world = four_days();
    let Verified::Whole { rows: 20, heads: 4, signed: Some(last), .. } = looked_at(&world.core) else {
        panic!("{:?}", looked_at(&world.core));
    };
    assert_eq!(last.to_string(), "2027-01-18");
    rotate(&world.core, &Caller::operator(), true).unwrap();
    world.clock.wind(DAY);
    assert_eq!(sign_due(&world.core), Ok(1));
    world.clock.wind(DAY * 500);
    assert!(matches!(looked_at(&world.core), Verified::Whole { rows: 21, heads: 5, .. }));
}

#[test]
fn a_chain_written_anew_is_named_by_the_first_day_whose_head_does_not_fit() {
    // Days end with rows 5, 10, 15, 20.
    for (row, named) in
        [(2, "2027-01-15"), (8, "2027-01-16"), (10, "2027-01-16"), (11, "2027-01-17"), (20, "2027-01-18")]
    {
        let world = four_days();
        let heads = list(&world.core, &Caller::operator(), Ask::default()).unwrap().items;
        let id = AuditId::new(row);
        change(&world.core, move |tx| {
            let old = AUDIT_BY_ID.get(tx, &id)?.unwrap();
            Ok(AUDIT_BY_ID.put(tx, &id, &super::AuditRow { detail: "other".into(), ..old })?)
        });
        assert_eq!(looked_at(&world.core), Verified::Broken { at: id }, "the chain alone tells so much");
        chain_anew(&world.core);
        assert_eq!(looked_at(&world.core), Verified::HeadBroken { day: day(named, &heads) }, "row {row}");
    }
}

#[test]
fn a_trail_that_was_cut_off_is_named_though_its_counter_was_set_back() {
    let world = four_days();
    let heads = list(&world.core, &Caller::operator(), Ask::default()).unwrap().items;
    change(&world.core, |tx| {
        for row in 13..=20 {
            AUDIT_BY_ID.remove(tx, &AuditId::new(row))?;
            AUDIT_LINK_BY_ID.remove(tx, &AuditId::new(row))?;
        }
        // A counter never turns back by itself, so its row is written as a thief would.
        let counter = chatelaine_store::Tree::<u8, u64>::new(AUDIT.prefix(), "audit");
        Ok(counter.put(tx, &0, &12)?)
    });
    assert_eq!(looked_at(&world.reopen()), Verified::HeadBroken { day: day("2027-01-17", &heads) });
}

#[test]
fn a_head_that_was_changed_moved_or_signed_by_nobody_is_named() {
    let moved = |world: &World, with: fn(&mut super::HeadRow)| {
        let heads = list(&world.core, &Caller::operator(), Ask::default()).unwrap().items;
        let second = day("2027-01-16", &heads);
        change(&world.core, move |tx| {
            let mut row = AUDIT_HEAD_BY_DAY.get(tx, &second)?.unwrap();
            with(&mut row);
            Ok(AUDIT_HEAD_BY_DAY.put(tx, &second, &row)?)
        });
        assert_eq!(looked_at(&world.core), Verified::HeadBroken { day: second });
    };
    moved(&four_days(), |row| row.at = row.at.next());
    moved(&four_days(), |row| row.link = Link::default());
    moved(&four_days(), |row| row.rows = AuditId::new(9));
    moved(&four_days(), |row| row.key = crate::ids::SigningKeyId::new(7));
    let world = four_days();
    change(&world.core, |tx| Ok(SIGNING_KEY_BY_NUMBER.remove_all(tx, &(), 1).map(drop)?));
    assert!(matches!(looked_at(&world.core), Verified::HeadBroken { .. }));
}
