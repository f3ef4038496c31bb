//! Bodies come back as they were, are shared, limited, resumable, and only what is old and unreferenced goes.

use super::*;
use std::fs::File;
use std::time::{Duration, SystemTime};

const DAY: Duration = Duration::from_secs(86_400);

struct Bed {
    blobs: Blobs,
    folder: tempfile::TempDir,
}

impl std::ops::Deref for Bed {
    type Target = Blobs;
    fn deref(&self) -> &Blobs {
        &self.blobs
    }
}

fn bed() -> Bed {
    let folder = tempfile::tempdir().unwrap();
    Bed { blobs: Blobs::open(&folder.path().join("blobs"), 0).unwrap(), folder }
}

fn age(blobs: &Blobs, hash: &BlobHash) {
    File::open(blobs.path(hash)).unwrap().set_modified(SystemTime::now() - 2 * DAY).unwrap();
}

fn in_tmp(bed: &Bed) -> usize {
    fs::read_dir(bed.folder.path().join("blobs/tmp")).unwrap().count()
}

fn sweep(blobs: &Blobs, referenced: &[BlobHash]) -> Swept {
    blobs.sweep(DAY, |hash| Ok::<_, BlobError>(referenced.contains(hash))).unwrap()
}

#[test]
fn a_body_comes_back_under_the_hash_of_its_content() {
    let blobs = bed();
    let stored = blobs.put(b"hello world", SecondHash::Off).unwrap();
    assert_eq!(stored.hash.to_string(), blake3::hash(b"hello world").to_hex().as_str());
    assert_eq!((stored.bytes, stored.known, stored.second), (11, false, None));
    let body = blobs.get(&stored.hash).unwrap().unwrap();
    assert_eq!(body.range(6, 100).unwrap(), b"world");
    assert_eq!(body.range(0, 5).unwrap(), b"hello");
    assert_eq!(body.range(11, 1).unwrap(), b"");
    assert!(blobs.get(&BlobHash([7; 32])).unwrap().is_none());
    assert_eq!(in_tmp(&blobs), 0);
}

#[test]
fn second_hashes_are_those_of_the_standards() {
    let blobs = bed();
    let hex = |bytes: Option<[u8; 32]>| BlobHash(bytes.unwrap()).to_string();
    let sha2 = blobs.put(b"abc", SecondHash::Sha256).unwrap().second;
    assert_eq!(hex(sha2), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    let sha3 = blobs.put(b"abc", SecondHash::Sha3).unwrap();
    assert_eq!(hex(sha3.second), "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532");
    assert!(sha3.known, "the same content is stored once");
}

#[test]
fn the_second_hash_of_a_long_body_in_odd_portions_is_the_right_one() {
    use sha2::Digest;
    let blobs = bed();
    let body: Vec<u8> = (0..3_500_000_u32).map(|place| (place / 7) as u8).collect();
    let mut upload = blobs.upload(UploadOptions { bytes_max: u64::MAX, second: SecondHash::Sha256 }).unwrap();
    body.chunks(77_777).for_each(|portion| upload.write(portion).unwrap());
    let stored = upload.finish().unwrap();
    assert_eq!(stored.second, Some(sha2::Sha256::digest(&body).into()));
    assert_eq!(stored.hash.0, *blake3::hash(&body).as_bytes());
    let abandoned = blobs.upload(UploadOptions { bytes_max: u64::MAX, second: SecondHash::Sha3 });
    abandoned.unwrap().write(&body).unwrap();
    assert_eq!(in_tmp(&blobs), 0, "also a body with a thread can be given up");
}

#[test]
fn the_limit_is_taken_and_one_byte_more_leaves_nothing_behind() {
    let blobs = bed();
    let options = UploadOptions { bytes_max: 10, second: SecondHash::Off };
    let mut upload = blobs.upload(options).unwrap();
    upload.write(&[1; 10]).unwrap();
    assert!(upload.finish().is_ok());
    let mut upload = blobs.upload(options).unwrap();
    upload.write(&[2; 10]).unwrap();
    assert!(matches!(upload.write(&[2]), Err(BlobError::TooBig { limit: 10 })));
    drop(upload);
    assert_eq!(in_tmp(&blobs), 0);
}

#[test]
fn a_part_goes_on_after_a_restart_where_it_stopped() {
    let bed = bed();
    bed.begin_part(7).unwrap();
    let mut writer = bed.append_part(7, 0, 100).unwrap();
    writer.write(b"hello ").unwrap();
    assert!(matches!(bed.append_part(7, 6, 100), Err(BlobError::Busy)));
    assert_eq!(writer.done().unwrap(), 6);
    let blobs = Blobs::open(&bed.folder.path().join("blobs"), 0).unwrap();
    assert_eq!(blobs.part_received(7).unwrap(), Some(6));
    assert!(matches!(blobs.append_part(7, 5, 100), Err(BlobError::Misplaced { received: 6 })));
    let mut writer = blobs.append_part(7, 6, 11).unwrap();
    writer.write(b"world").unwrap();
    assert!(matches!(writer.write(b"!"), Err(BlobError::TooBig { .. })));
    drop(writer);
    let stored = blobs.finish_part(7, SecondHash::Off).unwrap();
    assert_eq!(stored.hash.0, *blake3::hash(b"hello world").as_bytes());
    assert!(blobs.has(&stored.hash));
    blobs.drop_part(7).unwrap();
    assert_eq!(blobs.part_received(7).unwrap(), None);
    assert!(matches!(blobs.finish_part(7, SecondHash::Off), Err(BlobError::NoPart)));
    blobs.drop_part(7).unwrap();
}

#[test]
fn a_part_that_became_a_body_can_be_finished_again_and_changes_no_more() {
    let blobs = bed();
    blobs.begin_part(7).unwrap();
    let mut writer = blobs.append_part(7, 0, 100).unwrap();
    writer.write(b"whole").unwrap();
    writer.done().unwrap();
    let stored = blobs.finish_part(7, SecondHash::Off).unwrap();
    assert_eq!(blobs.finish_part(7, SecondHash::Off).unwrap().hash, stored.hash, "as after a crash before the row");
    assert!(blobs.append_part(7, 5, 100).is_err());
    assert!(blobs.cut_part(7, 2).is_err());
    blobs.drop_part(7).unwrap();
    assert_eq!(blobs.get(&stored.hash).unwrap().unwrap().range(0, 9).unwrap(), b"whole");
    assert_eq!(in_tmp(&blobs), 0);
}

#[test]
fn a_part_is_cut_back_to_what_was_recorded() {
    let blobs = bed();
    blobs.begin_part(3).unwrap();
    let mut writer = blobs.append_part(3, 0, 100).unwrap();
    writer.write(b"recorded and lost").unwrap();
    assert!(matches!(blobs.cut_part(3, 8), Err(BlobError::Busy)));
    drop(writer);
    blobs.cut_part(3, 8).unwrap();
    assert_eq!(blobs.part_received(3).unwrap(), Some(8));
    assert!(matches!(blobs.cut_part(3, 9), Err(BlobError::Misplaced { received: 8 })));
    assert!(matches!(blobs.cut_part(4, 0), Err(BlobError::NoPart)));
}

#[test]
fn a_body_made_of_an_old_part_counts_as_young() {
    let blobs = bed();
    blobs.begin_part(3).unwrap();
    let writer = blobs.append_part(3, 0, 100).unwrap();
    writer.done().unwrap();
    File::open(blobs.folder.path().join("blobs/tmp/3.part"))
        .unwrap()
        .set_modified(SystemTime::now() - 2 * DAY)
        .unwrap();
    let hash = blobs.finish_part(3, SecondHash::Off).unwrap().hash;
    assert_eq!(sweep(&blobs, &[]).removed, 0);
    assert!(blobs.has(&hash));
}

#[test]
fn what_was_half_received_is_removed_at_the_next_opening() {
    let bed = bed();
    let mut upload = bed.upload(UploadOptions { bytes_max: 10, second: SecondHash::Off }).unwrap();
    upload.write(b"half").unwrap();
    std::mem::forget(upload);
    bed.begin_part(1).unwrap();
    assert_eq!(in_tmp(&bed), 2);
    Blobs::open(&bed.folder.path().join("blobs"), 0).unwrap();
    assert_eq!(in_tmp(&bed), 1, "the part stays");
}

#[test]
fn the_sweep_takes_only_what_is_old_and_unreferenced() {
    let blobs = bed();
    let [old, used, young] = [b"1", b"2", b"3"].map(|body| blobs.put(body, SecondHash::Off).unwrap().hash);
    age(&blobs, &old);
    age(&blobs, &used);
    assert_eq!(sweep(&blobs, &[used]), Swept { removed: 1, bytes: 1, kept: 2 });
    assert!(!blobs.has(&old) && blobs.has(&used) && blobs.has(&young));
}

#[test]
fn an_old_body_that_is_stored_again_counts_as_young() {
    let blobs = bed();
    let hash = blobs.put(b"again", SecondHash::Off).unwrap().hash;
    age(&blobs, &hash);
    assert!(blobs.put(b"again", SecondHash::Off).unwrap().known);
    assert_eq!(sweep(&blobs, &[]).removed, 0);
}

#[test]
fn an_open_body_can_be_read_to_its_end_after_it_was_removed() {
    let blobs = bed();
    let hash = blobs.put(b"still here", SecondHash::Off).unwrap().hash;
    let body = blobs.get(&hash).unwrap().unwrap();
    blobs.remove(&hash).unwrap();
    blobs.remove(&hash).unwrap();
    assert_eq!(body.range(0, 99).unwrap(), b"still here");
}

#[test]
fn verifying_finds_altered_bodies_and_strangers() {
    let blobs = bed();
    let good = blobs.put(b"good", SecondHash::Off).unwrap().hash;
    let bad = blobs.put(b"bad", SecondHash::Off).unwrap().hash;
    fs::write(blobs.path(&bad), b"worse").unwrap();
    let stranger = blobs.path(&good).with_file_name("readme");
    fs::write(&stranger, b"").unwrap();
    let verified = blobs.verify().unwrap();
    assert_eq!(verified.bodies, 2);
    assert!(verified.troubles.contains(&Trouble::Altered(bad)));
    assert!(verified.troubles.contains(&Trouble::Stranger(stranger)));
    assert_eq!(verified.troubles.len(), 2);
}

#[test]
fn without_free_space_bodies_are_refused_and_reading_goes_on() {
    let blobs = bed();
    let hash = blobs.put(b"before", SecondHash::Off).unwrap().hash;
    blobs.set_reserve(u64::MAX);
    assert!(matches!(blobs.put(b"after", SecondHash::Off), Err(BlobError::Full)));
    assert!(blobs.get(&hash).unwrap().is_some());
    blobs.set_reserve(0);
    assert!(blobs.put(b"after", SecondHash::Off).is_ok());
}

#[test]
fn a_body_stored_again_while_the_sweep_runs_is_there_afterwards() {
    let blobs = bed();
    let hash = blobs.put(b"raced", SecondHash::Off).unwrap().hash;
    for _ in 0..60 {
        age(&blobs, &hash);
        std::thread::scope(|scope| {
            scope.spawn(|| blobs.put(b"raced", SecondHash::Off).unwrap());
            scope.spawn(|| sweep(&blobs, &[]));
        });
        assert!(blobs.has(&hash), "whoever stored it writes a row now");
    }
    assert_eq!(in_tmp(&blobs), 0);
}

#[test]
fn only_the_printed_form_is_read_as_a_hash() {
    let hash = BlobHash([0xab; 32]);
    assert_eq!(hash.to_string().parse::<BlobHash>().unwrap(), hash);
    for wrong in ["", "../../etc/passwd", &"AB".repeat(32), &"ab".repeat(33), &"+1".repeat(32)] {
        assert!(wrong.parse::<BlobHash>().is_err(), "{wrong}");
    }
}

#[test]
fn a_copy_of_all_bodies_is_whole_costs_only_what_is_new_and_comes_back() {
    let (source, backup) = (bed(), bed());
    let hashes: Vec<_> = (0..20_u8).map(|body| source.put(&[body], SecondHash::Off).unwrap().hash).collect();
    let first = source.copy_to(&backup, CopyKind::Link).unwrap();
    assert_eq!(first, Copied { bodies: 20, bytes: 20, fresh: 20 });
    source.put(b"later", SecondHash::Off).unwrap();
    assert_eq!(source.copy_to(&backup, CopyKind::Copy).unwrap(), Copied { bodies: 21, bytes: 25, fresh: 1 });
    assert_eq!(backup.verify().unwrap(), Verified { bodies: 21, bytes: 25, troubles: Vec::new() });
    let restored = bed();
    backup.copy_to(&restored, CopyKind::Copy).unwrap();
    assert!(hashes.iter().all(|hash| restored.has(hash)));
}

#[test]
fn a_held_sweep_removes_nothing_until_the_backup_is_done() {
    let blobs = bed();
    let hash = blobs.put(b"old", SecondHash::Off).unwrap().hash;
    age(&blobs, &hash);
    let hold = blobs.hold_sweep();
    assert!(matches!(blobs.sweep(DAY, |_| Ok::<_, BlobError>(false)), Err(BlobError::Busy)));
    drop(hold);
    assert_eq!(sweep(&blobs, &[]).removed, 1);
}
