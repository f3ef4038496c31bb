//! Files that give way, uploads in numbered pieces, and second hashes that are kept.

use std::time::Duration;

use super::tests::{bytes_of, small};
use super::*;
use crate::error::{Error, Field, Flaw, Limit, Right, Thing};
use crate::ids::{FileId, UploadId};
use crate::limits::{UPLOAD_IDLE_S, UPLOAD_PIECES_MAX};
use crate::schema::{FILES_BY_END, PIECE_BY_NUMBER, PIECED_BY_ID, ROLLED_BY_ACCOUNT, ROLLING_BY_ACCOUNT, SHA3_BY_BLOB};
use crate::testing::World;
use crate::{Caller, Core, Result};

/// SHA3-256 of "abc".
const ABC: [u8; 32] = [
    0x3a, 0x98, 0x5d, 0xa7, 0x4f, 0xe2, 0x25, 0xb2, 0x04, 0x5c, 0x17, 0x2d, 0x6b, 0xd3, 0x90, 0xbd, 0x85, 0x5f, 0x08,
    0x6e, 0x3e, 0x9d, 0x52, 0x5b, 0x46, 0xbf, 0xe2, 0x45, 0x11, 0x43, 0x15, 0x32,
];

fn named(name: &str, size: u64) -> NewFile {
    NewFile {
        name: FileName::new(name).unwrap(),
        size: Some(size),
        room: None,
        purpose: Purpose::Plain,
        declared: None,
        second: Some(Second::Sha3_256),
    }
}

fn rolling(bytes: u64, life_s: Option<u64>) -> Terms {
    Terms { rolling: Some(Rolling { bytes, life_s }), sha3: None }
}

fn put(core: &Core, caller: &Caller, body: &[u8], terms: Terms) -> Result<FileId> {
    let mut receiving = begin_with(core, caller, named("x", body.len() as u64), terms)?;
    receiving.write(body)?;
    Ok(receiving.finish()?.id)
}

fn there(core: &Core, caller: &Caller, ids: &[FileId]) -> Vec<bool> {
    ids.iter().map(|id| get(core, caller, *id).is_ok()).collect()
}

fn rows(core: &Core) -> [usize; 6] {
    core.read(|view| {
        [
            ROLLING_BY_ACCOUNT.count(view, &(), 9_999).unwrap(),
            ROLLED_BY_ACCOUNT.count(view, &(), 9_999).unwrap(),
            FILES_BY_END.count(view, &(), 9_999).unwrap(),
            SHA3_BY_BLOB.count(view, &(), 9_999).unwrap(),
            PIECED_BY_ID.count(view, &(), 9_999).unwrap(),
            PIECE_BY_NUMBER.count(view, &(), 9_999).unwrap(),
        ]
    })
}

/// Files in the folder for what is being received.
fn leftovers(core: &Core) -> usize {
    let tmp = core.blobs().path(&chatelaine_store::BlobHash([0; 32]));
    let tmp = tmp.ancestors().nth(3).unwrap().join("tmp");
    std::fs::read_dir(tmp).unwrap().count()
}

#[test]
fn the_oldest_files_give_way_to_the_byte_and_what_was_kept_otherwise_stays() {
    let world = small(1_000, 1_000);
    let (core, ada) = (&world.core, world.person("ada"));
    let mut kept = begin(core, &ada, named("kept", 500)).unwrap();
    kept.write(&[9; 500]).unwrap();
    let kept = kept.finish().unwrap().id;
    let terms = rolling(100, None);
    let first = put(core, &ada, &[1; 40], terms).unwrap();
    let second = put(core, &ada, &[2; 40], terms).unwrap();
    let third = put(core, &ada, &[3; 20], terms).unwrap();
    assert_eq!(there(core, &ada, &[kept, first, second, third]), [true; 4], "a hundred bytes fit");
    let fourth = put(core, &ada, &[4; 1], terms).unwrap();
    assert_eq!(there(core, &ada, &[kept, first, second, third, fourth]), [true, false, true, true, true]);
    assert_eq!(bytes_of(&world, &ada), (500 + 61, 0, 4), "what went is not counted any more");
    let whole = put(core, &ada, &[5; 100], terms).unwrap();
    assert_eq!(there(core, &ada, &[kept, second, third, fourth, whole]), [true, false, false, false, true]);
    assert_eq!(put(core, &ada, &[6; 101], terms), Err(Error::OverLimit(Limit::Quota)));
    assert_eq!(there(core, &ada, &[whole]), [true], "a refused one pushes nothing out");
    assert_eq!(rows(core), [1, 1, 0, 2, 0, 0]);
}

#[test]
fn they_take_no_more_of_the_quota_than_the_others_leave() {
    let world = small(100, 100);
    let (core, ada) = (&world.core, world.person("ada"));
    let mut kept = begin(core, &ada, named("kept", 70)).unwrap();
    kept.write(&[9; 70]).unwrap();
    kept.finish().unwrap();
    let terms = rolling(100, None);
    let first = put(core, &ada, &[1; 30], terms).unwrap();
    let second = put(core, &ada, &[2; 30], terms).unwrap();
    assert_eq!(there(core, &ada, &[first, second]), [false, true]);
    assert_eq!(put(core, &ada, &[3; 31], terms), Err(Error::OverLimit(Limit::Quota)));
    assert_eq!(there(core, &ada, &[second]), [true]);
    assert_eq!(bytes_of(&world, &ada), (100, 0, 2));
}

#[test]
fn only_files_with_an_end_end() {
    let world = small(1_000, 1_000);
    let (core, ada) = (&world.core, world.person("ada"));
    let ending = put(core, &ada, b"abc", rolling(100, Some(60))).unwrap();
    let lasting = put(core, &ada, b"abc", rolling(100, None)).unwrap();
    world.clock.wind(Duration::from_secs(59));
    assert_eq!(sweep(core).unwrap().files, 0);
    world.clock.wind(Duration::from_secs(1));
    assert_eq!(sweep(core).unwrap().files, 1);
    assert_eq!(there(core, &ada, &[ending, lasting]), [false, true]);
    assert_eq!(rows(core), [1, 1, 0, 1, 0, 0]);
    delete(core, &ada, lasting).unwrap();
    assert_eq!(rows(core), [0; 6]);
}

#[test]
fn a_body_with_another_hash_than_announced_leaves_nothing_behind() {
    let world = World::new();
    let (core, ada) = (&world.core, world.person("ada"));
    let wrong = Terms { sha3: Some([7; 32]), ..rolling(100, None) };
    let mismatch = Error::Invalid(Field::Digest, Flaw::Mismatch);
    assert_eq!(put(core, &ada, b"abc", wrong), Err(mismatch));
    let body = core.blobs().put(b"other", chatelaine_store::SecondHash::Off).unwrap();
    assert_eq!(core.blobs().verify().unwrap().bodies, 1, "only {}", body.hash);
    assert_eq!((leftovers(core), rows(core)), (0, [0; 6]));
    let right = Terms { sha3: Some(ABC), ..rolling(100, None) };
    let file = put(core, &ada, b"abc", right).unwrap();
    assert_eq!(sha3(core, &ada, file), Ok(ABC));
    assert_eq!(
        (require_sha3(core, file, &ABC), require_sha3(core, file, &[7; 32])),
        (Ok(()), Err(Error::NotFound(Thing::File)))
    );
}

#[test]
fn a_file_of_another_way_gets_its_hash_when_first_asked() {
    let world = World::new();
    let (core, [ada, eve]) = (&world.core, ["ada", "eve"].map(|name| world.person(name)));
    let mut receiving = begin(core, &ada, NewFile { second: None, ..named("x", 3) }).unwrap();
    receiving.write(b"abc").unwrap();
    let file = receiving.finish().unwrap().id;
    assert_eq!(require_sha3(core, file, &ABC), Err(Error::NotFound(Thing::File)), "nobody was ever told it");
    assert_eq!(sha3(core, &eve, file), Err(Error::NotFound(Thing::File)));
    assert_eq!(sha3(core, &ada, file), Ok(ABC));
    assert_eq!(require_sha3(core, file, &ABC), Ok(()));
    delete(core, &ada, file).unwrap();
    assert_eq!(rows(core)[3], 0);
}

fn pieced(core: &Core, caller: &Caller, size: u64, sha3: [u8; 32]) -> Result<UploadId> {
    pieces::begin(core, caller, named("x", size), Terms { sha3: Some(sha3), ..rolling(1_000, None) })
}

#[test]
fn pieces_come_in_any_order_with_gaps_and_again() {
    let world = World::new();
    let (core, ada) = (&world.core, world.person("ada"));
    let id = pieced(core, &ada, 3, ABC).unwrap();
    assert_eq!(pieces::put(core, &ada, id, u64::MAX, b"c"), Ok(1));
    assert_eq!(pieces::put(core, &ada, id, 40, b"xy"), Ok(3));
    assert_eq!(pieces::put(core, &ada, id, 40, b"b"), Ok(2), "the difference is counted");
    assert_eq!(pieces::put(core, &ada, id, 0, b"a"), Ok(3));
    assert_eq!(bytes_of(&world, &ada), (0, 3, 0));
    let file = pieces::finish(core, &ada, id).unwrap();
    assert_eq!(std::fs::read(open(core, &ada, file.id).unwrap().path).unwrap(), b"abc");
    assert_eq!(bytes_of(&world, &ada), (3, 0, 1));
    assert_eq!(pieces::finish(core, &ada, id), Err(Error::NotFound(Thing::Upload)));
    assert_eq!((leftovers(core), rows(core)), (0, [1, 1, 0, 1, 0, 0]));
}

#[test]
fn a_finished_upload_is_used_up_whatever_came_of_it() {
    let world = World::new();
    let (core, ada) = (&world.core, world.person("ada"));
    for (bytes, why) in [(&b"ab"[..], Field::Size), (b"abd", Field::Digest)] {
        let id = pieced(core, &ada, 3, ABC).unwrap();
        pieces::put(core, &ada, id, 0, bytes).unwrap();
        assert_eq!(pieces::finish(core, &ada, id).map(drop), Err(Error::Invalid(why, Flaw::Mismatch)));
        assert_eq!(pieces::put(core, &ada, id, 0, b"a"), Err(Error::NotFound(Thing::Upload)));
    }
    let id = pieced(core, &ada, 3, ABC).unwrap();
    assert_eq!(pieces::put(core, &ada, id, 0, b"abcd"), Err(Error::Invalid(Field::Size, Flaw::Mismatch)));
    assert_eq!(pieces::finish(core, &ada, id).map(drop), Err(Error::NotFound(Thing::Upload)), "too much ends it");
    assert_eq!((leftovers(core), rows(core), bytes_of(&world, &ada)), (0, [0; 6], (0, 0, 0)));
}

#[test]
fn an_upload_belongs_to_one_and_ends_an_hour_after_its_last_piece() {
    let world = World::new();
    let (core, [ada, eve]) = (&world.core, ["ada", "eve"].map(|name| world.person(name)));
    let id = pieced(core, &ada, 3, ABC).unwrap();
    let foreign = Error::Denied(Right::OtherAccount);
    assert_eq!(pieces::put(core, &eve, id, 0, b"a"), Err(foreign));
    assert_eq!(pieces::finish(core, &eve, id).map(drop), Err(foreign));
    assert_eq!(pieces::cancel(core, &eve, id), Err(foreign));
    world.clock.wind(Duration::from_secs(UPLOAD_IDLE_S - 1));
    assert_eq!(pieces::put(core, &ada, id, 0, b"a"), Ok(1));
    world.clock.wind(Duration::from_secs(UPLOAD_IDLE_S - 1));
    assert_eq!(sweep(core).unwrap().uploads, 0);
    world.clock.wind(Duration::from_secs(1));
    assert_eq!(pieces::put(core, &ada, id, 1, b"b"), Err(Error::NotFound(Thing::Upload)));
    assert_eq!(sweep(core).unwrap().uploads, 1);
    let id = pieced(core, &ada, 3, ABC).unwrap();
    assert_eq!(pieces::cancel(core, &ada, id), Ok(()));
    assert_eq!((leftovers(core), rows(core), bytes_of(&world, &ada)), (0, [0; 6], (0, 0, 0)));
}

#[test]
fn pieces_of_one_upload_that_come_at_once_all_count() {
    let world = World::new();
    let (core, ada) = (&world.core, world.person("ada"));
    let id = pieced(core, &ada, 64, [0; 32]).unwrap();
    std::thread::scope(|scope| {
        for number in 0..8 {
            let ada = &ada;
            scope.spawn(move || pieces::put(core, ada, id, number, &[7; 8]).unwrap());
        }
    });
    let upload = core.read(|view| PIECED_BY_ID.get(view, &id).unwrap().unwrap());
    assert_eq!((upload.received, upload.stored, upload.pieces), (64, 64, 8));
}

#[test]
fn replaced_pieces_and_their_number_are_bounded() {
    let world = World::new();
    let (core, ada) = (&world.core, world.person("ada"));
    let id = pieced(core, &ada, 3, ABC).unwrap();
    core.write(&Caller::system(), move |tx| {
        let upload = PIECED_BY_ID.get(tx, &id)?.unwrap();
        Ok(PIECED_BY_ID.put(tx, &id, &pieces::Pieced { pieces: UPLOAD_PIECES_MAX, ..upload })?)
    })
    .unwrap();
    assert_eq!(pieces::put(core, &ada, id, 0, b"a"), Err(Error::OverLimit(Limit::Uploads)));
    let mut taken = 0;
    let id = pieces::begin(core, &ada, named("x", 1 << 20), rolling(1 << 21, None)).unwrap();
    while pieces::put(core, &ada, id, 0, &[1; 1 << 20]).is_ok() {
        taken += 1;
    }
    assert_eq!(taken, 10, "twice its length and eight MiB");
}
