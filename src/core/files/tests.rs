//! Files: what is refused, who sees what, and that neither races nor crashes lose bodies, rows or quota.

use std::time::{Duration, SystemTime};

use super::*;
use crate::error::{Error, Field, Flaw, Limit, Reason, Thing};
use crate::ids::{FileId, RoomId, UploadId};
use crate::limits::{UPLOAD_IDLE_S, UPLOADS_PER_ACCOUNT_MAX, UPLOADS_STREAMING_MAX};
use crate::page::Ask;
use crate::roles::Parting;
use crate::rooms::testing::group;
use crate::rooms::{self, Restrict, Whom};
use crate::schema::{FILES_BY_ROOM, ROOM_BY_ID, ROOMS_BY_ACCOUNT};
use crate::testing::World;
use crate::{Caller, Core, Result};

const HALL: RoomId = RoomId::new(1);
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\xe0\x08\x02\0\0\0";

fn plain(name: &str) -> NewFile {
    let name = FileName::new(name).unwrap();
    NewFile { name, size: None, room: None, purpose: Purpose::Plain, declared: None, second: None }
}

fn sized(name: &str, size: u64) -> NewFile {
    NewFile { size: Some(size), ..plain(name) }
}

fn put(core: &Core, caller: &Caller, new: NewFile, bytes: &[u8]) -> Result<File> {
    let mut receiving = begin(core, caller, new)?;
    receiving.write(bytes)?;
    receiving.finish()
}

fn join(world: &World, caller: &Caller, room: RoomId) {
    let account = caller.account_id().unwrap();
    world.core.write(&Caller::system(), move |tx| Ok(ROOMS_BY_ACCOUNT.put(tx, &(account, room), &())?)).unwrap();
}

fn leave(world: &World, caller: &Caller, room: RoomId) {
    let account = caller.account_id().unwrap();
    world.core.write(&Caller::system(), move |tx| Ok(ROOMS_BY_ACCOUNT.remove(tx, &(account, room))?)).unwrap();
}

pub(super) fn small(quota_bytes: u64, upload_bytes: u64) -> World {
    World::with_settings(|settings| {
        settings.files.quota_bytes = quota_bytes;
        settings.files.upload_bytes = upload_bytes;
        settings.files.sweep_after_s = 0;
    })
}

/// Makes a body old enough for the sweep.
fn age(core: &Core, file: &File) {
    let body = std::fs::File::open(core.blobs().path(&file.blob)).unwrap();
    body.set_modified(SystemTime::now() - Duration::from_secs(90_000)).unwrap();
}

pub(super) fn bytes_of(world: &World, caller: &Caller) -> (u64, u64, u64) {
    let usage = usage(&world.core, caller).unwrap();
    (usage.bytes, usage.reserved, usage.count)
}

#[test]
fn a_file_comes_back_with_what_was_found_out_about_it() {
    let world = World::new();
    let ada = world.person("ada");
    let new = NewFile { second: Some(Second::Sha3_256), declared: Some("text/html".into()), ..plain("cat.png") };
    let file = put(&world.core, &ada, new, PNG).unwrap();
    assert_eq!((file.media_type.as_str(), file.pixels), ("image/png", Some(Pixels { width: 640, height: 480 })));
    assert_eq!(file.digest.map(|digest| digest.kind), Some(Second::Sha3_256));
    let opened = open(&world.core, &ada, file.id).unwrap();
    assert_eq!((opened.disposition, opened.file), (Disposition::Inline, file));
    assert_eq!(std::fs::read(opened.path).unwrap(), PNG);
    assert_eq!(bytes_of(&world, &ada), (PNG.len() as u64, 0, 1));
}

#[test]
fn who_may_not_see_a_file_cannot_tell_that_it_exists() {
    let world = World::new();
    let [ada, bo, eve] = ["ada", "bo", "eve"].map(|name| world.person(name));
    join(&world, &ada, HALL);
    join(&world, &bo, HALL);
    let own = put(&world.core, &ada, plain("own"), b"own").unwrap().id;
    let shared = put(&world.core, &ada, NewFile { room: Some(HALL), ..plain("shared") }, b"shared").unwrap().id;
    let avatar = put(&world.core, &ada, NewFile { purpose: Purpose::Avatar, ..plain("me.png") }, PNG).unwrap().id;
    let hidden = Err(Error::NotFound(Thing::File));
    let sees = |caller: &Caller, id| get(&world.core, caller, id).map(|_| ());
    assert_eq!([own, shared, avatar].map(|id| sees(&bo, id)), [hidden, Ok(()), Ok(())]);
    assert_eq!([own, shared, avatar].map(|id| sees(&eve, id)), [hidden, hidden, Ok(())]);
    assert_eq!(sees(&eve, FileId::new(99)), hidden, "a missing one looks the same");
    leave(&world, &bo, HALL);
    assert_eq!(sees(&bo, shared), hidden);
    assert_eq!(delete(&world.core, &bo, own), hidden);
    assert!(sees(&Caller::anonymous(crate::Dialect::Web), avatar).is_err());
}

#[test]
fn only_members_bring_files_into_a_room_until_the_very_end() {
    let world = World::new();
    let ada = world.person("ada");
    let new = NewFile { room: Some(HALL), ..plain("x") };
    assert_eq!(put(&world.core, &ada, new.clone(), b"x").map(drop), Err(Error::NotFound(Thing::Room)));
    join(&world, &ada, HALL);
    let receiving = begin(&world.core, &ada, new).unwrap();
    leave(&world, &ada, HALL);
    assert_eq!(receiving.finish().map(drop), Err(Error::NotFound(Thing::Room)));
    assert_eq!(bytes_of(&world, &ada), (0, 0, 0));
}

#[test]
fn the_announced_length_is_kept_to_the_byte() {
    let world = World::new();
    let ada = world.person("ada");
    let mismatch = Err(Error::Invalid(Field::Size, Flaw::Mismatch));
    assert_eq!(put(&world.core, &ada, sized("x", 3), b"xx").map(drop), mismatch);
    assert_eq!(put(&world.core, &ada, sized("x", 3), b"xxxx").map(drop), mismatch);
    assert!(put(&world.core, &ada, sized("x", 3), b"xxx").is_ok());
    assert!(put(&world.core, &ada, sized("empty", 0), b"").is_ok());
    assert_eq!(bytes_of(&world, &ada), (3, 0, 2));
}

#[test]
fn a_file_at_the_limit_is_taken_and_one_byte_more_is_not() {
    let world = small(1_000, 100);
    let ada = world.person("ada");
    let over = Err(Error::OverLimit(Limit::FileBytes));
    assert!(put(&world.core, &ada, plain("fits"), &[1; 100]).is_ok());
    assert_eq!(put(&world.core, &ada, plain("over"), &[1; 101]).map(drop), over);
    assert_eq!(begin(&world.core, &ada, sized("over", 101)).map(drop), over);
    assert_eq!(uploads::begin(&world.core, &ada, sized("over", 101)).map(drop), over);
}

#[test]
fn equal_bodies_are_stored_once_and_counted_twice() {
    let world = small(10, 10);
    let [ada, bo] = ["ada", "bo"].map(|name| world.person(name));
    let first = put(&world.core, &ada, plain("a"), b"12345").unwrap();
    let second = put(&world.core, &ada, plain("b"), b"12345").unwrap();
    assert_eq!((first.blob, bytes_of(&world, &ada)), (second.blob, (10, 0, 2)));
    assert_eq!(put(&world.core, &ada, plain("c"), b"1").map(drop), Err(Error::OverLimit(Limit::Quota)));
    assert!(put(&world.core, &bo, plain("c"), b"12345").is_ok(), "everybody has a quota of their own");
    delete(&world.core, &ada, first.id).unwrap();
    assert_eq!(bytes_of(&world, &ada), (5, 0, 1));
    age(&world.core, &second);
    assert_eq!(sweep(&world.core).unwrap().bodies, 0, "the body has two more names");
}

#[test]
fn an_upload_that_breaks_off_gives_everything_back() {
    let world = small(100, 100);
    let ada = world.person("ada");
    let mut receiving = begin(&world.core, &ada, sized("x", 80)).unwrap();
    receiving.write(&[1; 40]).unwrap();
    assert_eq!(bytes_of(&world, &ada), (0, 80, 0));
    assert_eq!(begin(&world.core, &ada, sized("y", 21)).map(drop), Err(Error::OverLimit(Limit::Quota)));
    drop(receiving);
    assert_eq!(bytes_of(&world, &ada), (0, 0, 0));
    assert!(begin(&world.core, &ada, sized("y", 100)).is_ok());
    assert!(list_mine(&world.core, &ada, Ask::default()).unwrap().items.is_empty());
}

#[test]
fn uploads_at_once_are_bounded() {
    let world = World::new();
    let ada = world.person("ada");
    let open: Vec<Receiving> =
        (0..UPLOADS_STREAMING_MAX).map(|_| begin(&world.core, &ada, plain("x")).unwrap()).collect();
    assert_eq!(begin(&world.core, &ada, plain("x")).map(drop), Err(Error::OverLimit(Limit::Uploads)));
    drop(open);
    assert!(begin(&world.core, &ada, plain("x")).is_ok());
    for _ in 0..UPLOADS_PER_ACCOUNT_MAX {
        uploads::begin(&world.core, &ada, sized("x", 1)).unwrap();
    }
    assert_eq!(uploads::begin(&world.core, &ada, sized("x", 1)).map(drop), Err(Error::OverLimit(Limit::Uploads)));
}

#[test]
fn parallel_uploads_never_exceed_the_quota_together() {
    let world = small(1_000, 1_000);
    let ada = world.person("ada");
    let stored: usize = std::thread::scope(|scope| {
        let tasks: Vec<_> = (0..8_u8)
            .map(|number| {
                let (core, ada) = (&world.core, &ada);
                scope.spawn(move || {
                    let streamed = (0..5).filter(|_| put(core, ada, plain("x"), &[number; 90]).is_ok()).count();
                    let upload = uploads::begin(core, ada, sized("y", 90));
                    let whole = upload.is_ok_and(|upload| {
                        let mut chunk = uploads::chunk(core, ada, upload.id, 0).unwrap();
                        chunk.write(&[number; 90]).unwrap();
                        chunk.finish().unwrap();
                        uploads::finish(core, ada, upload.id).is_ok()
                    });
                    streamed + usize::from(whole)
                })
            })
            .collect();
        tasks.into_iter().map(|task| task.join().unwrap()).sum()
    });
    let (bytes, reserved, count) = bytes_of(&world, &ada);
    assert!(bytes <= 1_000, "{bytes}");
    assert_eq!((bytes, reserved, count), (stored as u64 * 90, 0, stored as u64));
    assert!((9..=11).contains(&stored), "{stored}: nearly as many as fit, though two may turn each other away");
}

#[test]
fn two_equal_uploads_at_once_share_one_body_and_a_sweep_between_takes_nothing() {
    let world = small(1 << 30, 1 << 20);
    let ada = world.person("ada");
    for round in 0..30_u64 {
        let body = round.to_be_bytes();
        // An old body without a file, which the sweep is after at the very moment it is uploaded again.
        let old = put(&world.core, &ada, plain("old"), &body).unwrap();
        delete(&world.core, &ada, old.id).unwrap();
        age(&world.core, &old);
        let files = std::thread::scope(|scope| {
            let one = scope.spawn(|| put(&world.core, &ada, plain("one"), &body).unwrap());
            scope.spawn(|| sweep(&world.core).unwrap());
            let two = scope.spawn(|| put(&world.core, &ada, plain("two"), &body).unwrap());
            scope.spawn(|| sweep(&world.core).unwrap());
            [one.join().unwrap(), two.join().unwrap()]
        });
        for file in files {
            assert_eq!(std::fs::read(open(&world.core, &ada, file.id).unwrap().path).unwrap(), body);
        }
    }
}

#[test]
fn the_sweep_takes_old_bodies_without_a_file_and_only_those() {
    let world = small(1_000, 1_000);
    let ada = world.person("ada");
    let [kept, old, young] = [b"kept", b"old!", b"new!"].map(|body| put(&world.core, &ada, plain("x"), body).unwrap());
    delete(&world.core, &ada, old.id).unwrap();
    delete(&world.core, &ada, young.id).unwrap();
    age(&world.core, &kept);
    age(&world.core, &old);
    let swept = sweep(&world.core).unwrap();
    assert_eq!((swept.bodies, swept.bytes), (1, 4));
    let there = |file: &File| world.core.blobs().has(&file.blob);
    assert!(there(&kept) && !there(&old) && there(&young));
}

#[test]
fn files_of_a_room_that_is_gone_are_cleared_away() {
    let world = World::new();
    let ada = world.person("ada");
    let rooms = [1, 2].map(RoomId::new);
    for room in rooms {
        join(&world, &ada, room);
        for _ in 0..3 {
            put(&world.core, &ada, NewFile { room: Some(room), ..plain("x") }, b"x").unwrap();
        }
    }
    let own = put(&world.core, &ada, plain("own"), b"own").unwrap();
    assert!(world.core.read(|view| ROOM_BY_ID.has(view, &HALL)).is_ok_and(|there| !there));
    assert_eq!(sweep(&world.core).unwrap().files, 6);
    assert!(world.core.read(|view| FILES_BY_ROOM.first(view, &())).unwrap().is_none());
    assert_eq!(bytes_of(&world, &ada), (3, 0, 1));
    assert!(get(&world.core, &ada, own.id).is_ok());
}

#[test]
fn a_sent_file_belongs_to_its_room_from_then_on() {
    let world = World::new();
    let [ada, bo] = ["ada", "bo"].map(|name| world.person(name));
    let sender = ada.account_id().unwrap();
    let other = bo.account_id().unwrap();
    join(&world, &bo, HALL);
    let id = put(&world.core, &ada, plain("x"), b"x").unwrap().id;
    let send = |by, room| world.core.write(&ada, move |tx| attach(tx, by, room, id)).map(|file| file.room);
    assert_eq!(send(other, HALL), Err(Error::NotFound(Thing::File)));
    assert_eq!(send(sender, HALL), Ok(Some(HALL)));
    assert_eq!(send(sender, HALL), Ok(Some(HALL)));
    assert_eq!(send(sender, RoomId::new(2)), Err(Error::NotFound(Thing::File)));
    assert!(get(&world.core, &bo, id).is_ok());
}

#[test]
fn a_file_whose_last_message_was_taken_back_is_its_owners_alone() {
    let world = World::new();
    let [ada, bo] = ["ada", "bo"].map(|name| world.person(name));
    let room = crate::rooms::testing::group(&world, &[&ada, &bo]);
    let id = put(&world.core, &ada, plain("x"), b"x").unwrap().id;
    let send = || {
        let segments = vec![crate::messages::Segment::File { file: id }];
        let new = crate::messages::NewMessage { segments, ..crate::messages::NewMessage::text(room, "look") };
        crate::messages::send(&world.core, &ada, new).unwrap().message.offset
    };
    let [first, second] = [send(), send()];
    assert!(get(&world.core, &bo, id).is_ok());
    crate::messages::recall(&world.core, &ada, room, first).unwrap();
    assert!(get(&world.core, &bo, id).is_ok(), "the second message still shows it");
    crate::messages::recall(&world.core, &ada, room, second).unwrap();
    assert_eq!(get(&world.core, &bo, id), Err(Error::NotFound(Thing::File)));
    assert_eq!(get(&world.core, &ada, id).map(|file| file.room), Ok(None));
}

#[test]
fn own_files_are_listed_newest_first_in_pages() {
    let world = World::new();
    let [ada, bo] = ["ada", "bo"].map(|name| world.person(name));
    let ids: Vec<FileId> = (0..5).map(|_| put(&world.core, &ada, plain("x"), b"x").unwrap().id).collect();
    put(&world.core, &bo, plain("x"), b"x").unwrap();
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = list_mine(&world.core, &ada, Ask { after, limit: 2 }).unwrap();
        seen.extend(page.items.iter().map(|file| file.id));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert!(seen.iter().rev().eq(ids.iter()), "{seen:?}");
}

fn piece(core: &Core, caller: &Caller, id: UploadId, offset: u64, bytes: &[u8]) -> Result<Upload> {
    let mut chunk = uploads::chunk(core, caller, id, offset)?;
    chunk.write(bytes)?;
    chunk.finish()
}

#[test]
fn pieces_become_a_file_and_their_promise_becomes_its_count() {
    let world = small(20, 20);
    let ada = world.person("ada");
    let new = NewFile { second: Some(Second::Sha256), ..sized("x.txt", 11) };
    let upload = uploads::begin(&world.core, &ada, new).unwrap();
    assert_eq!(bytes_of(&world, &ada), (0, 11, 0));
    assert_eq!(put(&world.core, &ada, plain("y"), &[1; 10]).map(drop), Err(Error::OverLimit(Limit::Quota)));
    assert_eq!(piece(&world.core, &ada, upload.id, 0, b"hello ").unwrap().received, 6);
    assert_eq!(uploads::finish(&world.core, &ada, upload.id).map(drop), Err(Error::Refused(Reason::Incomplete)));
    piece(&world.core, &ada, upload.id, 6, b"world").unwrap();
    let file = uploads::finish(&world.core, &ada, upload.id).unwrap();
    assert_eq!((file.media_type.as_str(), file.size), ("text/plain", 11));
    assert!(file.digest.is_some());
    assert_eq!(std::fs::read(open(&world.core, &ada, file.id).unwrap().path).unwrap(), b"hello world");
    assert_eq!(bytes_of(&world, &ada), (11, 0, 1));
    assert_eq!(uploads::get(&world.core, &ada, upload.id), Err(Error::NotFound(Thing::Upload)));
}

#[test]
fn a_piece_goes_only_where_the_last_one_ended() {
    let world = World::new();
    let [ada, bo] = ["ada", "bo"].map(|name| world.person(name));
    let id = uploads::begin(&world.core, &ada, sized("x", 10)).unwrap().id;
    piece(&world.core, &ada, id, 0, b"12345").unwrap();
    let misplaced = Err(Error::Invalid(Field::Offset, Flaw::Mismatch));
    assert_eq!(piece(&world.core, &ada, id, 0, b"1").map(drop), misplaced);
    assert_eq!(piece(&world.core, &ada, id, 6, b"1").map(drop), misplaced);
    assert_eq!(piece(&world.core, &ada, id, 5, b"678901").map(drop), Err(Error::Invalid(Field::Size, Flaw::Mismatch)));
    assert_eq!(piece(&world.core, &bo, id, 5, b"6").map(drop), Err(Error::NotFound(Thing::Upload)));
    let busy = uploads::chunk(&world.core, &ada, id, 5).unwrap();
    assert_eq!(uploads::chunk(&world.core, &ada, id, 5).map(drop), Err(Error::Refused(Reason::InUse)));
    assert_eq!(uploads::cancel(&world.core, &ada, id), Err(Error::Refused(Reason::InUse)));
    drop(busy);
    piece(&world.core, &ada, id, 5, b"67890").unwrap();
    assert!(uploads::finish(&world.core, &ada, id).is_ok());
}

#[test]
fn after_a_crash_in_the_middle_of_a_piece_the_recorded_ones_go_on() {
    let world = World::new();
    let ada = world.person("ada");
    let id = uploads::begin(&world.core, &ada, sized("x", 9)).unwrap().id;
    piece(&world.core, &ada, id, 0, b"abc").unwrap();
    let mut lost = uploads::chunk(&world.core, &ada, id, 3).unwrap();
    lost.write(b"XXXXXX").unwrap();
    // The process is gone before the piece is recorded; its bytes are in the part all the same.
    std::mem::forget(lost);
    let core = world.reopen();
    assert_eq!(uploads::get(&core, &ada, id).unwrap().received, 3);
    piece(&core, &ada, id, 3, b"def").unwrap();
    piece(&core, &ada, id, 6, b"ghi").unwrap();
    let file = uploads::finish(&core, &ada, id).unwrap();
    assert_eq!(std::fs::read(open(&core, &ada, file.id).unwrap().path).unwrap(), b"abcdefghi");
}

#[test]
fn an_upload_begun_just_before_a_crash_or_a_sweep_goes_on() {
    let world = small(1_000, 1_000);
    let ada = world.person("ada");
    let id = uploads::begin(&world.core, &ada, sized("x", 3)).unwrap().id;
    world.core.blobs().drop_part(id.get()).unwrap();
    piece(&world.core, &ada, id, 0, b"ab").unwrap();
    assert_eq!(sweep(&world.core).unwrap(), Swept::default(), "its part is young");
    piece(&world.core, &ada, id, 2, b"c").unwrap();
    assert!(uploads::finish(&world.core, &ada, id).is_ok());
}

#[test]
fn who_is_muted_or_gone_brings_no_file_into_the_room() {
    let world = World::new();
    let [ada, bo] = ["ada", "bo"].map(|name| world.person(name));
    let room = group(&world, &[&ada, &bo]);
    let new = NewFile { room: Some(room), ..sized("x", 3) };
    let begun = uploads::begin(&world.core, &bo, new.clone()).unwrap().id;
    let mut chunk = uploads::chunk(&world.core, &bo, begun, 0).unwrap();
    chunk.write(b"abc").unwrap();
    chunk.finish().unwrap();
    let restrict = Restrict { room, whom: Whom::One(bo.account_id().unwrap()), for_s: None, reason: String::new() };
    rooms::mute(&world.core, &ada, restrict).unwrap();
    let muted = Err(Error::Refused(Reason::Muted));
    assert_eq!(put(&world.core, &bo, new.clone(), b"abc").map(drop), muted);
    assert_eq!(uploads::begin(&world.core, &bo, new).map(drop), muted);
    assert_eq!(uploads::finish(&world.core, &bo, begun).map(drop), muted);
    rooms::leave(&world.core, &bo, room, Parting::Anyhow).unwrap();
    // The body is gone: who is refused before it is read never hears of that.
    world.core.blobs().drop_part(begun.get()).unwrap();
    assert_eq!(uploads::finish(&world.core, &bo, begun).map(drop), Err(Error::Refused(Reason::NotAMember)));
}

#[test]
fn without_room_on_the_disk_an_upload_leaves_no_promise_behind() {
    let world = World::new();
    let ada = world.person("ada");
    world.core.blobs().set_reserve(u64::MAX);
    let full = Err(Error::OverLimit(Limit::Disk));
    assert_eq!(uploads::begin(&world.core, &ada, sized("x", 3)).map(drop), full);
    assert_eq!(put(&world.core, &ada, sized("x", 3), b"abc").map(drop), full);
    assert_eq!(bytes_of(&world, &ada), (0, 0, 0));
}

#[test]
fn a_crash_between_the_body_and_its_row_costs_nothing() {
    let world = World::new();
    let ada = world.person("ada");
    let id = uploads::begin(&world.core, &ada, sized("x", 3)).unwrap().id;
    piece(&world.core, &ada, id, 0, b"abc").unwrap();
    world.core.blobs().finish_part(id.get(), chatelaine_store::SecondHash::Off).unwrap();
    let core = world.reopen();
    let file = uploads::finish(&core, &ada, id).unwrap();
    assert_eq!(std::fs::read(open(&core, &ada, file.id).unwrap().path).unwrap(), b"abc");
    assert_eq!(core.blobs().part_received(id.get()).unwrap(), None);
}

#[test]
fn an_upload_that_nobody_continues_is_given_up_and_its_space_with_it() {
    let world = World::new();
    let ada = world.person("ada");
    let [idle, alive, cancelled] =
        [1, 2, 3].map(|size| uploads::begin(&world.core, &ada, sized("x", size)).unwrap().id);
    uploads::cancel(&world.core, &ada, cancelled).unwrap();
    assert_eq!(bytes_of(&world, &ada), (0, 3, 0));
    world.clock.wind(Duration::from_secs(UPLOAD_IDLE_S - 1));
    piece(&world.core, &ada, alive, 0, b"1").unwrap();
    assert_eq!(uploads::expire(&world.core), Ok(0));
    world.clock.wind(Duration::from_secs(1));
    assert_eq!(uploads::get(&world.core, &ada, idle), Err(Error::NotFound(Thing::Upload)));
    assert_eq!(uploads::expire(&world.core), Ok(1));
    assert_eq!(bytes_of(&world, &ada), (0, 2, 0));
    assert_eq!(world.core.blobs().part_received(idle.get()).unwrap(), None);
    assert!(piece(&world.core, &ada, alive, 1, b"2").is_ok());
}
