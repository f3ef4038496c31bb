//! Evidence: who attaches what, who reads it, and that nothing takes it away while a mark holds it.

use std::time::Duration;

use super::evidence::{attach, detach};
use super::marks;
use super::testing::*;
use crate::accounts;
use crate::audit::{self, Verb};
use crate::caller::Caller;
use crate::error::{Error, Limit, Reason, Result, Right, Thing};
use crate::files::{self, FileName, NewFile, Purpose, Rolling, Terms};
use crate::ids::{AccountId, FileId, MarkId, RoomId};
use crate::limits::EVIDENCE_PER_MARK_MAX;
use crate::page::{Ask, Done};
use crate::rooms::testing::{group, id};
use crate::schema;
use crate::server_roles::ServerPermission;
use crate::testing::World;

fn upload(world: &World, who: &Caller, room: Option<RoomId>, terms: Terms) -> FileId {
    let name = FileName::new("clip.mp4").unwrap();
    let new = NewFile { name, size: None, room, purpose: Purpose::Plain, declared: None, second: None };
    let mut receiving = files::begin_with(&world.core, who, new, terms).unwrap();
    receiving.write(b"he looks through walls").unwrap();
    receiving.finish().unwrap().id
}

fn file(world: &World, who: &Caller) -> FileId {
    upload(world, who, None, Terms::default())
}

fn marked(world: &World, account: AccountId) -> MarkId {
    marks::mark(&world.core, &Caller::operator(), against(account, "wall hack")).unwrap()
}

fn reads(world: &World, who: &Caller, file: FileId) -> bool {
    match files::open(&world.core, who, file) {
        Ok(open) => open.path.exists(),
        Err(error) => {
            assert_eq!(error, Error::NotFound(Thing::File));
            false
        }
    }
}

#[test]
fn evidence_is_read_by_the_marked_and_by_those_who_look_after_machines_alone() {
    let world = World::new();
    let (core, [ann, bob]) = (&world.core, ["ann", "bob"].map(|name| world.person(name)));
    let (manager, service) = (manager(&world), service(&world));
    let clerk = official(&world, "clerk", &[ServerPermission::BanUser]);
    let (mark, clip) = (marked(&world, id(&ann)), file(&world, &service));
    assert!(!reads(&world, &ann, clip) && !reads(&world, &manager, clip));
    assert_eq!(attach(core, &service, mark, clip), Ok(Done::Done));
    assert_eq!(attach(core, &service, mark, clip), Ok(Done::AlreadySo));
    assert!([&ann, &manager, &service].iter().all(|who| reads(&world, who, clip)));
    assert!(!reads(&world, &bob, clip) && !reads(&world, &clerk, clip));
    let mine = marks::list_mine(core, &ann, Ask::default()).unwrap().items;
    assert_eq!(mine[0].evidence.iter().map(|file| file.id).collect::<Vec<_>>(), [clip]);
    assert!(marks::list_mine(core, &bob, Ask::default()).unwrap().items.is_empty());
    assert_eq!(detach(core, &manager, mark, clip), Ok(Done::Done));
    assert_eq!(detach(core, &manager, mark, clip), Ok(Done::AlreadySo));
    assert!(!reads(&world, &ann, clip) && !reads(&world, &manager, clip) && reads(&world, &service, clip));
    let trail = audit::list(core, &Caller::operator(), Ask::default()).unwrap().items;
    let told: Vec<_> = trail.iter().take(2).map(|row| (row.verb, row.target.as_str(), row.detail.as_str())).collect();
    assert_eq!(told, [(Verb::EvidenceRemoved, "mark 1", "file 1"), (Verb::EvidenceAttached, "mark 1", "file 1")]);
}

#[test]
fn only_who_sets_marks_attaches_and_only_files_of_his_own() {
    let world = World::new();
    let (core, ann) = (&world.core, world.person("ann"));
    let (manager, service, chief) = (manager(&world), service(&world), world.administrator("chief").id);
    let (mark, of_chief) = (marked(&world, id(&ann)), marked(&world, chief));
    let (own, foreign, his) = (file(&world, &manager), file(&world, &ann), file(&world, &service));
    let lacks = Err(Error::Denied(Right::Server(ServerPermission::ManageMachines)));
    for known in [mark, MarkId::new(99)] {
        assert_eq!(attach(core, &ann, known, foreign), lacks, "whether or not there is one");
        assert_eq!(detach(core, &ann, known, foreign), lacks);
    }
    assert_eq!(attach(core, &manager, MarkId::new(99), own), Err(Error::NotFound(Thing::Mark)));
    for none in [foreign, FileId::new(99)] {
        assert_eq!(attach(core, &manager, mark, none), Err(Error::NotFound(Thing::File)));
    }
    assert_eq!(attach(core, &manager, of_chief, own), Err(Error::Denied(Right::OtherAccount)));
    assert_eq!(attach(core, &service, of_chief, his), Ok(Done::Done), "a service reports anybody");
    assert_eq!(attach(core, &manager, mark, own), Ok(Done::Done));
    assert_eq!(detach(core, &service, mark, own), lacks, "not what somebody else brought");
    assert_eq!(detach(core, &service, of_chief, his), Ok(Done::Done));
    assert!(attach(core, &Caller::operator(), mark, own).is_err(), "the operator has no files");
}

#[test]
fn a_mark_takes_twenty_files_and_of_many_at_once_no_more() {
    let world = World::new();
    let (core, ann, manager) = (&world.core, world.person("ann"), manager(&world));
    let mark = marked(&world, id(&ann));
    let clips: Vec<FileId> = (0..EVIDENCE_PER_MARK_MAX + 4).map(|_| file(&world, &manager)).collect();
    let results: Vec<Result<Done>> = std::thread::scope(|scope| {
        let all: Vec<_> = clips.iter().map(|clip| scope.spawn(|| attach(core, &manager, mark, *clip))).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let full = results.iter().filter(|result| **result == Err(Error::OverLimit(Limit::Evidence))).count();
    assert_eq!((full, results.len() - full), (4, EVIDENCE_PER_MARK_MAX));
    assert_eq!(core.read(|view| schema::EVIDENCE_BY_MARK.count(view, &mark, 99)), Ok(EVIDENCE_PER_MARK_MAX));
    assert_eq!(core.read(|view| schema::MARKS_BY_FILE.count(view, &(), 99)), Ok(EVIDENCE_PER_MARK_MAX));
}

#[test]
fn nothing_removes_a_file_while_a_mark_holds_it() {
    let world = World::with_settings(|settings| settings.files.sweep_after_s = 0);
    let (core, ann, manager) = (&world.core, world.person("ann"), manager(&world));
    let mark = marked(&world, id(&ann));
    let room = group(&world, &[&manager, &ann]);
    let kept = file(&world, &manager);
    let ending = Terms { rolling: Some(Rolling { bytes: 30, life_s: Some(60) }), sha3: None };
    let rolled = upload(&world, &manager, None, ending);
    let sent = upload(&world, &manager, Some(room), Terms::default());
    for clip in [kept, rolled, sent] {
        attach(core, &manager, mark, clip).unwrap();
    }
    assert_eq!(files::delete(core, &manager, kept), Err(Error::Refused(Reason::InUse)));
    let pushing = upload(&world, &manager, None, ending);
    assert!(reads(&world, &ann, rolled) && reads(&world, &manager, pushing), "it gives way to no other");
    world.clock.wind(Duration::from_secs(90_000));
    core.write(&Caller::system(), move |tx| {
        schema::ROOMS_BY_ACCOUNT.remove_all(tx, &(), 9)?;
        Ok(schema::ROOM_BY_ID.remove(tx, &room)?)
    })
    .unwrap();
    let swept = files::sweep(core).unwrap();
    assert_eq!(swept.files, 2, "one that ended, and one taken from the room");
    assert!([kept, rolled, sent].iter().all(|clip| reads(&world, &ann, *clip)));
    assert!(!reads(&world, &manager, pushing));
    assert_eq!(core.read(|view| schema::FILES_BY_ROOM.first(view, &room)), Ok(None));
    assert_eq!(files::sweep(core).unwrap().files, 0);
    for clip in [kept, rolled, sent] {
        detach(core, &manager, mark, clip).unwrap();
        assert_eq!(files::delete(core, &manager, clip), Ok(()));
    }
    assert_eq!(files::usage(core, &manager).map(|usage| (usage.bytes, usage.count)), Ok((0, 0)));
}

#[test]
fn evidence_goes_with_the_data_of_the_marked_unless_another_mark_holds_it() {
    let world = World::new();
    let (core, [ann, bob]) = (&world.core, ["ann", "bob"].map(|name| world.person(name)));
    let (manager, service) = (manager(&world), service(&world));
    let (against_ann, against_bob) = (marked(&world, id(&ann)), marked(&world, id(&bob)));
    let (shared, only, gone) = (file(&world, &manager), file(&world, &manager), file(&world, &service));
    attach(core, &manager, against_ann, shared).unwrap();
    attach(core, &manager, against_bob, shared).unwrap();
    attach(core, &manager, against_ann, only).unwrap();
    attach(core, &service, against_bob, gone).unwrap();
    accounts::remove(core, &ann).unwrap();
    assert!(reads(&world, &bob, shared) && !reads(&world, &manager, only));
    accounts::remove(core, &service).unwrap();
    let left = marks::list_mine(core, &bob, Ask::default()).unwrap().items.remove(0).evidence;
    assert_eq!(left.iter().map(|file| file.id).collect::<Vec<_>>(), [shared], "whose file it was is gone");
    accounts::remove(core, &bob).unwrap();
    core.read(|view| {
        assert_eq!(schema::EVIDENCE_BY_MARK.first(view, &()), Ok(None));
        assert_eq!(schema::MARKS_BY_FILE.first(view, &()), Ok(None));
        assert_eq!(schema::FILE_BY_ID.first(view, &()), Ok(None));
    });
}
