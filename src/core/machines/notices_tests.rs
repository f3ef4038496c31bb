//! Notices: numbered without a gap, signed, told to whom they concern and nobody else, listed as long as they matter.

use std::collections::HashSet;
use std::time::Duration;

use chatelaine_store::{Next, Topic};

use super::notices::{NewNotice, Notice, NoticeKind, after, get, last, revocations, revoked, sweep, tell};
use super::testing::*;
use super::{Release, release};
use crate::clock::Until;
use crate::event::{What, account_topic, machine_topic};
use crate::ids::{AccountId, MachineId};
use crate::limits::{MACHINE_NOTICES_KEPT_S, REVOCATIONS_LISTED_MAX};
use crate::rooms::testing::{events, id};
use crate::server_roles::ServerPermission;
use crate::signing::{Opened, Purpose, open, trusted};
use crate::testing::World;
use crate::{Audience, Caller, Core, event_log};

const ALL: [NoticeKind; 8] = [
    NoticeKind::Released,
    NoticeKind::Replaced { by: MachineId::new(9) },
    NoticeKind::Transferred { to: AccountId::new(5) },
    NoticeKind::Banned { until: Until::Forever },
    NoticeKind::Banned { until: Until::At(crate::testing::START) },
    NoticeKind::Unbanned,
    NoticeKind::LimitChanged,
    NoticeKind::RoleChanged,
];

fn told(core: &Core, machine: u64, account: AccountId, kind: NoticeKind) -> u64 {
    let (now, machine) = (core.now(), MachineId::new(machine));
    let new = NewNotice { machine, account, kind };
    core.write(&Caller::system(), move |tx| tell(tx, now, new).and_then(|()| last(tx))).unwrap()
}

fn read(core: &Core, purpose: Purpose, text: &str) -> Opened {
    let opened = open(purpose, text).unwrap();
    opened.check(&trusted(core).unwrap(), core.now()).unwrap();
    opened
}

fn of(core: &Core, machine: u64, number: u64) -> Vec<Notice> {
    after(core, MachineId::new(machine), number, usize::MAX).unwrap()
}

#[test]
fn every_kind_of_notice_says_who_when_and_what_and_is_signed() {
    let world = World::new();
    let (core, ann) = (&world.core, world.account("ann").id);
    for (number, kind) in (1..).zip(ALL) {
        assert_eq!(told(core, 3, ann, kind), number);
        let notice = core.read(|view| get(view, number)).unwrap().unwrap();
        assert_eq!((notice.number, notice.row.kind, notice.row.at), (number, kind, core.now()));
        let opened = read(core, Purpose::Notice, &notice.text);
        assert_eq!(
            (opened.value("number"), opened.value("machine"), opened.value("account")),
            (Ok(number), Ok(3), Ok(ann.get()))
        );
        assert_eq!((opened.text("kind"), opened.stamp("at")), (Ok(kind.word()), Ok(core.now())));
        assert_eq!(opened.text("ends"), Ok(if kind.ends_certificates() { "yes" } else { "no" }));
        assert_eq!(opened.bytes("server"), Ok(core.server_id()));
    }
    let word = |number: usize, name| {
        open(Purpose::Notice, &of(core, 3, 0)[number - 1].text).unwrap().text(name).map(str::to_owned)
    };
    assert_eq!(
        (word(2, "by"), word(3, "to"), word(4, "until")),
        (Ok("9".into()), Ok("5".into()), Ok("forever".into()))
    );
    assert_eq!(word(5, "until"), Ok("2027-01-15T08:00:00.000000Z".into()));
    assert_eq!(of(&world.reopen(), 3, 6), of(core, 3, 0)[6..], "the same after a restart, read from where one was");
}

#[test]
fn notices_are_numbered_without_a_gap_whoever_writes() {
    let world = World::new();
    let (core, ann) = (&world.core, world.account("ann").id);
    let numbers: HashSet<u64> = std::thread::scope(|scope| {
        let write = |machine| (0..25).map(|_| told(core, machine, ann, NoticeKind::Unbanned)).collect::<Vec<_>>();
        let writers: Vec<_> = (1..=8).map(|machine| scope.spawn(move || write(machine))).collect();
        writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
    });
    assert_eq!(numbers, (1..=200).collect());
    let mut read: Vec<u64> = (1..=8).flat_map(|machine| of(core, machine, 0)).map(|notice| notice.number).collect();
    read.sort_unstable();
    assert_eq!(read, (1..=200).collect::<Vec<_>>(), "each is in the list of one machine");
    let refused = core.write(&Caller::system(), move |tx| {
        tell(
            tx,
            crate::testing::START,
            NewNotice { machine: MachineId::new(1), account: ann, kind: NoticeKind::Released },
        )?;
        Err::<(), _>(crate::Error::Busy)
    });
    assert!(refused.is_err() && core.read(|view| last(view)) == Ok(200), "what did not happen takes no number");
}

fn hears(core: &Core, topic: Topic, then: impl FnOnce()) -> Vec<What> {
    let mut queue = core.store().bus().subscribe(topic, Vec::new);
    then();
    // Events are handed on in their order, so whoever hears this one has heard all before it.
    let now = core.now();
    let end = core.write(&Caller::system(), move |tx| {
        let audience = Audience::default().and_nearby(vec![topic]);
        event_log::record(tx, now, audience, What::SettingsChanged { name: "end".into() })
    });
    end.unwrap();
    let mut heard = Vec::new();
    loop {
        match queue.try_next() {
            Some(Next::Item(live)) if matches!(live.event.what, What::SettingsChanged { .. }) => return heard,
            Some(Next::Item(live)) => heard.push(live.event.what.clone()),
            None => std::thread::yield_now(),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn the_machine_its_owner_and_managers_hear_of_a_notice_and_nobody_else() {
    let world = World::new();
    let core = &world.core;
    let (ann, bob, chief) = (world.account("ann").id, world.account("bob").id, world.administrator("chief").id);
    let looks_after = id(&manager(&world));
    let watches = id(&official(&world, "watcher", &[ServerPermission::ViewMonitoring]));
    let noticed = |number| What::MachineNoticed { machine: MachineId::new(3), number };
    let topics =
        [machine_topic(MachineId::new(3)), account_topic(ann), account_topic(chief), account_topic(looks_after)];
    for (number, topic) in (1..).zip(topics) {
        let heard = hears(core, topic, || {
            told(core, 3, ann, NoticeKind::Banned { until: Until::Forever });
        });
        assert_eq!(heard, [noticed(number)], "{topic:?}");
    }
    for topic in [machine_topic(MachineId::new(4)), account_topic(bob), account_topic(watches)] {
        assert_eq!(
            hears(core, topic, || {
                told(core, 3, ann, NoticeKind::Unbanned);
            }),
            [],
            "{topic:?}"
        );
    }
    assert_eq!(events(&world).iter().filter(|(_, what)| matches!(what, What::MachineNoticed { .. })).count(), 7);
}

#[test]
fn a_release_is_told_and_ends_what_was_issued_before() {
    let world = World::new();
    let (core, ann) = (&world.core, world.person("ann"));
    let machine = bound(core, &ann, 7);
    assert_eq!(core.read(|view| revoked(view, machine.id)), Ok(None));
    release(core, &ann, &code(7), Release::Own { cooldown_days: 0, per_year: 0 }).unwrap();
    let notices = of(core, machine.id.get(), 0);
    assert_eq!((notices.len(), notices[0].row.kind, notices[0].row.account), (1, NoticeKind::Released, id(&ann)));
    assert_eq!(core.read(|view| revoked(view, machine.id)), Ok(Some(1)));
}

#[test]
fn machines_of_an_account_that_goes_away_are_revoked_too() {
    let world = World::new();
    let (core, ann) = (&world.core, world.person("ann"));
    let machine = bound(core, &ann, 7);
    let account = id(&ann);
    core.write(&Caller::system(), move |tx| super::forget_some(tx, account, 10)).unwrap();
    let list = read(core, Purpose::Revocations, &revocations(core, 0).unwrap());
    assert_eq!(list.values("revoked").collect::<Vec<_>>(), [format!("{} 1", machine.id)]);
}

#[test]
fn the_list_of_revocations_is_signed_and_says_how_far_it_goes() {
    let world = World::new();
    let (core, ann) = (&world.core, world.account("ann").id);
    let list = |after| read(core, Purpose::Revocations, &revocations(core, after).unwrap());
    let empty = list(0);
    assert_eq!((empty.value("upto"), empty.text("more"), empty.values("revoked").count()), (Ok(0), Ok("no"), 0));
    for (machine, kind) in (1..).zip(ALL) {
        told(core, machine, ann, kind);
    }
    let whole = list(0);
    assert_eq!(
        whole.values("revoked").collect::<Vec<_>>(),
        ["1 1", "2 2", "3 3", "4 4", "5 5"],
        "what ends certificates"
    );
    assert_eq!((whole.value("upto"), whole.value("after"), whole.stamp("at")), (Ok(8), Ok(0), Ok(core.now())));
    assert_eq!(list(3).values("revoked").collect::<Vec<_>>(), ["4 4", "5 5"]);
    assert_eq!((list(8).values("revoked").count(), list(8).value("upto")), (0, Ok(8)));
    assert_eq!(list(99).value("upto"), Ok(99), "who knows more than there is does not forget it");
}

#[test]
fn a_long_list_of_revocations_comes_in_parts_that_miss_nothing() {
    let world = World::new();
    let (core, ann) = (&world.core, world.account("ann").id);
    let (now, count) = (core.now(), REVOCATIONS_LISTED_MAX as u64 + 5);
    let written = core.write(&Caller::system(), move |tx| {
        for machine in 1..=count {
            tell(tx, now, NewNotice { machine: MachineId::new(machine), account: ann, kind: NoticeKind::Released })?;
        }
        Ok(())
    });
    written.unwrap();
    let first = read(core, Purpose::Revocations, &revocations(core, 0).unwrap());
    let upto: u64 = first.value("upto").unwrap();
    assert_eq!((first.text("more"), upto), (Ok("yes"), REVOCATIONS_LISTED_MAX as u64));
    let rest = read(core, Purpose::Revocations, &revocations(core, upto).unwrap());
    let all: HashSet<String> = first.values("revoked").chain(rest.values("revoked")).map(str::to_owned).collect();
    assert_eq!((rest.text("more"), all.len() as u64), (Ok("no"), count));
}

#[test]
fn notices_go_when_no_certificate_can_be_older() {
    let world = World::new();
    let (core, ann) = (&world.core, world.account("ann").id);
    told(core, 1, ann, NoticeKind::Released);
    told(core, 2, ann, NoticeKind::Released);
    world.clock.wind(Duration::from_secs(MACHINE_NOTICES_KEPT_S));
    assert_eq!(sweep(core), Ok(0));
    told(core, 2, ann, NoticeKind::Released);
    world.clock.wind(Duration::from_secs(1));
    assert_eq!((sweep(core), sweep(core)), (Ok(2), Ok(0)));
    assert_eq!((of(core, 1, 0).len(), of(core, 2, 0).len()), (0, 1));
    assert_eq!(core.read(|view| revoked(view, MachineId::new(1))), Ok(None));
    assert_eq!(core.read(|view| revoked(view, MachineId::new(2))), Ok(Some(3)));
    assert_eq!(core.read(|view| last(view)), Ok(3), "numbers are not given twice");
}
